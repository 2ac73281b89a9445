// When a client stops reading from its broker, and when it must not: the bound of what is with the application.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ConnectOptions } from './options.ts';
import type { ReceivedMessage } from './received-message.ts';
import { answer, connected, granted, publish, turn } from './scripted-broker.arbitrary.ts';
import { takeAll } from './watching.arbitrary.ts';

const PERSISTENT: ConnectOptions = { clientId: 'me', clean: false };

test('with two thousand messages in hand nothing more is read, until a quarter of them is done', async () => {
  const { client, broker } = await connected(PERSISTENT);
  const messages = await takeAll(client, broker);
  for (let id = 1; id <= 2_000; id++) {
    assert.equal(broker.isPaused, false, `at ${id}`);
    broker.send(publish('a', 1, id));
  }
  assert.equal(broker.isPaused, true);
  for (const message of messages.slice(0, 500)) message.ack();
  await turn();
  assert.equal(broker.isPaused, true);
  messages[500]?.ack();
  await turn();
  assert.equal(broker.isPaused, false);
});

test('a silent broker that is not read is not given up', async () => {
  const { client, broker } = await connected({ ...PERSISTENT, keepAliveSeconds: 10 });
  await takeAll(client, broker);
  for (let id = 1; id <= 2_000; id++) broker.send(publish('a', 1, id));
  broker.pass(60_000);
  assert.equal(client.state, 'connected');
});

test('reading goes on while somebody waits for the broker: a handler that publishes and waits is answered', async () => {
  const { client, broker } = await connected({ ...PERSISTENT, receiveMaximum: 65_535 });
  const subscription = client.subscribe('#', {
    qos: 1,
    onMessage: async () => {
      await client.publish('answer', '', { qos: 2 });
    },
  });
  broker.send(granted('suback', 1, 1)).expect('SUBSCRIBE 1 # 1 identifier 1');
  await subscription;
  for (let id = 1; id <= 2_500; id++) broker.send(publish('a', 1, id));
  assert.equal(broker.isPaused, false);
});

test('reading stops where nobody waits, goes on at once for a subscribe, and stops again when it is answered', async () => {
  const { client, broker } = await connected(PERSISTENT);
  await takeAll(client, broker);
  for (let id = 1; id <= 2_000; id++) broker.send(publish('a', 1, id));
  assert.equal(broker.isPaused, true);
  const unsubscribing = client.unsubscribe('b');
  await turn();
  assert.equal(broker.isPaused, false);
  broker.expect('UNSUBSCRIBE 2 b').send(granted('unsuback', 2, 0x11));
  await unsubscribing;
  assert.equal(broker.isPaused, true);
});

test('QoS 0 has nothing to acknowledge: with manual acknowledgement it keeps nobody from reading', async () => {
  const { client, broker } = await connected(PERSISTENT);
  const messages = await takeAll(client, broker);
  for (let count = 0; count < 3_000; count++) broker.send(publish('a', 0));
  assert.equal(broker.isPaused, false);
  assert.equal(messages.length, 3_000);
});

test('QoS 0 is dropped, and the log says so, where an application that waits for the broker has far too many in hand', async (t) => {
  const { client, broker } = await connected(PERSISTENT);
  const warn = t.mock.method(broker.parts.log, 'warn');
  const messages: ReceivedMessage[] = [];
  const subscribing = client.subscribe('#', {
    onMessage: async (message) => {
      messages.push(message);
      await Promise.withResolvers<void>().promise;
    },
  });
  broker.send(granted('suback', 1, 1)).expect('SUBSCRIBE 1 # 0 identifier 1');
  await subscribing;
  client.publish('a', '', { qos: 1 }).catch(() => undefined);
  broker.expect('PUBLISH a QoS 1 id 2 ""');
  const chunk = Array.from({ length: 1_000 }, () => publish('a', 0));
  for (let count = 0; count < 20; count++) broker.send(...chunk);
  assert.equal(messages.length, 20_000);
  broker.send(publish('a', 0), publish('a', 1, 1));
  assert.equal(messages.length, 20_001);
  assert.equal(messages.at(-1)?.qos, 1);
  assert.equal(warn.mock.callCount(), 1);
  assert.match(String(warn.mock.calls[0]?.arguments[0]), /QoS 0 are dropped/);
});

test('a loop that publishes and waits while much is buffered takes every message', async () => {
  const { client, broker } = await connected(PERSISTENT);
  const subscribing = client.subscribe('#', { qos: 1 });
  broker.send(granted('suback', 1, 1)).expect('SUBSCRIBE 1 # 1 identifier 1');
  const subscription = await subscribing;
  for (let id = 1; id <= 2_100; id++) broker.send(publish('a', 1, id));
  let taken = 0;
  for await (const { topic } of subscription) {
    const publishing = client.publish(`answer/${topic}`, '', { qos: 1 });
    await turn();
    assert.equal(broker.isPaused, false);
    // The identifiers of this side go round.
    broker.send(...Array.from({ length: 16 }, (_, index) => answer('puback', index + 1)));
    await publishing;
    if (++taken === 2_000) break;
  }
  assert.equal(taken, 2_000);
});
