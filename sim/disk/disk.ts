// The disk under one process, broker or client: what outlives it. It makes a store for each life of the process, and knows which
// of what that store was told is on disk, written, or neither.

import type { Clock } from '../../src/base/clock.ts';
import type { Log } from '../../src/base/log.ts';
import type { Store } from '../../src/store/contract.ts';
import type { DiskFault, DiskPlan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';

/** What a disk is handed: by the world, for one process's name, for all its lives. */
export interface DiskParts {
  readonly plan: DiskPlan;
  readonly random: SeededRandom;
  /** Calls back after so much virtual time, in a turn of its own of the process that is alive by then; not if `crash` came first. */
  readonly after: (millis: number, task: () => void) => void;
  /** Calls back at the end of the running turn of the process, before what it wrote to the network leaves. */
  readonly atTurnEnd: (task: () => void) => void;
  /**
   * A boundary: the process may be killed here and now, by `crash`, before this returns; then false is returned, and nothing more is to be done.
   * `what` such as 'before commit', 'after commit', 'reading back'.
   */
  readonly boundary: (what: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** One disk. */
export interface Disk {
  /** The store of a new life, not opened yet. There is no other one alive. */
  makeStore(): Store;
  /**
   * The process is gone without a word. What was synced stays; what was not may stay up to any batch boundary (chance), or, with
   * the machine, nothing of it need.
   */
  crash(machine: boolean): void;
  /** Something is wrong with the disk from now on, or no longer. */
  setFault(fault: DiskFault | undefined): void;
  /** Whether something is on its way to the disk, or to be read. */
  readonly isBusy: boolean;
  /** Lets go of files. */
  discard(): void;
}
