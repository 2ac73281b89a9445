import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from './millis.ts';
import { TokenBucket } from './token-bucket.ts';

test('what it holds can be taken at once; what is taken beyond is owed, for as long as it takes to come', () => {
  const bucket = new TokenBucket(10, 20, millis(0));
  bucket.take(20, millis(0));
  assert.equal(bucket.debt(millis(0)), 0);
  bucket.take(5, millis(0));
  assert.equal(bucket.debt(millis(0)), 500);
  assert.equal(bucket.debt(millis(499)), 1);
  assert.equal(bucket.debt(millis(500)), 0);
});

test('over a long time it gives what comes, and never holds more than it can', () => {
  const bucket = new TokenBucket(100, 50, millis(0));
  let now = 0;
  let taken = 0;
  for (; now < 10_000; now += 7) {
    if (bucket.debt(millis(now)) > 0) continue;
    bucket.take(3, millis(now));
    taken += 3;
  }
  assert.ok(Math.abs(taken - (50 + 100 * 10)) <= 3, String(taken));
  now += 1_000_000;
  bucket.take(51, millis(now));
  assert.equal(bucket.debt(millis(now)), 10);
});
