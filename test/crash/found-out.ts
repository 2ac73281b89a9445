// Negative controls: somebody who breaks the promise on purpose must be found out, or the tests that find nothing prove nothing.
// How far a kill or a cut comes into the work of others is a matter of chance, and what a broken promise leads to first is
// one as well: a run in which a liar got away, or fell over something else than its lie, is followed by another one on another seed.
// What counts is a fault that shows the lie itself; somebody waiting in vain does not.

import assert from 'node:assert/strict';

/** Runs until a liar is found out. */
export const ATTEMPTS_MAX = 4;
const FAULTS_SHOWN = 5;

/** What a check of a run found. */
interface Found {
  readonly kind: string;
  readonly sentence: string;
}

/**
 * Fails unless a run shows one of the signs.
 * @param signs  Kinds of faults.
 * @param run  Has a liar at work, with this seed and an empty directory, until something is wrong.
 */
export async function assertFoundOut(
  seed: number,
  signs: readonly string[],
  run: (seed: number) => Promise<{ readonly faults: readonly Found[] }>,
): Promise<void> {
  const tried: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const outcome = await run(seed + attempt).catch((error: unknown) => ({ error }));
    if ('faults' in outcome && outcome.faults.some(({ kind }) => signs.includes(kind))) return;
    tried.push(`seed ${seed + attempt}: ${show(outcome)}`);
  }
  assert.fail(`Nobody was found out by ${signs.join(' or ')}:\n${tried.join('\n')}`);
}

function show(outcome: { readonly faults: readonly Found[] } | { readonly error: unknown }): string {
  if ('error' in outcome) return `ended with ${String(outcome.error)}`;
  const shown = outcome.faults.slice(0, FAULTS_SHOWN).map(({ kind, sentence }) => `${kind}: ${sentence}`);
  return shown.length === 0 ? 'nothing' : shown.join('; ');
}
