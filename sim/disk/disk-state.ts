// What is wrong with a disk, and what both kinds of disks make of it.

import type { DiskFault } from '../plan.ts';

/** So long may changes wait that nobody waits for. */
export const UNAWAITED_MILLIS = 5;

/** A slow disk takes so many times as long. */
export const SLOW_FACTOR = 50;

/** What is wrong with a disk at the moment. */
export class DiskState {
  private fault: DiskFault | undefined;

  constructor() {
    this.fault = undefined;
  }

  get isSlow(): boolean {
    return this.fault === 'slow';
  }

  get isFull(): boolean {
    return this.fault === 'full';
  }

  /** From now on. */
  set(fault: DiskFault | undefined): void {
    this.fault = fault;
  }

  /** A call writes or syncs; says whether it fails. One does; then the disk is as good as new. */
  takeFailure(): boolean {
    if (this.fault !== 'failing') return false;
    this.fault = undefined;
    return true;
  }
}
