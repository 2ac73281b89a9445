// The part of the suite for stores that is about batches, announcements, room and failure.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import type { Batch, Store } from '../../src/store/contract.ts';
import { contentsOf, reopened } from './store-contents.ts';
import { nextTurn, open, type OpenNew, readIds, readPage, EVERYTHING, type StoreKind } from './store-place.ts';
import { fullWill, group, message, recipient, record, subscription } from './store-samples.ts';

/** What every store holds about when changes are durable. */
export function contractOfDurability({ openNew, abilities }: StoreKind): void {
  contractOfBatches(openNew);
  contractOfElision(openNew, abilities.includes('elide'));
  if (abilities.includes('full')) contractOfRoom(openNew);
  if (abilities.includes('break')) contractOfFailure(openNew);
}

function contractOfBatches(openNew: OpenNew): void {
  it('a new store is empty, and all that it has not been told yet is durable', async () => {
    const opened = await openNew();
    const { recipientKeyMax, messageIdMax } = opened.recovered;
    assert.deepEqual([recipientKeyMax, messageIdMax], [0, 0]);
    assert.deepEqual(await contentsOf(opened), { sessions: [], groups: [], wills: [], retained: [] });
    assert.equal(opened.store.durable, 0);
    assert.equal(opened.store.lateBytes, 0);
    await opened.store.close();
  });

  it('every change belongs to a batch after 0, and batches only grow', async () => {
    const { store } = await openNew();
    let last = 0;
    for (const change of everyChange(store)) {
      const batch = change();
      if (typeof batch === 'boolean') continue;
      assert.ok(batch > 0 && batch >= last, `batch ${batch} after ${last}`);
      last = batch;
    }
    await store.close();
  });

  it('every change becomes durable; announcements grow, and none comes from inside a change', async () => {
    const { store, told, untilDurable } = await openNew();
    let last = 0;
    for (const change of everyChange(store)) {
      const before = told.durable.length;
      const batch = change();
      if (typeof batch === 'number') last = batch;
      assert.equal(told.durable.length, before);
    }
    await untilDurable(last);
    assert.ok(store.durable >= last);
    assert.deepEqual(
      told.durable.toSorted((one, other) => one - other),
      told.durable,
    );
    await store.close();
  });

  it('what is announced is durable when the announcement comes', async () => {
    const { place, store, told, untilDurable } = await openNew();
    for (let turn = 1; turn <= 20; turn++) {
      const batch = store.saveSession(record(turn));
      if (turn % 3 === 0) await untilDurable(batch);
      else await nextTurn();
      assert.ok(store.durable >= (told.durable.at(-1) ?? 0));
    }
    assert.equal((await reopened(place, store)).sessions.length, 20);
  });

  it('what is late has bytes, and what is durable has none', async () => {
    const { store, untilDurable } = await openNew();
    store.saveSession(record(1));
    const batch = store.append(1, message('a', 'x'.repeat(10_000)), [recipient(1, 1)], undefined);
    if (store.durable < batch) assert.ok(store.lateBytes >= 10_000, `${store.lateBytes} bytes`);
    await untilDurable(batch);
    assert.equal(store.lateBytes, 0);
    await store.close();
  });

  it('what is closed is durable, and has been announced unless it was durable at once', async () => {
    const { store, told } = await openNew();
    const batch = store.saveSession(record(1));
    const atOnce = store.durable >= batch;
    await store.close();
    assert.ok(store.durable >= batch);
    if (!atOnce) assert.ok((told.durable.at(-1) ?? 0) >= batch);
  });

  it('a read that is not answered when the store is closed never is', async () => {
    const { store } = await openNew();
    store.saveSession(record(1));
    store.append(1, message('a', ''), [recipient(1, 1)], undefined);
    assert.equal((await readPage(store, 1, 0, EVERYTHING)).deliveries.length, 1);
    let isClosed = false;
    store.read(1, 0, EVERYTHING, () => assert.ok(!isClosed));
    await store.close();
    isClosed = true;
    for (let turn = 0; turn < 5; turn++) await nextTurn();
  });

  it('a settled delivery is durable with whatever changes next', async () => {
    const { place, store, untilDurable } = await openNew();
    store.saveSession(record(1));
    await untilDurable(store.append(1, message('a', ''), [recipient(1, 1)], undefined));
    store.settle(1, 1);
    await untilDurable(store.append(2, message('b', ''), [recipient(1, 1)], undefined));
    if (place.crash === undefined) await store.close();
    else await place.crash(store);
    const next = await open(place);
    assert.deepEqual(await readIds(next.store, 1), [[2], true]);
    await next.store.close();
  });

  it('what a store found it still has: the next one finds it, too, and what came since', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (const id of [1, 2]) store.append(id, message(`t${id}`, ''), [recipient(1, 1)], undefined);
    await store.close();
    const second = await open(place);
    second.store.append(second.recovered.messageIdMax + 1, message('new', ''), [recipient(1, 1)], undefined);
    second.store.recordSending(1, 1, packetId(3));
    await second.store.close();
    const third = await open(place);
    const [session] = (await contentsOf(third)).sessions;
    assert.deepEqual(
      session?.inFlight.map((delivery) => [delivery.message.topic, delivery.id]),
      [['t1', 3]],
    );
    assert.deepEqual(
      session?.queue.map((delivery) => delivery.message.topic),
      ['t2', 'new'],
    );
    third.store.settle(1, 1);
    const { sessions } = await reopened(place, third.store);
    assert.deepEqual(sessions[0]?.inFlight, []);
    assert.equal(sessions[0]?.queue.length, 2);
  });
}

