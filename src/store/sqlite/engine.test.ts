import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';

import { packetId } from '../../packet/packet-id.ts';
import { EngineFixture, messageOf, recipientOf, SMALL_TUNING } from './engine.fixture.ts';
import { ENGINE_TUNING } from './engine.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { StoreFault } from './store-fault.ts';

const KIBIBYTE = 1024;

function isFull(error: unknown): boolean {
  return error instanceof StoreFault && error.kind === 'full';
}

/** How many rows a table has, as another process sees it. */
function rowsOf(fixture: EngineFixture, table: string): number {
  const database = new DatabaseSync(fixture.file);
  const row = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
  database.close();
  return Number(row?.['rows']);
}

describe('a store that is full', () => {
  it('writes nothing of a batch, and all of it once there is room', (context) => {
    const fixture = EngineFixture.create(context, { bytesMax: 400 * KIBIBYTE });
    fixture.addSessions(1);
    fixture.append(1, 10, [1], 10 * KIBIBYTE);
    fixture.apply();
    fixture.writer.settle(1, 1);
    fixture.append(11, 60, [1], 10 * KIBIBYTE);
    assert.throws(() => fixture.apply(), isFull);
    assert.equal(rowsOf(fixture, 'message'), 10);
    assert.throws(() => fixture.engine.applyAgain(), isFull);
    fixture.engine.raiseLimit(400 * KIBIBYTE);
    fixture.engine.applyAgain();
    assert.equal(rowsOf(fixture, 'message'), 59);
    assert.deepEqual(
      fixture.queue(1),
      Array.from({ length: 59 }, (_, index) => index + 2),
    );
  });

  it('has room again when what filled it is settled', (context) => {
    const fixture = EngineFixture.create(context, { bytesMax: 400 * KIBIBYTE });
    fixture.addSessions(1);
    fixture.append(1, 25, [1], 10 * KIBIBYTE);
    fixture.apply();
    assert.equal(fixture.engine.hasRoomUnderLimit(200 * KIBIBYTE), false);
    fixture.engine.raiseLimit(400 * KIBIBYTE);
    for (let id = 1; id <= 20; id++) fixture.writer.settle(1, id);
    fixture.apply();
    assert.equal(fixture.engine.hasRoomUnderLimit(200 * KIBIBYTE), true);
    fixture.engine.lowerLimit();
    fixture.append(26, 40, [1], 10 * KIBIBYTE);
    fixture.apply();
    fixture.append(41, 80, [1], 10 * KIBIBYTE);
    assert.throws(() => fixture.apply(), isFull);
  });

  it('without a limit has room as far as it can know', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.engine.raiseLimit(5);
    assert.equal(fixture.engine.hasRoomUnderLimit(2 ** 50), true);
  });

  it('writes with a later batch what a slice had no room for', (context) => {
    const tuning = { ...ENGINE_TUNING, indexEveryMessages: 1, sliceRows: 1_000 };
    const fixture = EngineFixture.create(context, { bytesMax: 200 * KIBIBYTE, tuning });
    const keys = Array.from({ length: 300 }, (_, index) => index + 1);
    fixture.addSessions(...keys);
    // Entries of many bytes, so that the rows of queues take more room than what is left.
    for (let id = 1; id <= 60; id++) {
      const message = messageOf(id * 2 ** 40 + id, (id * 7_919) % 300);
      fixture.writer.append(id * 2 ** 40, message, keys.map(recipientOf), undefined);
    }
    fixture.apply();
    const before = rowsOf(fixture, 'page');
    assert.equal(before, 0);
    assert.throws(() => fixture.engine.maintain(), isFull);
    assert.equal(fixture.queue(300).length, 60);
    fixture.engine.raiseLimit(1_000 * KIBIBYTE);
    fixture.writer.settle(1, 2 ** 40);
    fixture.apply();
    assert.equal(rowsOf(fixture, 'page'), 300);
    fixture.reopen('abandon');
    fixture.recover();
    assert.equal(fixture.queue(1).length, 59);
    assert.equal(fixture.queue(300).length, 60);
  });
});

