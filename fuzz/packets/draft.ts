// An input while it is being changed: bytes in one buffer that is used again and again, since a new input is made every
// few microseconds.

/** No input grows beyond this many bytes. */
const INPUT_BYTES_MAX = 4_096;

/** Bytes that can be changed anywhere. */
export class Draft {
  readonly bytes: Uint8Array;
  length: number;

  constructor() {
    this.bytes = new Uint8Array(INPUT_BYTES_MAX);
    this.length = 0;
  }

  /** Begins with these. */
  load(input: Uint8Array): void {
    this.length = Math.min(input.length, INPUT_BYTES_MAX);
    this.bytes.set(input.subarray(0, this.length));
  }

  /** A copy of what there is now. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Inserts bytes; says whether there was room. They may be of this draft. */
  insert(at: number, source: Uint8Array): boolean {
    const count = source.length;
    if (this.length + count > INPUT_BYTES_MAX) return false;
    const own = source.buffer === this.bytes.buffer ? source.slice() : source;
    this.bytes.copyWithin(at + count, at, this.length);
    this.bytes.set(own, at);
    this.length += count;
    return true;
  }

  /** Removes bytes. */
  remove(at: number, count: number): void {
    this.bytes.copyWithin(at, at + count, this.length);
    this.length -= count;
  }

  /** Sets a Two Byte Integer. */
  setU16(at: number, value: number): void {
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }
}
