import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { BackOff } from './back-off.ts';

test('after the failures that are allowed each further one doubles the while, up to the longest', () => {
  const backOff = new BackOff({ failuresMax: 3, longest: millis(5_000) });
  let now = 0;
  const whiles: number[] = [];
  for (let failure = 0; failure < 7; failure++) {
    backOff.fail('a', millis(now));
    const left = backOff.remaining('a', millis(now));
    whiles.push(left);
    now += left;
    assert.equal(backOff.remaining('a', millis(now)), 0);
  }
  assert.deepEqual(whiles, [0, 0, 1000, 2000, 4000, 5000, 5000]);
  assert.equal(backOff.remaining('b', millis(now)), 0);
});

test('failures are forgotten with time, or when they are forgiven', () => {
  const backOff = new BackOff({ failuresMax: 2, longest: millis(1_000) });
  assert.equal(backOff.fail('a', millis(0)), 1);
  assert.equal(backOff.fail('a', millis(600_000)), 1);
  assert.equal(backOff.fail('a', millis(600_001)), 2);
  backOff.forgive('a');
  assert.equal(backOff.remaining('a', millis(600_002)), 0);
  assert.equal(backOff.fail('a', millis(600_002)), 1);
});

test('who is asked about again and again is forgotten all the same', () => {
  const backOff = new BackOff({ failuresMax: 2, longest: millis(1_000) });
  backOff.fail('a', millis(0));
  for (let now = 0; now < 600_000; now += 10_000) assert.equal(backOff.remaining('a', millis(now)), 0);
  assert.equal(backOff.fail('a', millis(600_000)), 1);
});
