// What counts as found out, and what does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertFoundOut, ATTEMPTS_MAX } from './found-out.ts';

const LOST = { kind: 'lost', sentence: 's never got p#0' };
const COMPLAINT = { kind: 'complaint', sentence: 'waited in vain' };

test('a liar is found out by the first run that shows a sign of its lie', async () => {
  const seeds: number[] = [];
  await assertFoundOut(7, ['lost', 'twice'], async (seed) => {
    seeds.push(seed);
    if (seed === 7) throw new Error('the broker did not start');
    return { faults: seed === 8 ? [COMPLAINT] : [COMPLAINT, LOST] };
  });
  assert.deepEqual(seeds, [7, 8, 9]);
});

test('a liar that no run finds out is a failure that tells what each run came to', async () => {
  let runs = 0;
  const run = async (): Promise<{ readonly faults: readonly (typeof LOST)[] }> => {
    runs++;
    if (runs === 1) throw new Error('the broker did not start');
    return { faults: runs === 2 ? [COMPLAINT] : [] };
  };
  await assert.rejects(assertFoundOut(1, ['lost'], run), (error: unknown) => {
    assert.ok(error instanceof assert.AssertionError);
    assert.match(error.message, /seed 1: ended with .*did not start/);
    assert.match(error.message, /seed 2: complaint: waited in vain/);
    assert.match(error.message, /seed 3: nothing/);
    return true;
  });
  assert.equal(runs, ATTEMPTS_MAX);
});
