// Lines of the log that peers can cause as many of as they like: refusals, broken rules. Each of them is worth reading when there are few, and none when
// there are thousands; so for each kind there is a number of lines a minute for the place that they come from, and a larger one for all places
// together. What is not told is counted, and the next line of that kind says how many there were. For failures that are nobody's, see repetitions.ts.
// Bound: kinds are the owner's, and few; of places those alone are known that had a line within the minute.

import { type Millis, millis } from './millis.ts';
import { sinceTheLast } from './repetitions.ts';

const MINUTE = millis(60_000);
/** Lines a minute for one place: somebody who tries again and again is seen to do so. */
const PLACE_LINES = 30;
/** Lines a minute for all. */
const KIND_LINES = 100;

interface KindLines {
  begunAt: Millis;
  told: number;
  silent: number;
  readonly byPlace: Map<string, number>;
}

/** What one owner may still say. */
export class LineBudget<Kind> {
  private readonly kinds: Map<Kind, KindLines>;

  constructor() {
    this.kinds = new Map();
  }

  /**
   * It has happened once more.
   * @param place  Where it comes from; '': nobody knows.
   * @returns What to add to the line about it: how many there were since the last one, as a sentence with a space before, or nothing; `undefined`:
   * no line now.
   */
  note(kind: Kind, place: string, now: Millis): string | undefined {
    const lines = this.linesOf(kind, now);
    const told = lines.byPlace.get(place) ?? 0;
    if (told >= PLACE_LINES || lines.told >= KIND_LINES) {
      lines.silent++;
      return undefined;
    }
    lines.byPlace.set(place, told + 1);
    lines.told++;
    const { silent } = lines;
    lines.silent = 0;
    return sinceTheLast(silent);
  }

  private linesOf(kind: Kind, now: Millis): KindLines {
    let lines = this.kinds.get(kind);
    if (lines === undefined) {
      lines = { begunAt: now, told: 0, silent: 0, byPlace: new Map() };
      this.kinds.set(kind, lines);
    } else if (now - lines.begunAt >= MINUTE) {
      lines.begunAt = now;
      lines.told = 0;
      lines.byPlace.clear();
    }
    return lines;
  }
}
