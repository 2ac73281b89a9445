// Messages between the broker and the application: when they are acknowledged to whom, what waits for whom, and where it all is bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemoryStore } from '../store/memory/memory-store.ts';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import type { ReceivedMessage } from './received-message.ts';
import { answer, connected, granted, publish, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { CLIENT_TUNING } from './tuning.ts';
import { takeAll } from './watching.arbitrary.ts';

const PERSISTENT: ConnectOptions = { clientId: 'me', clean: false };
const STORED: ConnectOptions = { store: 'state' };

/** A client with a store that knows everything at once, and its CONNACK. */
async function stored(
  options: ConnectOptions = {},
  broker = new ScriptedBroker(),
): Promise<{ client: Client; broker: ScriptedBroker }> {
  const connecting = connect({ ...STORED, ...options }, broker.parts);
  await broker.accept(broker.connects.length > 1);
  return { client: await connecting, broker };
}

function topicsOf(messages: readonly ReceivedMessage[]): string {
  return messages.map(({ topic }) => topic).join(' ');
}

function byTopic(messages: readonly ReceivedMessage[], topic: string): ReceivedMessage {
  const found = messages.find((message) => message.topic === topic);
  assert.ok(found !== undefined, `${topic} was handed over`);
  return found;
}

// Acknowledgement, without a store.

test('acknowledgements leave in the order of arrival, whatever the order of ack, and a second ack does nothing', async () => {
  const { client, broker } = await connected(PERSISTENT);
  const messages = await takeAll(client, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2), publish('z', 0), publish('c', 1, 3), publish('d', 1, 4));
  assert.equal(topicsOf(messages), 'a b z c d');
  byTopic(messages, 'c').ack();
  byTopic(messages, 'b').ack();
  byTopic(messages, 'z').ack();
  broker.expect();
  byTopic(messages, 'a').ack();
  broker.expect('PUBACK 1', 'PUBREC 2', 'PUBACK 3');
  for (const message of messages) message.ack();
  broker.expect('PUBACK 4').send(answer('pubrel', 2)).expect('PUBCOMP 2');
});

test('a message that two subscriptions have is acknowledged when both are done with it', async () => {
  const { client, broker } = await connected(PERSISTENT);
  const messages = await takeAll(client, broker);
  const others: ReceivedMessage[] = [];
  const subscribing = client.subscribe('a', {
    qos: 1,
    acknowledge: 'manual',
    onMessage: (message) => void others.push(message),
  });
  broker.send(granted('suback', 2, 1));
  await subscribing;
  broker.expect('SUBSCRIBE 2 a 1 identifier 2').send(publish('a', 1, 1, { subscriptionIdentifiers: [1, 2] }));
  assert.deepEqual([topicsOf(messages), topicsOf(others)], ['a', 'a']);
  others[0]?.ack();
  others[0]?.ack();
  broker.expect();
  messages[0]?.ack();
  broker.expect('PUBACK 1');
});

test('an ack after the end of the connection, or of the client, does nothing', async () => {
  const { client, broker } = await connected(PERSISTENT);
  const messages = await takeAll(client, broker);
  broker.send(publish('a', 1, 1), publish('b', 1, 2)).cut();
  byTopic(messages, 'a').ack();
  await broker.accept(true);
  broker
    .expect()
    .send(publish('a', 1, 1, { dup: true }))
    .expect();
  await client.disconnect();
  for (const message of messages) message.ack();
  broker.expect('DISCONNECT');
});

// Acknowledgement, with a store.

