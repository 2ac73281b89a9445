// The part of the suite for stores that is about sessions, subscriptions, groups, Wills, retained messages and the
// statistics over all of it.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { millis } from '../../src/base/millis.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import type { Store } from '../../src/store/contract.ts';
import { bare, type Contents, onlySession, plain, reopened } from './store-contents.ts';
import { open, type OpenNew } from './store-place.ts';
import { fullMessage, fullWill, group, message, recipient, record, subscription } from './store-samples.ts';

const NOTHING: Contents = { sessions: [], groups: [], wills: [], retained: [] };

/** What every store holds about sessions and what stands beside them. */
export function contractOfSessions(openNew: OpenNew): void {
  contractOfRecords(openNew);
  contractOfWills(openNew);
  contractOfTheRest(openNew);
}

function contractOfRecords(openNew: OpenNew): void {
  it('a session comes back as it was saved last', async () => {
    const { place, store } = await openNew();
    const records = [
      { ...record(1), clientId: '__proto__', principal: 'constructor' },
      { ...record(2), clientId: 'µ 漢 🐦 \' " \\ \n %', principal: '' },
      { ...record(3), clientId: '#', principal: undefined, disconnectedAt: millis(123) },
      { ...record(40), expiryInterval: millis(36_500 * 24 * 3_600_000) },
    ];
    for (const each of records) store.saveSession({ ...each, expiryInterval: millis(1), disconnectedAt: millis(5) });
    for (const each of records) store.saveSession(each);
    const { sessions } = await reopened(place, store);
    const expected = records.map((each) => ({ ...bare(each.key), record: each }));
    assert.deepEqual(sessions, plain({ ...NOTHING, sessions: expected }).sessions);
  });

  it('the moment when a connection ended comes back on a clock that stands still, also from the past and twice', async () => {
    const { place, store } = await openNew();
    const moments = [-86_400_000, 0, 1, 1_700_000_000_123];
    for (const [index, moment] of moments.entries())
      store.saveSession({ ...record(index + 1), disconnectedAt: millis(moment) });
    await store.close();
    for (let time = 0; time < 3; time++) {
      const { store: next, recovered } = await open(place);
      const found = recovered.sessions.toSorted((one, other) => one.record.key - other.record.key);
      assert.deepEqual(
        found.map(({ record: { disconnectedAt } }) => disconnectedAt),
        moments,
      );
      await next.close();
    }
  });

  it('no number in use is above what it says is the highest: of sessions, groups, Wills and messages', async () => {
    const { place, store } = await openNew();
    const claimAtLeast = async (recipientKey: number, messageId: number): Promise<Store> => {
      const { store: next, recovered } = await open(place);
      assert.ok(recovered.recipientKeyMax >= recipientKey, `${recovered.recipientKeyMax} for ${recipientKey}`);
      assert.ok(recovered.messageIdMax >= messageId, `${recovered.messageIdMax} for ${messageId}`);
      return next;
    };
    store.saveSession(record(70_000));
    store.append(3_000_000_000, message('a', ''), [recipient(70_000, 1)], undefined);
    await store.close();
    const second = await claimAtLeast(70_000, 3_000_000_000);
    second.saveGroup(group(70_001));
    await second.close();
    const third = await claimAtLeast(70_001, 3_000_000_000);
    third.saveWill(5_000_000_000, fullWill('w'));
    third.append(2 ** 53 - 2, message('a', ''), [recipient(70_001, 1)], undefined);
    await third.close();
    await (await claimAtLeast(5_000_000_000, 2 ** 53 - 2)).close();
  });

  it('the number of a message that was durable is not above the highest, whatever became of it, as long as its recipient lives', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(7));
    for (let id = 1; id <= 9; id++) store.append(id, message('a', ''), [recipient(7, 1)], undefined);
    await store.close();
    const { store: second } = await open(place);
    for (let id = 1; id <= 9; id++) second.settle(7, id);
    await second.close();
    for (let time = 0; time < 3; time++) {
      const { store: next, recovered } = await open(place);
      assert.deepEqual(next.statistics().messages, 0);
      assert.ok(recovered.messageIdMax >= 9, `${recovered.messageIdMax} at start ${time}`);
      await next.close();
    }
  });

  it('saving a session again leaves what belongs to it', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    store.saveSubscription(1, subscription('a'));
    store.saveWill(1, fullWill('w'));
    for (const id of [1, 2])
      store.append(id, message('a', 'x'), [recipient(1, 1)], { session: 1, id: packetId(8 + id) });
    store.recordSending(1, 1, packetId(5));
    store.saveSession({ ...record(1), disconnectedAt: millis(5) });
    const found = await reopened(place, store);
    const session = onlySession(found);
    assert.equal(session.record.disconnectedAt, 5);
    assert.equal(session.subscriptions.length, 1);
    assert.equal(session.inFlight.length, 1);
    assert.equal(session.queue.length, 1);
    assert.deepEqual(session.exactlyOnceIds, [9, 10]);
    assert.equal(found.wills.length, 1);
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
    store.append(3, message('a', 'sent to both'), [recipient(1, 2), recipient(2, 2)], undefined);
    for (const key of [1, 2]) store.recordSending(key, 3, packetId(1));
    store.deleteSession(1);
    const found = await reopened(place, store);
    const session = onlySession(found);
    assert.equal(session.record.key, 2);
    assert.deepEqual(
      session.queue.map((delivery) => delivery.messageId),
      [1],
    );
    assert.deepEqual(
      session.inFlight.map((delivery) => delivery.messageId),
      [3],
    );
    assert.deepEqual(session.exactlyOnceIds, [9]);
    assert.equal(session.subscriptions.length, 1);
    assert.deepEqual(
      found.wills.map((will) => will.key),
      [2],
    );
  });

  it('a client that begins anew has a new session under the same identifier', async () => {
    const { place, store } = await openNew();
    store.saveSession({ ...record(1), clientId: 'c' });
    store.saveSubscription(1, subscription('a'));
    store.append(1, message('a', ''), [recipient(1, 1)], undefined);
    store.deleteSession(1);
    store.saveSession({ ...record(2), clientId: 'c' });
    const expected = { ...bare(2), record: { ...record(2), clientId: 'c' } };
    assert.deepEqual(await reopened(place, store), plain({ ...NOTHING, sessions: [expected] }));
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

  it('a group comes back under its filter; with it goes what waits for it, and nothing of a session', async () => {
    const { place, store } = await openNew();
    const filters = ['$share/__proto__/µ/+/#', '$share/g/'];
    for (const [index, filter] of filters.entries()) store.saveGroup({ key: index + 1, filter });
    store.saveSession(record(3));
    const all = [1, 2, 3].map((key) => recipient(key, 1));
    for (const id of [1, 2]) store.append(id, message('a', ''), all, undefined);
    store.settle(2, 1);
    store.deleteGroup(1);
    const { groups, sessions } = await reopened(place, store);
    assert.deepEqual(
      groups.map(({ record: { key, filter }, queue }) => [key, filter, queue.map(({ messageId }) => messageId)]),
      [[2, filters[1], [2]]],
    );
    assert.equal(sessions[0]?.queue.length, 2);
  });
}

function contractOfWills(openNew: OpenNew): void {
  it('a Will comes back whole; saved again it is replaced, deleted it is gone, and deleting none does no harm', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2, 3]) store.saveSession(record(key));
    const old = fullWill('old');
    store.saveWill(1, { ...old, principal: undefined, will: { ...old.will, qos: 0 } });
    store.saveWill(1, fullWill('new'));
    store.saveWill(2, fullWill('w'));
    store.deleteWill(2);
    store.deleteWill(3);
    const expected = { sessions: [bare(1), bare(2), bare(3)], wills: [{ key: 1, ...fullWill('new') }] };
    assert.deepEqual(await reopened(place, store), plain({ ...NOTHING, ...expected }));
  });

  it('a Will without a session comes back, and goes by itself', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(2));
    const anonymous = { ...fullWill('one'), clientId: 'shared name', principal: undefined };
    store.saveWill(1, anonymous);
    store.saveWill(3, { ...fullWill('three'), clientId: 'shared name' });
    store.saveWill(4, fullWill('four'));
    store.deleteWill(4);
    store.deleteSession(2);
    await store.close();
    const second = (await open(place)).store;
    second.deleteWill(3);
    assert.deepEqual(await reopened(place, second), plain({ ...NOTHING, wills: [{ key: 1, ...anonymous }] }));
  });
}

