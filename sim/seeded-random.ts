// Chance from a seed. Each link, disk and process draws from a stream of its own, told by a name, so that one of them more or
// less does not change what the others draw.

/** A stream of chance. */
export class SeededRandom {
  private readonly seed: number;
  private state: number;

  /** @param seed  An integer; only its lower 32 bits count. */
  constructor(seed: number) {
    this.seed = mix(seed | 0);
    this.state = this.seed;
  }

  /** A stream of its own, the same for the same name whatever was drawn here. */
  fork(name: string): SeededRandom {
    let hash = this.seed;
    for (let i = 0; i < name.length; i++) hash = mix((hash ^ name.charCodeAt(i)) + 0x9e37_79b9);
    return new SeededRandom(hash);
  }

  /** From [0, 1). */
  next(): number {
    return this.draw() / 0x1_0000_0000;
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of them. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }

  /** `count` bytes. */
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.draw() & 255;
    return bytes;
  }

  /** An integer from [0, 2^32). */
  private draw(): number {
    this.state = (this.state + 0x6d2b_79f5) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  }
}

function mix(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85eb_ca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35);
  return (z ^ (z >>> 16)) | 0;
}
