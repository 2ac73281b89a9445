import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ByteWriter } from '../../base/byte-writer.ts';
import { OperationError } from '../../base/errors.ts';
import { millis } from '../../base/millis.ts';
import { packetId } from '../../packet/packet-id.ts';
import type { PageSize, QueuePage, StoreOwner } from '../contract.ts';
import { Item, writeClockMark, writeDelivery, writeKeyed, writeQueue, writeRetained } from './answers.ts';
import { writeBody } from './message-body.ts';
import type { EncodedPage } from './queue-reader.ts';
import { writeClockMarkRecord, writeGroupRecord, writeSessionRecord } from './records.ts';
import { MESSAGE, Script, STATISTICS, TO_ONE } from './scripted-executor.fixture.ts';

const SIZE: PageSize = { messagesMax: 10, bytesMax: 1000 };

/** A page of messages with these numbers. */
function pageOf(ids: readonly number[], isLast: boolean): EncodedPage {
  const body = new ByteWriter();
  writeBody(body, MESSAGE, MESSAGE.topic, undefined);
  const page = new ByteWriter();
  for (const id of ids) writeDelivery(page, id, 0, undefined, { bytes: body.bytes, start: 0, end: body.position });
  return { deliveries: page.bytes.slice(0, page.position), isLast };
}

function recordOf(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.bytes.slice(0, writer.position);
}

describe('reads of the durable store', () => {
  it('go behind the changes of their turn, and are answered in order', async () => {
    const script = await Script.opened();
    const { store } = script;
    const pages: QueuePage[] = [];
    store.read(1, 0, SIZE, (page) => pages.push(page));
    store.append(9, MESSAGE, TO_ONE, undefined);
    store.read(2, 5, SIZE, (page) => pages.push(page));
    script.turn();
    assert.deepEqual(script.takeAsked(), ['apply append 9', 'read 1 0', 'read 2 5']);
    script.commit();
    script.tell().page(pageOf([3, 4], false));
    script.tell().page(pageOf([], true));
    const delivery = { message: MESSAGE, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
    assert.deepEqual(pages, [
      { deliveries: [3, 4].map((messageId) => ({ messageId, ...delivery })), isLast: false },
      { deliveries: [], isLast: true },
    ]);
  });

  it('wait for the batch that they are behind, and for nothing else', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.deleteWill(1);
    script.turn();
    store.read(1, 0, SIZE, () => {});
    script.turn();
    assert.deepEqual(script.takeAsked(), ['apply deleteWill 1', 'read 1 0']);
    store.deleteWill(2);
    store.read(1, 0, SIZE, () => {});
    script.turn();
    assert.deepEqual(script.takeAsked(), []);
    script.commit();
    assert.deepEqual(script.takeAsked(), ['apply deleteWill 2', 'read 1 0']);
  });

  it('pass changes that nobody waits for, about messages that have left the queue', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.deleteWill(1);
    script.turn();
    store.recordSending(1, 7, packetId(1), false);
    store.settle(1, 7);
    store.read(1, 7, SIZE, () => {});
    script.turn();
    assert.deepEqual(script.takeAsked(), ['apply deleteWill 1', 'read 1 7']);
    script.commit();
    assert.deepEqual(script.takeAsked(), ['apply recordSending 1, settle 1']);
  });

  it('do not pass them where a newer message is among theirs, or a change that somebody waits for', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.deleteWill(1);
    script.turn();
    script.takeAsked();
    store.settle(1, 7);
    store.read(1, 6, SIZE, () => {});
    script.turn();
    assert.deepEqual(script.takeAsked(), []);
    script.commit();
    assert.deepEqual(script.takeAsked(), ['apply settle 1', 'read 1 6']);
    store.settle(1, 8);
    store.deleteWill(2);
    store.read(1, 8, SIZE, () => {});
    script.turn();
    assert.deepEqual(script.takeAsked(), []);
    script.commit();
    assert.deepEqual(script.takeAsked(), ['apply settle 1, deleteWill 2', 'read 1 8']);
  });

  it('are not answered when their recipient was deleted meanwhile', async () => {
    const script = await Script.opened();
    const { store } = script;
    const answered: number[] = [];
    for (const recipient of [1, 2, 3]) store.read(recipient, 0, SIZE, () => answered.push(recipient));
    store.deleteSession(1);
    script.turn();
    store.deleteGroup(2);
    for (const page of [undefined, pageOf([1], true), pageOf([1], true)]) script.tell().page(page);
    assert.deepEqual(answered, [3]);
  });

  it('that cannot be understood are a failure of the store', async () => {
    const script = await Script.opened();
    script.store.read(1, 0, SIZE, () => assert.fail());
    script.turn();
    script.tell().page({ deliveries: Uint8Array.of(1, 2, 3), isLast: true });
    assert.deepEqual(script.takeTold(), ['failed store-failed']);
  });
});

describe('a durable store that fails', () => {
  it('announces nothing any more, takes changes nowhere, and lets go of the engine', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.append(1, MESSAGE, TO_ONE, undefined);
    store.read(1, 0, SIZE, () => assert.fail());
    script.turn();
    script.takeAsked();
    script.tell().failed(new OperationError('store-failed', 'because'));
    assert.deepEqual(script.takeTold(), ['failed store-failed']);
    assert.equal(store.append(2, MESSAGE, TO_ONE, undefined), 3);
    script.turn();
    script.commit();
    script.tell().failed(new OperationError('store-failed', 'again'));
    script.tell().page(pageOf([1], true));
    assert.deepEqual(script.takeTold(), []);
    assert.deepEqual(script.takeAsked(), ['close']);
    assert.equal(store.lateBytes, 0);
    assert.equal(store.durable, 1);
    const closing = store.close();
    assert.deepEqual(script.takeAsked(), []);
    script.tell().closed();
    await closing;
  });

  it('passes on that it is full, and that it is not', async () => {
    const script = await Script.opened();
    for (const isFull of [true, false]) script.tell().full(isFull);
    assert.deepEqual(script.takeTold(), ['full true', 'full false']);
  });
});

