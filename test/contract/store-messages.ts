// The part of the suite for stores that is about messages: who is owed them, how far each delivery has come, and
// which QoS 2 identifiers are in use.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { millis } from '../../src/base/millis.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import type { Recipient } from '../../src/store/contract.ts';
import { bare, type Contents, onlySession, plain, reopened, textual } from './store-contents.ts';
import { EVERYTHING, nextTurn, type OpenNew, open, readPage } from './store-place.ts';
import { fullMessage, group, message, recipient, record } from './store-samples.ts';

const NOTHING: Contents = { sessions: [], groups: [], wills: [], retained: [] };

/** What every store holds about messages. */
export function contractOfMessages(openNew: OpenNew): void {
  contractOfDeliveries(openNew);
  contractOfIdentifiers(openNew);
}

function contractOfDeliveries(openNew: OpenNew): void {
  it('a message comes back whole, for each recipient as it is owed, queued and in flight', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    store.saveGroup(group(3));
    const one = { ...recipient(1, 1), retain: true, subscriptionIdentifiers: [3, 1, 268_435_455] };
    const two = { ...recipient(2, 2), sharedFilter: '$share/g/µ/#' };
    const three = { ...recipient(3, 2), subscriptionIdentifiers: [] };
    const past = { ...message('µ/past', 'x'), expiresAt: millis(-5), qos: 2 } as const;
    store.append(1, fullMessage('µ/x'), [one, two, three], undefined);
    store.append(2, message('empty', ''), [one], undefined);
    store.append(3, past, [two, three], undefined);
    store.recordSending(2, 1, packetId(9));
    const { key: _, ...first } = one;
    const { key: __, ...second } = two;
    const { key: ___, ...third } = three;
    const full = { messageId: 1, message: fullMessage('µ/x') };
    const expected: Contents = {
      ...NOTHING,
      sessions: [
        {
          ...bare(1),
          queue: [
            { ...full, ...first },
            { messageId: 2, message: message('empty', ''), ...first },
          ],
        },
        {
          ...bare(2),
          inFlight: [{ ...full, ...second, state: 'awaiting-pubrec', id: packetId(9) }],
          queue: [{ messageId: 3, message: past, ...second }],
        },
      ],
      groups: [
        {
          record: group(3),
          queue: [
            { ...full, ...third },
            { messageId: 3, message: past, ...third },
          ],
        },
      ],
    };
    const page = await readPage(store, 3, 0, EVERYTHING);
    assert.deepEqual(textual(page.deliveries), textual(expected.groups[0]?.queue));
    assert.deepEqual(await reopened(place, store), plain(expected));
  });

  it('the same array of recipients again means the same as an equal one', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    const route: readonly Recipient[] = [{ ...recipient(1, 2), subscriptionIdentifiers: [7] }, recipient(2, 1)];
    const other: readonly Recipient[] = [recipient(2, 1)];
    for (let id = 1; id <= 6; id++) store.append(id, message('a', `${id}`), id % 3 === 0 ? other : route, undefined);
    store.append(7, message('a', '7'), Array.from(route), undefined);
    const { sessions } = await reopened(place, store);
    assert.deepEqual(
      sessions.map(({ queue }) =>
        queue.map(({ messageId, qos, subscriptionIdentifiers: [id = 0] }) => `${messageId} ${qos} ${id}`),
      ),
      [
        ['1 2 7', '2 2 7', '4 2 7', '5 2 7', '7 2 7'],
        ['1 1 0', '2 1 0', '3 1 0', '4 1 0', '5 1 0', '6 1 0', '7 1 0'],
      ],
    );
  });

  it('a delivery comes back where it stood, under its packet identifier', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (const id of [1, 2, 3, 4, 5])
      store.append(id, message('a', `${id}`), [recipient(1, id === 1 || id === 4 ? 1 : 2)], undefined);
    store.recordSending(1, 1, packetId(65_535));
    store.recordSending(1, 2, packetId(2));
    store.recordSending(1, 3, packetId(1));
    store.recordReceived(1, 3);
    const { inFlight, queue } = onlySession(await reopened(place, store));
    assert.deepEqual(
      inFlight.map(({ messageId, qos, state, id }) => [messageId, qos, state, id]),
      [
        [3, 2, 'awaiting-pubcomp', 1],
        [1, 1, 'awaiting-puback', 65_535],
        [2, 2, 'awaiting-pubrec', 2],
      ],
    );
    assert.deepEqual(
      queue.map(({ messageId, qos }) => [messageId, qos]),
      [
        [4, 1],
        [5, 2],
      ],
    );
  });

  it('deliveries in flight come back those past PUBREC first, in order of PUBREC, then the others in order of sending', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 9; id++) store.append(id, message('a', `${id}`), [recipient(1, 2)], undefined);
    for (const id of [5, 2, 9, 1, 7]) store.recordSending(1, id, packetId(id));
    for (const id of [9, 5]) store.recordReceived(1, id);
    const { inFlight, queue } = onlySession(await reopened(place, store));
    assert.deepEqual(
      inFlight.map((delivery) => delivery.messageId),
      [9, 5, 2, 1, 7],
    );
    assert.deepEqual(
      queue.map((delivery) => delivery.messageId),
      [3, 4, 6, 8],
    );
  });

  it('the order of what is in flight goes on where it was after a reopen', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 6; id++) store.append(id, message('a', ''), [recipient(1, 2)], undefined);
    for (const id of [3, 1, 2]) store.recordSending(1, id, packetId(id));
    store.recordReceived(1, 2);
    await store.close();
    const { store: next } = await open(place);
    next.recordSending(1, 5, packetId(5));
    next.recordReceived(1, 1);
    next.recordSending(1, 4, packetId(4));
    const { inFlight } = onlySession(await reopened(place, next));
    assert.deepEqual(
      inFlight.map((delivery) => delivery.messageId),
      [2, 1, 3, 5, 4],
    );
  });

  it('a delivery that is settled is gone, in whatever state, and the others of the message are not', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    const both = [recipient(1, 2), recipient(2, 2)];
    for (const id of [1, 2, 3]) store.append(id, message('a', `${id}`), both, undefined);
    store.recordSending(1, 1, packetId(1));
    store.recordSending(1, 2, packetId(2));
    store.recordReceived(1, 2);
    for (const id of [1, 2, 3]) store.settle(1, id);
    const { sessions } = await reopened(place, store);
    assert.deepEqual(
      sessions.map(({ inFlight, queue }) => [inFlight.length, queue.map((delivery) => delivery.messageId)]),
      [
        [0, []],
        [0, [1, 2, 3]],
      ],
    );
  });

  it('deliveries are settled in any order, each for itself', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 60; id++) store.append(id, message('a', `${id}`), [recipient(1, 1)], undefined);
    for (let id = 1; id <= 40; id++) store.recordSending(1, id, packetId(100 + id));
    // 7 and 61 have no common divisor: a walk over all numbers from 1 to 60, not in order.
    const order = Array.from({ length: 60 }, (_, n) => ((n + 1) * 7) % 61);
    for (const id of order.slice(0, 20)) store.settle(1, id);
    const left = new Set(order.slice(20));
    const session = onlySession(await reopened(place, store));
    assert.deepEqual(
      session.inFlight.map(({ messageId, id }) => [messageId, id]),
      Array.from({ length: 40 }, (_, n) => [n + 1, n + 101]).filter(([id]) => left.has(id ?? 0)),
    );
    const { store: next } = await open(place);
    for (const id of order.slice(20, 59)) next.settle(1, id);
    const { inFlight, queue } = onlySession(await reopened(place, next));
    assert.deepEqual(
      [...inFlight, ...queue].map(({ messageId }) => messageId),
      order.slice(59),
    );
  });

  it('what was settled ahead of a delivery that never is stays settled, however far ahead', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    const recipients = [recipient(1, 1)];
    store.append(1, message('a', 'slow'), recipients, undefined);
    store.recordSending(1, 1, packetId(65_535));
    for (let id = 2; id <= 70_000; id++) {
      store.append(id, message('a', ''), recipients, undefined);
      store.recordSending(1, id, packetId((id % 65_534) + 1));
      if (id % 30_000 !== 0) store.settle(1, id);
      if (id % 10_000 === 0) await nextTurn();
    }
    store.append(70_001, message('a', ''), recipients, undefined);
    const { inFlight, queue } = onlySession(await reopened(place, store));
    assert.deepEqual(
      inFlight.map(({ messageId }) => messageId),
      [1, 30_000, 60_000],
    );
    assert.deepEqual(
      queue.map(({ messageId }) => messageId),
      [70_001],
    );
  });

  it('a message of many megabytes comes back whole, and so does what stands beside it', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    const payload = Buffer.alloc(9_000_000);
    for (let at = 0; at < payload.length; at += 997) payload[at] = at % 251;
    store.append(1, message('a', 'before'), [recipient(1, 1)], undefined);
    store.append(2, { ...message('a', ''), payload }, [recipient(1, 1)], undefined);
    store.append(3, message('a', 'after'), [recipient(1, 1)], undefined);
    await store.close();
    const { store: next } = await open(place);
    const { deliveries } = await readPage(next, 1, 0, EVERYTHING);
    assert.deepEqual(
      deliveries.map((each) => each.message.payload.length),
      [6, 9_000_000, 5],
    );
    assert.ok(payload.equals(deliveries[1]?.message.payload ?? new Uint8Array()));
    await next.close();
  });

  it('what a group waits for goes over to a member under a new number, in one turn', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    store.saveGroup(group(2));
    for (const id of [1, 2, 3]) store.append(id, message('a', `${id}`), [recipient(2, 2)], undefined);
    const taken = { ...recipient(1, 2), sharedFilter: group(2).filter };
    store.append(4, message('a', '2'), [taken], undefined);
    store.settle(2, 2);
    store.recordSending(1, 4, packetId(1));
    const { sessions, groups } = await reopened(place, store);
    assert.deepEqual(
      sessions[0]?.inFlight.map(({ messageId, sharedFilter }) => [messageId, sharedFilter]),
      [[4, group(2).filter]],
    );
    assert.deepEqual(
      groups[0]?.queue.map(({ messageId }) => messageId),
      [1, 3],
    );
  });
}

