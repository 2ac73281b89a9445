// Work that one packet may cause much of, in slices: the filters of a SUBSCRIBE, the retained messages that match them. What is left
// when a turn of the event loop has had its share goes on in a later one, after what others have sent meanwhile was read. All such work of a broker
// shares one share: a hundred clients that ask for much wait for each other, and nobody else waits for them.
// Short work is done at once and leaves nothing here. Where nobody offers later turns, all work is done at once.

import { millis, type Millis } from '../base/millis.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Clock } from '../base/clock.ts';

/** What one turn may take, so that nobody waits noticeably longer than without. */
const SHARE_MILLIS = millis(5);

/** Calls back once, in a turn of its own, after what has come on other connections was read. */
export type Later = (run: () => void) => void;

/** Something to be done in steps, each of them short. */
export interface SlicedWork {
  /** Does a little. False: there is nothing more to do. */
  step(): boolean;
}

/** The work of one broker. */
export class Slices {
  private readonly clock: Clock;
  private readonly later: Later | undefined;
  private readonly stepsMax: number;
  /** In turn. At most two for each connection. */
  private readonly waiting: RingQueue<SlicedWork>;
  /** A later turn has been asked for, and this one's share has begun. */
  private isAsked: boolean;
  private endsAt: Millis;
  private stepsLeft: number;

  /**
   * @param later  `undefined`: all is done at once.
   * @param stepsMax  Steps in one turn; for whoever has no clock that moves meanwhile.
   */
  constructor(clock: Clock, later: Later | undefined, stepsMax: number) {
    this.clock = clock;
    this.later = later;
    this.stepsMax = stepsMax;
    this.waiting = new RingQueue();
    this.isAsked = false;
    this.endsAt = millis(0);
    this.stepsLeft = 0;
  }

  /** Does work now as far as this turn's share goes, and the rest later. */
  begin(work: SlicedWork): void {
    if (this.later === undefined) {
      while (work.step()) continue;
      return;
    }
    // Most work is one step: it is done before anybody asks how long it took.
    if (!this.isAsked) this.ask();
    if (this.waiting.length > 0 || !this.isDone(work)) this.waiting.push(work);
  }

  private ask(): void {
    this.isAsked = true;
    this.endsAt = millis(this.clock.monotonic() + SHARE_MILLIS);
    this.stepsLeft = this.stepsMax;
    this.later?.(() => this.turn());
  }

  private turn(): void {
    this.isAsked = false;
    if (this.waiting.length === 0) return;
    this.ask();
    for (let work = this.waiting.shift(); work !== undefined; work = this.waiting.shift()) {
      if (this.isDone(work)) continue;
      // Behind the others: they have waited as long.
      this.waiting.push(work);
      return;
    }
  }

  /** Goes on as far as this turn's share goes; says whether nothing is left. */
  private isDone(work: SlicedWork): boolean {
    while (this.stepsLeft > 0) {
      this.stepsLeft--;
      if (!work.step()) return true;
      if (this.clock.monotonic() >= this.endsAt) this.stepsLeft = 0;
    }
    return false;
  }
}
