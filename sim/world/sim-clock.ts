// The clocks of the world: one monotonic time, and a calendar that jumps when somebody sets it.

import type { Boot, Clock } from '../../src/base/clock.ts';
import { type Millis, millis } from '../../src/base/millis.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the monotonic clock shows at the beginning: nobody may count on zero. */
const MONOTONIC_START = 1_000_000;
const WALL_START = Date.UTC(2030, 0, 1);

/** The clocks of all processes. */
export class SimClock implements Clock {
  private readonly time: VirtualTime;
  private wallOffset: number;
  private bootCount: number;
  private bootStart: number;

  constructor(time: VirtualTime) {
    this.time = time;
    this.wallOffset = 0;
    this.bootCount = 1;
    this.bootStart = 0;
  }

  monotonic(): Millis {
    return millis(MONOTONIC_START + this.time.now);
  }

  wall(): Millis {
    return millis(WALL_START + this.time.now + this.wallOffset);
  }

  boot(): Boot {
    return { id: `boot ${this.bootCount}`, time: millis(this.time.now - this.bootStart) };
  }

  /** The virtual time of a moment on the monotonic clock. */
  timeOf(moment: Millis): number {
    return moment - MONOTONIC_START;
  }

  /** Somebody sets the calendar. */
  jump(by: number): void {
    this.wallOffset += by;
  }

  /** The machine has started anew. */
  reboot(): void {
    this.bootCount++;
    this.bootStart = this.time.now;
  }
}