test('with a store a message is acknowledged to the broker when it is durable, and waits there for the application', async () => {
  const { client, broker } = await stored();
  const messages = await takeAll(client, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect('PUBACK 1', 'PUBREC 2');
  await turn();
  assert.equal(topicsOf(messages), 'a b');
  assert.equal(broker.store('state').statistics().deliveries, 2);
  byTopic(messages, 'b').ack();
  assert.equal(broker.store('state').statistics().deliveries, 1);
});

test('after a crash what was not acknowledged comes again, first, in order, under its key, as one that may have come before', async () => {
  const broker = new ScriptedBroker();
  const before = await stored({}, broker);
  const messages = await takeAll(before.client, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2), publish('c', 1, 3)).expect('PUBACK 1', 'PUBREC 2', 'PUBACK 3');
  await turn();
  byTopic(messages, 'b').ack();
  broker.crash();

  const again: ReceivedMessage[] = [];
  const connecting = connect(
    { ...STORED, onMessage: (message) => void again.push(message), startOffline: true },
    broker.parts,
  );
  await connecting;
  await turn();
  assert.equal(topicsOf(again), 'a c', 'nobody need be connected for that');
  await broker.accept(true);
  broker.send(publish('b', 2, 2, { dup: true }), publish('d', 1, 4)).expect('PUBREC 2', 'PUBACK 4');
  await turn();
  assert.deepEqual(
    again.map(({ topic, dup }) => `${topic} ${dup}`),
    ['a true', 'c true', 'd false'],
  );
  assert.deepEqual(
    again.slice(0, 2).map(({ key }) => key),
    [byTopic(messages, 'a').key, byTopic(messages, 'c').key],
  );
  const keys = new Set([...messages, ...again].map(({ key }) => key));
  assert.equal(keys.size, 4);
  assert.equal(broker.store('state').statistics().deliveries, 0);
});

test('keys of QoS 1 and 2 grow from one message to the next, with and without a store; that of QoS 0 is 0', async () => {
  for (const options of [PERSISTENT, STORED]) {
    const { client, broker } = await stored(options);
    const messages = await takeAll(client, broker);
    broker.send(publish('a', 0), publish('b', 1, 1), publish('c', 2, 2));
    await turn();
    client.publish('x', '', { qos: 1 }).catch(() => undefined);
    broker.send(publish('d', 1, 3));
    await turn();
    const keys = messages.map(({ key }) => key);
    assert.equal(topicsOf(messages), 'a b c d');
    assert.deepEqual([keys[0], keys.length, new Set(keys).size], [0, 4, 4]);
    assert.deepEqual(
      keys,
      keys.toSorted((one, other) => one - other),
    );
  }
});

// What nobody has subscribed to.

test('in a session that lasts, messages that nobody has subscribed to wait for who does, unacknowledged', async () => {
  const { client, broker } = await connected(PERSISTENT);
  const told: string[] = [];
  client.on('unclaimed', (topic) => told.push(topic));
  broker.send(publish('a/1', 1, 1), publish('b', 2, 2), publish('a/2', 1, 3), publish('a/1', 1, 4), publish('a/3', 0));
  broker.pass(999);
  assert.deepEqual(told, []);
  broker.pass(1);
  assert.deepEqual(told, ['a/1', 'b', 'a/2']);
  broker.expect();
  const messages = await takeAll(client, broker, 'a/#');
  assert.equal(topicsOf(messages), 'a/1 a/2 a/1', 'QoS 0 waits for nobody');
  for (const message of messages) message.ack();
  broker.expect('PUBACK 1');
  const subscribing = client.subscribe('b', { qos: 2, onMessage: () => undefined });
  broker.send(granted('suback', 2, 2));
  await subscribing;
  broker.expect('SUBSCRIBE 2 b 2 identifier 2', 'PUBREC 2', 'PUBACK 3', 'PUBACK 4');
  broker.pass(5_000);
  assert.deepEqual(told, ['a/1', 'b', 'a/2']);
});

test('what waits unclaimed comes again after the connection was lost, and is handed over once', async () => {
  const { client, broker } = await connected(PERSISTENT);
  broker.send(publish('a', 1, 1), publish('b', 2, 2));
  await broker.cut().accept(true);
  broker.send(publish('a', 1, 1, { dup: true }), publish('b', 2, 2, { dup: true })).expect();
  const messages = await takeAll(client, broker);
  assert.equal(topicsOf(messages), 'b a');
  for (const message of messages) message.ack();
  broker.expect('PUBACK 1', 'PUBREC 2');
});

