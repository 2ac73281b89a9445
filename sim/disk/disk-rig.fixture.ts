// What stands round a disk under test: turns of the event loop, virtual time that goes on by itself, and a process that dies at whatever
// boundary the test names.

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Clock } from '../../src/base/clock.ts';
import { SILENT_LOG } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import type { DiskPlan, StoreKind } from '../plan.ts';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualTime } from '../world/virtual-time.ts';
import type { Disk, DiskParts } from './disk.ts';
import { makeDisk } from './make-disk.ts';

/** It stands still, so that moments come back as they were. */
const STILL_CLOCK: Clock = {
  monotonic: () => millis(5_000),
  wall: () => millis(1_700_000_000_000),
  boot: () => ({ id: 'a boot', time: millis(7_000) }),
};

/** In memory where there is such a place: what syncs costs nothing there. */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A new directory, which the caller removes. */
export function newDirectory(): string {
  return mkdtempSync(path.join(ROOT, 'vouch-sim-'));
}

/** A process that only has a disk. */
export class DiskRig {
  readonly disk: Disk;
  /** Every boundary that came, with the moment, in order. */
  readonly boundaries: string[];
  readonly time: VirtualTime;
  /** Is asked at each boundary whether the process dies there. */
  diesAt: (boundary: string) => 'process' | 'machine' | undefined;
  life: number;
  private waiting: number;

  constructor(kind: StoreKind, seed: number, plan: Partial<DiskPlan> = {}) {
    this.boundaries = [];
    this.time = new VirtualTime();
    this.diesAt = () => undefined;
    this.life = 1;
    this.waiting = 0;
    const parts: DiskParts = {
      plan: { commitMillisMin: 1, commitMillisMax: 9, tuning: 'usual', ...plan },
      random: new SeededRandom(seed),
      after: (time, task) => this.after(time, task),
      atTurnEnd: (task) => this.inThisLife(task),
      boundary: (what) => this.boundary(what),
      clock: STILL_CLOCK,
      log: SILENT_LOG,
    };
    this.disk = makeDisk(kind, parts, newDirectory);
  }

  /** The process is gone. */
  crash(machine: boolean): void {
    this.life++;
    this.disk.crash(machine);
  }

  private boundary(what: string): boolean {
    const { life } = this;
    this.boundaries.push(`${this.time.now} ${what}`);
    const death = this.diesAt(what);
    if (death !== undefined) this.crash(death === 'machine');
    return life === this.life;
  }

  private inThisLife(task: () => void): void {
    const { life } = this;
    setImmediate(() => {
      if (life === this.life) task();
    });
  }

  /** Time goes on by one appointment a turn. */
  private after(time: number, task: () => void): void {
    const { life } = this;
    this.time.after(time, () => {
      if (life === this.life) task();
    });
    if (this.waiting++ === 0) setImmediate(() => this.turn());
  }

  private turn(): void {
    this.time.next()?.();
    if (--this.waiting > 0) setImmediate(() => this.turn());
  }
}
