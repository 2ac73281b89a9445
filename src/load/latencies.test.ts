import assert from 'node:assert/strict';
import { createHistogram } from 'node:perf_hooks';
import { test } from 'node:test';
import fc from 'fast-check';

import { Durations } from './latencies.ts';

const micros = fc.oneof(
  fc.integer({ min: 1, max: 5_000 }),
  fc.integer({ min: 1, max: 120_000_000 }),
  fc.constantFrom(2_047, 2_048, 2_049, 4_095, 4_096, 120_000_000),
);

test('percentiles are those of the HdrHistogram of Node.js', () => {
  fc.assert(
    fc.property(fc.array(micros, { minLength: 1, maxLength: 200 }), (values) => {
      const theirs = createHistogram({ lowest: 1, highest: 120_000_000, figures: 3 });
      const ours = new Durations();
      for (const value of values) {
        theirs.record(value);
        ours.record(value);
      }
      const found = ours.percentiles();
      assert.equal(found?.count, values.length);
      assert.deepEqual([found.min, found.max], [Math.min(...values), Math.max(...values)]);
      for (const [share, own] of [
        [50, found.p50],
        [90, found.p90],
        [99, found.p99],
        [99.9, found.p999],
      ] as const) {
        assert.equal(own, Math.min(theirs.percentile(share), found.max), `${share} %`);
      }
      const sum = values.reduce((all, value) => all + value, 0);
      assert.ok(Math.abs(found.mean - sum / values.length) < 1e-6);
    }),
  );
});

test('no value is told further off than a thousandth', () => {
  fc.assert(
    fc.property(micros, (value) => {
      const durations = new Durations();
      durations.record(value);
      durations.record(120_000_000);
      const { p50 = 0 } = durations.percentiles() ?? {};
      assert.ok(p50 >= value && p50 <= value * 1.001, `${value} is told as ${p50}`);
    }),
  );
});

test('a value that is counted many times at once is as if it had come many times', () => {
  const one = new Durations();
  const many = new Durations();
  for (const value of [3, 5_000, 77]) {
    one.record(value, 4);
    for (let time = 0; time < 4; time++) many.record(value);
  }
  assert.deepEqual(one.counts(), many.counts());
});

test('what threads have counted adds up, and what was cleared is gone', () => {
  const all = new Durations();
  const part = new Durations();
  part.record(10);
  all.add(part.counts());
  part.clear();
  assert.equal(part.percentiles(), undefined);
  assert.deepEqual(part.counts().counters.length, 0);
  part.record(90_000, 3);
  all.add(part.counts());
  all.add(new Durations().counts());
  const { count, min, max, p50 } = all.percentiles() ?? {};
  assert.deepEqual([count, min, max, p50], [4, 10, 90_000, 90_000]);
});

test('what is out of bounds counts as the bound', () => {
  const durations = new Durations();
  durations.record(-5);
  durations.record(0.2);
  durations.record(1e12);
  const { min, max, count } = durations.percentiles() ?? {};
  assert.deepEqual([min, max, count], [1, 120_000_000, 3]);
});

test('a distribution begins with the shortest, ends with the longest, and never falls', () => {
  const durations = new Durations();
  assert.deepEqual(durations.distribution(), []);
  for (let value = 1; value <= 10_000; value++) durations.record(value);
  const points = durations.distribution();
  assert.deepEqual(
    [points[0], points.at(-1)],
    [
      [0, 1],
      [100, 10_000],
    ],
  );
  for (const [index, [share, value]] of points.entries()) {
    const [shareBefore, valueBefore] = points[index - 1] ?? [-1, 0];
    assert.ok(share > shareBefore && value >= valueBefore);
  }
});
