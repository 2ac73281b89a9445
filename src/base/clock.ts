// The clocks that the code above the pure rooms is handed. Nobody but server/ and cli/ reads a
// clock of the machine.

import type { Millis } from './millis.ts';

/** How long the machine has been up, its sleep included. */
export interface Boot {
  /** Names this boot, so that times of different boots are not compared; '': nobody knows. */
  readonly id: string;
  readonly time: Millis;
}

/** Tells the time; the simulator and the tests supply their own. */
export interface Clock {
  /** Monotonic time since some fixed moment; the base of every deadline. */
  monotonic(): Millis;
  /** Milliseconds since 1970-01-01 UTC; for records that outlive the process and for people. */
  wall(): Millis;
  /** The time since the machine was started, which goes on from one run of a process to the next. */
  boot(): Boot;
}
