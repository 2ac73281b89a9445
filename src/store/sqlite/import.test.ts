// What an import takes, and what it says of what it does not.

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';

import type { DataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { lockDirectory } from './directory-lock.ts';
import { exportStore } from './export.ts';
import { importStore } from './import.ts';
import { makeSampleStore, openStore, TEST_ENGINE } from './sample-store.fixture.ts';

function exportOf(directory: DataDirectory): string[] {
  return [...exportStore(directory.path, false, () => {})].map((line) => line.trimEnd());
}

/** The sample as an export. */
function sampleLines(context: TestContext): string[] {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  return exportOf(directory);
}

test('a store is imported as it was exported, into a directory that is made for it', async (context) => {
  const lines = sampleLines(context);
  const directory = temporaryDataDirectory(context);
  const { sessions, groups, retained, wills, messages, deliveries } = await importStore(
    directory.path,
    lines,
    TEST_ENGINE,
  );
  assert.deepEqual([sessions, groups, retained, wills, messages, deliveries], [2, 1, 2, 1, 18, 29]);
  assert.deepEqual(readdirSync(directory.path).toSorted(), ['lock.db', 'vouch.db']);
  assert.deepEqual(exportOf(directory), lines);
  openStore(directory).close();
});

test('a directory that has a store, or is in use, takes none', async (context) => {
  const directory = temporaryDataDirectory(context);
  const lock = lockDirectory(directory);
  await assert.rejects(importStore(directory.path, [], TEST_ENGINE), { code: 'store-in-use' });
  lock.release();
  makeSampleStore(directory);
  await assert.rejects(importStore(directory.path, [], TEST_ENGINE), {
    code: 'store-unavailable',
    message: `${directory.path} has a store already. Name another directory, or move that one away.`,
  });
  openStore(directory).close();
});

test("what an import that was cut short left behind is in nobody's way", async (context) => {
  const lines = sampleLines(context);
  const directory = temporaryDataDirectory(context);
  for (const suffix of ['', '-wal', '-shm']) writeFileSync(`${directory.database}.part${suffix}`, 'half of something');
  await importStore(directory.path, lines, TEST_ENGINE);
  assert.deepEqual(exportOf(directory), lines);
});

const HEAD = '{"kind":"vouch-store","version":1}';
const SESSION = '{"kind":"session","key":1,"clientId":"a","expiryInterval":1000}';
const FOR_1 = '{"key":1,"qos":1,"retain":false,"subscriptionIdentifiers":[],"sharedFilter":""}';

function message(id: number, ...recipients: readonly string[]): string {
  return `{"kind":"message","id":${id},"recipients":[${recipients.join()}],"topic":"t","payload":"","qos":1,"retain":false}`;
}

function inFlight(...deliveries: readonly (readonly [messageId: number, id: number])[]): string {
  const list = deliveries.map(([messageId, id]) => ({ messageId, id, state: 'awaiting-puback' }));
  return JSON.stringify({ kind: 'inFlight', session: 1, deliveries: list });
}

const WRONG: readonly (readonly [lines: readonly string[], sentence: string])[] = [
  [[SESSION], 'Line 1 is not of an export: an export begins otherwise.'],
  [[HEAD, HEAD], 'Line 2 is not of an export: an export begins otherwise.'],
  [['{"kind":'], 'Line 1 is not of an export: it is no JSON.'],
  [
    ['[]'],
    'Line 1 is not of an export: kind is missing where one of vouch-store, clockMark, session, subscription, group, will, retained, message, inFlight, exactlyOnceIds, end belongs.',
  ],
  [[HEAD, SESSION.replace('1000', '"x"')], 'Line 2 is not of an export: expiryInterval is "x" where a number belongs.'],
  [[HEAD, SESSION.replace('}', ',"more":1}')], 'Line 2 is not of an export: more is not known.'],
  [[HEAD, SESSION, SESSION], 'Line 3 is not of an export: a line before it has key 1, too.'],
  [[HEAD, message(1, FOR_1)], 'Line 2 is not of an export: no line before it has a session 1.'],
  [[HEAD, SESSION, message(1)], 'Line 3 is not of an export: message 1 is owed to nobody.'],
  [[HEAD, SESSION, message(1, FOR_1, FOR_1)], 'Line 3 is not of an export: message 1 is owed to somebody twice.'],
  [
    [HEAD, SESSION, message(2, FOR_1), message(2, FOR_1)],
    'Line 4 is not of an export: message 2 comes after message 2.',
  ],
  [[HEAD, SESSION, message(2, FOR_1).replace('"t"', '"#"')], 'Line 3 is not of an export: topic is no Topic Name.'],
  [
    [HEAD, SESSION, message(2, FOR_1).replace('"payload":""', '"payload":"?"')],
    'Line 3 is not of an export: payload is "?" where Base64 belongs.',
  ],
  [
    [HEAD, SESSION, inFlight([1, 5], [2, 5])],
    'Line 3 is not of an export: two deliveries of session 1 have the same message or packet identifier.',
  ],
  [
    [HEAD, SESSION, inFlight([7, 5]), message(1, FOR_1), '{"kind":"end","lines":5}'],
    'Line 5 is not of an export: session 1 is not owed message 7, which is in flight.',
  ],
  [[HEAD, '{"kind":"end","lines":3}'], 'Line 2 is not of an export: it says that there are 3 lines.'],
  [[HEAD, '{"kind":"end","lines":2}', HEAD], 'Line 3 is not of an export: it comes after the last one.'],
  [[], 'The export ends after 0 lines without saying so: the rest is missing.'],
  [[HEAD, SESSION], 'The export ends after 2 lines without saying so: the rest is missing.'],
];

for (const [lines, sentence] of WRONG) {
  test(`refused, with nothing left behind: ${sentence}`, async (context) => {
    const directory = temporaryDataDirectory(context);
    await assert.rejects(importStore(directory.path, lines, TEST_ENGINE), {
      name: 'UsageError',
      message: `${sentence} Nothing was imported.`,
    });
    assert.deepEqual(readdirSync(directory.path), ['lock.db']);
  });
}

test('an export of a newer version is refused as that', async (context) => {
  const directory = temporaryDataDirectory(context);
  await assert.rejects(importStore(directory.path, ['{"kind":"vouch-store","version":2}'], TEST_ENGINE), {
    code: 'store-newer',
    message: 'The export was written by a newer version of Vouch; import it with that one.',
  });
});
