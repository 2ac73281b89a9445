// Output buffers that are lent and given back, so that an idle connection holds none and a busy one
// does not allocate. Sizes are powers of two from 256 bytes to 64 KiB, the sizes that ByteWriter grows
// through; each size has a stack of its own.
// Invariant: the buffers kept here are together at most `bytesMax` long; of the rest the large ones, which slow readers fill, are
// freed at once, and others left to the garbage collector, which an idle broker seldom calls (measured: 80 MB of twenty peers that read
// nothing were still there when they had gone). What a buffer last carried stays in it: only [0, position) is ever sent.

import { ByteWriter } from '../../base/byte-writer.ts';

/** The bytes of size class 0; each next class is twice as large. */
const SMALLEST_BYTES = 256;
const SMALLEST_LOG2 = 8;
/** The largest class: 64 KiB. */
const LARGEST_CLASS = 8;
const LARGEST_BYTES = SMALLEST_BYTES << LARGEST_CLASS;

/** The smallest class whose buffers hold `byteCount` bytes; the largest class where none does. hot: */
export function sizeClassOf(byteCount: number): number {
  if (byteCount <= SMALLEST_BYTES) return 0;
  return Math.min(32 - Math.clz32(byteCount - 1) - SMALLEST_LOG2, LARGEST_CLASS);
}

/** Lends buffers by size class. */
export class WriterPool {
  private readonly bytesMax: number;
  private readonly stacks: ByteWriter[][];
  private bytesKept: number;

  /** @param bytesMax  How many bytes of unused buffers are kept at most. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.stacks = Array.from({ length: LARGEST_CLASS + 1 }, () => []);
    this.bytesKept = 0;
  }

  /** How many bytes of unused buffers are kept now. */
  get bytesNow(): number {
    return this.bytesKept;
  }

  /** An empty writer of a size class; a new one where none is kept. hot: */
  take(sizeClass: number): ByteWriter {
    const writer = this.stacks[sizeClass]?.pop();
    if (writer === undefined) return new ByteWriter(new Uint8Array(SMALLEST_BYTES << sizeClass));
    this.bytesKept -= writer.bytes.length;
    return writer;
  }

  /** Takes a writer back; nobody else may hold it any more. hot: */
  giveBack(writer: ByteWriter): void {
    const length = writer.bytes.length;
    const sizeClass = sizeClassOf(length);
    const fits = length === SMALLEST_BYTES << sizeClass && this.bytesKept + length <= this.bytesMax;
    if (!fits) {
      if (length > LARGEST_BYTES) release(writer);
      return;
    }
    writer.position = 0;
    this.bytesKept += length;
    this.stacks[sizeClass]?.push(writer);
  }
}

/** Gives a large buffer back to the system at once. */
function release(writer: ByteWriter): void {
  writer.bytes.buffer.transfer(0);
}

/**
 * The pool of this thread. 8 MiB is what 1,000 connections use that are each sent 4 KiB to 8 KiB in one turn;
 * only a broker that has been that busy holds it.
 */
export const WRITER_POOL: WriterPool = new WriterPool(8 * 1024 * 1024);
