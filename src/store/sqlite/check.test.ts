// What a check finds, what it says, and what becomes of a store whose disk failed.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';

import { millis } from '../../base/millis.ts';
import { type CheckResult, checkStore } from './check.ts';
import type { DataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { writeFailedMarker } from './failed-marker.ts';
import { copyAsCrashed, harm, makeSampleStore, openStore, sampleMessage, TEST_ENGINE } from './sample-store.fixture.ts';
import { checkLog, showLogDamage } from './wal-check.ts';

function check(directory: DataDirectory, accept = false): CheckResult {
  return checkStore(directory.path, accept ? TEST_ENGINE : undefined, () => {});
}

function sample(context: TestContext): DataDirectory {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  return directory;
}

const SAMPLE_COUNTS = {
  sessions: 2,
  subscriptions: 2,
  groups: 1,
  wills: 1,
  retained: 2,
  messages: 18,
  deliveries: 29,
};

test('a store is sound as it was written, and what it has is counted', (context) => {
  const directory = sample(context);
  const shares: number[] = [];
  const result = checkStore(directory.path, undefined, (share) => shares.push(share));
  assert.deepEqual(result, {
    path: directory.path,
    problems: [],
    problemCount: 0,
    counts: SAMPLE_COUNTS,
    failure: undefined,
    state: 'sound',
    advice: '',
  });
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );
});

test('a check changes nothing on the disk', (context) => {
  const directory = temporaryDataDirectory(context);
  const store = openStore(sample(context));
  store.writer.deleteRetained('r/a');
  store.apply();
  copyAsCrashed(store.directory, directory);
  store.close();
  const before = [readFileSync(directory.database), readFileSync(directory.log)];
  assert.equal(check(directory).state, 'sound');
  assert.deepEqual([readFileSync(directory.database), readFileSync(directory.log)], before);
});

const HARMS: readonly (readonly [sql: string, table: string, row: string, what: RegExp])[] = [
  ["UPDATE meta SET crc = 1 WHERE name = 'clock_mark'", 'meta', 'name "clock_mark"', /checksum/],
  ['UPDATE message SET crc = 1 WHERE id = 7', 'message', 'id 7', /checksum/],
  ['UPDATE message SET id = 700 WHERE id = 7', 'message', 'id 700', /checksum/],
  ['UPDATE page SET recipient = 2 WHERE id = 1', 'page', 'id 1 of recipient 2', /checksum/],
  ['UPDATE progress SET crc = 1 WHERE recipient = 2', 'progress', 'recipient 2', /checksum/],
  ['UPDATE session SET crc = 1 WHERE key = 1', 'session', 'key 1', /checksum/],
  ["UPDATE subscription SET filter = 'u' WHERE session = 1", 'subscription', 'filter "u" of session 1', /checksum/],
  ['UPDATE group_queue SET crc = 1', 'group_queue', 'key 3', /checksum/],
  ["UPDATE retained SET topic = 'r/c' WHERE topic = 'r/a'", 'retained', 'topic "r/c"', /checksum/],
  ['UPDATE will SET crc = 1', 'will', 'key 1', /checksum/],
  ['DELETE FROM session WHERE key = 1', 'subscription', 'session 1, filter "t"', /not there/],
  ['DELETE FROM session WHERE key = 2', 'progress', 'recipient 2', /not there/],
  ['DELETE FROM message WHERE id = 7', 'message', 'recipient 1', /^messages of its queue that are not there: 1\.$/],
  [
    'DELETE FROM message WHERE id = 2',
    'progress',
    'recipient 2',
    /^messages that it has in flight and that are not there: 1\.$/,
  ],
  [
    'DELETE FROM page WHERE id = 1',
    'page',
    'recipient 1',
    /^messages that it is owed and that its queue does not name: 2\.$/,
  ],
];

for (const [sql, table, row, what] of HARMS) {
  test(`found, with table and row: ${sql}`, (context) => {
    const directory = sample(context);
    harm(directory, sql);
    const { state, problems, advice } = check(directory);
    assert.equal(state, 'damaged');
    const found = problems.find((problem) => problem.table === table && problem.row === row);
    assert(found !== undefined, JSON.stringify(problems, undefined, 1));
    assert.equal(found.file, directory.database);
    const place = `Table ${table}, ${row}: `;
    assert(found.sentence.startsWith(place), found.sentence);
    assert.match(found.sentence.slice(place.length), what);
    assert.equal(
      advice,
      `Restore a backup; or save what still holds: "vouch store export --salvage --data ${directory.path} > FILE", ` +
        'then "vouch store import --data DIR < FILE" into a new directory.',
    );
  });
}