test('with a store they wait on disk, acknowledged to the broker, and for the next process if there is nobody in this one', async () => {
  const broker = new ScriptedBroker();
  await stored({}, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect('PUBACK 1', 'PUBREC 2');
  await turn();
  broker.crash();
  const { client } = await stored({}, broker);
  await turn();
  const messages = await takeAll(client, broker);
  assert.equal(topicsOf(messages), 'a b');
});

test('in a session that ends with its connection, what nobody has subscribed to is acknowledged and gone', async () => {
  const { client, broker } = await connected({ clean: true });
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect('PUBACK 1', 'PUBREC 2');
  assert.deepEqual(await takeAll(client, broker), []);
});

// Bounds.

test('what does not fit into inboxBytesMax waits unacknowledged, and comes in, in order, as the application is done', async () => {
  const { client, broker } = await stored({ inboxBytesMax: 10 });
  const messages = await takeAll(client, broker);
  // Payloads of 4 bytes.
  broker
    .send(publish('a', 1, 1), publish('b', 2, 2), publish('c', 1, 3), publish('d', 2, 4))
    .expect('PUBACK 1', 'PUBREC 2');
  await turn();
  assert.equal(topicsOf(messages), 'a b');
  byTopic(messages, 'b').ack();
  await turn();
  broker.expect('PUBACK 3');
  byTopic(messages, 'a').ack();
  await turn();
  broker.expect('PUBREC 4');
  assert.equal(topicsOf(messages), 'a b c d');
});

test('a message that is larger than the inbox comes in when it is alone', async () => {
  const { client, broker } = await stored({ inboxBytesMax: 3 });
  const messages = await takeAll(client, broker);
  broker.send(publish('a', 1, 1), publish('b', 1, 2)).expect('PUBACK 1');
  await turn();
  byTopic(messages, 'a').ack();
  await turn();
  broker.expect('PUBACK 2');
  assert.equal(topicsOf(messages), 'a b');
});

test('QoS 2 in line stays in line over a lost connection; QoS 1 comes again; each is handed over once', async () => {
  const { client, broker } = await stored({ inboxBytesMax: 4 });
  const messages = await takeAll(client, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2), publish('c', 1, 3), publish('d', 2, 4)).expect('PUBACK 1');
  await broker.cut().accept(true);
  broker.send(publish('b', 2, 2, { dup: true }), publish('c', 1, 3, { dup: true }), publish('d', 2, 4, { dup: true }));
  broker.expect();
  for (const topic of ['a', 'b', 'd', 'c']) {
    await turn();
    byTopic(messages, topic).ack();
  }
  await turn();
  assert.equal(topicsOf(messages), 'a b d c');
  broker.expect('PUBREC 2', 'PUBACK 3', 'PUBREC 4');
  broker.send(answer('pubrel', 2), answer('pubrel', 4)).expect('PUBCOMP 2', 'PUBCOMP 4');
});