describe('closing a durable store', () => {
  it('writes what there is with a clock mark, and announces it', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.deleteWill(1);
    script.turn();
    store.deleteWill(2);
    const closing = store.close();
    assert.equal(store.close(), closing);
    assert.deepEqual(script.takeAsked(), ['apply deleteWill 1', 'apply deleteWill 2, clockMark', 'close']);
    script.turn();
    script.commit();
    script.commit();
    script.tell().closed();
    await closing;
    assert.deepEqual(script.takeTold(), ['durable 2', 'durable 3']);
  });

  it('is done at once when it was never opened', async () => {
    const script = new Script();
    await script.store.close();
    assert.deepEqual(script.takeAsked(), []);
  });

  it('waits for an opening that is under way', async () => {
    const script = new Script();
    const opening = script.openWith([]);
    const closing = script.store.close();
    script.tell().closed();
    await closing;
    assert.equal((await opening).messageIdMax, 80);
    assert.deepEqual(script.takeAsked().at(-1), 'close');
  });
});

describe('opening a durable store', () => {
  it('hands over what was found, with moments on the clock of this run', async () => {
    const script = new Script();
    const session = {
      key: 7,
      clientId: 'c',
      principal: undefined,
      expiryInterval: millis(5),
      disconnectedAt: millis(0),
    };
    // Stored 4 s before now, by boot time, when store time was 100 s.
    const mark = { storeTime: millis(100_000), wall: millis(0), boot: { id: 'boot', time: millis(46_000) } };
    const recovered = await script.openWith([
      (writer) =>
        writeClockMark(
          writer,
          recordOf((record) => writeClockMarkRecord(record, mark)),
        ),
      (writer) => {
        writeKeyed(
          writer,
          Item.session,
          7,
          recordOf((record) => writeSessionRecord(record, session, 103_000)),
        );
        writeQueue(writer, 7, 3, 300);
        writeKeyed(
          writer,
          Item.group,
          8,
          recordOf((record) => writeGroupRecord(record, { key: 8, filter: '$share/g/#' })),
        );
        for (const topic of ['a', 'b']) {
          const body = recordOf((record) => writeBody(record, MESSAGE, '', undefined));
          writeRetained(writer, topic, body);
        }
      },
    ]);
    assert.deepEqual(recovered, {
      sessions: [
        {
          // 103 s of store time is 1 s ago: 100 s + 4 s of downtime is now.
          record: { ...session, disconnectedAt: script.now - 1_000 },
          subscriptions: [],
          inFlight: [],
          queue: { messages: 3, bytes: 300 },
          exactlyOnceIds: [],
        },
      ],
      groups: [{ record: { key: 8, filter: '$share/g/#' }, queue: { messages: 0, bytes: 0 } }],
      wills: [],
      recipientKeyMax: 70,
      messageIdMax: 80,
    });
    assert.deepEqual(script.takeTold(), ['retained a b']);
    assert.equal(script.warnings, 0);
    script.turn();
    assert.deepEqual(script.takeAsked(), ['open']);
    script.store.deleteWill(1);
    script.turn();
    assert.deepEqual(script.takeAsked(), ['apply deleteWill 1, clockMark']);
  });

  it('says so when the clock cannot be believed', async () => {
    const script = new Script();
    const mark = { storeTime: millis(0), wall: millis(5_000), boot: { id: 'another', time: millis(0) } };
    await script.openWith([
      (writer) =>
        writeClockMark(
          writer,
          recordOf((record) => writeClockMarkRecord(record, mark)),
        ),
    ]);
    assert.equal(script.warnings, 1);
  });

  it('passes on how much of it is done', () => {
    const script = new Script();
    void script.openWith([]);
    script.tell().opening(0.5);
    assert.deepEqual(script.takeTold(), ['opening 0.5']);
  });

  it('is refused as the engine says, and lets go of it', async () => {
    const script = new Script();
    const opening = script.store.open({} as StoreOwner);
    script.tell().refused(new OperationError('store-in-use', 'because'));
    await assert.rejects(opening, { code: 'store-in-use' });
    assert.deepEqual(script.takeAsked(), ['open', 'close']);
  });

  it('is refused when something cannot be understood', async () => {
    const script = new Script();
    const opening = script.store.open({} as StoreOwner);
    script.tell().found(Uint8Array.of(99));
    await assert.rejects(opening, { code: 'store-damaged' });
    assert.deepEqual(script.takeAsked(), ['open', 'close']);
  });
});

describe('clock marks of the durable store', () => {
  it('go with the first changes of a run, and with the next ones after a minute', async () => {
    const script = await Script.opened();
    const { store } = script;
    for (const passed of [0, 59_999, 1, 30_000]) {
      script.now += passed;
      store.deleteWill(1);
      script.turn();
      script.commit();
    }
    assert.deepEqual(script.takeAsked(), [
      'apply deleteWill 1',
      'apply deleteWill 1',
      'apply deleteWill 1, clockMark',
      'apply deleteWill 1',
    ]);
  });
});

describe('statistics of the durable store', () => {
  it('are those that came with the latest commit', async () => {
    const script = await Script.opened();
    assert.deepEqual(script.store.statistics(), { ...STATISTICS, messagesElided: 0 });
  });
});
