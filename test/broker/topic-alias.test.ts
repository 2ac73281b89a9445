// Topic aliases (MQTT 5.0 section 3.3.2.3.4): a matter between two peers and one connection; the alias of
// a publisher is never seen by a subscriber.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ConnectChoice, TestBroker } from './harness.ts';

/** A client that takes aliases. */
function takes(topicAliasMaximum: number | undefined, clientId = ''): ConnectChoice {
  return { clientId, clean: clientId === '', properties: { topicAliasMaximum, sessionExpiryInterval: 1000 } };
}

// From a client.

// [MQTT-3.3.2-12]
test('every alias from 1 to the announced maximum is taken: set, used, and set anew', async () => {
  const broker = await TestBroker.open({ limits: { topicAliasMaximum: 5 } });
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('#');
  assert.equal(publisher.connack?.properties.topicAliasMaximum, 5);
  for (let alias = 1; alias <= 5; alias++) publisher.publish(`t/${alias}`, 'set', { topicAlias: alias });
  for (let alias = 5; alias >= 1; alias--) publisher.publish('', 'used', { topicAlias: alias, qos: 1 });
  publisher.publish('other', 'set anew', { topicAlias: 3 });
  publisher.publish('', 'used', { topicAlias: 3 });
  assert.deepEqual(subscriber.messages(), [
    ...[1, 2, 3, 4, 5].map((alias) => `t/${alias}=set`),
    ...[5, 4, 3, 2, 1].map((alias) => `t/${alias}=used`),
    'other=set anew',
    'other=used',
  ]);
  assert.equal(publisher.ended, 'not yet');
});

// [MQTT-3.3.2-8] [MQTT-3.3.2-9]
test('alias 0 and one above the maximum end the connection with 0x94, an unknown one with 0x82', async () => {
  for (const [topic, topicAlias, reasonCode] of [
    ['a', 6, 0x94],
    ['', 6, 0x94],
    ['a', 65_535, 0x94],
    ['', 5, 0x82],
  ] as const) {
    const broker = await TestBroker.open({ limits: { topicAliasMaximum: 5 } });
    const publisher = broker.connect();
    publisher.publish(topic, 'x', { topicAlias });
    publisher.expectEnd(reasonCode);
  }
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.sendBytes('30 08 00 01 61 03 23 00 00 78');
  publisher.expectEnd(0x94);
});

test('with a maximum of 0 no alias is taken', async () => {
  const broker = await TestBroker.open({ limits: { topicAliasMaximum: 0 } });
  const publisher = broker.connect();
  publisher.publish('a', 'x', { topicAlias: 1 });
  publisher.expectEnd(0x94);
});

// [MQTT-3.3.2-7]
test('aliases of a connection are unknown on the next one of the same session, and to other clients', async () => {
  const broker = await TestBroker.open();
  const first = broker.connect(takes(undefined, 'c'));
  first.publish('a', 'x', { topicAlias: 1 });
  const other = broker.connect();
  other.publish('', 'x', { topicAlias: 1 });
  other.expectEnd(0x82);
  first.cut();
  const second = broker.connect(takes(undefined, 'c'));
  second.publish('', 'x', { topicAlias: 1 });
  second.expectEnd(0x82);
});

test('an alias stands for its topic in every respect: retained, routed, refused', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.publish('kept', '1', { topicAlias: 1 });
  publisher.publish('', '2', { topicAlias: 1, retain: true });
  publisher.publish('$x', 'no', { topicAlias: 2, qos: 1, id: 1 });
  publisher.publish('', 'no', { topicAlias: 2, qos: 1, id: 2 });
  assert.deepEqual(publisher.said(), ['PUBACK 1 0x90', 'PUBACK 2 0x90']);
  const subscriber = broker.connect();
  subscriber.subscribe('#');
  assert.deepEqual(subscriber.said(), ['PUBLISH kept=2 retain']);
});

test('an alias that came with a message that was not taken is set all the same', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  publisher.publish('a', 'twice', { qos: 2, id: 1 });
  publisher.publish('a', 'twice', { qos: 2, id: 1, topicAlias: 1 });
  publisher.publish('', 'by alias', { topicAlias: 1 });
  assert.deepEqual(subscriber.messages(), ['a=twice', 'a=by alias']);
});

// Towards a client.

// [MQTT-3.1.2-27]
test('a client that announced no maximum, or 0, gets no alias, whatever the publisher used', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscribers = [broker.connect(), broker.connect(takes(0)), broker.connect({ version: 4, clientId: '4' })];
  for (const subscriber of subscribers) subscriber.subscribe('a');
  publisher.publish('a', '1', { topicAlias: 7 });
  publisher.publish('', '2', { topicAlias: 7 });
  for (const subscriber of subscribers) assert.deepEqual(subscriber.said(), ['PUBLISH a=1', 'PUBLISH a=2']);
});

