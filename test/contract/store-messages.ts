// The part of the suite for stores that is about messages: who is owed them, how far each delivery has come, and
// which QoS 2 identifiers are in use.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { fullMessage, message, recipient, record } from './store-changes.ts';
import { bare, type OpenNew, onlySession, plain, reopened } from './store-place.ts';

/** What every store holds about messages. */
export function contractOfMessages(openNew: OpenNew): void {
  it('a message comes back whole, for each of its sessions as it is owed', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    const one = { ...recipient(1, 1), retain: true, subscriptionIdentifiers: [3, 1, 268_435_455] };
    const two = { ...recipient(2, 2), sharedFilter: '$share/g/µ/#' };
    store.append(1, fullMessage('µ/x'), [one, two], undefined);
    store.append(2, message('empty', ''), [one], undefined);
    const { sessions, messageIdMax } = await reopened(place, store);
    const owed = { state: 'queued', id: undefined } as const;
    const full = { messageId: 1, message: fullMessage('µ/x'), ...owed };
    const expected = plain({
      sessions: [
        {
          ...bare(1),
          deliveries: [
            { ...full, qos: 1, retain: true, subscriptionIdentifiers: one.subscriptionIdentifiers, sharedFilter: '' },
            {
              ...full,
              messageId: 2,
              message: message('empty', ''),
              qos: 1,
              retain: true,
              subscriptionIdentifiers: one.subscriptionIdentifiers,
              sharedFilter: '',
            },
          ],
        },
        {
          ...bare(2),
          deliveries: [{ ...full, qos: 2, retain: false, subscriptionIdentifiers: [], sharedFilter: two.sharedFilter }],
        },
      ],
      retained: [],
      sessionKeyMax: 2,
      messageIdMax: 2,
    });
    assert.deepEqual(sessions, expected.sessions);
    assert.ok(messageIdMax >= 2);
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
    const { deliveries } = onlySession(await reopened(place, store));
    assert.deepEqual(
      deliveries.map(({ messageId, qos, state, id }) => [messageId, qos, state, id]),
      [
        [3, 2, 'awaiting-pubcomp', 1],
        [1, 1, 'awaiting-puback', 65_535],
        [2, 2, 'awaiting-pubrec', 2],
        [4, 1, 'queued', 'undefined'],
        [5, 2, 'queued', 'undefined'],
      ],
    );
  });

  it('deliveries in flight come back in order of sending, those past PUBREC in order of PUBREC, then the queue in order of publication', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 9; id++) store.append(id, message('a', `${id}`), [recipient(1, 2)], undefined);
    for (const id of [5, 2, 9, 1, 7]) store.recordSending(1, id, packetId(id));
    for (const id of [9, 5]) store.recordReceived(1, id);
    const { deliveries } = onlySession(await reopened(place, store));
    assert.deepEqual(
      deliveries.map((delivery) => delivery.messageId),
      [9, 5, 2, 1, 7, 3, 4, 6, 8],
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
      sessions.map((session) => session.deliveries.map((delivery) => delivery.messageId)),
      [[], [1, 2, 3]],
    );
  });

  it('the identifier of a QoS 2 message is remembered until its release, even if nobody is owed the message', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    store.append(1, message('a', ''), [], { session: 1, id: packetId(65_535) });
    store.append(2, message('a', ''), [recipient(2, 1)], { session: 1, id: packetId(1) });
    store.append(3, message('a', ''), [], { session: 2, id: packetId(1) });
    store.settle(2, 2);
    store.recordReleased(1, packetId(1));
    const { sessions, messageIdMax } = await reopened(place, store);
    assert.deepEqual(
      sessions.map((session) => session.exactlyOnceIds),
      [[65_535], [1]],
    );
    assert.deepEqual(
      sessions.flatMap((session) => session.deliveries),
      [],
    );
    assert.ok(messageIdMax <= 3);
  });

  it('an identifier that was released may come again', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (const id of [1, 2]) {
      store.append(id, message('a', ''), [], { session: 1, id: packetId(5) });
      if (id === 1) store.recordReleased(1, packetId(5));
    }
    assert.deepEqual(onlySession(await reopened(place, store)).exactlyOnceIds, [5]);
  });

  it('a thousand messages for one session come back in order', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 1_000; id++)
      store.append(id, message(`t/${id % 10}`, 'x'.repeat(id)), [recipient(1, 1)], undefined);
    const { deliveries } = onlySession(await reopened(place, store));
    assert.deepEqual(
      deliveries.map((delivery) => delivery.messageId),
      Array.from({ length: 1_000 }, (_, n) => n + 1),
    );
  });
}
