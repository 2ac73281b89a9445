// What an export looks like, and what it leaves out.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';

import { millis } from '../../base/millis.ts';
import type { DataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { type ExportResult, exportStore } from './export.ts';
import { writeFailedMarker } from './failed-marker.ts';
import { copyAsCrashed, harm, makeSampleStore, openStore, sampleMessage } from './sample-store.fixture.ts';

/** Exports to the end; the lines are parsed. */
function exported(directory: DataDirectory, salvage: boolean): { lines: unknown[]; result: ExportResult } {
  const exporting = exportStore(directory.path, salvage, () => {});
  const lines: unknown[] = [];
  for (;;) {
    const next = exporting.next();
    if (next.done === true) return { lines, result: next.value };
    assert.match(next.value, /^\{.*\}\n$/);
    lines.push(JSON.parse(next.value));
  }
}

function sample(context: TestContext): DataDirectory {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  return directory;
}

const BODY = {
  payload: Buffer.from('message 0').toString('base64'),
  qos: 2,
  properties: { correlationData: 'AQI=', userProperties: [['k', 'ä']] },
};
const OPTIONS = { qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 };
const FOR_ANN = { key: 1, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
const FOR_BOB = { key: 2, qos: 2, retain: false, subscriptionIdentifiers: [7], sharedFilter: '$share/g/t' };
const FOR_GROUP = { key: 3, qos: 2, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };

/** A message as it stands in an export. */
function messageLine(id: number, ...recipients: readonly unknown[]): unknown {
  const payload = Buffer.from(`message ${id}`).toString('base64');
  const expiry = sampleMessage(id).expiresAt === undefined ? {} : { expiresAt: 99_000 };
  return { kind: 'message', id, recipients, topic: 't', ...BODY, payload, retain: false, ...expiry };
}

test('an export has a line for everything, from the version to how many lines there are', (context) => {
  const { lines, result } = exported(sample(context), false);
  assert.deepEqual(lines.slice(0, 12), [
    { kind: 'vouch-store', version: 1 },
    { kind: 'clockMark', storeTime: 5000, wall: Date.UTC(2026, 0, 2), boot: { id: 'b', time: 7000 } },
    { kind: 'session', key: 1, clientId: 'ann', expiryInterval: 60_000 },
    { kind: 'session', key: 2, clientId: 'bob', principal: 'robert', expiryInterval: 60_000, disconnectedAt: 4500 },
    { kind: 'subscription', session: 1, filter: 't', options: OPTIONS, identifier: 0 },
    { kind: 'subscription', session: 2, filter: '$share/g/t', options: OPTIONS, identifier: 7 },
    { kind: 'group', key: 3, filter: '$share/g/t' },
    {
      kind: 'will',
      key: 1,
      clientId: 'ann',
      will: { topic: 't', ...BODY, qos: 1, retain: true, delayInterval: 30 },
    },
    { kind: 'retained', topic: 'r/a', ...BODY, retain: true },
    { kind: 'retained', topic: 'r/b', ...BODY, retain: true },
    { kind: 'exactlyOnceIds', session: 1, ids: [55] },
    {
      kind: 'inFlight',
      session: 2,
      deliveries: [
        { messageId: 4, id: 11, state: 'awaiting-pubcomp' },
        { messageId: 2, id: 10, state: 'awaiting-pubrec' },
      ],
    },
  ]);
  // What ann has had is not owed to anybody any more; 2 and 4 are, to both.
  assert.deepEqual(lines.slice(12, 16), [
    messageLine(2, FOR_ANN, FOR_BOB),
    messageLine(4, FOR_ANN, FOR_BOB),
    messageLine(5, FOR_ANN),
    messageLine(6, FOR_ANN, FOR_BOB),
  ]);
  assert.deepEqual(lines.slice(-2), [
    messageLine(20, FOR_ANN, FOR_BOB, FOR_GROUP),
    { kind: 'end', lines: lines.length },
  ]);
  assert.deepEqual(result, { lines: 12 + 18 + 1, leftOut: [] });
});

test('a store that a broker has open is exported as of one moment', (context) => {
  const directory = sample(context);
  const store = openStore(directory);
  const exporting = exportStore(directory.path, false, () => {});
  exporting.next();
  store.writer.deleteRetained('r/a');
  store.apply();
  const lines = [...exporting];
  assert(lines.some((line) => line.includes('"topic":"r/a"')));
  assert(!exported(directory, false).lines.some((line) => JSON.stringify(line).includes('"topic":"r/a"')));
  store.close();
});

test('a damaged row ends an export with table and row; salvaging leaves it out and says so', (context) => {
  const directory = sample(context);
  harm(directory, "UPDATE message SET record = CAST('x' || record AS BLOB) WHERE id = 4");
  const complaint = 'Table message, id 4: its checksum does not fit what it holds.';
  assert.throws(() => exported(directory, false), {
    code: 'store-damaged',
    message: `${directory.database} is damaged. ${complaint}\nRun: vouch store check --data ${directory.path}`,
  });
  const { lines, result } = exported(directory, true);
  // A delivery in flight goes with its message, so that the rest can be imported.
  assert.deepEqual(lines[11], {
    kind: 'inFlight',
    session: 2,
    deliveries: [{ messageId: 2, id: 10, state: 'awaiting-pubrec' }],
  });
  assert.deepEqual(result, { lines: 12 + 17 + 1, leftOut: [complaint] });
});

test('a session that is damaged takes its subscriptions and deliveries along', (context) => {
  const directory = sample(context);
  harm(directory, 'UPDATE session SET crc = crc + 1 WHERE key = 2');
  const { lines, result } = exported(directory, true);
  assert.deepEqual(result.leftOut, ['Table session, key 2: its checksum does not fit what it holds.']);
  assert(!JSON.stringify(lines).includes('bob'));
  assert(!JSON.stringify(lines).includes('"key":2'));
});

test('a disk whose failure nobody accepted, and a damaged log, end an export but not a salvage', (context) => {
  const directory = sample(context);
  writeFailedMarker(directory, 'Something.', millis(0));
  assert.throws(() => exported(directory, false), { code: 'store-not-accepted' });
  assert.equal(exported(directory, true).result.lines, 31);

  const crashed = temporaryDataDirectory(context);
  const store = openStore(sample(context));
  for (const round of [1, 2, 3]) {
    if (round === 1) store.writer.deleteRetained('r/a');
    else store.writer.saveRetained({ ...sampleMessage(round), topic: `r/${round}` });
    store.apply();
  }
  copyAsCrashed(store.directory, crashed);
  store.close();
  const size = 32 + 40;
  const log = readFileSync(crashed.log);
  log[size] = (log[size] ?? 0) ^ 1;
  writeFileSync(crashed.log, log);
  assert.throws(() => exported(crashed, false), {
    code: 'store-damaged',
    message: /vouch\.db-wal is damaged: frame 1/,
  });
  const { lines, result } = exported(crashed, true);
  assert.match(result.leftOut[0] ?? '', /frame 1, at byte 32, is not what was written, and \d commits/);
  assert(JSON.stringify(lines).includes('"r/a"'), 'as SQLite reads it, without what is in the log');
});

test('a directory without a store is told so', (context) => {
  const directory = temporaryDataDirectory(context);
  assert.throws(() => exported(directory, true), {
    code: 'store-unavailable',
    message: `There is no store in ${directory.path}: it has no vouch.db. Name the data directory with --data.`,
  });
});
