// The walk over system calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Meddling, meddlingAt } from './meddling.ts';

function walk(seed: number, steps: number): readonly Meddling[] {
  return Array.from({ length: steps }, (_, step) => meddlingAt(seed, step));
}

test('a walk takes all kinds in turn, and seldom the same place twice', () => {
  const places = walk(7, 200);
  const ten = new Set(places.slice(0, 10).map(({ calls }) => calls));
  assert.equal(ten.size, 10);
  const writes = places.filter(({ calls }) => calls === 'pwrite64').map(({ nth }) => nth);
  assert.equal(new Set(writes).size > 15, true);
  assert.ok(Math.min(...writes) < 10 && Math.max(...writes) > 150, writes.join());
  for (const calls of ten) {
    const errors = new Set(places.filter((each) => each.calls === calls).map(({ error }) => error));
    assert.ok(errors.has('EIO') || calls === 'mmap', `${calls}: ${[...errors].join()}`);
  }
  assert.ok(places.some(({ lasts }) => lasts) && places.some(({ lasts }) => !lasts));
});

test('another seed walks over other places', () => {
  assert.deepEqual(walk(3, 40), walk(3, 40));
  assert.notDeepEqual(walk(3, 40), walk(4, 40));
});
