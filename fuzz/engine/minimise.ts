// Makes the input of an escape small: whatever is simpler and refutes the same claim is taken, until nothing is.

import { claimOf } from './escape.ts';
import { Features } from './features.ts';
import type { Target } from './target.ts';

/** An input that refutes the same claim and of which no simpler form does; after so many tries, the simplest so far. */
export async function minimise(target: Target, input: Uint8Array, claim: string, tries: number): Promise<Uint8Array> {
  let best = input;
  let left = tries;
  for (let isSmallest = false; !isSmallest; ) {
    isSmallest = true;
    for (const simpler of target.simpler(best)) {
      if (left-- <= 0) return best;
      if ((await refutedBy(target, simpler))?.claim !== claim) continue;
      best = simpler;
      isSmallest = false;
      break;
    }
  }
  return best;
}

/** What an input refutes: a claim and the error; `undefined`: nothing. */
export async function refutedBy(
  target: Target,
  input: Uint8Array,
): Promise<{ readonly claim: string; readonly error: unknown } | undefined> {
  try {
    await target.execute(input, new Features());
    return undefined;
  } catch (error) {
    return { claim: claimOf(error), error };
  }
}

/** Bytes in simpler forms: parts left out, larger ones first, then bytes that are 0. */
export function* simplerBytes(bytes: Uint8Array, from = 0): Generator<Uint8Array> {
  for (let size = bytes.length - from; size > 0; size >>>= 1) {
    for (let at = from; at + size <= bytes.length; at += size) yield without(bytes, at, size);
  }
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === 0) continue;
    const zeroed = bytes.slice();
    zeroed[at] = 0;
    yield zeroed;
  }
}

function without(bytes: Uint8Array, at: number, count: number): Uint8Array {
  const rest = new Uint8Array(bytes.length - count);
  rest.set(bytes.subarray(0, at));
  rest.set(bytes.subarray(at + count), at);
  return rest;
}