function contractOfIdentifiers(openNew: OpenNew): void {
  it('the identifier of a QoS 2 message is remembered until its release, even if nobody is owed the message', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    const twice = { ...message('a', ''), qos: 2 } as const;
    store.append(1, twice, [], { session: 1, id: packetId(65_535) });
    store.append(2, twice, [recipient(2, 1)], { session: 1, id: packetId(1) });
    store.append(3, twice, [], { session: 2, id: packetId(1) });
    store.settle(2, 2);
    store.recordReleased(1, packetId(1));
    const { sessions } = await reopened(place, store);
    assert.deepEqual(sessions, [
      ...plain({ ...NOTHING, sessions: [{ ...bare(1), exactlyOnceIds: [packetId(65_535)] }] }).sessions,
      ...plain({ ...NOTHING, sessions: [{ ...bare(2), exactlyOnceIds: [packetId(1)] }] }).sessions,
    ]);
  });

  it('an identifier that was released may come again', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (const id of [1, 2]) {
      store.append(id, { ...message('a', ''), qos: 2 }, [], { session: 1, id: packetId(5) });
      if (id === 1) store.recordReleased(1, packetId(5));
    }
    assert.deepEqual(onlySession(await reopened(place, store)).exactlyOnceIds, [5]);
  });

  it('every identifier may be in use, and any of them is released', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 65_535; id++)
      store.append(id, { ...message('a', ''), qos: 2 }, [], { session: 1, id: packetId(id) });
    for (let id = 3; id <= 65_535; id += 3) store.recordReleased(1, packetId(id));
    const { exactlyOnceIds } = onlySession(await reopened(place, store));
    assert.equal(exactlyOnceIds.length, 43_690);
    assert.ok(exactlyOnceIds.every((id) => id % 3 !== 0));
  });
}
