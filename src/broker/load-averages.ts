// How much of something happens per minute, averaged over the last one, five and fifteen minutes, as the load averages of Unix
// are: each new measurement counts for as much of the average as its interval is of the window, and what was before fades
// out exponentially. So nothing but the averages themselves has to be kept.

import type { Millis } from '../base/millis.ts';

/** The windows, in minutes. */
export const WINDOW_MINUTES: readonly [1, 5, 15] = [1, 5, 15];

const MINUTE = 60_000;

/** The averages of one counter that only grows. */
export class LoadAverages {
  /** Per minute, one for each of `WINDOW_MINUTES`. */
  private readonly averages: [number, number, number];
  private countBefore: number;

  constructor() {
    this.averages = [0, 0, 0];
    this.countBefore = 0;
  }

  /**
   * Takes a measurement in.
   * @param count  The counter now.
   * @param elapsed  Since the last measurement, or since the counter was 0. 0 and less: nothing is taken in.
   */
  note(count: number, elapsed: Millis): void {
    if (elapsed <= 0) return;
    const perMinute = ((count - this.countBefore) / elapsed) * MINUTE;
    this.countBefore = count;
    for (const [index, minutes] of WINDOW_MINUTES.entries()) {
      const kept = Math.exp((-1 * elapsed) / (minutes * MINUTE));
      this.averages[index] = perMinute + ((this.averages[index] ?? 0) - perMinute) * kept;
    }
  }

  /** The averages, per minute, in the order of `WINDOW_MINUTES`. */
  get perMinute(): readonly [number, number, number] {
    return this.averages;
  }
}
