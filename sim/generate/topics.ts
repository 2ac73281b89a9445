// The topics of a plan, few and alike, so that filters overlap, and filters that are likely to match them.

import type { SeededRandom } from '../seeded-random.ts';

/** What a plan's topics are drawn from. */
const TOPICS = ['a', 'a/b', 'a/b/c', 'b', 'b/c', 't/1', 't/2', 't/1/x'] as const;

const GROUPS = ['g', 'h'] as const;

/** Where the Will of a client goes that nobody else publishes to. */
export function willTopic(name: string): string {
  return `w/${name}`;
}

/** Some of them. */
export function drawTopics(random: SeededRandom, count: number): readonly [string, ...string[]] {
  const chosen = new Set<string>();
  for (let tries = 0; chosen.size < count && tries < 40; tries++) chosen.add(random.pick(TOPICS));
  const [first = 'a', ...rest] = chosen;
  return [first, ...rest];
}

/** A plain filter that matches `topic`: itself, with `+` for some levels, or cut short by `#`. */
export function drawFilter(random: SeededRandom, topic: string, hasWildcards: boolean): string {
  if (!hasWildcards || random.chance(0.35)) return topic;
  if (random.chance(0.1)) return '#';
  const levels = topic.split('/');
  const kept = levels.slice(0, random.between(1, levels.length));
  const filter = kept.map((level) => (random.chance(0.35) ? '+' : level));
  // `a/#` matches `a`, too.
  if (kept.length < levels.length || random.chance(0.3)) filter.push('#');
  return filter.join('/');
}

/** The same for a shared subscription; few groups, so that they have several members. */
export function drawSharedFilter(random: SeededRandom, topic: string, hasWildcards: boolean): string {
  return `$share/${random.pick(GROUPS)}/${drawFilter(random, topic, hasWildcards && random.chance(0.3))}`;
}
