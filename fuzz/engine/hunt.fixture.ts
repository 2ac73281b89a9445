// For tests: fuzzes a target for a number of executions, in this thread, by features alone. The seed is given, so that what is
// found once is found always.

import { Chance } from './chance.ts';
import { claimOf } from './escape.ts';
import { Loop } from './loop.ts';
import { minimise } from './minimise.ts';
import type { Target } from './target.ts';

const TRIES_MAX = 4_000;

/** What was found. */
export interface Catch {
  readonly claim: string;
  readonly error: unknown;
  /** As small as it gets. */
  readonly input: Uint8Array;
  readonly executions: number;
}

/** Fuzzes until something is found; `undefined`: nothing was, in so many executions. */
export async function hunt(target: Target, seed: number, executions: number): Promise<Catch | undefined> {
  const { stackTraceLimit } = Error;
  // A refusal is an error: taking down where it was thrown costs more than all else.
  Error.stackTraceLimit = 0;
  try {
    const loop = new Loop({ target, chance: new Chance(seed), coverage: undefined, blackBox: undefined });
    let found = await loop.learn(target.seeds);
    while (found === undefined && loop.executions < executions) found = await loop.runBatch();
    if (found === undefined) return undefined;
    const claim = claimOf(found.error);
    const input = await minimise(target, found.input, claim, TRIES_MAX);
    return { claim, error: found.error, input, executions: loop.executions };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
