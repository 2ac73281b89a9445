// The verdict: what is good is called good, and each kind of harm is found.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { summarize } from './latency.ts';
import { showFlood } from './show.ts';
import { type FloodMeasure, problemsOf } from './verdict.ts';

const MEBIBYTE = 2 ** 20;
const QUICK = { latency: summarize([1, 2, 3, 20]), lost: 0, ended: 0 };
const STATE = { clients: 100, subscriptions: 101, retained: 0, filesShort: 0, memoryStep: 0 };
const GOOD: FloodMeasure = {
  name: 'ping',
  sentence: 'pings',
  unit: 'packets',
  count: 1_000,
  seconds: 10,
  before: QUICK,
  during: QUICK,
  echoBefore: summarize([1]),
  echoDuring: summarize([1]),
  coresBefore: 0.1,
  coresDuring: 0.4,
  residentBefore: 100 * MEBIBYTE,
  residentPeak: 200 * MEBIBYTE,
  residentAfter: 110 * MEBIBYTE,
  residentGrowthMax: 64 * MEBIBYTE,
  stateBefore: STATE,
  stateAfter: STATE,
  limit: undefined,
  held: 0,
  isDown: false,
};

test('a flood that hurt nobody is good', () => {
  assert.deepEqual(problemsOf(GOOD), []);
  assert.match(showFlood(GOOD).join('\n'), /p99 {9}20\.0 ms before, 20\.0 ms during[^]*verdict {5}good$/);
});

const HARMS: Readonly<Record<string, Partial<FloodMeasure>>> = {
  'p99 of good clients was 41.0 ms, more than 40.0 ms': { during: { ...QUICK, latency: summarize([1, 2, 41]) } },
  'nothing was measured': { during: { ...QUICK, latency: summarize([]) } },
  '2 connections of good clients ended': { during: { ...QUICK, ended: 2 } },
  '3 messages of good clients never came': { during: { ...QUICK, lost: 3 } },
  '65 MiB of memory were left behind': { residentAfter: 165 * MEBIBYTE },
  'clients: 100 before, 101 after': { stateAfter: { ...STATE, clients: 101 } },
  'retained: 0 before, 1 after': { stateAfter: { ...STATE, retained: 1 } },
  'filesShort: 0 before, 1 after': { stateAfter: { ...STATE, filesShort: 1 } },
  'memoryStep: 0 before, 3 after': { stateAfter: { ...STATE, memoryStep: 3 } },
  'the broker has not held memoryMax': { limit: 'memoryMax' },
  'the broker ended': { isDown: true },
  'the flood did nothing': { count: 0 },
};

for (const [sentence, harm] of Object.entries(HARMS)) {
  test(`harm is found: ${sentence}`, () => {
    assert.deepEqual(problemsOf({ ...GOOD, ...harm }), [sentence]);
    assert.ok(showFlood({ ...GOOD, ...harm }).includes(`  WRONG       ${sentence}`));
  });
}

test('a machine on which an echo takes as long is not the broker’s fault, one that is twice as quick is no excuse', () => {
  const during = { ...QUICK, latency: summarize([1, 100]) };
  assert.deepEqual(problemsOf({ ...GOOD, during, echoDuring: summarize([50]) }), []);
  assert.equal(problemsOf({ ...GOOD, during, echoDuring: summarize([49]) }).length, 1);
});

test('a broker that has held its limit is good, and it is said how often', () => {
  const held = { ...GOOD, limit: 'openFiles', held: 1_234 };
  assert.deepEqual(problemsOf(held), []);
  assert.ok(showFlood(held).includes('  it held     openFiles 1,234 times'));
});

test('below ten milliseconds nobody is late', () => {
  const before = { ...QUICK, latency: summarize([0.1]) };
  assert.deepEqual(problemsOf({ ...GOOD, before, during: { ...QUICK, latency: summarize([10]) } }), []);
});

test('a p99 is the slowest of a hundred but one', () => {
  const durations = Array.from({ length: 1_000 }, (_, n) => n);
  assert.deepEqual(summarize(durations.toReversed()), { count: 1_000, median: 500, p99: 990, max: 999 });
});
