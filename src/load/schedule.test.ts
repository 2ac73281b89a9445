import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Schedule } from './schedule.ts';
import {
  momentOf,
  publisherOf,
  runOf,
  sequenceOf,
  STAMP_BYTES,
  writeMoment,
  writeSequence,
  writeStamp,
} from './stamp.ts';

test('publishers share a rate evenly, one after the other', () => {
  const schedules = [0, 1].map((publisher) => new Schedule(1_000_000, 10, 2, publisher));
  assert.deepEqual(
    schedules.map((schedule) => [schedule.dueAt(0), schedule.dueAt(1)]),
    [
      [1_000_000, 1_200_000],
      [1_100_000, 1_300_000],
    ],
  );
});

test('nothing is due before the start, and the first message at the start', () => {
  const schedule = new Schedule(500, 1000, 1, 0);
  assert.deepEqual(
    [499, 500, 1499, 1500].map((now) => schedule.dueCount(now)),
    [0, 1, 1, 2],
  );
});

test('a stamp reads as it was written, however late and large', () => {
  const bytes = new Uint8Array(STAMP_BYTES + 3);
  const moment = 400 * 86_400 * 1e6 + 123_456;
  writeStamp(bytes, 3, 65_535, 40_000);
  writeSequence(bytes, 3, 4_000_000_000);
  writeMoment(bytes, 3, moment);
  assert.deepEqual(
    [runOf(bytes, 3), publisherOf(bytes, 3), sequenceOf(bytes, 3), momentOf(bytes, 3)],
    [65_535, 40_000, 4_000_000_000, moment],
  );
});
