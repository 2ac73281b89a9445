import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from './millis.ts';
import { Repetitions } from './repetitions.ts';

test('a cause is told once in a while, with how often it was since, and others are not silenced by it', () => {
  const repetitions = new Repetitions<string>(millis(1_000));
  const note = (cause: string, at: number): string | undefined => repetitions.note(cause, millis(at));
  assert.equal(note('a', 0), '');
  assert.deepEqual([note('a', 1), note('a', 999)], [undefined, undefined]);
  assert.equal(note('b', 999), '');
  assert.equal(note('a', 1_000), ' 2 more like it since the last such line.');
  assert.equal(note('a', 1_999), undefined);
  assert.equal(note('a', 60_000), ' 1 more like it since the last such line.');
  assert.equal(note('a', 62_000), '');
});
