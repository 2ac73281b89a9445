// What a comparison leaves to chance, and a seed repeats: when messages come, and when connections break.

/** When messages are published: the same for everybody with the same seed. */
export function offsetsOf(seed: number, count: number, [least, most]: readonly [number, number]): readonly number[] {
  const next = chance(seed);
  let at = 0;
  return Array.from({ length: count }, () => {
    at += least + next() * (most - least);
    return Math.round(at);
  });
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
