// What one connection has yet to send. Its owner lays bytes down in a borrowed buffer; the buffer leaves
// whole, in one write, at the end of the turn or as soon as it is nearly full.
//
// The idea: at most one buffer is with the socket and at most one is being filled. While the socket
// has not taken the first, the second only grows: a slow reader costs no system call, and what waits for
// it is one number. Nothing here bounds that number: the owner reads `waitingBytes()` and stops.
// Invariants: a buffer returns to the pool only when the socket holds no byte of it; while bytes wait, a 'drain' is to
// come, so that an owner that stopped is told to go on.

import type { ByteWriter } from '../../base/byte-writer.ts';
import { flushAtEndOfTurn } from './flush-turn.ts';
import { sizeClassOf, WRITER_POOL } from './writer-pool.ts';

/**
 * From here on a buffer leaves at once, without waiting for the end of the turn. A little under 64 KiB, so that the
 * packet that reaches it seldom makes a buffer of the largest class grow.
 */
const FLUSH_AT_BYTES = 60 * 1024;

/** What an outbox needs of a socket; any `stream.Writable` has it. */
export interface OutboxSink {
  /** Takes bytes. False when 'drain' will follow, or the end. */
  write(bytes: Uint8Array): boolean;
  /** How many bytes it holds that the kernel has not taken. 0 right after a write: the bytes are the caller's again. */
  readonly writableLength: number;
}

/** Tries to hand bytes past the sink to whatever is behind it; returns how many were taken. */
export type DirectWrite = (sink: OutboxSink, bytes: Uint8Array, length: number) => number;

/** The output side of one connection. */
export class Outbox {
  private readonly sink: OutboxSink;
  private readonly direct: DirectWrite | undefined;
  /** What is being laid down; none when there is nothing to send. */
  private filling: ByteWriter | undefined;
  /** What the socket has not taken whole; while there is one, 'drain' is to come. */
  private leaving: ByteWriter | undefined;
  /** The class of the buffer that the last flush would have needed. */
  private sizeClass: number;
  private isScheduled: boolean;

  /** @param direct  A shorter way for what can leave at once; without it everything goes through the sink. */
  constructor(sink: OutboxSink, direct?: DirectWrite) {
    this.sink = sink;
    this.direct = direct;
    this.filling = undefined;
    this.leaving = undefined;
    this.sizeClass = 0;
    this.isScheduled = false;
  }

  /** The buffer, open at its end. Borrowed until the turn ends. hot: */
  writer(): ByteWriter {
    const filling = this.filling;
    if (filling !== undefined) return filling;
    return (this.filling = WRITER_POOL.take(this.sizeClass));
  }

  /** Says that something was laid down. hot: */
  wrote(): void {
    if (this.leaving !== undefined) return;
    const filling = this.filling;
    if (filling !== undefined && filling.position >= FLUSH_AT_BYTES) {
      this.flush();
    } else if (!this.isScheduled) {
      this.isScheduled = true;
      flushAtEndOfTurn(this);
    }
  }

  /** The end of the turn: sends what there is, unless the socket is still busy with what it got before. hot: */
  flush(): void {
    this.isScheduled = false;
    if (this.leaving === undefined) this.send();
  }

  /** The end of the connection: hands everything to the socket, in order, busy or not. */
  flushLast(): void {
    this.send();
  }

  /** The socket says that it has taken everything. True when nothing is left here either. */
  receiveDrain(): boolean {
    const left = this.leaving;
    this.leaving = undefined;
    if (left !== undefined) WRITER_POOL.giveBack(left);
    this.send();
    return this.waitingBytes() === 0;
  }

  /** How many bytes wait for the socket, which is busy. What only waits for the flush is not counted: it is little. hot: */
  waitingBytes(): number {
    if (this.leaving === undefined) return 0;
    const filling = this.filling;
    return this.sink.writableLength + (filling === undefined ? 0 : filling.position);
  }

  /** Forgets what has not been handed to the socket. */
  discard(): void {
    const filling = this.filling;
    this.filling = undefined;
    this.leaving = undefined;
    if (filling !== undefined) WRITER_POOL.giveBack(filling);
  }

  /** hot: */
  private send(): void {
    const writer = this.filling;
    if (writer === undefined) return;
    this.filling = undefined;
    this.sizeClass = sizeClassOf(writer.position);
    const length = writer.position;
    const taken =
      this.direct === undefined || this.sink.writableLength > 0 ? 0 : this.direct(this.sink, writer.bytes, length);
    if (taken === length) {
      WRITER_POOL.giveBack(writer);
      return;
    }
    // A Buffer, since a stream would otherwise make one of it: a second view per write.
    const everythingTaken = this.sink.write(Buffer.from(writer.bytes.buffer, taken, length - taken));
    if (this.sink.writableLength === 0) WRITER_POOL.giveBack(writer);
    // Taken in part: the writer is the socket's until 'drain'. Below the high-water mark no 'drain' is promised;
    // then the next flush may write, and this buffer is not used again.
    else if (!everythingTaken) this.leaving = writer;
  }
}