describe('an engine', () => {
  it('that is closed leaves one file with everything in it', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.addSessions(1);
    fixture.append(1, 100, [1]);
    fixture.apply();
    fixture.engine.close();
    assert.equal(existsSync(`${fixture.file}-wal`), false);
    fixture.reopen();
    fixture.recover();
    assert.equal(fixture.queue(1).length, 100);
  });

  it('that is closed has looked at no message when it is opened again', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.addSessions(1);
    fixture.append(1, 3_000, [1]);
    fixture.apply();
    fixture.engine.close();
    const database = new DatabaseSync(fixture.file);
    // What a start looks at it checks; so damage that it does not find is in what it does not look at.
    database.exec('UPDATE message SET crc = crc + 1');
    database.close();
    fixture.reopen();
    assert.equal(fixture.recover().messageIdMax, 3_000);
    assert.equal(fixture.engine.statistics().deliveries, 3_000);
    assert.throws(() => fixture.queue(1), /Table message, id 1: its checksum does not fit/);
  });

  it('writes its log back when that has grown, and begins it anew', (context) => {
    const tuning = { ...ENGINE_TUNING, checkpointLogBytes: 200 * KIBIBYTE };
    const fixture = EngineFixture.create(context, { tuning });
    fixture.addSessions(1);
    for (let id = 1; id <= 100; id++) {
      fixture.append(id, id, [1], 10 * KIBIBYTE);
      fixture.apply();
      fixture.engine.maintain();
    }
    assert.ok(statSync(`${fixture.file}-wal`).size < 400 * KIBIBYTE);
    assert.ok(statSync(fixture.file).size > 800 * KIBIBYTE);
  });

  it('waits with its log for whoever reads the database, and goes on when that one is gone', (context) => {
    const tuning = { ...ENGINE_TUNING, checkpointLogBytes: 50 * KIBIBYTE };
    const fixture = EngineFixture.create(context, { tuning });
    const round = (from: number): void => {
      for (let id = from; id < from + 20; id++) {
        fixture.append(id, id, [1], 10 * KIBIBYTE);
        fixture.apply();
        fixture.engine.maintain();
      }
    };
    fixture.addSessions(1);
    const reader = new DatabaseSync(fixture.file);
    reader.exec('BEGIN; SELECT * FROM meta');
    round(1);
    const held = statSync(`${fixture.file}-wal`).size;
    assert.ok(held > 200 * KIBIBYTE);
    reader.close();
    round(21);
    round(41);
    assert.ok(statSync(`${fixture.file}-wal`).size < held + 150 * KIBIBYTE);
  });

  it('drops what an ended recipient was owed a slice at a time, also after a start', (context) => {
    const fixture = EngineFixture.create(context, { tuning: SMALL_TUNING });
    fixture.addSessions(1, 2);
    fixture.append(1, 50, [1]);
    fixture.append(51, 60, [1, 2]);
    fixture.apply();
    fixture.maintain();
    fixture.writer.deleteSession(1);
    fixture.apply();
    assert.equal(fixture.engine.read(1, 0, 10, 10), undefined);
    assert.equal(fixture.engine.maintain(), true);
    fixture.reopen('abandon');
    fixture.recover();
    assert.ok(fixture.engine.statistics().messages > 10);
    fixture.maintain();
    assert.equal(fixture.engine.statistics().messages, 10);
    assert.equal(rowsOf(fixture, 'message'), 10);
    assert.equal(rowsOf(fixture, 'ending'), 0);
    assert.equal(fixture.queue(2).length, 10);
  });

  it('never has a number twice, whatever was deleted', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.addSessions(5);
    fixture.append(7, 7, [5]);
    fixture.apply();
    fixture.writer.settle(5, 7);
    fixture.apply();
    fixture.writer.deleteSession(5);
    fixture.apply();
    fixture.reopen();
    assert.deepEqual(fixture.recover(), { recipientKeyMax: 5, messageIdMax: 7 });
  });

  it('stores a message that nobody is owed only as the identifier that it came with', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.addSessions(1);
    fixture.writer.append(1, messageOf(1, 10), [], { session: 1, id: packetId(9) });
    fixture.apply();
    assert.equal(rowsOf(fixture, 'message'), 0);
    assert.equal(rowsOf(fixture, 'progress'), 1);
  });

  it('writes no message that is settled in its own batch', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.addSessions(1, 2);
    fixture.append(1, 3, [1, 2]);
    for (const key of [1, 2]) fixture.writer.settle(key, 2);
    fixture.apply();
    assert.equal(rowsOf(fixture, 'message'), 2);
    assert.deepEqual(fixture.queue(1), [1, 3]);
  });

  it('says how far it is with reading back, and ends with all of it', (context) => {
    const fixture = EngineFixture.create(context);
    for (let topic = 0; topic < 5_000; topic++)
      fixture.writer.saveRetained({ ...messageOf(1, 5), topic: `t/${topic}` });
    fixture.apply();
    fixture.reopen();
    const shares: number[] = [];
    fixture.engine.recover({ found() {}, progress: (share) => shares.push(share) });
    assert.ok(shares.length >= 4);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    assert.equal(shares.at(-1), 1);
  });

  it('reads queues of any length back, in order', (context) => {
    const fixture = EngineFixture.create(context);
    const lengths = [1, 8, 9, 63, 64, 65, 136];
    fixture.addSessions(...lengths);
    // Neighbours in no queue, so that what is asked for is no range.
    for (let id = 1; id <= 136; id++) {
      const keys = lengths.filter((length) => id <= length);
      fixture.append(2 * id - 1, 2 * id - 1, keys);
      fixture.append(2 * id, 2 * id, [136]);
      fixture.writer.settle(136, 2 * id);
    }
    fixture.apply();
    for (const length of lengths) {
      assert.deepEqual(
        fixture.queue(length),
        Array.from({ length }, (_, index) => 2 * index + 1),
      );
    }
  });

  it('finds retained messages of any size', (context) => {
    const fixture = EngineFixture.create(context);
    for (let topic = 0; topic < 600; topic++) {
      const bytes = topic % 100 === 0 ? 200 * KIBIBYTE : 5;
      fixture.writer.saveRetained({ ...messageOf(1, bytes), topic: `t/${topic}` });
    }
    fixture.apply();
    fixture.reopen();
    let bytes = 0;
    fixture.engine.recover({ found: (chunk) => (bytes += chunk.length), progress() {} });
    assert.equal(fixture.engine.statistics().retained, 600);
    assert.ok(bytes > 6 * 200 * KIBIBYTE);
  });

  it('counts what it has and did', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.addSessions(1, 2);
    fixture.writer.saveGroup({ key: 3, filter: '$share/g/a' });
    fixture.append(1, 4, [1, 2, 3]);
    fixture.writer.saveRetained(messageOf(1, 1));
    fixture.writer.saveRetained(messageOf(2, 1));
    fixture.apply();
    const { fileBytes, logBytes, ...rest } = fixture.engine.statistics();
    assert.deepEqual(rest, {
      sessions: 2,
      groups: 1,
      retained: 1,
      wills: 0,
      messages: 4,
      deliveries: 12,
      commits: 1,
      commitMillisLast: 0,
      commitMillisMax: 0,
    });
    assert.ok(logBytes > 0 && fileBytes > logBytes);
  });

  it('writes nothing where nothing is to be written', (context) => {
    const fixture = EngineFixture.create(context);
    fixture.apply();
    fixture.maintain();
    assert.equal(fixture.engine.statistics().commits, 0);
  });
});
