// What is said of a store.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../../base/millis.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { writeFailedMarker } from './failed-marker.ts';
import { harm, makeSampleStore, openStore } from './sample-store.fixture.ts';
import { summarizeStore } from './statistics.ts';

test('a store is summarized with its counts, its files and its longest queues, also while it is in use', (context) => {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  const store = openStore(directory);
  const { databaseBytes, freeBytes, logBytes, ...rest } = summarizeStore(directory.path, () => {});
  store.close();
  assert(databaseBytes > 10_000 && freeBytes < databaseBytes && logBytes >= 0);
  assert.deepEqual(rest, {
    path: directory.path,
    reserveBytes: 0,
    counts: { sessions: 2, subscriptions: 2, groups: 1, wills: 1, retained: 2, messages: 18, deliveries: 29 },
    queues: [
      { kind: 'session', name: 'ann', messages: 18, bytes: 18 * 9 + 11, inFlight: 0 },
      { kind: 'session', name: 'bob', messages: 8, bytes: 8 * 9 + 6, inFlight: 2 },
      { kind: 'group', name: '$share/g/t', messages: 1, bytes: 10, inFlight: 0 },
    ],
    usedAt: millis(Date.UTC(2026, 0, 2)),
    failure: undefined,
    damagedRows: 0,
  });
});

test('damaged rows are counted and left out, and a failed disk is said', (context) => {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  harm(directory, 'UPDATE message SET crc = 1 WHERE id < 6');
  writeFailedMarker(directory, 'Something.', millis(0));
  const { damagedRows, failure, counts } = summarizeStore(directory.path, () => {});
  assert.deepEqual([damagedRows, failure, counts.messages], [3, '1970-01-01T00:00:00.000Z Something.', 15]);
});
