import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Drop } from './client-facts.ts';
import { unaccounted } from './drop-budget.ts';

function drop(at: number, topic: string, count = 1): Drop {
  return { at, kind: 'dropped', client: 's', topic, count, reason: 'queue-full' };
}

const A1 = { topic: 'a', at: 1 };
const A5 = { topic: 'a', at: 5 };
const B5 = { topic: 'b', at: 5 };

test('a drop accounts for messages of its topic that were there', () => {
  assert.deepEqual(unaccounted([A1, A5, B5], [drop(5, 'a', 2), drop(9, 'b')]), []);
  assert.deepEqual(unaccounted([A1, A5], [drop(4, 'a', 2)]), [A5]);
  assert.deepEqual(unaccounted([A1], [drop(4, 'b')]), [A1]);
});

test('each accounts for as many as it says', () => {
  assert.deepEqual(unaccounted([A1, A5], [drop(9, 'a')]), [A1]);
  assert.deepEqual(unaccounted([A1, A5, B5], [drop(9, '', 2), drop(9, 'a')]), []);
});

test('the newest takes what is of use to it alone', () => {
  assert.deepEqual(unaccounted([A1, A5], [drop(2, 'a'), drop(6, 'a')]), []);
});
