// Chance for tests: bytes that are counted up, never the same twice.

import type { Random } from '../base/random.ts';

/** Chance that repeats itself from one run to the next. */
export function countingRandom(): Random {
  let last = 0;
  return {
    next: () => 0.5,
    bytes: (count) => Uint8Array.from({ length: count }, () => (last++ * 37) & 255),
  };
}
