import assert from 'node:assert/strict';
import { test } from 'node:test';

import { memoryGauge } from './memory-gauge.ts';

const MIB = 1024 * 1024;

test('what is kept counts, objects and bytes alike, and what nobody uses counts no more once it is collected', () => {
  const gauge = memoryGauge(1024 * MIB);
  gauge.collect();
  const before = gauge.share();
  let kept: Uint8Array[] | undefined = Array.from({ length: 64 }, () => new Uint8Array(MIB));
  const during = gauge.share();
  assert.ok(during - before > 0.05 && during - before < 0.1, `${before} ${during} ${kept.length}`);
  kept = undefined;
  gauge.collect();
  gauge.collect();
  const after = gauge.share();
  assert.ok(after - before < 0.01, `${before} ${after}`);
});

test('without a limit there is one all the same', () => {
  const share = memoryGauge(0).share();
  assert.ok(share > 0 && share < 1);
});
