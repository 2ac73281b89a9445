// What every store must hold, wherever it keeps things. A store's own test hands in a place: stores are made over it one
// after another, and each finds what the one before made durable. Whether the broker makes the right
// changes is for test/broker/ to show.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { millis } from '../../src/base/millis.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import type { Batch, Store } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import {
  anyHistory,
  type Change,
  fullMessage,
  fullWill,
  message,
  recipient,
  record,
  subscription,
} from './store-changes.ts';
import { contractOfMessages } from './store-messages.ts';
import { bare, onlySession, open, type OpenNew, plain, reopened, type StorePlace } from './store-place.ts';

/** Runs the suite for one kind of store. */
export function storeContract(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} keeps the store contract`, { timeout: 30_000 }, () => {
    const places: StorePlace[] = [];
    after(async () => {
      for (const place of places) await place.remove();
    });
    const openNew: OpenNew = async () => {
      const place = await makePlace();
      places.push(place);
      return { place, ...(await open(place)) };
    };
    contractOfDurability(openNew);
    contractOfSessions(openNew);
    contractOfMessages(openNew);
    contractOfTheRest(openNew);
    contractOfHistories(openNew);
  });
}

function contractOfDurability(openNew: OpenNew): void {
  it('a new store is empty, and all that it has not been told yet is durable', async () => {
    const { store, recovered } = await openNew();
    assert.deepEqual(recovered, { sessions: [], retained: [], sessionKeyMax: 0, messageIdMax: 0 });
    assert.equal(store.durable, 0);
    await store.close();
  });

  it('every change belongs to a batch after 0, and batches only grow', async () => {
    const { store } = await openNew();
    let last = 0;
    for (const change of everyChange(store)) {
      const batch = change();
      assert.ok(batch > 0 && batch >= last, `batch ${batch} after ${last}`);
      last = batch;
    }
    await store.close();
  });

  it('every change becomes durable; announcements grow, and none comes from inside a change', async () => {
    const { store, announced, untilDurable } = await openNew();
    let last = 0;
    for (const change of everyChange(store)) {
      const before = announced.length;
      last = change();
      assert.equal(announced.length, before);
    }
    await untilDurable(last);
    assert.ok(store.durable >= last);
    assert.deepEqual(
      announced.toSorted((one, other) => one - other),
      announced,
    );
    await store.close();
  });

  it('what is closed is durable, and has been announced unless it was durable at once', async () => {
    const { store, announced } = await openNew();
    const batch = store.saveSession(record(1));
    const atOnce = store.durable >= batch;
    await store.close();
    assert.ok(store.durable >= batch);
    if (!atOnce) assert.ok((announced.at(-1) ?? 0) >= batch);
  });
}

/** One change of every kind, in an order that makes sense. */
function everyChange(store: Store): readonly (() => Batch)[] {
  return [
    () => store.saveSession(record(1)),
    () => store.saveSession(record(2)),
    () => store.saveSubscription(1, subscription('a')),
    () => store.saveWill(1, fullWill('w')),
    () => store.append(1, message('a', '1'), [recipient(1, 1), recipient(2, 2)], { session: 2, id: packetId(7) }),
    () => store.recordSending(1, 1, packetId(1)),
    () => store.recordSending(2, 1, packetId(1)),
    () => store.recordReceived(2, 1),
    () => store.settle(1, 1),
    () => store.settle(2, 1),
    () => store.recordReleased(2, packetId(7)),
    () => store.saveRetained(message('a', 'r')),
    () => store.deleteRetained('a'),
    () => store.deleteWill(1),
    () => store.deleteSubscription(1, 'a'),
    () => store.deleteSession(1),
  ];
}

function contractOfSessions(openNew: OpenNew): void {
  it('a session comes back as it was saved last', async () => {
    const { place, store } = await openNew();
    const records = [
      { ...record(1), clientId: '__proto__', principal: 'constructor' },
      { ...record(2), clientId: 'µ 漢 🐦 \' " \\ \n %', principal: '' },
      { ...record(3), clientId: '#', principal: undefined, disconnectedAt: millis(1_700_000_000_123) },
      { ...record(40), expiryInterval: millis(36_500 * 24 * 3_600_000) },
    ];
    for (const each of records) store.saveSession({ ...each, expiryInterval: millis(1), disconnectedAt: millis(5) });
    for (const each of records) store.saveSession(each);
    const { sessions, sessionKeyMax } = await reopened(place, store);
    assert.deepEqual(
      sessions,
      plain({
        sessions: records.map((each) => ({
          record: each,
          subscriptions: [],
          deliveries: [],
          exactlyOnceIds: [],
          will: undefined,
        })),
        retained: [],
        sessionKeyMax: 40,
        messageIdMax: 0,
      }).sessions,
    );
    assert.equal(sessionKeyMax, 40);
  });

  it('saving a session again leaves what belongs to it', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    store.saveSubscription(1, subscription('a'));
    store.saveWill(1, fullWill('w'));
    store.append(1, message('a', 'x'), [recipient(1, 1)], { session: 1, id: packetId(9) });
    store.saveSession({ ...record(1), disconnectedAt: millis(5) });
    const session = onlySession(await reopened(place, store));
    assert.equal(session.record.disconnectedAt, 5);
    assert.equal(session.subscriptions.length, 1);
    assert.equal(session.deliveries.length, 1);
    assert.deepEqual(session.exactlyOnceIds, [9]);
    assert.equal(session.will?.topic, 'w');
  });

  it('with a session goes all that belongs to it, and nothing of another', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) {
      store.saveSession(record(key));
      store.saveSubscription(key, subscription('a'));
      store.saveWill(key, fullWill('w'));
    }
    store.append(1, message('a', 'for both'), [recipient(1, 1), recipient(2, 1)], { session: 1, id: packetId(9) });
    store.append(2, message('a', 'for one'), [recipient(1, 2)], { session: 2, id: packetId(9) });
    store.deleteSession(1);
    const { sessions, sessionKeyMax, messageIdMax } = await reopened(place, store);
    const session = onlySession({ sessions, retained: [], sessionKeyMax, messageIdMax });
    assert.equal(session.record.key, 2);
    assert.deepEqual(
      session.deliveries.map((delivery) => delivery.messageId),
      [1],
    );
    assert.deepEqual(session.exactlyOnceIds, [9]);
    assert.equal(session.subscriptions.length, 1);
    assert.equal(session.will?.topic, 'w');
    assert.ok(sessionKeyMax >= 2);
  });

  it('a client that begins anew has a new session under the same identifier', async () => {
    const { place, store } = await openNew();
    store.saveSession({ ...record(1), clientId: 'c' });
    store.saveSubscription(1, subscription('a'));
    store.deleteSession(1);
    store.saveSession({ ...record(2), clientId: 'c' });
    const session = onlySession(await reopened(place, store));
    assert.equal(session.record.key, 2);
    assert.deepEqual(session.subscriptions, []);
  });

  it('a subscription comes back with its options; saved again it is replaced, deleted it is gone', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    store.saveSession(record(2));
    const options = { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 } as const;
    const full = { filter: '$share/__proto__/µ/+/#', options, identifier: 268_435_455 };
    store.saveSubscription(1, subscription(full.filter));
    store.saveSubscription(1, full);
    for (const filter of ['a', 'A', 'a/', '#']) store.saveSubscription(1, subscription(filter));
    store.saveSubscription(2, subscription('a'));
    store.deleteSubscription(1, 'a');
    const [one, two] = (await reopened(place, store)).sessions;
    assert.deepEqual(
      one?.subscriptions,
      ['#', full.filter, 'A', 'a/'].map((filter) => (filter === full.filter ? full : subscription(filter))),
    );
    assert.deepEqual(two?.subscriptions, [subscription('a')]);
  });

  it('a Will comes back whole; saved again it is replaced, deleted it is gone, and deleting none does no harm', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2, 3]) store.saveSession(record(key));
    store.saveWill(1, { ...fullWill('old'), qos: 0 });
    store.saveWill(1, fullWill('new'));
    store.saveWill(2, fullWill('w'));
    store.deleteWill(2);
    store.deleteWill(3);
    const { sessions } = await reopened(place, store);
    const expected = plain({
      sessions: [{ ...bare(1), will: fullWill('new') }, bare(2), bare(3)],
      retained: [],
      sessionKeyMax: 3,
      messageIdMax: 0,
    });
    assert.deepEqual(sessions, expected.sessions);
  });
}

function contractOfTheRest(openNew: OpenNew): void {
  it('a retained message comes back whole; each topic has one, the last', async () => {
    const { place, store } = await openNew();
    const topics = ['a', 'A', 'a/', '/a', '__proto__', 'constructor', 'µ/漢', 'x'.repeat(65_535)];
    for (const topic of topics) store.saveRetained(message(topic, 'old'));
    for (const topic of topics) store.saveRetained({ ...fullMessage(topic), retain: true });
    store.saveRetained(message('gone', 'x'));
    store.deleteRetained('gone');
    store.deleteRetained('A');
    const { retained } = await reopened(place, store);
    const expected = topics.filter((topic) => topic !== 'A').map((topic) => ({ ...fullMessage(topic), retain: true }));
    assert.deepEqual(retained, plain({ sessions: [], retained: expected, sessionKeyMax: 0, messageIdMax: 0 }).retained);
  });

  it('what a store found it still has: the next one finds it, too, and what came since', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    store.append(1, message('a', '1'), [recipient(1, 1)], undefined);
    await store.close();
    const second = await open(place);
    second.store.append(second.recovered.messageIdMax + 1, message('a', '2'), [recipient(1, 1)], undefined);
    second.store.recordSending(1, 1, packetId(3));
    const { deliveries } = onlySession(await reopened(place, second.store));
    assert.deepEqual(
      deliveries.map((delivery) => [delivery.message.topic, delivery.state]),
      [
        ['a', 'awaiting-puback'],
        ['a', 'queued'],
      ],
    );
  });
}

function contractOfHistories(openNew: OpenNew): void {
  it('after any history of changes it finds what the store in memory finds', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history: readonly (readonly Change[])[]) => {
        const { place, store: first } = await openNew();
        const model = new MemoryStore();
        let store = first;
        for (const changes of history) {
          for (const change of changes) {
            change(store);
            change(model);
          }
          await store.close();
          const next = await open(place);
          store = next.store;
          const expected = plain(await model.open(() => {}));
          const found = plain(next.recovered);
          // The highest number that is still in use is enough, and any above it will do.
          assert.ok(found.sessionKeyMax >= Math.max(0, ...found.sessions.map((session) => session.record.key)));
          assert.deepEqual(
            { ...found, sessionKeyMax: 0, messageIdMax: 0 },
            { ...expected, sessionKeyMax: 0, messageIdMax: 0 },
          );
        }
        await store.close();
      }),
      { numRuns: 60 },
    );
  });
}
