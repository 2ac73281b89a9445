// Plays many checks side by side: most of the time each of them waits.

import type { Outcome } from '../play.ts';
import type { Played } from './verdicts.ts';

/** Checks that are played at the same time. */
const AT_ONCE = 24;

/** A check that is to be played in one version. */
export interface Job extends Omit<Played, 'outcome'> {
  readonly play: () => Promise<Outcome>;
}

/**
 * Plays them all.
 * @param onPlayed  Called after each, with how many are done.
 * @returns how each went, in the order of the jobs.
 * @throws {Error} when a check breaks, which is a bug of the check.
 */
export async function playAll(
  jobs: readonly Job[],
  onPlayed: (played: Played, done: number) => void = () => undefined,
): Promise<readonly Played[]> {
  const results: Played[] = [];
  const waiting = jobs.entries();
  let done = 0;
  const playOn = async (): Promise<void> => {
    for (const [index, { play, ...about }] of waiting) {
      const played = { ...about, outcome: await play() };
      results[index] = played;
      onPlayed(played, ++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playOn));
  return results;
}