function contractOfElision(openNew: OpenNew, elides: boolean): void {
  it('a message that all its sessions settle in the turn of its append is elided, if nothing else may be lost with it', async () => {
    const { place, store, untilDurable } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    const settled: boolean[] = [];
    const both = [recipient(1, 1), recipient(2, 1)];
    store.append(1, message('plain', ''), both, undefined);
    store.recordSending(1, 1, packetId(1));
    settled.push(store.settle(1, 1), store.settle(2, 1));
    store.append(2, { ...message('qos 2', ''), qos: 2 }, [recipient(1, 1)], undefined);
    settled.push(store.settle(1, 2));
    store.append(3, { ...message('origin', ''), qos: 2 }, [recipient(1, 2)], { session: 2, id: packetId(1) });
    settled.push(store.settle(1, 3));
    store.append(4, { ...message('retained', ''), retain: true }, [recipient(1, 1)], undefined);
    settled.push(store.settle(1, 4));
    await untilDurable(store.append(5, message('durable', ''), [recipient(1, 1)], undefined));
    settled.push(store.settle(1, 5));
    assert.deepEqual(settled, [false, elides, false, false, false, false]);
    assert.equal(store.statistics().messagesElided, elides ? 1 : 0);
    const { sessions } = await reopened(place, store);
    assert.deepEqual(
      sessions.flatMap(({ queue, inFlight }) => [...queue, ...inFlight]),
      [],
    );
    assert.deepEqual(sessions[1]?.exactlyOnceIds, [1]);
  });

  it('a message that a group was owed, or a session that was deleted, is not elided', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2, 3]) store.saveSession(record(key));
    for (const key of [4, 5]) store.saveGroup(group(key));
    const checkGroup = (opened: Store, key: number, messageId: number): void => {
      opened.append(messageId, message('a', ''), [recipient(key, 1)], undefined);
      assert.equal(opened.settle(key, messageId), false);
      // A member takes over, and the session beside the group has the message at once.
      opened.append(messageId + 1, message('a', ''), [recipient(1, 1), recipient(key, 1)], undefined);
      opened.append(messageId + 2, message('a', ''), [recipient(2, 1)], undefined);
      assert.equal(opened.settle(key, messageId + 1), false);
      assert.equal(opened.settle(1, messageId + 1), false);
    };
    checkGroup(store, 4, 1);
    store.append(11, message('a', ''), [recipient(1, 1), recipient(3, 1)], undefined);
    store.deleteSession(3);
    assert.equal(store.settle(1, 11), false);
    await store.close();
    const { store: next } = await open(place);
    checkGroup(next, 5, 21);
    const { sessions } = await reopened(place, next);
    assert.deepEqual(
      sessions.map(({ queue }) => queue.map(({ messageId }) => messageId)),
      [[], [3, 23]],
    );
  });
}

