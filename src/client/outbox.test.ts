// What becomes of messages between `publish` and the broker: places and the line for them, `stored`, giving up, expiry, and who is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemoryStore } from '../store/memory/memory-store.ts';
import type { Client, PublishOptions } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import { answer, connected, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { stateOf } from './watching.arbitrary.ts';

const QOS_1: PublishOptions = { qos: 1 };

/** A client with a store that becomes durable only when told, and its CONNACK. */
async function withLateStore(
  options: ConnectOptions = {},
): Promise<{ client: Client; broker: ScriptedBroker; store: MemoryStore; commit: () => Promise<void> }> {
  const broker = new ScriptedBroker(options.version);
  const store = new MemoryStore({ announces: 'when-told' });
  broker.stores.set('state', store);
  const connecting = connect({ store: 'state', ...options }, broker.parts);
  const commit = async (): Promise<void> => {
    store.announce(store.written);
    await turn();
  };
  await turn();
  await commit();
  await broker.accept();
  return { client: await connecting, broker, store, commit };
}

// Places.

test('beyond outboxMessagesMax messages wait in line, and come in as others are settled, in the order of the calls', async () => {
  const { client, broker } = await connected({ outboxMessagesMax: 2 });
  const publishings = ['a', 'b', 'c', 'd'].map((topic) => client.publish(topic, topic, QOS_1));
  const stored = publishings.map((each) => each.stored);
  assert.equal(client.unsettledCount, 4);
  broker.expect('PUBLISH a QoS 1 id 1 "a"', 'PUBLISH b QoS 1 id 2 "b"');
  assert.deepEqual(await Promise.all(stored.map(stateOf)), ['fulfilled', 'fulfilled', 'pending', 'pending']);
  broker.send(answer('puback', 2)).expect('PUBLISH c QoS 1 id 3 "c"');
  assert.deepEqual(await Promise.all(stored.map(stateOf)), ['fulfilled', 'fulfilled', 'fulfilled', 'pending']);
  broker.send(answer('puback', 1), answer('puback', 3)).expect('PUBLISH d QoS 1 id 4 "d"');
  assert.equal(client.unsettledCount, 1);
});

test('outboxBytesMax counts payload; a message that is larger than that goes when it is alone', async () => {
  const { client, broker } = await connected({ outboxBytesMax: 10 });
  for (const topic of ['a', 'b', 'c']) void client.publish(topic, 'xxxxx', QOS_1);
  void client.publish('d', 'x'.repeat(11), QOS_1);
  void client.publish('e', '', QOS_1);
  broker.expect('PUBLISH a QoS 1 id 1 "xxxxx"', 'PUBLISH b QoS 1 id 2 "xxxxx"');
  broker.send(answer('puback', 1)).expect('PUBLISH c QoS 1 id 3 "xxxxx"');
  broker.send(answer('puback', 2)).expect();
  broker.send(answer('puback', 3)).expect('PUBLISH d QoS 1 id 4 "xxxxxxxxxxx"');
  broker.send(answer('puback', 4)).expect('PUBLISH e QoS 1 id 5 ""');
});

test('ready is fulfilled at once while there is room, also where nobody is connected, and when the client ends', async () => {
  const { client, broker } = await connected({ outboxMessagesMax: 1 });
  broker.cut();
  await client.ready();
  client.publish('a', '', QOS_1).catch(() => undefined);
  const ready = client.ready();
  assert.equal(await stateOf(ready), 'pending');
  await client.disconnect();
  await ready;
});

test('a store that has no room lets nobody in; when it has room again, the line goes on in order', async () => {
  const { client, broker, store } = await withLateStore();
  store.announceFull(true);
  const first = client.publish('a', 'A', QOS_1);
  void client.publish('b', 'B', QOS_1);
  const ready = client.ready();
  assert.deepEqual([await stateOf(first.stored), await stateOf(ready)], ['pending', 'pending']);
  broker.expect();
  store.announceFull(false);
  broker.expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"');
  await ready;
});

test('while much waits for the disk, nothing more is accepted; when it is durable, the line goes on', async () => {
  const { client, broker, store, commit } = await withLateStore({ inFlightMax: 1 });
  const payload = new Uint8Array(900_000);
  for (let count = 0; count < 20; count++) void client.publish('a', payload, QOS_1);
  const last = client.publish('a', payload, QOS_1);
  assert.ok(store.lateBytes < 20 * payload.length, 'no more than 19 of them wait');
  assert.equal(await stateOf(last.stored), 'pending');
  await commit();
  assert.equal(await stateOf(last.stored), 'pending');
  await commit();
  assert.equal(await stateOf(last.stored), 'fulfilled');
  assert.equal(client.unsettledCount, 21);
  broker.cut();
});

// `stored`.

test('`stored` is fulfilled whether it is asked for early or late, for every QoS', async () => {
  const { client, broker } = await connected();
  for (const qos of [0, 1, 2] as const) {
    const publishing = client.publish('a', '', { qos });
    await publishing.stored;
    if (qos === 1) broker.send(answer('puback', 1));
    if (qos === 2) broker.send(answer('pubrec', 2), answer('pubcomp', 2));
    await publishing;
    await publishing.stored;
  }
});

test('`stored` of QoS 0 is fulfilled when it is taken, however long the network takes', async () => {
  const { client, broker } = await connected();
  broker.unread = 2_000_000;
  const publishing = client.publish('a', '', { qos: 0 });
  await publishing.stored;
  assert.equal(await stateOf(publishing), 'pending');
  broker.drain();
  await publishing;
});

test('with a store, `stored` is fulfilled when the message is durable, asked for before or after', async () => {
  const { client, broker, store, commit } = await withLateStore();
  const early = client.publish('a', 'A', QOS_1);
  const asked = early.stored;
  const other = client.publish('b', 'B', QOS_1);
  assert.deepEqual([await stateOf(asked), await stateOf(other.stored)], ['pending', 'pending']);
  // QoS 1 waits for nothing.
  broker.expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"').send(answer('puback', 1));
  await early;
  assert.equal(await stateOf(asked), 'pending', 'that it is settled does not say that it was stored');
  store.announce(store.durable + 1);
  assert.deepEqual([await stateOf(asked), await stateOf(other.stored)], ['fulfilled', 'pending']);
  await commit();
  await other.stored;
});

test('`stored` is rejected, with the reason, of what never has a place: refused, given up, or left in line at the end', async () => {
  const { client, broker } = await connected({ outboxMessagesMax: 1 });
  const refused = client.publish('a/#', '', QOS_1);
  assert.deepEqual([await stateOf(refused.stored), await stateOf(refused)], ['invalid-argument', 'invalid-argument']);
  const controller = new AbortController();
  void client.publish('a', 'A', QOS_1).catch(() => undefined);
  const abandoned = client.publish('b', '', { qos: 1, signal: controller.signal });
  const left = client.publish('c', '', QOS_1);
  const asked = [abandoned.stored, left.stored];
  controller.abort(new Error('enough'));
  await client.disconnect();
  assert.deepEqual(await Promise.all(asked.map(stateOf)), ['enough', 'closed']);
  assert.deepEqual(await Promise.all([abandoned, abandoned.stored, left, left.stored].map(stateOf)), [
    'enough',
    'enough',
    'closed',
    'closed',
  ]);
  broker.expect('PUBLISH a QoS 1 id 1 "A"', 'DISCONNECT');
});

test('`stored` is rejected when the store fails before the message is durable', async () => {
  const { client, store } = await withLateStore();
  const publishing = client.publish('a', 'A', QOS_1);
  const { stored } = publishing;
  publishing.catch(() => undefined);
  store.announceFailed();
  assert.deepEqual([await stateOf(stored), await stateOf(publishing)], ['store-failed', 'store-failed']);
});

test('at disconnect the store makes everything durable first: `stored` is fulfilled, the message stays, and that is no event', async () => {
  const { client, broker } = await withLateStore();
  const undelivered: string[] = [];
  client.on('undelivered', (topic) => undelivered.push(topic));
  const publishing = client.publish('a', 'A', { qos: 2 });
  const { stored } = publishing;
  await client.disconnect();
  await stored;
  await assert.rejects(publishing, { code: 'closed', message: /stays in the outbox/ });
  broker.pass(10);
  assert.deepEqual(undelivered, []);

  const again = connect({ store: 'state' }, broker.parts);
  await broker.accept(true);
  broker.expect('DISCONNECT', 'PUBLISH a QoS 2 id 1 dup "A"');
  assert.equal((await again).unsettledCount, 1);
});

// Giving up.

test('what is given up before it is sent is not sent; what comes behind it is', async () => {
  const { client, broker } = await connected({}, { receiveMaximum: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  void client.publish('a', 'A', QOS_1);
  const abandoned = client.publish('b', 'B', { qos: 1, signal });
  void client.publish('c', 'C', QOS_1);
  controller.abort(new Error('enough'));
  await assert.rejects(abandoned, { message: 'enough' });
  broker.expect('PUBLISH a QoS 1 id 1 "A"').send(answer('puback', 1)).expect('PUBLISH c QoS 1 id 2 "C"');
  assert.equal(client.unsettledCount, 1);
});

test('what is given up after it was sent is not called back, its answer is taken, and nobody waits for that', async () => {
  const { client, broker } = await connected();
  const controller = new AbortController();
  const abandoned = client.publish('a', 'A', { qos: 2, signal: controller.signal });
  broker.expect('PUBLISH a QoS 2 id 1 "A"').send(answer('pubrec', 1)).expect('PUBREL 1');
  controller.abort(new Error('enough'));
  await assert.rejects(abandoned, { message: 'enough' });
  await client.settled();
  broker.send(answer('pubcomp', 1));
  assert.equal(client.unsettledCount, 0);
});

test('what is given up in line takes no place, and what was given up before the call is not taken at all', async () => {
  const { client, broker } = await connected({ outboxMessagesMax: 1 });
  void client.publish('a', 'A', QOS_1);
  const controller = new AbortController();
  const abandoned = client.publish('b', 'B', { qos: 1, signal: controller.signal });
  void client.publish('c', 'C', QOS_1);
  controller.abort(new Error('enough'));
  await assert.rejects(abandoned, { message: 'enough' });
  await assert.rejects(client.publish('d', 'D', { qos: 1, signal: controller.signal }), { message: 'enough' });
  broker.expect('PUBLISH a QoS 1 id 1 "A"').send(answer('puback', 1)).expect('PUBLISH c QoS 1 id 2 "C"');
  broker.send(answer('puback', 2));
  await client.settled();
  assert.equal(client.unsettledCount, 0);
});

test('what is given up is taken off the disk, too', async () => {
  const { client, broker, commit } = await withLateStore();
  broker.cut();
  const controller = new AbortController();
  const abandoned = client.publish('a', 'A', { qos: 2, signal: controller.signal });
  await commit();
  controller.abort(new Error('enough'));
  await assert.rejects(abandoned, { message: 'enough' });
  await broker.accept(true);
  broker.expect();
  await client.disconnect();
  broker.expect('DISCONNECT');
  const again = connect({ store: 'state' }, broker.parts);
  await broker.accept(true);
  assert.equal((await again).unsettledCount, 0);
  broker.expect();
});

test('a signal is not listened to any more when the message is settled', async (t) => {
  const { client, broker } = await connected();
  const { signal } = new AbortController();
  const listened = t.mock.method(signal, 'addEventListener');
  const released = t.mock.method(signal, 'removeEventListener');
  const publishing = client.publish('a', '', { qos: 1, signal });
  assert.deepEqual([listened.mock.callCount(), released.mock.callCount()], [1, 0]);
  broker.send(answer('puback', 1));
  await publishing;
  await client.publish('a', '', { qos: 0, signal });
  assert.deepEqual([listened.mock.callCount(), released.mock.callCount()], [2, 2]);
});

// Expiry.

test('Message Expiry runs in the outbox: what is left of it is sent, and what has expired is not', async (t) => {
  const { client, broker } = await connected({}, { receiveMaximum: 1 });
  const came = t.mock.method(broker, 'came');
  void client.publish('a', '', QOS_1);
  void client.publish('b', '', { qos: 1, properties: { messageExpiryInterval: 10 } });
  const expired = client.publish('c', '', { qos: 1, properties: { messageExpiryInterval: 4 } });
  void client.publish('d', '', QOS_1);
  const outcome = stateOf(expired);
  broker.pass(2_500).send(answer('puback', 1));
  broker.pass(1_500).send(answer('puback', 2));
  assert.equal(await outcome, 'expired');
  assert.deepEqual(
    came.mock.calls.map(({ arguments: [packet] }) =>
      packet.kind === 'publish' ? [packet.topic, packet.properties.messageExpiryInterval] : [],
    ),
    [
      ['a', undefined],
      ['b', 8],
      ['d', undefined],
    ],
  );
});

test('Message Expiry runs on while nobody is connected', async () => {
  const { client, broker } = await connected();
  broker.cut();
  const expired = client.publish('a', '', { qos: 2, properties: { messageExpiryInterval: 1 } });
  const rejected = assert.rejects(expired, { code: 'expired' });
  broker.pass(1_000);
  await broker.accept();
  broker.expect();
  await rejected;
});