function contractOfTheRest(openNew: OpenNew): void {
  it('a retained message comes back whole; each topic has one, the last', async () => {
    const { place, store } = await openNew();
    const topics = ['a', 'A', 'a/', '/a', '__proto__', 'constructor', 'µ/漢', 'x'.repeat(65_535)];
    for (const topic of topics) store.saveRetained(message(topic, 'old'));
    for (const topic of topics) store.saveRetained(fullMessage(topic));
    store.saveRetained(message('gone', 'x'));
    store.deleteRetained('gone');
    store.deleteRetained('A');
    const retained = topics.filter((topic) => topic !== 'A').map(fullMessage);
    assert.deepEqual(await reopened(place, store), plain({ ...NOTHING, retained }));
  });

  it('thousands of retained messages come back, all before the store is open, and it says how far it is', async () => {
    const { place, store } = await openNew();
    for (let n = 0; n < 5_000; n++) store.saveRetained({ ...message(`t/${n}`, `${n}`), retain: true });
    await store.close();
    const { store: next, told } = await open(place);
    const found = told.retained.toSorted((one, other) => Number(one.topic.slice(2)) - Number(other.topic.slice(2)));
    assert.equal(found.length, 5_000);
    for (const [index, { topic, payload, retain }] of found.entries())
      assert.deepEqual([topic, Buffer.from(payload).toString(), retain], [`t/${index}`, `${index}`, true]);
    assert.ok(told.opening.every((share, index) => share >= (told.opening[index - 1] ?? 0) && share <= 1));
    const before = told.retained.length;
    next.saveRetained(message('t/0', 'new'));
    await next.close();
    assert.equal(told.retained.length, before);
  });

  it('the statistics say what is there, once it is durable', async () => {
    const { place, store, untilDurable } = await openNew();
    for (const key of [1, 2, 3]) store.saveSession(record(key));
    for (const key of [4, 5]) store.saveGroup(group(key));
    for (const key of [1, 2, 9]) store.saveWill(key, fullWill('w'));
    for (const topic of ['a', 'b']) store.saveRetained(fullMessage(topic));
    store.append(
      1,
      message('a', ''),
      [1, 2, 4].map((key) => recipient(key, 1)),
      undefined,
    );
    store.append(2, message('a', ''), [recipient(3, 1)], undefined);
    store.append(
      3,
      message('a', ''),
      [1, 3].map((key) => recipient(key, 2)),
      undefined,
    );
    store.append(4, message('a', ''), [], { session: 1, id: packetId(1) });
    await untilDurable(store.append(5, message('a', ''), [recipient(3, 1)], undefined));
    store.settle(3, 5);
    store.settle(1, 1);
    store.settle(2, 1);
    store.deleteSession(2);
    store.deleteGroup(5);
    store.deleteRetained('b');
    await untilDurable(store.recordSending(3, 2, packetId(1)));
    const expected = { sessions: 2, groups: 1, retained: 1, wills: 2, messages: 3, deliveries: 4 };
    const before = store.statistics();
    assert.deepEqual({ ...before, ...expected }, before);
    assert.ok(before.commits > 0 && before.commitMillisMax >= before.commitMillisLast && before.commitMillisLast >= 0);
    assert.ok(before.fileBytes >= before.logBytes);
    await store.close();
    const { store: next } = await open(place);
    const after = next.statistics();
    assert.deepEqual({ ...after, ...expected }, after);
    await next.close();
  });
}
