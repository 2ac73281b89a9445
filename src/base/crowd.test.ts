import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Crowd } from './crowd.ts';

test('while there is room nobody has to go, however many come from one place', () => {
  const crowd = new Crowd<number>(100);
  for (let member = 0; member < 100; member++) crowd.set('a', member, 1);
  assert.deepEqual(crowd.relieve(), []);
  assert.equal(crowd.weight, 100);
});

test('when it is too much, those go that came first from where most is, and a sixteenth becomes free', () => {
  const crowd = new Crowd<string>(32);
  for (let n = 1; n <= 3; n++) crowd.set('few', `few ${n}`, 1);
  for (let n = 1; n <= 30; n++) crowd.set('many', `many ${n}`, 1);
  assert.deepEqual(crowd.relieve(), ['many 1', 'many 2', 'many 3']);
  assert.equal(crowd.weight, 30);
});

test('weight counts, not number', () => {
  const crowd = new Crowd<string>(100);
  for (let n = 1; n <= 40; n++) crowd.set('light', `light ${n}`, 1);
  crowd.set('heavy', 'heavy 1', 10);
  crowd.set('heavy', 'heavy 2', 10);
  crowd.set('heavy', 'heavy 1', 60);
  assert.deepEqual(crowd.relieve(), ['heavy 1']);
});

test('where every place has as much, the oldest places give way', () => {
  const crowd = new Crowd<number>(16);
  for (let place = 1; place <= 17; place++) crowd.set(`place ${place}`, place, 1);
  assert.deepEqual(crowd.relieve(), [1, 2]);
});

test('who has gone weighs nothing, and goes once', () => {
  const crowd = new Crowd<number>(2);
  for (const member of [1, 2]) crowd.set('a', member, 1);
  assert.equal(crowd.remove('a', 1), true);
  assert.equal(crowd.remove('a', 1), false);
  assert.equal(crowd.remove('b', 2), false);
  crowd.set('a', 3, 1);
  assert.deepEqual(crowd.relieve(), []);
  assert.equal(crowd.weight, 2);
});

test('a flood from many places costs little for each that comes', () => {
  const crowd = new Crowd<number>(10_000);
  let left = 0;
  for (let n = 0; n < 30_000; n++) {
    crowd.set(`place ${n}`, n, 1);
    left += crowd.relieve().length;
  }
  assert.equal(left + crowd.weight, 30_000);
  assert.ok(crowd.weight <= 10_000);
});

test('when something else is short, a quarter makes way from where most is, and little is left alone', () => {
  const crowd = new Crowd<string>(1_000);
  for (let n = 1; n <= 3; n++) crowd.set('few', `few ${n}`, 1);
  for (let n = 1; n <= 13; n++) crowd.set('many', `many ${n}`, 1);
  assert.deepEqual(crowd.makeWay(10), ['many 1', 'many 2', 'many 3', 'many 4']);
  assert.deepEqual(crowd.makeWay(10), ['many 5', 'many 6']);
  assert.deepEqual(crowd.makeWay(10), []);
  assert.equal(crowd.weight, 10);
});
