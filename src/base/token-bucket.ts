// How much of something may be done a second, with some to spare at the beginning. What is done is taken off, even when there is not
// enough left, so that whoever asks for much at once waits the longer for it. No clock, no timer: the owner says what time it is, and asks
// when it may go on.

import { type Millis, millis } from './millis.ts';

/** One bucket of tokens, which fills by itself. */
export class TokenBucket {
  private readonly perMilli: number;
  private readonly capacity: number;
  private tokens: number;
  private filledAt: Millis;

  /**
   * @param perSecond  How many tokens come a second.
   * @param capacity  How many it holds, and has at the beginning.
   */
  constructor(perSecond: number, capacity: number, now: Millis) {
    this.perMilli = perSecond / 1000;
    this.capacity = capacity;
    this.tokens = capacity;
    this.filledAt = now;
  }

  /** Takes tokens, whether or not there are so many. hot: */
  take(count: number, now: Millis): void {
    this.tokens = Math.min(this.capacity, this.tokens + (now - this.filledAt) * this.perMilli) - count;
    this.filledAt = now;
  }

  /** Whether it is as it was at the beginning. */
  isFull(now: Millis): boolean {
    return this.tokens + (now - this.filledAt) * this.perMilli >= this.capacity;
  }

  /** Lets it owe no more than comes within so long. */
  forgive(debtMax: Millis, now: Millis): void {
    const excess = this.debt(now) - debtMax;
    if (excess > 0) this.take(-excess * this.perMilli, now);
  }

  /** How long it is until it owes nothing; 0: it owes nothing. hot: */
  debt(now: Millis): Millis {
    const tokens = this.tokens + (now - this.filledAt) * this.perMilli;
    return tokens >= 0 ? millis(0) : millis(Math.ceil(-tokens / this.perMilli));
  }
}
