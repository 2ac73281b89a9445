import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { firstSeed } from './first-seed.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

test('the same commit, or the same day, has the same first seed, and it says which', () => {
  const now = Date.UTC(2026, 10, 23, 12);
  assert.deepEqual(firstSeed(ROOT, now), firstSeed(ROOT, now));
  assert.match(firstSeed(ROOT, now).reason, /^of (commit [0-9a-f]{6}|2026-11-23)$/);
});

test('without git the day decides', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-sim-seed-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const today = firstSeed(directory, Date.UTC(2026, 10, 23, 1));
  assert.equal(today.reason, 'of 2026-11-23');
  assert.deepEqual(firstSeed(directory, Date.UTC(2026, 10, 23, 23)), today);
  assert.notEqual(firstSeed(directory, Date.UTC(2026, 10, 24)).seed, today.seed);
});
