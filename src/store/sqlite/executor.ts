// Where the engine is, as the store sees it: somewhere else, where it may block on the disk. What is asked of it is done in
// order, and what it answers comes later, each answer in a turn of its own. worker-executor.ts has it in a thread,
// in-thread-executor.ts in the same one, for tests and the simulator.

import type { OperationError } from '../../base/errors.ts';
import type { MessageId, PageSize, RecipientKey } from '../contract.ts';
import type { EngineStatistics, EngineTuning, HighestNumbers } from './engine.ts';
import type { EncodedPage } from './queue-reader.ts';

/** What to open, and how. Plain data, so that it can be handed to a thread. */
export interface ExecutorOptions {
  /** The data directory. */
  readonly path: string;
  /** How much of the disk to keep back for the day when it is full; 0: nothing. */
  readonly reserveBytes: number;
  /** How large the database may grow; 0: as large as the disk lets it. */
  readonly bytesMax: number;
  /** 'normal' breaks the promise: the tests of the promise must see that. */
  readonly synchronous: 'full' | 'normal';
  readonly tuning: EngineTuning;
}

/** Who is told what came of it. After `refused`, `failed` and `closed` nothing else comes but `closed`. */
export interface ExecutorOwner {
  /** While opening: some items (answers.ts), whole ones. */
  found(chunk: Uint8Array<ArrayBuffer>): void;
  /** While opening: so much of the work is done, between 0 and 1. */
  opening(share: number): void;
  /** Everything was found. */
  opened(numbers: HighestNumbers, statistics: EngineStatistics): void;
  /** The data directory cannot be used. */
  refused(error: OperationError): void;
  /** The oldest batch that was not committed is. Its buffer may be used again. */
  committed(spent: Uint8Array<ArrayBuffer>, statistics: EngineStatistics): void;
  /** The answer to the oldest `read` that was not answered; `undefined`: there is no such recipient. */
  page(page: EncodedPage | undefined): void;
  /** Whether there is room for more. */
  full(isFull: boolean): void;
  /** Nothing is committed any more. */
  failed(error: OperationError): void;
  /** Everything is let go of; only after `close`. */
  closed(): void;
}

/** The engine, wherever it is. */
export interface Executor {
  /** Opens the data directory and reads it back. Called once, first. */
  open(owner: ExecutorOwner): void;
  /** Commits a batch. Its buffer is given away, until it comes back. */
  apply(batch: Uint8Array<ArrayBuffer>): void;
  /** Reads from a queue, with all batches before applied. */
  read(recipient: RecipientKey, after: MessageId, size: PageSize): void;
  /** Does what was asked before, and lets go of everything. Also after `refused` and `failed`. */
  close(): void;
}
