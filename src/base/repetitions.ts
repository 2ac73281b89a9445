// What happens again and again for one cause is told in the log once in a while, with how often it was since: whoever makes something fail a
// thousand times a second must not fill the log with it. What is told, and what it means, is its owner's.
// Bound: one entry a cause; its owner has few.

import { type Millis, millis } from './millis.ts';

/** What was said of one cause last. */
interface Said {
  readonly at: Millis;
  /** How often it has come since, without a word. */
  silent: number;
}

/** The causes of one owner. */
export class Repetitions<Cause> {
  private readonly quietMillis: Millis;
  private readonly said: Map<Cause, Said>;

  /** @param quietMillis  For so long after a word about a cause there is no other one. */
  constructor(quietMillis: Millis) {
    this.quietMillis = quietMillis;
    this.said = new Map();
  }

  /**
   * It has happened once more.
   * @returns What to add to the sentence about it: how often it was since the last one, as a sentence with a space before, or nothing;
   * `undefined`: not a word now.
   */
  note(cause: Cause, now: Millis): string | undefined {
    const last = this.said.get(cause);
    if (last !== undefined && now - last.at < this.quietMillis) {
      last.silent++;
      return undefined;
    }
    this.said.set(cause, { at: millis(now), silent: 0 });
    return sinceTheLast(last?.silent ?? 0);
  }
}

/** What the next line adds about those that had none: a sentence with a space before, or nothing. */
export function sinceTheLast(silent: number): string {
  return silent === 0 ? '' : ` ${silent} more like it since the last such line.`;
}