test('QoS 2 that comes into the inbox while nobody is connected is acknowledged when it comes again', async () => {
  const { client, broker } = await stored({ inboxBytesMax: 4 });
  const messages = await takeAll(client, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect('PUBACK 1');
  await turn();
  broker.cut();
  byTopic(messages, 'a').ack();
  await turn();
  assert.equal(topicsOf(messages), 'a b');
  await broker.accept(true);
  broker
    .expect()
    .send(publish('b', 2, 2, { dup: true }))
    .expect('PUBREC 2');
  assert.equal(topicsOf(messages), 'a b');
});

test('what is in line when the broker loses the session is handed over all the same, and acknowledged to nobody', async () => {
  const { client, broker } = await stored({ inboxBytesMax: 4 });
  const messages = await takeAll(client, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect('PUBACK 1');
  await turn();
  await broker.cut().accept(false);
  broker.send(publish('c', 2, 2)).expect('SUBSCRIBE 1 # 2 identifier 1');
  byTopic(messages, 'a').ack();
  await turn();
  broker.expect();
  byTopic(messages, 'b').ack();
  await turn();
  broker.expect('PUBREC 2');
  assert.equal(topicsOf(messages), 'a b c');
});

test('the identifier that it came under is not stored with it then, since it is free for another message', async () => {
  const broker = new ScriptedBroker();
  const before = await stored({ inboxBytesMax: 4 }, broker);
  const messages = await takeAll(before.client, broker);
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect('PUBACK 1');
  await turn();
  await broker.cut().accept(false);
  broker.expect('SUBSCRIBE 1 # 2 identifier 1');
  byTopic(messages, 'a').ack();
  await turn();
  assert.equal(topicsOf(messages), 'a b');
  broker.crash();

  const { client } = await stored({}, broker);
  broker.send(publish('c', 2, 2)).expect('PUBREC 2');
  assert.equal(topicsOf(await takeAll(client, broker)), 'b c');
});

test('a store without room acknowledges nothing, and goes on when it has some', async () => {
  const { client, broker } = await stored();
  const messages = await takeAll(client, broker);
  broker.store('state').announceFull(true);
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect();
  broker.store('state').announceFull(false);
  broker.expect('PUBACK 1', 'PUBREC 2');
  await turn();
  assert.equal(topicsOf(messages), 'a b');
});

test('the application has a thousand messages of the inbox at most; the next comes when it is done with one', async () => {
  const { client, broker } = await stored();
  const messages = await takeAll(client, broker);
  for (let id = 1; id <= 1_002; id++) broker.send(publish('a', 1, id));
  await turn();
  assert.equal(messages.length, 1_000);
  messages[500]?.ack();
  messages[0]?.ack();
  await turn();
  assert.equal(messages.length, 1_002);
});

test('more than the head of the inbox holds is handed over in order, by this process and the next', async () => {
  const count = CLIENT_TUNING.head.queueHeadMessagesMax + 1_700;
  const broker = new ScriptedBroker();
  const before = await stored({}, broker);
  const first = await takeAll(before.client, broker);
  for (let id = 1; id <= count; id++) broker.send(publish('a', 1, id));
  await turn();
  for (let index = 0; index < 500; index++) first[index]?.ack();
  await turn();
  assert.equal(first.length, 1_500);
  broker.crash();

  const { client } = await stored({ startOffline: true }, broker);
  const messages: ReceivedMessage[] = [];
  const subscribing = client.subscribe('#', {
    onMessage: (message) => {
      messages.push(message);
    },
  });
  await turn();
  broker.send(granted('suback', 1, 0));
  await subscribing;
  for (let more = -1; more < messages.length; ) {
    more = messages.length;
    await turn();
  }
  const keys = messages.map(({ key }) => key);
  assert.equal(keys.length, count - 500);
  assert.equal(keys[0], first[500]?.key);
  assert.deepEqual(
    keys,
    keys.toSorted((one, other) => one - other),
  );
  assert.equal(broker.store('state').statistics().deliveries, 0);
});

test('what the store gives back is handed over when it is durable, not before', async () => {
  const broker = new ScriptedBroker();
  const store = new MemoryStore({ announces: 'when-told' });
  broker.stores.set('state', store);
  const topics: string[] = [];
  const connecting = connect({ ...STORED, onMessage: ({ topic }) => void topics.push(topic) }, broker.parts);
  await turn();
  store.announce(store.written);
  await broker.accept();
  await connecting;
  const head = CLIENT_TUNING.head.queueHeadMessagesMax;
  for (let id = 1; id <= head + 5; id++) broker.send(publish(`${id}`, 1, id));
  store.announce(store.durable + head);
  await turn();
  await turn();
  assert.equal(topics.length, head, 'the last five are not durable');
  store.announce(store.written);
  await turn();
  assert.equal(topics.at(-1), `${head + 5}`);
});