test('a damaged page of the file is found by SQLite or by a checksum, wherever it is', (context) => {
  const directory = sample(context);
  const bytes = readFileSync(directory.database);
  const pageBytes = bytes.readUInt16BE(16);
  for (let page = 1; page < bytes.length / pageBytes; page++) {
    const harmed = Buffer.from(bytes);
    harmed.fill(0xa5, page * pageBytes, page * pageBytes + 200);
    writeFileSync(directory.database, harmed);
    assert.equal(check(directory).state, 'damaged', `page ${page + 1}`);
  }
});

test('a file that is no database is damaged, and nothing is said about its rows', (context) => {
  const directory = sample(context);
  writeFileSync(directory.database, 'not a database at all. '.repeat(500));
  const { state, problems, counts } = check(directory);
  assert.deepEqual([state, problems.length, counts], ['damaged', 1, undefined]);
  assert.match(problems[0]?.sentence ?? '', /file is not a database/);
});

test('more than a hundred problems are counted and not listed', (context) => {
  const directory = temporaryDataDirectory(context);
  const store = openStore(directory);
  for (let i = 0; i < 150; i++) store.writer.saveRetained({ ...sampleMessage(0), topic: `t/${i}` });
  store.apply();
  store.close();
  harm(directory, 'UPDATE retained SET crc = 1');
  const { problems, problemCount } = check(directory);
  assert.deepEqual([problems.length, problemCount], [100, 150]);
});

/** A store with commits in its log, as a crash leaves it. */
function crashed(context: TestContext): DataDirectory {
  const directory = temporaryDataDirectory(context);
  const store = openStore(sample(context));
  for (const topic of ['x', 'y', 'z']) {
    store.writer.saveRetained({ ...sampleMessage(0), topic });
    store.apply();
  }
  copyAsCrashed(store.directory, directory);
  store.close();
  return directory;
}

test('a database that was emptied under its log is a problem, and the log is left for who can use it', (context) => {
  const directory = crashed(context);
  const log = readFileSync(directory.log);
  writeFileSync(directory.database, '');
  const { state, problems, counts } = check(directory);
  const problem = { file: directory.database, table: '', row: '', sentence: 'The file is empty, and its log is not.' };
  assert.deepEqual([state, problems, counts], ['damaged', [problem], undefined]);
  assert.deepEqual(readFileSync(directory.log), log);
});

test('a damaged log is a problem with frame and place', (context) => {
  const directory = crashed(context);
  const log = readFileSync(directory.log);
  log[100] = (log[100] ?? 0) ^ 4;
  writeFileSync(directory.log, log);
  const { state, problems } = check(directory);
  assert.equal(state, 'damaged');
  const found = checkLog(directory.log, () => {});
  assert(found.kind === 'damaged');
  const sentence = showLogDamage(directory, found);
  assert.match(sentence, /vouch\.db-wal is damaged: frame 1, at byte 32, is not what was written, and \d commits /);
  assert.deepEqual(problems, [{ file: directory.log, table: '', row: 'frame 1', sentence }]);
});

test('a store that is in use, newer, or not there is not checked', (context) => {
  const directory = sample(context);
  const store = openStore(directory);
  assert.throws(() => check(directory), { code: 'store-in-use' });
  store.close();
  harm(directory, 'PRAGMA user_version = 99');
  assert.throws(() => check(directory), {
    code: 'store-newer',
    message: new RegExp(`^${directory.database}: It was written by a newer version of Vouch`),
  });
  rmSync(directory.database);
  assert.throws(() => check(directory), { code: 'store-unavailable' });
});

test('a store whose disk failed is used again once it was found whole and accepted', (context) => {
  const directory = sample(context);
  writeFailedMarker(directory, 'Committing failed.', millis(0));
  assert.throws(() => openStore(directory), { code: 'store-not-accepted' });
  const { state, failure, advice, problems } = check(directory);
  assert.deepEqual([state, failure, problems], ['not-accepted', '1970-01-01T00:00:00.000Z Committing failed.', []]);
  assert.equal(
    advice,
    'What was written is whole, as far as it can be read. ' +
      `To use it again, run: vouch store check --accept --data ${directory.path}`,
  );
  assert.throws(() => openStore(directory), { code: 'store-not-accepted' });

  assert.deepEqual([check(directory, true).state, check(directory).state], ['accepted', 'sound']);
  assert(!existsSync(directory.failed));
  openStore(directory).close();
});

test('a damaged store is not accepted', (context) => {
  const directory = sample(context);
  writeFailedMarker(directory, 'Committing failed.', millis(0));
  harm(directory, 'UPDATE message SET crc = 1 WHERE id = 7');
  assert.equal(check(directory, true).state, 'damaged');
  assert.throws(() => openStore(directory), { code: 'store-not-accepted' });
});
