// What stands round the engine, in whatever thread it is: opens and lets go of the data directory, commits batch after
// batch, does the engine's other work between them, and decides what follows from a fault.
// A full disk is got over: the reserve is given up, the batch is tried again, and once there is room the reserve is taken
// again. Any other fault is final (a disk that failed to sync once may say that it did the next time): nothing is tried
// again, a note is left, and the owner is told.
// What is not a fault of the disk is a bug, and is thrown.

import { OperationError } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { MessageId, PageSize, RecipientKey } from '../contract.ts';
import type { EngineStatistics } from './engine.ts';
import type { ExecutorOptions, ExecutorOwner } from './executor.ts';
import { writeFailedMarker } from './failed-marker.ts';
import { type OpenDirectory, openDirectory, storeError } from './open-directory.ts';
import type { EncodedPage } from './queue-reader.ts';
import { StoreFault } from './store-fault.ts';

/** How often a host wants its `tick` while the disk is full. */
export const TICK_MILLIS = 1_000;

/** So much is done in one `tick` to give space back to a disk that is full. */
const GIVE_BACK_SLICES = 16;

/**
 * So many batches may follow each other before the other work is done all the same: a thread that is handed batch after batch, up to a
 * thousand in one turn, gets to no turn of its own, and the log grows meanwhile (measured: 55 batches, 58 MiB).
 */
const BATCHES_MAX = 4;

/** Of opening, so much is looking at the log; the rest is reading the database. */
const LOG_SHARE = 0.1;

/** What a host needs besides. */
export interface HostParts {
  /** Tells when a commit began and ended, and when a disk failed. */
  readonly clock: Pick<Clock, 'monotonic' | 'wall'>;
  /** Runs a task in a turn of its own, in order. */
  readonly later: (task: () => void) => void;
  /** Opens the data directory; a test may put faults into what it opens. */
  readonly openDirectory?: typeof openDirectory;
}

/** An engine and its data directory. */
export class EngineHost {
  private readonly options: ExecutorOptions;
  private readonly owner: ExecutorOwner;
  private readonly parts: HostParts;
  /** `undefined`: not open any more, or not yet. */
  private held: OpenDirectory | undefined;
  /** Whether the reserve was given up. */
  private isFull: boolean;
  private isMaintenanceAsked: boolean;
  /** Batches since the other work was looked at. */
  private batches: number;

  constructor(options: ExecutorOptions, owner: ExecutorOwner, parts: HostParts) {
    this.options = options;
    this.owner = owner;
    this.parts = parts;
    this.held = undefined;
    this.isFull = false;
    this.isMaintenanceAsked = false;
    this.batches = 0;
  }

  /** Opens the data directory and reads it back. */
  open(): void {
    const { owner, options } = this;
    try {
      const { path, reserveBytes, bytesMax, synchronous, tuning } = options;
      const { monotonic } = this.parts.clock;
      const open = this.parts.openDirectory ?? openDirectory;
      this.held = open({
        path,
        reserveBytes,
        engine: { bytesMax, synchronous, tuning, monotonic },
        progress: (share) => owner.opening(share * LOG_SHARE),
      });
      this.recover(this.held);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      owner.refused(error);
    }
  }

  /** Commits a batch. */
  apply(batch: Uint8Array<ArrayBuffer>): void {
    const { held } = this;
    if (held === undefined) return;
    try {
      held.engine.apply(batch);
    } catch (error) {
      if (!this.giveReserve(held, error) || !this.applyAgain(held)) return;
    }
    const statistics = this.lookAt(held);
    if (statistics === undefined) return;
    this.owner.committed(batch, statistics);
    this.askMaintenance();
    if (++this.batches >= BATCHES_MAX) this.maintain();
  }

  /** What is there; `undefined`: the disk failed when it was asked how large its files are. */
  private lookAt(held: OpenDirectory): EngineStatistics | undefined {
    try {
      return held.engine.statistics();
    } catch (error) {
      this.fail(held, error);
      return undefined;
    }
  }

  /** Reads from a queue. */
  read(recipient: RecipientKey, after: MessageId, { messagesMax, bytesMax }: PageSize): void {
    const { held } = this;
    if (held === undefined) return;
    let page: EncodedPage | undefined;
    try {
      page = held.engine.read(recipient, after, messagesMax, bytesMax);
    } catch (error) {
      this.fail(held, error);
      return;
    }
    this.owner.page(page);
  }

