// Copies of many small byte runs without an allocation each: they are laid one after the other into
// slabs. A slab lives as long as any copy in it, so one that is kept for very long pins at most a slab;
// what is known to stay (retained messages) is copied by itself instead.

import { copyBytes } from './copy-bytes.ts';

/** Slab size in bytes: small enough to pin, large enough to be rare. */
const SLAB_BYTES = 16_384;
/** Larger runs get an allocation of their own. */
const SHARED_BYTES_MAX = 1_024;

/** Makes copies that outlive the chunk they came in. */
export class ByteArena {
  private slab: Uint8Array<ArrayBuffer>;
  private position: number;

  constructor() {
    this.slab = new Uint8Array(0);
    this.position = 0;
  }

  /** A copy of the bytes from `start` to `end` that nobody else writes to. hot: */
  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    if (length > SHARED_BYTES_MAX) return bytes.slice(start, end);
    if (this.position + length > this.slab.length) {
      this.slab = new Uint8Array(SLAB_BYTES);
      this.position = 0;
    }
    const { slab, position } = this;
    this.position = position + length;
    copyBytes(bytes, start, end, slab, position);
    return slab.subarray(position, position + length);
  }
}
