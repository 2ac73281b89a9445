// Chance that a seed repeats: what a run of the harness decides (who publishes what, when somebody leaves, after which
// acknowledgement the process is killed) follows from its seed. What the machine decides (how far the disk was at that
// moment) does not: a failing seed is worth running a few times.

/** Chance for a harness. */
export interface SeededRandom {
  /** A number drawn evenly from [0, 1). */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of these. */
  pick<const Value>(values: readonly [Value, ...Value[]]): Value;
}

/** @param seed  Any whole number; its lower 32 bits count. */
export function seededRandom(seed: number): SeededRandom {
  // A Weyl sequence, mixed: neighbouring seeds give unlike runs.
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (values) => values[between(0, values.length - 1)] ?? values[0],
  };
}