  /** While the disk is full: looks whether there is room again. To be called every `TICK_MILLIS`. */
  tick(): void {
    const { held } = this;
    if (held === undefined || !this.isFull) return;
    try {
      if (held.engine.hasRoomUnderLimit(this.options.reserveBytes) && this.regainReserve(held)) {
        held.engine.lowerLimit();
        this.isFull = false;
        this.owner.full(false);
      }
      this.askMaintenance();
    } catch (error) {
      this.fail(held, error);
    }
  }

  /** Takes the reserve again; on a disk that is full of us, with what the database does not need any more. */
  private regainReserve({ engine, reserve }: OpenDirectory): boolean {
    try {
      for (let slices = GIVE_BACK_SLICES; !reserve.regain(); slices--) {
        if (slices === 0 || !engine.giveBack()) return reserve.regain();
      }
      return true;
    } catch (error) {
      if (isFullFault(error)) return false;
      throw error;
    }
  }

  /** Lets go of everything. */
  close(): void {
    const { held } = this;
    if (held !== undefined) {
      try {
        held.engine.close();
        this.letGo(held);
      } catch (error) {
        // The engine could not put everything in order, which the next start does for it. All batches are committed.
        if (isFullFault(error)) this.letGo(held);
        else this.fail(held, error);
      }
    }
    this.owner.closed();
  }

  /** Lets go of everything as it is: what a process does that ends. For the simulator. */
  abandon(): void {
    const { held } = this;
    if (held === undefined) return;
    held.engine.abandon();
    this.letGo(held);
  }

  private recover(held: OpenDirectory): void {
    const { owner } = this;
    try {
      const numbers = held.engine.recover({
        found: (chunk) => owner.found(chunk),
        progress: (share) => owner.opening(LOG_SHARE + share * (1 - LOG_SHARE)),
      });
      owner.opened(numbers, held.engine.statistics());
    } catch (error) {
      held.engine.abandon();
      this.letGo(held);
      throw storeError(error, held.directory);
    }
    if (!held.reserve.isHeld) this.becomeFull(held);
    this.askMaintenance();
  }

  /** Gives the reserve up, if that helps; else the fault is final. */
  private giveReserve(held: OpenDirectory, fault: unknown): boolean {
    if (!isFullFault(fault) || this.isFull) {
      this.fail(held, fault);
      return false;
    }
    try {
      held.reserve.release();
    } catch (error) {
      this.fail(held, error);
      return false;
    }
    this.becomeFull(held);
    return true;
  }

  private becomeFull(held: OpenDirectory): void {
    held.engine.raiseLimit(this.options.reserveBytes);
    this.isFull = true;
    this.owner.full(true);
  }

  private applyAgain(held: OpenDirectory): boolean {
    try {
      held.engine.applyAgain();
      return true;
    } catch (error) {
      this.fail(held, error);
      return false;
    }
  }

  private askMaintenance(): void {
    if (this.isMaintenanceAsked) return;
    this.isMaintenanceAsked = true;
    this.parts.later(() => {
      this.isMaintenanceAsked = false;
      this.maintain();
    });
  }

  private maintain(): void {
    const { held } = this;
    this.batches = 0;
    if (held === undefined) return;
    try {
      if (held.engine.maintain()) this.askMaintenance();
    } catch (error) {
      // What needs room waits for the reserve, and when that is gone for `tick`: nothing is lost by waiting.
      if (this.isFull && isFullFault(error)) return;
      if (this.giveReserve(held, error)) this.askMaintenance();
    }
  }

  /** The end: nothing is tried again. */
  private fail(held: OpenDirectory, error: unknown): void {
    if (!(error instanceof StoreFault || error instanceof OperationError)) throw error;
    held.engine.abandon();
    this.letGo(held);
    if (isFullFault(error)) {
      this.owner.failed(outOfReserve(held, error));
      return;
    }
    writeFailedMarker(held.directory, error.message, this.parts.clock.wall());
    this.owner.failed(diskFailed(held, error));
  }

  private letGo(held: OpenDirectory): void {
    this.held = undefined;
    held.release();
  }
}

function isFullFault(error: unknown): error is StoreFault {
  return error instanceof StoreFault && error.kind === 'full';
}

function outOfReserve({ directory }: OpenDirectory, cause: StoreFault): OperationError {
  const what = `The disk of ${directory.path} is full, and the reserve for what must still be written is used up`;
  return new OperationError('store-full', `${what}: ${cause.message} Make room, then start again.`, undefined, {
    cause,
  });
}

function diskFailed({ directory }: OpenDirectory, cause: Error): OperationError {
  return new OperationError('store-failed', `The disk of ${directory.path} failed: ${cause.message}`, undefined, {
    cause,
  });
}
