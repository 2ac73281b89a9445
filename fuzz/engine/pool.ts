// The inputs from which new ones are made: the seeds, the corpus, and whatever showed something new. Bounded: when it
// is full, a newcomer takes the place of one that was not worth a block of code.

import type { Chance } from './chance.ts';

const INPUTS_MAX = 6_000;
/** Half of the new inputs are made from as many of the latest ones: what was found just now leads on. */
const LATEST = 64;

/** The inputs that are worth keeping. */
export class Pool {
  private readonly inputs: Uint8Array[];
  /** Those that were given, and those among which one ran code that no other had run; they stay. */
  private readonly pinned: Set<Uint8Array>;

  constructor() {
    this.inputs = [];
    this.pinned = new Set();
  }

  get size(): number {
    return this.inputs.length;
  }

  /** Keeps an input. */
  add(input: Uint8Array, chance: Chance, reason: 'code' | 'feature'): void {
    if (reason === 'code') {
      if (this.pinned.has(input)) return;
      this.pinned.add(input);
    }
    const at = chance.below(this.inputs.length);
    const old = this.inputs[at];
    if (this.inputs.length < INPUTS_MAX) this.inputs.push(input);
    else if (old !== undefined && !this.pinned.has(old)) this.inputs[at] = input;
  }

  /** One to make a new input from. */
  pick(chance: Chance): Uint8Array {
    const { inputs } = this;
    const count = chance.oneIn(2) ? Math.min(LATEST, inputs.length) : inputs.length;
    return inputs[inputs.length - 1 - chance.below(count)] ?? new Uint8Array(0);
  }

  /** Those that stay, in the order of their coming. */
  get lasting(): readonly Uint8Array[] {
    return Array.from(this.pinned);
  }
}
