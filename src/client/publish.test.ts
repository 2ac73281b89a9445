import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { MessageProperties } from '../packet/properties.ts';
import type { Client } from './client.ts';
import { answer, connected, turn } from './scripted-broker.arbitrary.ts';

/** What becomes of publications, as lines in the order in which it becomes known. */
function watch(client: Client): {
  readonly publish: (topic: string, qos: 0 | 1 | 2) => void;
  readonly lines: string[];
} {
  const lines: string[] = [];
  const publish = (topic: string, qos: 0 | 1 | 2): void => {
    client.publish(topic, topic.toUpperCase(), { qos }).then(
      ({ reasonCode }) => lines.push(`${topic} ${reasonCode}`),
      (error: unknown) => lines.push(`${topic} ${String(Reflect.get(Object(error), 'code'))}`),
    );
  };
  return { publish, lines };
}

test('QoS 0 is done when it is sent, QoS 1 with PUBACK, QoS 2 with PUBCOMP', async () => {
  const { client, broker } = await connected();
  const { publish, lines } = watch(client);
  publish('a', 0);
  publish('b', 1);
  publish('c', 2);
  broker.expect('PUBLISH a QoS 0 "A"', 'PUBLISH b QoS 1 id 1 "B"', 'PUBLISH c QoS 2 id 2 "C"');
  await turn();
  assert.deepEqual(lines, ['a 0']);
  broker.send(answer('pubrec', 2)).expect('PUBREL 2');
  await turn();
  assert.deepEqual(lines, ['a 0']);
  broker.send(answer('puback', 1, 0x10), answer('pubcomp', 2));
  await turn();
  assert.deepEqual(lines, ['a 0', 'b 16', 'c 0']);
});

test("a message that the broker refuses is rejected with the broker's reason", async () => {
  const { client, broker } = await connected();
  const one = client.publish('a', '', { qos: 1 });
  const two = client.publish('b', '', { qos: 2 });
  broker.send(answer('puback', 1, 0x87), answer('pubrec', 2, 0x97));
  await assert.rejects(one, { name: 'OperationError', code: 'rejected', reasonCode: 0x87, message: /not authorized/ });
  await assert.rejects(two, { name: 'OperationError', code: 'rejected', reasonCode: 0x97 });
});

test("messages beyond the broker's Receive Maximum wait, and go in the order of the calls; QoS 0 passes them", async () => {
  const { client, broker } = await connected({}, { receiveMaximum: 1 });
  const { publish, lines } = watch(client);
  publish('a', 1);
  publish('b', 2);
  publish('c', 0);
  publish('d', 1);
  broker.expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH c QoS 0 "C"');
  broker.send(answer('puback', 1)).expect('PUBLISH b QoS 2 id 2 "B"');
  broker.send(answer('pubrec', 2)).expect('PUBREL 2');
  broker.send(answer('pubcomp', 2)).expect('PUBLISH d QoS 1 id 3 "D"');
  broker.send(answer('puback', 3));
  await turn();
  assert.deepEqual(lines, ['c 0', 'a 0', 'b 0', 'd 0']);
});

test('our own limit holds where the broker allows more', async () => {
  const { client, broker } = await connected({ inFlightMax: 1, version: 4 });
  const { publish } = watch(client);
  publish('a', 1);
  publish('b', 1);
  broker.expect('PUBLISH a QoS 1 id 1 "A"').send(answer('puback', 1)).expect('PUBLISH b QoS 1 id 2 "B"');
});

test('nothing is sent to a network that does not take it, until it does', async () => {
  const { client, broker } = await connected();
  const { publish, lines } = watch(client);
  broker.unread = 2_000_000;
  publish('a', 0);
  publish('b', 1);
  await turn();
  broker.expect();
  assert.deepEqual(lines, []);
  broker.drain().expect('PUBLISH a QoS 0 "A"', 'PUBLISH b QoS 1 id 1 "B"');
});

