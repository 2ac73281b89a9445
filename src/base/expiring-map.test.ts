import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ExpiringMap } from './expiring-map.ts';
import { millis } from './millis.ts';

test('a map forgets what was not used for its time, and beyond its bound what was not used for longest', () => {
  const map = new ExpiringMap<number>(2, millis(10));
  map.set('a', 1, millis(0));
  map.set('b', 2, millis(1));
  assert.equal(map.get('a', millis(2)), 1);
  map.set('c', 3, millis(3));
  assert.deepEqual([map.get('a', millis(4)), map.get('b', millis(4)), map.get('c', millis(4))], [1, undefined, 3]);
  assert.equal(map.get('c', millis(13)), 3);
  assert.equal(map.get('a', millis(14)), undefined);
  map.set('d', 4, millis(30));
  assert.equal(map.size, 1);
});
