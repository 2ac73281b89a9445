// When a server that fails is asked again.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Millis, millis } from '../../base/millis.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

function failTimes(breaker: CircuitBreaker, times: number, now: Millis): void {
  for (let time = 0; time < times; time++) {
    assert.ok(breaker.mayAsk(now));
    breaker.fail(now);
  }
}

test('a server that fails five times in a row is left alone for a second, then asked once, then for two, ...', () => {
  const breaker = new CircuitBreaker();
  failTimes(breaker, 5, millis(0));
  assert.ok(!breaker.mayAsk(millis(999)));
  assert.ok(breaker.mayAsk(millis(1_000)));
  assert.ok(!breaker.mayAsk(millis(1_000)), 'one question at a time');
  breaker.fail(millis(1_500));
  assert.ok(!breaker.mayAsk(millis(3_499)));
  assert.ok(breaker.mayAsk(millis(3_500)));
  breaker.succeed();
  failTimes(breaker, 4, millis(4_000));
  assert.ok(breaker.mayAsk(millis(4_000)));
});

test('an answer in between begins the count anew, and no pause is longer than half a minute', () => {
  const breaker = new CircuitBreaker();
  failTimes(breaker, 4, millis(0));
  breaker.succeed();
  failTimes(breaker, 5, millis(0));
  let now = 0;
  for (let time = 0; time < 40; time++) {
    now += 30_000;
    assert.ok(breaker.mayAsk(millis(now)));
    breaker.fail(millis(now));
  }
});
