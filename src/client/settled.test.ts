// Who is told what has become of messages: `settled`, `undelivered`, and QoS 0 without a connection.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PublishOptions } from './client.ts';
import { connect } from './connect.ts';
import { answer, connected, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { stateOf } from './watching.arbitrary.ts';

const QOS_1: PublishOptions = { qos: 1 };

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

test('a message of an earlier process that fails is told by `undelivered`: nobody here can ask for it', async () => {
  const broker = new ScriptedBroker();
  const first = await connect({ store: 'state', startOffline: true }, broker.parts);
  first.publish('a', 'A', QOS_1).catch(() => undefined);
  first.publish('b', 'B', { qos: 2, properties: { messageExpiryInterval: 1 } }).catch(() => undefined);
  first.publish('c', 'C', QOS_1).catch(() => undefined);
  await turn();
  broker.crash().pass(2_000);
  const client = await connect({ store: 'state', startOffline: true }, broker.parts);
  const told: string[] = [];
  client.on('undelivered', (topic, error) => told.push(`${topic}: ${String(Reflect.get(error, 'code'))}`));
  await broker.accept(true);
  broker.expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH c QoS 1 id 2 "C"').send(answer('puback', 1, 0x97));
  broker.send(answer('puback', 2));
  await client.settled();
  assert.deepEqual(told, ['b: expired', 'a: rejected']);
});
