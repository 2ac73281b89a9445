// A backup is a store: as of one moment, checked, complete or not there.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { millis } from '../../base/millis.ts';
import { backupStore } from './backup.ts';
import { checkStore } from './check.ts';
import type { DataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { exportStore } from './export.ts';
import { writeFailedMarker } from './failed-marker.ts';
import { copyAsCrashed, harm, makeSampleStore, openStore, sampleMessage } from './sample-store.fixture.ts';

function exportOf(directory: DataDirectory): string {
  return [...exportStore(directory.path, false, () => {})].join('');
}

function backup(from: DataDirectory, to: DataDirectory) {
  return backupStore(from.path, to.path, () => {});
}

test('a backup is an equal store, and so is a copy of its files', async (context) => {
  const [directory, target] = [temporaryDataDirectory(context), temporaryDataDirectory(context)];
  makeSampleStore(directory);
  const { bytes, wasInUse } = await backup(directory, target);
  assert.equal(wasInUse, false);
  assert.deepEqual(readdirSync(target.path).toSorted(), ['lock.db', 'vouch.db']);
  assert.deepEqual([statSync(target.database).size, statSync(target.database).mode & 0o777], [bytes, 0o600]);
  assert.equal(exportOf(target), exportOf(directory));

  const copy = temporaryDataDirectory(context);
  cpSync(target.path, copy.path, { recursive: true });
  openStore(copy).close();
  assert.equal(exportOf(copy), exportOf(directory));
});

test('a backup of a store that is written to meanwhile is one of its moments', async (context) => {
  const [directory, target] = [temporaryDataDirectory(context), temporaryDataDirectory(context)];
  makeSampleStore(directory);
  const store = openStore(directory);
  let isDone = false;
  let writes = 0;
  const writing = (async () => {
    while (!isDone) {
      // Both of them or none: each change is in a batch with its twin.
      store.writer.saveRetained({ ...sampleMessage(0), topic: `left/${writes}`, payload: Buffer.alloc(20_000) });
      store.writer.saveRetained({ ...sampleMessage(0), topic: `right/${writes}` });
      store.apply();
      store.engine.maintain();
      writes++;
      await setImmediate();
    }
  })();
  const { wasInUse } = await backup(directory, target);
  isDone = true;
  await writing;
  store.close();
  assert.equal(wasInUse, true);
  assert.equal(checkStore(target.path, undefined, () => {}).state, 'sound');
  const lines = exportOf(target);
  const [left, right] = ['left', 'right'].map((side) => lines.match(new RegExp(`"topic":"${side}/`, 'g'))?.length ?? 0);
  assert.equal(left, right);
  assert(writes > 0);
});

test('what a log holds that a crash left is in the backup', async (context) => {
  const [directory, crashed, target] = [1, 2, 3].map(() => temporaryDataDirectory(context)) as [
    DataDirectory,
    DataDirectory,
    DataDirectory,
  ];
  makeSampleStore(directory);
  const store = openStore(directory);
  store.writer.saveRetained({ ...sampleMessage(0), topic: 'in/log' });
  store.apply();
  copyAsCrashed(directory, crashed);
  store.close();
  await backup(crashed, target);
  assert(exportOf(target).includes('"in/log"'));
});

test('a damaged row, a damaged log or an unaccepted failure makes no backup', async (context) => {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  writeFailedMarker(directory, 'Something.', millis(0));
  const target = temporaryDataDirectory(context);
  await assert.rejects(backup(directory, target), { code: 'store-not-accepted' });
  assert.deepEqual(readdirSync(target.path), []);

  const damaged = temporaryDataDirectory(context);
  makeSampleStore(damaged);
  harm(damaged, 'UPDATE message SET crc = 1 WHERE id = 7');
  await assert.rejects(backup(damaged, target), {
    code: 'store-damaged',
    message: new RegExp(`^${damaged.database} is damaged. Table message, id 7: .*\nRun: vouch store check --data `),
  });
  assert.deepEqual(readdirSync(target.path), ['lock.db']);

  const crashed = temporaryDataDirectory(context);
  const store = openStore(temporaryDataDirectory(context));
  for (const topic of ['x', 'y', 'z']) {
    store.writer.saveRetained({ ...sampleMessage(0), topic });
    store.apply();
  }
  copyAsCrashed(store.directory, crashed);
  store.close();
  const log = readFileSync(crashed.log);
  log[100] = (log[100] ?? 0) ^ 4;
  writeFileSync(crashed.log, log);
  await assert.rejects(backup(crashed, target), { code: 'store-damaged', message: /vouch\.db-wal is damaged/ });
});

test('a backup never replaces a store', async (context) => {
  const [directory, target] = [temporaryDataDirectory(context), temporaryDataDirectory(context)];
  makeSampleStore(directory);
  makeSampleStore(target);
  await assert.rejects(backup(directory, target), { code: 'store-unavailable', message: /has a store already/ });
  await assert.rejects(backup(directory, directory), { code: 'store-unavailable', message: /has a store already/ });
});
