// Where the seeds begin when nobody says so: at a number that the commit decides, so that each change is met by seeds of its own, and the
// same change by the same ones. Without git the day decides.

import { spawnSync } from 'node:child_process';

/** The ranges of two commits hardly overlap. */
const SEEDS_APART = 200;
const DAY_MILLIS = 24 * 3600 * 1000;

/** The first seed, and what decided it, in words. */
export interface FirstSeed {
  readonly seed: number;
  readonly reason: string;
}

/** @param now  Wall-clock time. */
export function firstSeed(root: string, now: number): FirstSeed {
  const { stdout, status } = spawnSync('git', ['rev-parse', '--short=6', 'HEAD'], { cwd: root, encoding: 'utf8' });
  const commit = status === 0 ? /^[0-9a-f]{6}/.exec(stdout)?.[0] : undefined;
  if (commit !== undefined) return { seed: Number.parseInt(commit, 16) * SEEDS_APART, reason: `of commit ${commit}` };
  const day = Math.floor(now / DAY_MILLIS);
  return { seed: day * SEEDS_APART, reason: `of ${new Date(now).toISOString().slice(0, 10)}` };
}
