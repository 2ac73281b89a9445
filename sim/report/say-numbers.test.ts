import assert from 'node:assert/strict';
import { test } from 'node:test';

import { brief, sayCount, saySpan } from './say-numbers.ts';

test('a count is one of something, or many with commas', () => {
  assert.equal(sayCount(1, 'seed'), '1 seed');
  assert.equal(sayCount(0, 'seed'), '0 seeds');
  assert.equal(sayCount(1_234_567, 'seed'), '1,234,567 seeds');
});

test('in a table a count has at most five characters', () => {
  assert.deepEqual([0, 9_999, 10_000, 999_999, 1_000_000, 9_949_999, 12_345_678].map(brief), [
    '0',
    '9999',
    '10k',
    '999k',
    '1.0M',
    '9.9M',
    '12M',
  ]);
});

test('a span of time has its two largest units', () => {
  const seconds = [0, 59.4, 60, 200, 7_500, 3 * 86_400 + 3_600];
  assert.deepEqual(
    seconds.map((each) => saySpan(each * 1000)),
    ['0 s', '59 s', '1 min', '3 min 20 s', '2 h 5 min', '3 d 1 h'],
  );
});
