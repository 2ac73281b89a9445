// Chance that a seed repeats, cheap enough to be asked twenty times for an input that takes five microseconds.

/** Chance for mutators and generators. */
export class Chance {
  private state: number;

  /** @param seed  Any whole number; its lower 32 bits count. */
  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** 32 bits, as a number from 0. hot: */
  bits(): number {
    // A Weyl sequence, mixed: neighbouring seeds give unlike runs.
    this.state = (this.state + 0x9e3779b9) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** A whole number from 0 to `count - 1`; 0 when `count` is 0. hot: */
  below(count: number): number {
    return Math.floor((this.bits() / 0x1_0000_0000) * count);
  }

  /** True once in `count` times. hot: */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  /** One of these. */
  pick<Value>(values: readonly Value[]): Value {
    if (values.length === 0) throw new RangeError('There is nothing to pick from.');
    return values[this.below(values.length)] as Value;
  }
}
