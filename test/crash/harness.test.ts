// The small parts of the crash harness: labels, the plain matcher, chance.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { labelPayload, readLabel } from './label.ts';
import { matches } from './matches.ts';
import { seededRandom } from './seeded-random.ts';

test('a label is read back from its payload, of whatever size', () => {
  for (const size of [0, 10, 16, 200, 12_000]) {
    const label = { publisher: 'wide5', number: 123 };
    const payload = labelPayload(label, size);
    assert.deepEqual(readLabel(payload), label);
    if (size >= 16) assert.equal(payload.length, size);
  }
});

test('a payload that was cut, stretched or changed has no label', () => {
  const payload = labelPayload({ publisher: 'p', number: 7 }, 40);
  assert.equal(readLabel(payload.subarray(0, 39)), undefined);
  assert.equal(readLabel(new Uint8Array([...payload, 0x61])), undefined);
  assert.equal(readLabel(payload.with(30, 0x7a)), undefined);
  assert.equal(readLabel(new Uint8Array(0)), undefined);
});

test('the plain matcher knows the wildcards', () => {
  for (const [filter, topic, expected] of [
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/b', 'a/b/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['+/b', 'a/b', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'b', false],
    ['a/+/#', 'a/b', true],
    ['a/+/#', 'a', false],
    ['#', 'a/b', true],
  ] as const) {
    assert.equal(matches(filter, topic), expected, `${filter} and ${topic}`);
  }
});

test('a seed repeats what chance decides, and another seed decides otherwise', () => {
  const draws = (seed: number): readonly number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 20 }, () => random.between(1, 1000));
  };
  assert.deepEqual(draws(1), draws(1));
  assert.notDeepEqual(draws(1), draws(2));
  assert.ok(draws(3).every((each) => each >= 1 && each <= 1000));
});
