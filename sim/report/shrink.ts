// Cuts a failing plan down to what matters: takes every offer of reductions.ts with which it still fails, until none is left or the
// bounds are reached. What remains is the smallest in the sense that no single offer makes it smaller. It knows
// nothing of why a plan fails: that is the caller's question.

import type { Plan } from '../plan.ts';
import { passesFor } from './reductions.ts';

/** How long to go on, and who is told. */
export interface ShrinkBounds {
  readonly runsMax: number;
  /** Asked before each run. */
  readonly isTimeUp: () => boolean;
  /** After each run. */
  readonly onProgress: (best: Plan, runs: number) => void;
}

/** What came of it. */
export interface Shrunk {
  readonly plan: Plan;
  readonly runs: number;
  /** Nothing more can be left out, as far as the passes see. */
  readonly isSmallest: boolean;
}

/**
 * Makes a plan smaller as long as it still fails.
 * @param stillFails  Whether a plan fails in the way that matters; not asked for `plan` itself.
 */
export async function shrink(
  plan: Plan,
  stillFails: (plan: Plan) => Promise<boolean>,
  { runsMax, isTimeUp, onProgress }: ShrinkBounds,
): Promise<Shrunk> {
  let best = plan;
  let runs = 0;
  const isOver = (): boolean => runs >= runsMax || isTimeUp();
  /** The first offer that still fails. */
  const take = async (offers: readonly Plan[]): Promise<boolean> => {
    for (const offer of offers) {
      if (isOver()) return false;
      runs++;
      const fails = await stillFails(offer);
      if (fails) best = offer;
      onProgress(best, runs);
      if (fails) return true;
    }
    return false;
  };
  let before: Plan;
  do {
    before = best;
    for (const { count, simpler, isDeletion } of passesFor(best)) {
      for (let place = count(best) - 1; place >= 0; place--) {
        // A deletion may take more with it than the place itself.
        if (place >= count(best)) continue;
        let isTaken = await take(simpler(best, place));
        while (isTaken && !isDeletion) isTaken = await take(simpler(best, place));
      }
    }
  } while (best !== before && !isOver());
  return { plan: best, runs, isSmallest: !isOver() };
}
