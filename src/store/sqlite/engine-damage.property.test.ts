import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import fc from 'fast-check';

import { millis } from '../../base/millis.ts';
import { packetId } from '../../packet/packet-id.ts';
import { temporaryDirectory } from './directory.fixture.ts';
import { EngineFixture, messageOf, recipientOf, SMALL_TUNING } from './engine.fixture.ts';
import { Engine } from './engine.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { StoreFault } from './store-fault.ts';

const SUBSCRIPTION = {
  filter: 'a/#',
  options: { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
  identifier: 3,
} as const;

/** Of the database. */
const PAGE_BYTES = 4_096;

/** A database that has something of everything, closed. */
function fullDatabase(context: TestContext): string {
  const fixture = EngineFixture.create(context, { tuning: SMALL_TUNING });
  const { writer } = fixture;
  writer.clockMark({ storeTime: millis(5), wall: millis(6), boot: { id: 'boot', time: millis(7) } });
  fixture.addSessions(...Array.from({ length: 40 }, (_, index) => index + 1));
  for (let key = 1; key <= 40; key++) writer.saveSubscription(key, SUBSCRIPTION);
  writer.saveGroup({ key: 50, filter: '$share/g/a' });
  const { topic, payload, properties } = messageOf(1, 30);
  const will = { topic, payload, properties, qos: 1, retain: false, delayInterval: 0 } as const;
  for (let key = 1; key <= 20; key++) writer.saveWill(key, { clientId: `client-${key}`, principal: 'somebody', will });
  for (let index = 0; index < 200; index++)
    writer.saveRetained({ ...messageOf(index, 40), topic: `retained/${index}` });
  fixture.append(1, 30, [1, 2, 50], 300);
  fixture.append(31, 32, [3], 9_000);
  fixture.append(33, 40, [40], 3);
  writer.append(41, messageOf(41, 5), [{ ...recipientOf(4), qos: 2 }], { session: 5, id: packetId(77) });
  for (let id = 1; id <= 5; id++) writer.recordSending(1, id, id);
  writer.settle(2, 9);
  writer.recordSending(4, 41, 1);
  writer.recordReceived(4, 41);
  fixture.apply();
  fixture.maintain();
  // A recipient that has ended and still has pages.
  writer.deleteSession(40);
  fixture.apply();
  fixture.engine.close();
  return fixture.file;
}

/** Opens a database and reads all that a broker would ever read of it. */
function readEverything(file: string): string {
  const engine = Engine.open({
    file,
    synchronous: 'normal',
    bytesMax: 0,
    monotonic: () => millis(0),
    tuning: SMALL_TUNING,
  });
  try {
    const found: string[] = [];
    engine.recover({ found: (chunk) => found.push(Buffer.from(chunk).toString('latin1')), progress() {} });
    for (let key = 1; key <= 50; key++) {
      const page = engine.read(key, 0, 1_000, 1_000_000);
      if (page !== undefined) found.push(`${key} ${Buffer.from(page.deliveries).toString('latin1')}`);
    }
    while (engine.maintain());
    return found.join('\n');
  } finally {
    engine.abandon();
  }
}

function removeLog(file: string): void {
  for (const suffix of ['-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
}

/** The fault that reading ends in; `undefined`: none. */
function faultIn(file: string): StoreFault | undefined {
  try {
    readEverything(file);
    return undefined;
  } catch (error) {
    if (error instanceof StoreFault) return error;
    throw error;
  }
}

/** Each table, what of a row is protected, and what the row is called. */
const ROWS: readonly (readonly [table: string, column: string, where: string, name: RegExp])[] = [
  ['meta', 'record', "name = 'totals'", /^name "totals"$/],
  ['message', 'record', 'id = 20', /^id 20$/],
  ['page', 'entries', 'id = 3', /^id 3 of recipient \d+$/],
  ['progress', 'record', 'recipient = 1', /^recipient 1$/],
  ['session', 'record', 'key = 7', /^key 7$/],
  ['subscription', 'record', 'session = 7', /^filter "a\/#" of session 7$/],
  ['group_queue', 'record', 'key = 50', /^key 50$/],
  ['retained', 'record', "topic = 'retained/77'", /^topic "retained\/77"$/],
  ['will', 'record', 'key = 7', /^key 7$/],
];

/** Each table with what names its rows. */
const KEYS: readonly (readonly [table: string, key: string])[] = [
  ['meta', 'name'],
  ['message', 'id'],
  ['page', 'id'],
  ['progress', 'recipient'],
  ['session', 'key'],
  ['subscription', 'session'],
  ['group_queue', 'key'],
  ['retained', 'topic'],
  ['will', 'key'],
  ['ending', 'recipient'],
];

describe('damage to the database', () => {
  for (const [table, column, where, name] of ROWS) {
    it(`in any byte of a row of ${table} is found when the row is read, and told by table and row`, (context) => {
      const file = fullDatabase(context);
      const database = new DatabaseSync(file);
      const row = database.prepare(`SELECT ${column} AS bytes FROM ${table} WHERE ${where}`).get();
      const bytes = row?.['bytes'];
      assert.ok(bytes instanceof Uint8Array && bytes.length > 0);
      const update = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`);
      const step = Math.ceil(bytes.length / 20);
      for (let at = 0; at < bytes.length; at += step) {
        update.run(bytes.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte)));
        const fault = faultIn(file);
        assert.deepEqual([fault?.kind, fault?.table], ['damaged', table]);
        assert.match(fault?.row ?? '', name);
      }
      database.close();
    });
  }

  it('that moves a row to another key is found', (context) => {
    const file = fullDatabase(context);
    const database = new DatabaseSync(file);
    database.exec('UPDATE session SET key = 99 WHERE key = 7');
    database.close();
    const fault = faultIn(file);
    assert.deepEqual([fault?.kind, fault?.table, fault?.row], ['damaged', 'session', 'key 99']);
  });

  for (const [table, key] of KEYS) {
    it(`that takes a row of ${table} away is found`, (context) => {
      const file = fullDatabase(context);
      const database = new DatabaseSync(file);
      database.exec(`DELETE FROM ${table} WHERE ${key} = (SELECT max(${key}) FROM ${table})`);
      database.close();
      assert.equal(faultIn(file)?.kind, 'damaged');
    });
  }

  it('by a bit anywhere in the file is found, or changes nothing', (context) => {
    const file = fullDatabase(context);
    const whole = readFileSync(file);
    const copy = path.join(temporaryDirectory(context), 'vouch.db');
    writeFileSync(copy, whole);
    const expected = readEverything(copy);
    // The beginning of a page tells where its rows are: there a bit does most.
    const pages = whole.length / PAGE_BYTES - 1;
    const anyHeader = fc.tuple(fc.nat(pages), fc.nat(200)).map(([page, at]) => page * PAGE_BYTES + at);
    fc.assert(
      fc.property(fc.oneof(fc.nat(whole.length - 1), anyHeader), fc.nat(7), (at, bit) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        writeFileSync(copy, bytes);
        removeLog(copy);
        try {
          assert.ok(readEverything(copy) === expected, 'what is read is what was written');
        } catch (error) {
          if (!(error instanceof StoreFault)) throw error;
          assert.ok(error.kind !== 'full');
        }
      }),
      { numRuns: 200 },
    );
  });
});
