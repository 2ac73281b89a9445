// Filters against filters. A subscription is allowed if every topic that it matches is, so sets of topics must be compared, not texts.
//
// A region is the set of topics of one length, level by level a name or `+`. A filter without `#` is one region; one with `#` has a region
// for each length, and from some length on all are alike: one that is longer than every pattern stands for all of them. What makes
// regions worth having: there are always names that no pattern mentions, so a region that is covered by several patterns together is
// covered by one of them alone. (`a/#` is covered by `a` and `a/+/#`, but each of its regions by one of the two.)
// In a first level `+` never stands for a name that begins with `$` [MQTT-4.7.2-1].

import type { TopicFilter } from '../../topic/topic-filter.ts';

/** The levels of topics of one length: names, or `+` for any. */
export type Region = readonly string[];

/**
 * The regions of a filter, as far as patterns of at most `patternLevelsMax` levels can tell them apart. Never empty. Of a filter with `#` the
 * first is the one that stands for all longer ones.
 */
export function regionsOf(filter: TopicFilter, patternLevelsMax: number): readonly Region[] {
  const levels = filter.split('/');
  if (levels.at(-1) !== '#') return [levels];
  levels.pop();
  const regions: Region[] = [];
  const longest = Math.max(patternLevelsMax, levels.length) + 1;
  // `a/#` matches `a`; there is no topic without a level.
  for (let length = longest; length >= Math.max(1, levels.length); length--) {
    regions.push([...levels, ...Array.from({ length: length - levels.length }, () => '+')]);
  }
  return regions;
}

/** What a filter, as levels, and a region have in common: a region; `undefined`: nothing. The region itself if the filter covers it. */
export function overlap(filter: readonly string[], region: Region): Region | undefined {
  let common: string[] | undefined;
  for (const [index, wanted] of filter.entries()) {
    const level = region[index];
    if (index === 0 && crossesDollar(wanted, level)) return undefined;
    if (wanted === '#') return common ?? region;
    if (level === undefined) return undefined;
    if (wanted === '+' || wanted === level) continue;
    if (level !== '+') return undefined;
    common ??= [...region];
    common[index] = wanted;
  }
  return filter.length === region.length ? (common ?? region) : undefined;
}

/** A region as a filter, for people. `isTail`: it stands for all longer ones, too. */
export function showRegion(region: Region, isTail: boolean): string {
  if (!isTail) return region.join('/');
  const end = region.findLastIndex((level) => level !== '+') + 1;
  return [...region.slice(0, end), '#'].join('/');
}

function crossesDollar(one: string, other: string | undefined): boolean {
  if (other === undefined) return false;
  return (isWildcard(one) && other.startsWith('$')) || (isWildcard(other) && one.startsWith('$'));
}

function isWildcard(level: string): boolean {
  return level === '+' || level === '#';
}
