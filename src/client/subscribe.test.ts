import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import { connected, granted, publish, turn } from './scripted-broker.arbitrary.ts';

test("subscribe yields the broker's answer to each filter, a refusal too", async () => {
  const { client, broker } = await connected();
  const subscribing = client.subscribe([{ filter: 'a/+', qos: 2 }, '$share/g/b']);
  broker.expect('SUBSCRIBE 1 a/+ 2, $share/g/b 0 identifier 1').send(granted('suback', 1, 1, 0x87));
  assert.deepEqual((await subscribing).granted, [1, 0x87]);
});

test('unsubscribe yields an answer to each filter, also on 3.x where UNSUBACK says nothing', async () => {
  const { client, broker } = await connected();
  const unsubscribing = client.unsubscribe(['a', 'b']);
  broker.expect('UNSUBSCRIBE 1 a, b').send(granted('unsuback', 1, 0, 0x11));
  assert.deepEqual(await unsubscribing, [0, 0x11]);

  const old = await connected({ version: 4 });
  const unsubscribingOld = old.client.unsubscribe('a');
  old.broker.expect('UNSUBSCRIBE 1 a').send(granted('unsuback', 1));
  assert.deepEqual(await unsubscribingOld, [0]);
});

test('requests share the identifiers of messages', async () => {
  const { client, broker } = await connected();
  const first = client.subscribe('a');
  const message = client.publish('b', 'B', { qos: 1 });
  const second = client.unsubscribe('a');
  await turn();
  broker.expect('SUBSCRIBE 1 a 0 identifier 1', 'PUBLISH b QoS 1 id 2 "B"', 'UNSUBSCRIBE 3 a');
  broker.send(granted('unsuback', 3, 0), granted('suback', 1, 0));
  assert.deepEqual([(await first).granted, await second], [[0], [0]]);
  message.catch(() => undefined);
});

test('one identifier is left for requests, however many messages are to be sent', async () => {
  const { client, broker } = await connected({ inFlightMax: 65_535 }, { receiveMaximum: 65_535 });
  for (let count = 0; count < 65_536; count++) client.publish('a', '', { qos: 1 }).catch(() => undefined);
  await turn();
  broker.pass(100); // What waits for more goes a moment later.
  assert.equal(broker.take().length, 65_534);
  const subscribing = client.subscribe('b');
  broker.expect('SUBSCRIBE 65535 b 0 identifier 1').send(granted('suback', 65_535, 0));
  assert.deepEqual((await subscribing).granted, [0]);
});

test('an answer to nothing, or to less than was asked, ends the connection', async () => {
  for (const [packet, statement] of [
    [granted('suback', 9, 0), 'MQTT-2.2.1-6'],
    [granted('unsuback', 1, 0), 'MQTT-2.2.1-6'],
    [granted('suback', 1, 0), 'MQTT-3.9.3-1'],
  ] as const) {
    const { client, broker } = await connected({ reconnect: false });
    const subscribing = client.subscribe(['a', 'b']);
    broker.send(packet).expect('SUBSCRIBE 1 a 0, b 0 identifier 1', 'DISCONNECT 0x82');
    await assert.rejects(subscribing, { code: 'protocol-error', reasonCode: 0x82 });
    const end = await client.closed;
    assert.ok(end.kind === 'protocol-error');
    assert.equal(end.error.statement, statement);
  }
});

test('what MQTT, its version or the broker has no place for is not sent', async () => {
  const { client, broker } = await connected(
    {},
    {
      wildcardSubscriptionAvailable: false,
      sharedSubscriptionAvailable: false,
      maximumPacketSize: 100,
    },
  );
  for (const filter of ['a/#/b', '$share/g']) await assert.rejects(client.subscribe(filter), { name: 'UsageError' });
  for (const filter of ['$share/g/a', 'a/#', 'x'.repeat(100)]) {
    await assert.rejects(client.subscribe(filter), { name: 'OperationError' });
  }
  await assert.rejects(client.unsubscribe([]), { name: 'UsageError' });
  await assert.rejects(client.unsubscribe('#a'), { name: 'UsageError' });
  broker.expect();

  const old = await connected({ version: 4 });
  await assert.rejects(old.client.subscribe({ filter: 'a', noLocal: true }), { name: 'UsageError' });
  old.broker.expect();
});

test('a broker that has lost the session is asked again, and what it refuses now is told', async () => {
  const { client, broker } = await connected();
  const refused: unknown[] = [];
  client.on('subscriptionRefused', (...facts) => refused.push(facts));
  const subscribing = client.subscribe(['a', 'b']);
  broker.send(granted('suback', 1, 0, 0));
  const subscription = await subscribing;
  broker.expect('SUBSCRIBE 1 a 0, b 0 identifier 1').cut();
  await broker.accept(true);
  broker.expect().cut();
  await broker.accept(false);
  broker.expect('SUBSCRIBE 1 a 0, b 0 identifier 1').send(granted('suback', 1, 0, 0x87));
  await turn();
  assert.deepEqual(refused, [['b', 0x87]]);
  assert.deepEqual(subscription.granted, [0, 0x87]);
});

test('a request is published with a Response Topic that was subscribed to before, and answered there', async () => {
  const { client, broker } = await connected({ clientId: 'c' });
  const requesting = client.request('q', 'Q', { qos: 1 });
  broker.send(granted('suback', 1, 2));
  await turn();
  const responseTopic = 'vouch/response/c';
  broker.expect(`SUBSCRIBE 1 ${responseTopic} 2 identifier 1`, 'PUBLISH q QoS 1 id 2 "Q"');
  const correlationData = new Uint8Array([7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 0]);
  broker.send(publish(responseTopic, 0, 0, { properties: { ...NO_MESSAGE_PROPERTIES, correlationData } }));
  assert.equal((await requesting).topic, responseTopic);
});

test('a loop gets retained messages that come before SUBACK, and acknowledges what it is done with', async () => {
  const { client, broker } = await connected();
  const subscribing = client.subscribe('a', { qos: 1 });
  broker.send(publish('a', 1, 7), granted('suback', 1, 1), publish('a', 1, 8));
  broker.expect('SUBSCRIBE 1 a 1 identifier 1');
  const subscription = await subscribing;
  const ids: number[] = [];
  for await (const { key } of subscription) {
    ids.push(key);
    if (ids.length === 2) break;
  }
  broker.expect('PUBACK 7');
  void subscription.end();
  broker.expect('UNSUBSCRIBE 2 a', 'PUBACK 8');
});

test('callers without types are told what a call takes, too', async () => {
  const { client, broker } = await connected();
  const wrong = { name: 'UsageError' };
  await assert.rejects(client.subscribe(7 as never), wrong);
  await assert.rejects(client.subscribe({} as never), wrong);
  await assert.rejects(client.subscribe('a', (() => undefined) as never), wrong);
  await assert.rejects(client.subscribe('a', { onMessage: true as never }), wrong);
  await assert.rejects(client.subscribe('a', { acknowledge: 'later' as never }), wrong);
  await assert.rejects(client.respond('a', 7 as never), wrong);
  assert.throws(() => client.on('connected', 7 as never), wrong);
  broker.expect();
});