// [MQTT-3.1.2-26] [MQTT-3.3.2-11]
test('a client gets at most as many aliases as it announced; the second message of a topic goes without its name', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect(takes(2));
  subscriber.subscribe('#');
  for (const topic of ['a', 'b', 'c', 'b', 'a', 'c']) publisher.publish(topic, 'x');
  assert.deepEqual(subscriber.said(), [
    'PUBLISH a=x alias 1',
    'PUBLISH b=x alias 2',
    'PUBLISH c=x',
    'PUBLISH =x alias 2',
    'PUBLISH =x alias 1',
    'PUBLISH c=x',
  ]);
});

test('a topic that comes oftener than one with an alias takes it over; a message that is dropped does not count', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect({ properties: { topicAliasMaximum: 1, maximumPacketSize: 60 } });
  subscriber.subscribe('#');
  for (const topic of ['a', 'b']) publisher.publish(topic, 'x');
  for (const payload of ['x'.repeat(100), 'y', 'z', 'x'.repeat(100), 'z']) publisher.publish('b', payload);
  assert.deepEqual(subscriber.said(), [
    'PUBLISH a=x alias 1',
    'PUBLISH b=x',
    'PUBLISH b=y alias 1',
    'PUBLISH =z alias 1',
    'PUBLISH =z alias 1',
  ]);
});

test('the broker gives out no more aliases than its own limit', async () => {
  const broker = await TestBroker.open({ limits: { topicAliasesOutMax: 1 } });
  const publisher = broker.connect();
  const subscriber = broker.connect(takes(65_535));
  subscriber.subscribe('#');
  for (const topic of ['a', 'b', 'a', 'b']) publisher.publish(topic, 'x');
  assert.deepEqual(subscriber.said(), ['PUBLISH a=x alias 1', 'PUBLISH b=x', 'PUBLISH =x alias 1', 'PUBLISH b=x']);
});

test('among many subscribers each has its own aliases', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const [early, late, plain] = [broker.connect(takes(1)), broker.connect(takes(1)), broker.connect()];
  early.subscribe('#');
  publisher.publish('a', 'x');
  for (const subscriber of [late, plain]) subscriber.subscribe('#');
  for (const topic of ['b', 'a', 'b']) publisher.publish(topic, 'x', { qos: 1 });
  assert.deepEqual(early.said(), [
    'PUBLISH a=x alias 1',
    'PUBLISH b=x QoS 1 id 1',
    'PUBLISH =x QoS 1 id 2 alias 1',
    'PUBLISH b=x QoS 1 id 3',
  ]);
  assert.deepEqual(late.said(), [
    'PUBLISH b=x QoS 1 id 1 alias 1',
    'PUBLISH a=x QoS 1 id 2',
    'PUBLISH =x QoS 1 id 3 alias 1',
  ]);
  assert.deepEqual(plain.said(), ['PUBLISH b=x QoS 1 id 1', 'PUBLISH a=x QoS 1 id 2', 'PUBLISH b=x QoS 1 id 3']);
});

// [MQTT-3.3.2-7]
test('what is sent again after a resume has its name', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const first = broker.connect(takes(5, 'c'));
  first.subscribe('a');
  for (const payload of ['1', '2']) publisher.publish('a', payload, { qos: 1 });
  assert.deepEqual(first.said(), ['PUBLISH a=1 QoS 1 id 1 alias 1', 'PUBLISH =2 QoS 1 id 2 alias 1']);
  first.cut();
  const second = broker.connect(takes(5, 'c'));
  publisher.publish('a', '3', { qos: 1 });
  assert.deepEqual(second.said(), [
    'PUBLISH a=1 QoS 1 id 1 dup alias 1',
    'PUBLISH =2 QoS 1 id 2 dup alias 1',
    'PUBLISH =3 QoS 1 id 3 alias 1',
  ]);
});

test('a message that is dropped teaches no alias: the next one has the name', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const publisher = broker.connect();
  const subscriber = broker.connect({ properties: { topicAliasMaximum: 5, maximumPacketSize: 100 } });
  subscriber.subscribe('a');
  publisher.publish('a', 'x'.repeat(200));
  subscriber.stopReading(1_001);
  publisher.publish('a', 'dropped');
  subscriber.readAgain();
  publisher.publish('a', '1');
  publisher.publish('a', '2', { qos: 2 });
  publisher.publish('a', '3');
  assert.deepEqual(subscriber.said(), ['PUBLISH a=1 alias 1', 'PUBLISH a=2 QoS 2 id 1', 'PUBLISH =3 alias 1']);
});
