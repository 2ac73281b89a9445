import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { test } from 'node:test';

import { DEFAULT_LIMITS } from '../broker/limits.ts';
import { limitsInMemory } from './storage.ts';

test('queues in memory take a quarter of it at most, unless somebody sets another limit', () => {
  const { queuesBytesMax, ...others } = limitsInMemory(DEFAULT_LIMITS);
  assert(queuesBytesMax > 0 && queuesBytesMax <= totalmem() / 4, String(queuesBytesMax));
  const { queuesBytesMax: _, ...unchanged } = DEFAULT_LIMITS;
  assert.deepEqual(others, unchanged);
  assert.equal(limitsInMemory({ ...DEFAULT_LIMITS, queuesBytesMax: 5 }).queuesBytesMax, 5);
});
