// Whether a server that failed again and again is worth another question. While it is not, nobody waits for it; then one question
// is let through, and its answer decides. Each time it fails the pause doubles.

import { type Millis, millis } from '../../base/millis.ts';

/** Failures in a row before the first pause. */
const FAILURES_MAX = 5;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** Counts the failures of one server. */
export class CircuitBreaker {
  private failures: number;
  /** When the pause ends; in the past where there is none. */
  private pausedUntil: Millis;
  private isTrying: boolean;

  constructor() {
    this.failures = 0;
    this.pausedUntil = millis(Number.NEGATIVE_INFINITY);
    this.isTrying = false;
  }

  /** Whether to ask. Where it says yes, `succeed` or `fail` is to follow. */
  mayAsk(now: Millis): boolean {
    if (this.failures < FAILURES_MAX) return true;
    if (this.isTrying || now < this.pausedUntil) return false;
    this.isTrying = true;
    return true;
  }

  /** The server has answered. */
  succeed(): void {
    this.failures = 0;
    this.isTrying = false;
  }

  /** It has not, or has said that it cannot. */
  fail(now: Millis): void {
    this.failures++;
    this.isTrying = false;
    const excess = this.failures - FAILURES_MAX;
    if (excess >= 0) this.pausedUntil = millis(now + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(excess, 10)));
  }
}
