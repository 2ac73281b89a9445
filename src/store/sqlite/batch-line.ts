// The batches between the broker and the disk: one that is being collected, one that is being committed, and sometimes one that
// waits behind that. Decides when a batch leaves, and knows what is durable.
//
// Only ever called between turns, so that no turn is divided. If nothing is being committed, what was collected leaves at
// once; else it leaves when that is committed, and all that was changed meanwhile shares one commit. When very
// much was changed meanwhile, one batch leaves ahead, so that the engine finds it when it is done.

import { assert } from '../../base/assert.ts';
import type { Batch } from '../contract.ts';
import type { ChangeWriter } from './change-writer.ts';

/** A batch of this size leaves while the one before it is being committed, unless told otherwise. */
const AHEAD_BYTES = 256 * 1024;

/** The size of a buffer that no batch has been in; it grows. */
const BUFFER_BYTES = 64 * 1024;

/** Buffers that have grown larger than this are not kept. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** So many buffers are kept: as many as are under way. */
const KEPT_MAX = 2;

/** A large buffer of which a batch used less than this share is not kept, so that a burst leaves nothing behind. */
const USED_SHARE_MIN = 1 / 16;

/** A batch that has left. */
interface SentBatch {
  readonly number: Batch;
  readonly bytes: number;
}

/** The batches under way. */
export class BatchLine {
  /** The batch that is being collected. */
  number: Batch;
  /** Everything up to this batch is durable. */
  durable: Batch;
  private readonly writer: ChangeWriter;
  private readonly send: (batch: Uint8Array<ArrayBuffer>) => void;
  private readonly aheadBytes: number;
  /** Oldest first. Two at most, but for the one that closing adds. */
  private readonly sent: SentBatch[];
  private sentBytes: number;
  private readonly buffers: ArrayBuffer[];

  /**
   * @param send  Takes a batch to the engine, with its buffer.
   * @param aheadBytes  From this size on it leaves while the one before it is being committed.
   */
  constructor(writer: ChangeWriter, send: (batch: Uint8Array<ArrayBuffer>) => void, aheadBytes: number = AHEAD_BYTES) {
    this.number = 1;
    this.durable = 0;
    this.writer = writer;
    this.send = send;
    this.aheadBytes = aheadBytes;
    this.sent = [];
    this.sentBytes = 0;
    this.buffers = [];
  }

  /** Bytes of changes that are not durable. hot: */
  get lateBytes(): number {
    return this.sentBytes + this.writer.length;
  }

  /** Lets go what may leave now. */
  proceed(): void {
    const { writer, sent } = this;
    if (writer.length === 0) return;
    if (sent.length > 1 || (sent.length === 1 && writer.length < this.aheadBytes)) return;
    if (writer.count > 0) {
      this.sendNow();
    } else if (sent.length === 0) {
      // Everybody has everything: there is nothing to write, and nothing before it to wait for.
      writer.drop();
      this.durable = this.number++;
    }
  }

  /** Lets go what was collected, however much is under way. */
  sendNow(): void {
    const batch = this.writer.seal(new Uint8Array(this.buffers.pop() ?? new ArrayBuffer(BUFFER_BYTES)));
    this.sent.push({ number: this.number++, bytes: batch.length });
    this.sentBytes += batch.length;
    this.send(batch);
  }

  /** The oldest batch that had left is durable; its buffer comes back. */
  commit(spent: Uint8Array<ArrayBuffer>): void {
    const batch = this.sent.shift();
    assert(batch !== undefined, 'a batch is committed once, after it has left');
    this.durable = batch.number;
    this.sentBytes -= batch.bytes;
    if (isWorthKeeping(spent) && this.buffers.length < KEPT_MAX) this.buffers.push(spent.buffer);
  }

  /** Forgets everything that is not durable. */
  drop(): void {
    this.writer.drop();
    this.sent.length = 0;
    this.sentBytes = 0;
  }
}

function isWorthKeeping({ buffer: { byteLength }, length }: Uint8Array): boolean {
  if (byteLength <= BUFFER_BYTES) return true;
  return byteLength <= KEPT_BYTES_MAX && length >= byteLength * USED_SHARE_MIN;
}
