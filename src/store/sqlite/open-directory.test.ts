// Opening a data directory: what it is refused for, in which order, and that nothing is held afterwards.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';

import { millis } from '../../base/millis.ts';
import { type DataDirectory, dataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { lockDirectory } from './directory-lock.ts';
import { removeFailedMarker, writeFailedMarker } from './failed-marker.ts';
import { openDirectory, storeError } from './open-directory.ts';
import { copyAsCrashed, harm, makeSampleStore, openStore, sampleMessage, TEST_ENGINE } from './sample-store.fixture.ts';
import { checkLog } from './wal-check.ts';

const RESERVE_BYTES = 100_000;

function open(directory: DataDirectory) {
  return openDirectory({ path: directory.path, reserveBytes: RESERVE_BYTES, engine: TEST_ENGINE, progress() {} });
}

/** A store with a log of three commits, as a crash leaves it. */
function crashedStore(context: TestContext): DataDirectory {
  const [directory, crashed] = [temporaryDataDirectory(context), temporaryDataDirectory(context)];
  const store = openStore(directory);
  for (const topic of ['x', 'y', 'z']) {
    store.writer.saveRetained({ ...sampleMessage(0), topic });
    store.apply();
  }
  copyAsCrashed(directory, crashed);
  store.close();
  return crashed;
}

/** Fails unless the lock is free. */
function assertFree(directory: DataDirectory): void {
  lockDirectory(directory).release();
}

test('a directory is made, locked, given its reserve and its database', (context) => {
  const directory = dataDirectory(`${temporaryDataDirectory(context).path}/new`);
  const opened = open(directory);
  const { engine, reserve } = opened;
  assert.equal(statSync(directory.reserve).size, RESERVE_BYTES);
  assert(reserve.isHeld);
  for (const file of [directory.database, directory.log, directory.lock, directory.reserve]) {
    assert.equal(statSync(file).mode & 0o777, 0o600, `${file} is for its user alone`);
  }
  assert.throws(() => open(directory), { code: 'store-in-use' });
  engine.abandon();
  opened.release();
  assertFree(directory);
});

test('a failed disk is told before a damaged log, and a damaged log before a damaged database', (context) => {
  const directory = crashedStore(context);
  writeFailedMarker(directory, 'Something.', millis(0));
  const log = readFileSync(directory.log);
  log[100] = (log[100] ?? 0) ^ 4;
  writeFileSync(directory.log, log);
  writeFileSync(directory.database, 'no database'.repeat(100));
  assert.throws(() => open(directory), { code: 'store-not-accepted' });
  removeFailedMarker(directory);
  assert.throws(() => open(directory), {
    code: 'store-damaged',
    message: new RegExp(
      `^${directory.log} is damaged: frame 1, at byte 32, is not what was written, and \\d commits behind it would be lost\\.\n` +
        `Run: vouch store check --data ${directory.path}$`,
    ),
  });
  assert.deepEqual(readFileSync(directory.log), log, 'SQLite has not touched it');
  writeFileSync(directory.log, '');
  assert.throws(() => open(directory), {
    code: 'store-damaged',
    message: new RegExp(`^${directory.database} is damaged\\. .*not a database.*\nRun: vouch store check --data `),
  });
  assertFree(directory);
});

test('a database that was emptied is refused while its log says what it held, and both stay as they are', (context) => {
  const directory = crashedStore(context);
  const log = readFileSync(directory.log);
  writeFileSync(directory.database, '');
  assert.throws(() => open(directory), { code: 'store-damaged', message: /vouch\.db is damaged: it is empty, and / });
  assert.deepEqual(readFileSync(directory.log), log);
  assert.equal(statSync(directory.database).size, 0);
  assertFree(directory);
});

test('a database of a newer version, or of something else, is refused by name', (context) => {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  harm(directory, 'PRAGMA user_version = 99');
  assert.throws(() => open(directory), {
    code: 'store-newer',
    message: `${directory.database}: It was written by a newer version of Vouch: its tables are version 99, and this Vouch knows 1.`,
  });
  harm(directory, 'PRAGMA application_id = 7');
  assert.throws(() => open(directory), {
    code: 'store-unavailable',
    message: `Cannot use ${directory.database}: It is a database of something else, not of Vouch.`,
  });
  assertFree(directory);
});

test('a damaged row is refused with table, row and the command to run', (context) => {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  harm(directory, 'UPDATE session SET crc = 1 WHERE key = 2');
  const opened = open(directory);
  const { engine } = opened;
  assert.throws(
    () => {
      try {
        engine.recover({ found() {}, progress() {} });
      } catch (error) {
        throw storeError(error, directory);
      }
    },
    {
      code: 'store-damaged',
      message:
        `${directory.database} is damaged. Table session, key 2: its checksum does not fit what it holds.\n` +
        `Run: vouch store check --data ${directory.path}`,
    },
  );
  engine.abandon();
  opened.release();
});

test('a log that a crash left is written back and begun anew before anything else is written', (context) => {
  const directory = crashedStore(context);
  assert.equal(checkLog(directory.log, () => {}).kind, 'sound');
  const store = openStore(directory);
  assert.deepEqual(
    checkLog(directory.log, () => {}),
    { kind: 'empty' },
  );
  assert.equal(store.engine.statistics().retained, 3);
  store.close();
});
