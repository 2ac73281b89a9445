// Which messages of a publisher have come, a bit each: what the members of a shared subscription, each of whom hears a part, know together.

/** Numbers from here on are nobody's: it takes half a day at 6,000 messages a second of one publisher. */
const SEQUENCE_MAX = 2 ** 28;
const FIRST_BYTES = 1024;

/** A set of numbers from 0 on that are close together. */
export class Seen {
  private bits: Uint8Array;

  constructor() {
    this.bits = new Uint8Array(FIRST_BYTES);
  }

  /** Takes one. Whether it is new. hot: */
  add(sequence: number): boolean {
    if (sequence >= SEQUENCE_MAX) return false;
    const at = sequence >>> 3;
    if (at >= this.bits.length) this.grow(at + 1);
    const bit = 1 << (sequence & 7);
    const before = this.bits[at] as number;
    this.bits[at] = before | bit;
    return (before & bit) === 0;
  }

  /** Takes what another one has. */
  merge(bits: Uint8Array): void {
    if (bits.length > this.bits.length) this.grow(bits.length);
    for (const [at, byte] of bits.entries()) this.bits[at] = (this.bits[at] as number) | byte;
  }

  /** How many there are. */
  count(): number {
    let sum = 0;
    for (let byte of this.bits) for (; byte !== 0; byte &= byte - 1) sum++;
    return sum;
  }

  /** For another thread: eight numbers a byte, the lowest in the lowest bit. */
  toBytes(): Uint8Array {
    return this.bits;
  }

  private grow(needed: number): void {
    const bits = new Uint8Array(Math.max(needed, 2 * this.bits.length));
    bits.set(this.bits);
    this.bits = bits;
  }
}