/** One change of every kind, in an order that makes sense. */
function everyChange(store: Store): readonly (() => Batch | boolean)[] {
  return [
    () => store.saveSession(record(1)),
    () => store.saveSession(record(2)),
    () => store.saveGroup(group(3)),
    () => store.saveSubscription(1, subscription('a')),
    () => store.saveWill(1, fullWill('w')),
    () => store.saveWill(4, fullWill('w')),
    () => store.append(1, message('a', '1'), [recipient(1, 1), recipient(2, 2)], { session: 2, id: packetId(7) }),
    () => store.append(2, message('a', '2'), [recipient(3, 1)], undefined),
    () => store.recordSending(1, 1, packetId(1)),
    () => store.recordSending(2, 1, packetId(1)),
    () => store.recordReceived(2, 1),
    () => store.settle(1, 1),
    () => store.settle(2, 1),
    () => store.settle(3, 2),
    () => store.recordReleased(2, packetId(7)),
    () => store.saveRetained(message('a', 'r')),
    () => store.deleteRetained('a'),
    () => store.deleteWill(1),
    () => store.deleteWill(4),
    () => store.deleteSubscription(1, 'a'),
    () => store.deleteGroup(3),
    () => store.deleteSession(1),
  ];
}

function contractOfRoom(openNew: OpenNew): void {
  it('a full store says so once, still takes what is settled and recorded, and says so when there is room', async () => {
    const { place, store, told, untilDurable, untilTold } = await openNew();
    assert.ok(place.setFull !== undefined, 'a store that can be full has a method for it');
    store.saveSession(record(1));
    for (const id of [1, 2]) store.append(id, message('a', ''), [recipient(1, 2)], undefined);
    await untilDurable(store.recordSending(1, 1, packetId(1)));
    place.setFull(store, true);
    for (let id = 3; told.full.length === 0 && id < 3_000; id++)
      await untilDurable(store.append(id, message('a', 'x'.repeat(10_000)), [recipient(1, 1)], undefined));
    assert.deepEqual(told.full, [true]);
    const batch = store.recordReceived(1, 1);
    store.settle(1, 1);
    await untilDurable(Math.max(batch, store.recordSending(1, 2, packetId(1))));
    assert.deepEqual(told.full, [true]);
    place.setFull(store, false);
    await untilTold(() => told.full.length > 1);
    assert.deepEqual(told.full, [true, false]);
    assert.deepEqual(told.failed, []);
    const { sessions } = await reopened(place, store);
    assert.deepEqual(
      sessions[0]?.inFlight.map(({ messageId }) => messageId),
      [2],
    );
  });
}

function contractOfFailure(openNew: OpenNew): void {
  it('a failed store says so once; nothing becomes durable after that, no read is answered, and it can be closed', async () => {
    const { place, store, told, untilDurable, untilTold } = await openNew();
    assert.ok(place.breakDisk !== undefined, 'a store that can break has a method for it');
    await untilDurable(store.saveSession(record(1)));
    place.breakDisk(store);
    const batch = store.append(1, message('a', ''), [recipient(1, 1)], undefined);
    await untilTold(() => told.failed.length > 0);
    const { durable } = store;
    assert.ok(durable < batch);
    store.append(2, message('a', ''), [recipient(1, 1)], undefined);
    store.read(1, 0, EVERYTHING, () => assert.fail('it is answered'));
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    await store.close();
    await nextTurn();
    assert.equal(store.durable, durable);
    assert.deepEqual(
      told.failed.map(({ code }) => code),
      ['store-failed'],
    );
    assert.ok(told.durable.every((each) => each < batch));
  });
}
