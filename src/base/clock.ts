// The two clocks that the code above the pure rooms is handed. Nobody but server/ and cli/ reads a
// clock of the machine.

import type { Millis } from './millis.ts';

/** Tells the time; the simulator and the tests supply their own. */
export interface Clock {
  /** Monotonic time since some fixed moment; the base of every deadline. */
  monotonic(): Millis;
  /** Milliseconds since 1970-01-01 UTC; for records that outlive the process and for people. */
  wall(): Millis;
}
