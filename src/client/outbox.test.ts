// What becomes of messages between `publish` and the broker: places and the line for them, `stored`, giving up, expiry, and who is told.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import type { Packet } from '../packet/packet.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import type { Client, PublishOptions } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import { HEAD_LIMITS } from './outbox.ts';
import { answer, connected, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';

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

/** What a promise has come to: 'pending', 'fulfilled', or the code of why it was rejected. */
async function stateOf(promise: PromiseLike<unknown>): Promise<string> {
  let state = 'pending';
  promise.then(
    () => {
      state = 'fulfilled';
    },
    (error: unknown) => {
      state = String(Reflect.get(Object(error), 'code') ?? Reflect.get(Object(error), 'message'));
    },
  );
  await turn();
  return state;
}

/** Answers every PUBLISH of QoS 1 as it comes; says which payloads came, in order. */
function acknowledging(
  t: TestContext,
  broker: ScriptedBroker,
): { readonly payloads: string[]; readonly all: () => Promise<void> } {
  const payloads: string[] = [];
  let answers: Packet[] = [];
  t.mock.method(broker, 'came', (packet: Packet) => {
    if (packet.kind === 'connect') broker.connects.push(packet);
    if (packet.kind !== 'publish' || packet.id === undefined) return;
    payloads.push(new TextDecoder().decode(packet.payload));
    answers.push(answer('puback', packet.id));
  });
  const all = async (): Promise<void> => {
    for (let idle = 0; idle < 3; idle++) {
      if (answers.length > 0) idle = 0;
      const packets = answers;
      answers = [];
      broker.send(...packets);
      await turn();
    }
  };
  return { payloads, all };
}

/** `number` as the payload of message `number`. */
function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
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

// Who is told.

test('settled is fulfilled when everything is settled that was published before the call, and no later message holds it up', async () => {
  const { client, broker } = await connected();
  await client.settled();
  void client.publish('a', '', QOS_1);
  const first = client.settled();
  client.publish('b', '', { qos: 2 }).catch(() => undefined);
  const second = client.settled();
  const same = client.settled();
  void client.publish('c', '', QOS_1);
  broker.send(answer('puback', 3));
  assert.deepEqual(await Promise.all([first, second, same].map(stateOf)), ['pending', 'pending', 'pending']);
  // However it went.
  broker.send(answer('pubrec', 2, 0x80));
  assert.deepEqual(await Promise.all([first, second].map(stateOf)), ['pending', 'pending'], 'a comes before');
  broker.send(answer('puback', 1));
  await Promise.all([first, second, same]);
  await client.settled();
});

test('settled counts QoS 0 that the network has not taken, and what waits in line', async () => {
  const { client, broker } = await connected({ outboxMessagesMax: 1 });
  broker.unread = 2_000_000;
  void client.publish('a', '', { qos: 0 });
  const zero = client.settled();
  assert.equal(await stateOf(zero), 'pending');
  void client.publish('b', '', QOS_1);
  void client.publish('c', '', QOS_1);
  const all = client.settled();
  broker.drain();
  await zero;
  broker.send(answer('puback', 1));
  assert.equal(await stateOf(all), 'pending');
  broker.send(answer('puback', 2));
  await all;
});

test('settled is fulfilled when the client ends', async () => {
  const { client } = await connected();
  client.publish('a', '', QOS_1).catch(() => undefined);
  const settled = client.settled();
  await client.disconnect();
  await settled;
});

test('a failure is told by `undelivered` where nobody has asked for the outcome, and only there', async () => {
  const { client, broker } = await connected();
  const told: string[] = [];
  client.on('undelivered', (topic, error) => told.push(`${topic}: ${String(Reflect.get(error, 'code'))}`));
  client.publish('asked', '', QOS_1).catch(() => undefined);
  void client.publish('unasked', '', QOS_1);
  void client.publish('stored', '', QOS_1).stored;
  void client.publish('wrong/#', '', QOS_1);
  broker.send(answer('puback', 1, 0x97), answer('puback', 2, 0x97), answer('puback', 3, 0x97));
  assert.deepEqual(told, [], 'not before whoever has the promise had a chance to ask');
  await turn();
  broker.pass(0);
  assert.deepEqual(told, ['wrong/#: invalid-argument', 'unasked: rejected', 'stored: rejected']);
});

test('a refusal that is known when publish returns can still be asked for', async () => {
  const { client, broker } = await connected();
  const told: string[] = [];
  client.on('undelivered', (topic) => told.push(topic));
  await assert.rejects(client.publish('wrong/#', ''), { code: 'invalid-argument' });
  broker.pass(0);
  assert.deepEqual(told, []);
});

test('what was delivered is no event, whoever asks', async () => {
  const { client, broker } = await connected();
  const told: string[] = [];
  client.on('undelivered', (topic) => told.push(topic));
  void client.publish('a', '', QOS_1);
  void client.publish('b', '', { qos: 0 });
  broker.send(answer('puback', 1, 0x10)).pass(0);
  assert.deepEqual(told, []);
});

test('QoS 0 is refused while nobody is connected, and what had not left when the connection ended has failed', async () => {
  const { client, broker } = await connected();
  broker.unread = 2_000_000;
  const lost = client.publish('a', '', { qos: 0 });
  const outcome = stateOf(lost);
  broker.cut();
  assert.equal(await outcome, 'connection-lost');
  await assert.rejects(client.publish('a', '', { qos: 0 }), { code: 'not-connected' });
  await broker.accept();
  broker.expect();
  assert.equal(client.unsettledCount, 0);
});

// More than the head holds.

const MANY = HEAD_LIMITS.queueHeadMessagesMax + 700;

test('more messages than the head holds are read back from the store, a page at a time, and go out in order', async (t) => {
  const broker = new ScriptedBroker();
  const store = broker.store('state');
  const read = t.mock.method(store, 'read');
  const client = await connect({ store: 'state', startOffline: true }, broker.parts);
  for (const number of numbers(MANY)) void client.publish('a', number, QOS_1);
  assert.equal(client.unsettledCount, MANY);
  const settled = client.settled();
  const { payloads, all } = acknowledging(t, broker);
  await broker.accept();
  void client.publish('a', String(MANY), QOS_1);
  await all();
  assert.deepEqual(payloads, numbers(MANY + 1));
  await settled;
  await client.settled();
  assert.equal(client.unsettledCount, 0);
  assert.ok(read.mock.callCount() > 0, 'not all was kept in memory');
  for (const {
    arguments: [, , { messagesMax }],
  } of read.mock.calls) {
    assert.ok(messagesMax <= HEAD_LIMITS.queueHeadMessagesMax);
  }
  assert.equal(store.statistics().deliveries, 0);
});

test('every promise is settled, also of what was on disk alone, and what was given up there is not sent', async (t) => {
  const broker = new ScriptedBroker();
  const client = await connect({ store: 'state', startOffline: true }, broker.parts);
  const controller = new AbortController();
  const outcomes = numbers(MANY).map((number) => {
    const isLast = number === String(MANY - 1);
    return client.publish('a', number, isLast ? { qos: 1, signal: controller.signal } : QOS_1);
  });
  const settled = Promise.allSettled(outcomes);
  controller.abort(new Error('enough'));
  const { payloads, all } = acknowledging(t, broker);
  await broker.accept();
  await all();
  const states = (await settled).map(({ status }) => status);
  assert.equal(states.pop(), 'rejected');
  assert.ok(states.every((state) => state === 'fulfilled'));
  assert.deepEqual(payloads, numbers(MANY - 1));
});

test('what an earlier process has left goes first, in order, and counts as unsettled', async (t) => {
  const broker = new ScriptedBroker();
  const first = await connect({ store: 'state', startOffline: true }, broker.parts);
  for (const number of numbers(MANY)) void first.publish('a', number, QOS_1);
  await turn();
  broker.crash();

  const client = await connect({ store: 'state', startOffline: true, outboxMessagesMax: MANY }, broker.parts);
  assert.equal(client.unsettledCount, MANY);
  const ready = client.ready();
  const settled = client.settled();
  void client.publish('a', String(MANY), QOS_1);
  assert.equal(await stateOf(ready), 'pending');
  const { payloads, all } = acknowledging(t, broker);
  await broker.accept(true);
  await all();
  assert.deepEqual(payloads, numbers(MANY + 1));
  await Promise.all([ready, settled]);
  assert.equal(client.unsettledCount, 0);
});

test('a client that ends with more on disk than in memory tells everybody, and keeps it', async (t) => {
  const broker = new ScriptedBroker();
  const first = await connect({ store: 'state', startOffline: true }, broker.parts);
  const outcomes = Promise.allSettled(numbers(MANY).map((number) => first.publish('a', number, QOS_1)));
  await first.disconnect();
  assert.ok((await outcomes).every(({ status }) => status === 'rejected'));

  const { payloads, all } = acknowledging(t, broker);
  const again = connect({ store: 'state' }, broker.parts);
  await broker.accept(true);
  await again;
  await all();
  assert.deepEqual(payloads, numbers(MANY));
});