test('ready waits while the outbox is full, and goes on when there is a place', async () => {
  const { client, broker } = await connected({ outboxMessagesMax: 10 }, { receiveMaximum: 1 });
  const { publish } = watch(client);
  let isReady = false;
  await client.ready();
  for (let number = 0; number < 12; number++) publish('a', 1);
  void client.ready().then(() => {
    isReady = true;
  });
  for (let id = 1; id <= 3; id++) {
    await turn();
    assert.equal(isReady, false, `after ${id - 1} acknowledgements`);
    // The broker acknowledges whatever identifier comes next.
    broker.send(answer('puback', ((id - 1) % 16) + 1));
  }
  await turn();
  assert.equal(isReady, true);
});

test('properties, retain and bytes are sent as they are', async () => {
  const { client, broker } = await connected();
  const properties: Partial<MessageProperties> = { contentType: 'text/plain', userProperties: [['k', 'v']] };
  await client.publish('a', Uint8Array.of(0x68, 0x69), { retain: true, properties });
  broker.expect('PUBLISH a QoS 0 retain "hi"');
});

test('a topic that is used again is abbreviated where the broker allows it, but never in QoS 2', async () => {
  const { client, broker } = await connected({}, { topicAliasMaximum: 1 });
  const { publish } = watch(client);
  publish('a', 0);
  publish('a', 1);
  publish('a', 2);
  publish('b', 0);
  broker.expect(
    'PUBLISH a QoS 0 alias 1 "A"',
    'PUBLISH - QoS 1 id 1 alias 1 "A"',
    'PUBLISH a QoS 2 id 2 "A"',
    'PUBLISH b QoS 0 "B"',
  );
});

test('what the broker has said that it does not take is not sent', async () => {
  const { client, broker } = await connected({}, { maximumQoS: 1, retainAvailable: false, maximumPacketSize: 100 });
  await assert.rejects(client.publish('a', '', { qos: 2 }), { code: 'rejected', reasonCode: 0x9b });
  await assert.rejects(client.publish('a', '', { retain: true }), { code: 'rejected', reasonCode: 0x9a });
  // Fixed header 2, topic 3, properties 1, payload.
  await assert.rejects(client.publish('a', 'x'.repeat(95)), { code: 'too-large', reasonCode: 0x95 });
  await client.publish('a', 'x'.repeat(94));
  broker.expect(`PUBLISH a QoS 0 "${'x'.repeat(94)}"`);
});

test('what MQTT has no place for is not sent', async () => {
  const { client, broker } = await connected();
  for (const topic of ['', 'a/#', '+', 'a\0', '\ud800', 'x'.repeat(65_536)]) {
    await assert.rejects(client.publish(topic, ''), { name: 'UsageError', code: 'invalid-argument' });
  }
  await assert.rejects(client.publish('a', '', { qos: 3 as 2 }), { name: 'UsageError', message: /got 3/ });
  const wrong: readonly Partial<MessageProperties>[] = [
    { messageExpiryInterval: -1 },
    { payloadFormatIndicator: 2 },
    { contentType: 'a\0' },
    { responseTopic: '#' },
    { correlationData: new Uint8Array(65_536) },
    { userProperties: [['x'.repeat(65_536), '']] },
  ];
  for (const properties of wrong) await assert.rejects(client.publish('a', '', { properties }), { name: 'UsageError' });
  broker.expect();

  const old = await connected({ version: 4 });
  await assert.rejects(old.client.publish('a', '', { properties: { contentType: 'x' } }), { name: 'UsageError' });
  old.broker.expect();
});

test('that nobody is subscribed is told by PUBREC where it is QoS 2, also if the connection changes before PUBCOMP', async () => {
  const { client, broker } = await connected();
  const one = client.publish('a', '', { qos: 2 });
  const other = client.publish('b', '', { qos: 2 });
  broker.send(answer('pubrec', 1, 0x10), answer('pubrec', 2, 0x10), answer('pubcomp', 1));
  assert.deepEqual(await one, { reasonCode: 0x10 });
  await broker.cut().accept(true);
  broker.send(answer('pubcomp', 2));
  assert.deepEqual(await other, { reasonCode: 0x10 });
});
