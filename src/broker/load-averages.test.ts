import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, seconds } from '../base/millis.ts';
import { LoadAverages } from './load-averages.ts';

test('a steady rate is what all averages come to, the short one first', () => {
  const load = new LoadAverages();
  for (let second = 10; second <= 3_600; second += 10) load.note(second * 2, seconds(10));
  for (const average of load.perMinute) assert.ok(Math.abs(average - 120) < 3, String(average));
  const [one, five, fifteen] = load.perMinute;
  assert.ok(one > five && five > fifteen);
});

test('after a burst the short average has forgotten it first', () => {
  const load = new LoadAverages();
  load.note(6_000, seconds(10));
  for (let time = 0; time < 300; time += 10) load.note(6_000, seconds(10));
  const [one, five, fifteen] = load.perMinute;
  assert.ok(one < five && five > 0 && fifteen > 0);
  assert.ok(one < 60, String(one));
});

test('the length of the intervals makes no difference', () => {
  const coarse = new LoadAverages();
  const fine = new LoadAverages();
  coarse.note(600, seconds(60));
  for (let tenth = 1; tenth <= 600; tenth++) fine.note(tenth, millis(100));
  for (const [index, average] of coarse.perMinute.entries()) {
    assert.ok(Math.abs(average - (fine.perMinute[index] ?? 0)) < 0.001);
  }
});

test('no time makes no average', () => {
  const load = new LoadAverages();
  load.note(5, millis(0));
  assert.deepEqual(load.perMinute, [0, 0, 0]);
  load.note(5, seconds(60));
  assert.ok(load.perMinute[0] > 0, 'and nothing that was counted is lost');
});
