// Who has been wrong too often is not listened to for a while, which doubles each time. What counts is up to the caller: an
// address, a user, both. A table is bounded: who fills it makes it forget those who failed longest ago. Failures are forgotten some
// time after the last of them, however often somebody comes meanwhile. A try that is not over counts like a failure: who makes many
// at once makes no more of them than who waits for each answer.

import { ExpiringMap } from '../base/expiring-map.ts';
import { type Millis, millis } from '../base/millis.ts';

/** How often and how long. */
export interface BackOffLimits {
  /** Failures before the first while. */
  readonly failuresMax: number;
  /** The longest while. */
  readonly longest: Millis;
}

const FIRST_WHILE = 1000;
/** Keys that a table remembers. */
const KEYS_MAX = 100_000;
/** Failures are forgotten after so many times the longest while, and no sooner than the least. */
const FORGOTTEN_AFTER = 2;
const FORGOTTEN_AFTER_LEAST = 10 * 60_000;

interface Failures {
  readonly count: number;
  readonly heldUntil: Millis;
}

/** The failures of many, by any key. */
export class BackOff {
  private readonly limits: BackOffLimits;
  private readonly table: ExpiringMap<Failures>;
  /** Tries that have begun and are not over; as many as whoever makes them has at a time. */
  private readonly underWay: Map<string, number>;

  constructor(limits: BackOffLimits) {
    this.limits = limits;
    const lifetime = millis(Math.max(FORGOTTEN_AFTER_LEAST, limits.longest * FORGOTTEN_AFTER));
    this.table = new ExpiringMap(KEYS_MAX, lifetime);
    this.underWay = new Map();
  }

  /** Whether one more try may begin before those under way are over, even if all of them fail. One at a time always may. */
  mayBegin(key: string, now: Millis): boolean {
    const underWay = this.underWay.get(key);
    return underWay === undefined || (this.table.peek(key, now)?.count ?? 0) + underWay < this.limits.failuresMax;
  }

  /** A try begins. */
  begin(key: string): void {
    this.underWay.set(key, (this.underWay.get(key) ?? 0) + 1);
  }

  /** One is over; if it failed, that was said before. */
  end(key: string): void {
    const left = (this.underWay.get(key) ?? 0) - 1;
    if (left > 0) this.underWay.set(key, left);
    else this.underWay.delete(key);
  }

  /** How much of its while is left to a key; 0: it is listened to. */
  remaining(key: string, now: Millis): Millis {
    return millis(Math.max(0, (this.table.peek(key, now)?.heldUntil ?? 0) - now));
  }

  /** Counts a failure, and says how many there were now. */
  fail(key: string, now: Millis): number {
    const count = (this.table.peek(key, now)?.count ?? 0) + 1;
    const excess = count - this.limits.failuresMax;
    const length = excess < 0 ? 0 : Math.min(this.limits.longest, FIRST_WHILE * 2 ** Math.min(excess, 32));
    this.table.set(key, { count, heldUntil: millis(now + length) }, now);
    return count;
  }

  /** Forgets the failures of a key. */
  forgive(key: string): void {
    this.table.delete(key);
  }
}
