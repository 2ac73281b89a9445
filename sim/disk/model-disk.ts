// The fast disk: a list of changes, of which a crash takes away what was not synced. What it models is the store contract, to the letter: a
// process that dies leaves what was written, and of a commit that was being written any first turns; a machine that dies takes
// all that was not synced, or some of it; a commit that failed may be there or not.
// It keeps no bytes: that a change is read back as it was written is for the other disk to show.

import type { DiskFault } from '../plan.ts';
import type { Disk, DiskParts } from './disk.ts';
import { DiskState } from './disk-state.ts';
import type { Change } from './journal.ts';
import { ModelStore } from './model-store.ts';

/** A disk that is a list. */
export class ModelDisk implements Disk {
  private readonly parts: DiskParts;
  /** What is on it when nobody is alive. */
  private found: readonly Change[];
  private store: ModelStore | undefined;
  private readonly state: DiskState;

  constructor(parts: DiskParts) {
    this.parts = parts;
    this.found = [];
    this.store = undefined;
    this.state = new DiskState();
  }

  get isBusy(): boolean {
    return this.store?.isBusy ?? false;
  }

  makeStore(): ModelStore {
    // One that ended in order, or failed.
    this.crash(false);
    this.store = new ModelStore(this.parts, this.state, this.found);
    return this.store;
  }

  crash(machine: boolean): void {
    if (this.store === undefined) return;
    this.found = this.store.end(machine);
    this.store = undefined;
  }

  setFault(fault: DiskFault | undefined): void {
    const wasFull = this.state.isFull;
    this.state.set(fault);
    if (wasFull !== this.state.isFull) this.store?.tellFull();
  }

  discard(): void {
    this.found = [];
  }
}
