// SUBSCRIBE and SUBACK (MQTT 5.0 sections 3.8 and 3.9): what is granted, what is refused, what replacing a
// subscription changes and what it does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { NO_SUBSCRIBE_PROPERTIES } from '../../src/packet/properties.ts';
import { type ConnectChoice, TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';

const VERSIONS = [3, 4, 5] as const;

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

// [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.2.1-6]
test('SUBSCRIBE is answered with SUBACK under its packet identifier', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const client = broker.connect({ version, clientId: 'c' });
    const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    client.send({
      kind: 'subscribe',
      id: packetId(65_535),
      subscriptions: [{ filter: 'a', options }],
      properties: NO_SUBSCRIBE_PROPERTIES,
    });
    assert.deepEqual(client.said(), ['SUBACK 65535 0x01']);
  }
});

// [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] [MQTT-4.7.1-1] [MQTT-4.7.1-2]
test('each filter has its reason code in its place: the QoS granted, or why not', async () => {
  const broker = await TestBroker.open({ limits: { topicLevelsMax: 3 } });
  const filters = ['a', 'a/#/b', '+/b', 'a+', '1/2/3/4', '$share/g/x', '$share//x', '$share/g', '$share/+/x', '#'];
  const client = broker.connect();
  client.requestSubscription(filters, { qos: 1 });
  assert.deepEqual(client.said(), ['SUBACK 1 0x01 0x8f 0x01 0x8f 0x8f 0x01 0x8f 0x8f 0x8f 0x01']);
  assert.equal(broker.warnings().length, 6);
  assert.equal(client.ended, 'not yet');
  for (const version of [3, 4] as const) {
    const old = broker.connect({ version, clientId: `old ${version}` });
    old.requestSubscription(filters, { qos: 1 });
    // 3.1.1 [MQTT-3.9.3-2]: 0x00, 0x01, 0x02 and 0x80, no other.
    assert.deepEqual(old.said(), ['SUBACK 1 0x01 0x80 0x01 0x80 0x80 0x01 0x80 0x80 0x80 0x01']);
  }
});

test('every QoS is granted as requested', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.connect({ version, clientId: `c ${version}` });
    for (const qos of [0, 1, 2] as const) assert.deepEqual(client.subscribe(`a/${qos}`, { qos }), [qos]);
  }
  assert.equal(broker.broker.sizes.subscriptions, 9);
});

// [MQTT-3.8.4-5]
test('several filters in one SUBSCRIBE are in force like those of several, the last of two equal ones as well', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.requestSubscription(['a', 'b', 'a', '+/c']);
  assert.deepEqual(client.said(), ['SUBACK 1 0x02 0x02 0x02 0x02']);
  assert.equal(broker.broker.sizes.subscriptions, 3);
  const publisher = broker.connect();
  for (const topic of ['a', 'b', 'x/c', 'c']) publisher.publish(topic, 'x');
  assert.deepEqual(client.messages(), ['a=x', 'b=x', 'x/c=x']);
});

// [MQTT-3.3.2-3]
test('only names that the filter matches arrive', async () => {
  const cases: readonly (readonly [filter: string, yes: readonly string[], no: readonly string[]])[] = [
    ['sport/#', ['sport', 'sport/', 'sport/a', 'sport/a/b'], ['sports', '/sport', 'a/sport']],
    ['#', ['a', '/', '/a', 'a/b/c'], []],
    ['+', ['a', ' '], ['/', '/a', 'a/']],
    ['/+', ['/a', '/'], ['a', 'a/b', '/a/']],
    ['+/+', ['a/b', '/b', 'a/', '/'], ['a', 'a/b/c']],
    ['a/+/c', ['a/b/c', 'a//c'], ['a/c', 'a/b/c/d', 'a/b/d']],
    ['+/#', ['a', 'a/b', '/'], []],
    ['a/+/#', ['a/b', 'a/', 'a/b/c'], ['a']],
    ['a/b', ['a/b'], ['a/B', 'a/b/', 'a']],
  ];
  for (const [filter, yes, no] of cases) {
    const broker = await TestBroker.open();
    const client = broker.connect();
    client.subscribe(filter);
    const publisher = broker.connect();
    for (const topic of [...yes, ...no]) publisher.publish(topic, 'x');
    assert.deepEqual(
      client.messages(),
      yes.map((topic) => `${topic}=x`),
      filter,
    );
  }
});

// [MQTT-3.8.4-3]
test('a subscription with the same filter replaces the one before: QoS, options and identifier', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.subscribe('a', { qos: 2, retainAsPublished: true }, 7);
  client.subscribe('a', { qos: 1 }, 8);
  const publisher = broker.connect();
  publisher.publish('a', 'x', { qos: 2, retain: true });
  assert.deepEqual(client.said(), ['PUBLISH a=x QoS 1 id 1 for 8']);
  client.subscribe('a', { qos: 0, retainHandling: 2 });
  publisher.publish('a', 'y', { qos: 2 });
  assert.deepEqual(client.said(), ['PUBLISH a=y']);
  assert.equal(broker.broker.sizes.subscriptions, 1);
});

// [MQTT-3.8.4-4]; in 3.1.1 [MQTT-3.8.4-3].
test('replacing a subscription sends retained messages again and loses nothing that is in flight or queued', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open({ limits: { inFlightMax: 2 } });
    const publisher = broker.connect();
    const client = broker.connect({ ...KEPT, version });
    client.subscribe('a', { qos: 1 });
    for (const payload of ['1', '2', '3', '4']) publisher.publish('a', payload, { qos: 1 });
    publisher.publish('a', 'kept', { qos: 1, retain: true });
    client.requestSubscription(['a'], { qos: 0 });
    publisher.publish('a', '5', { qos: 1 });
    client.expect('suback');
    const payloads = client
      .acknowledgeAll()
      .map(({ qos, retain, payload }) => `${String.fromCodePoint(...payload)} ${qos}${retain ? ' retain' : ''}`);
    assert.deepEqual(payloads.toSorted(), ['1 1', '2 1', '3 1', '4 1', '5 0', 'kept 0 retain', 'kept 1'].toSorted());
  }
});

test('a subscription is in force for what comes behind it in the same chunk', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.sendBytes('82 07 00 01 00 00 01 61 02  30 05 00 01 61 00 78');
  assert.deepEqual(client.said(), ['SUBACK 1 0x02', 'PUBLISH a=x']);
});

test('the subscriptions of a persistent session are in force while it is away and when it is back', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect(KEPT);
  client.subscribe('a', { qos: 1 }, 5);
  client.disconnect();
  const publisher = broker.connect();
  publisher.publish('a', 'away', { qos: 2 });
  const back = broker.connect(KEPT);
  publisher.publish('a', 'back', { qos: 0 });
  assert.deepEqual(back.said(), ['PUBLISH a=away QoS 1 id 1 for 5', 'PUBLISH a=back for 5']);
});

test('the subscriptions of a session end with it', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.subscribe('a');
  client.subscribe('$share/g/a');
  client.disconnect();
  assert.equal(broker.broker.sizes.subscriptions, 0);
  assert.deepEqual(broker.connect({ clean: false, clientId: 'again' }).said(), []);
  const publisher = broker.connect();
  publisher.publish('a', 'x', { qos: 1 });
  assert.deepEqual(publisher.said(), ['PUBACK 1 0x10']);
});

// [MQTT-3.8.3-3]
test('No Local: a client is not sent what it published itself, others are, and other subscribers of it', async () => {
  for (const qos of [0, 1, 2] as const) {
    const broker = await TestBroker.open();
    const client = broker.connect(KEPT);
    const other = broker.connect();
    client.subscribe('a', { noLocal: true });
    other.subscribe('a', { noLocal: true });
    client.publish('a', 'mine', { qos });
    other.publish('a', 'yours', { qos });
    const heard = [client, other].map((each) =>
      each
        .take()
        .filter((packet) => packet.kind === 'publish')
        .map(textOf),
    );
    assert.deepEqual(heard, [['yours'], ['mine']]);
  }
});

// [MQTT-3.8.3-3]
test('No Local holds for the client identifier: after a reconnect as well', async () => {
  const broker = await TestBroker.open();
  broker.connect(KEPT).subscribe('a', { noLocal: true });
  const again = broker.connect(KEPT);
  again.publish('a', 'mine', { qos: 1 });
  assert.deepEqual(again.said(), ['PUBACK 1']);
});

// [MQTT-3.8.3-4]
test('No Local on a shared subscription ends the connection', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.requestSubscription(['$share/g/a'], { noLocal: true });
  client.expectEnd(0x82);
  assert.equal(broker.broker.sizes.subscriptions, 0);
});

// [MQTT-3.8.1-1] [MQTT-3.8.3-1] [MQTT-3.8.3-2] [MQTT-3.8.3-5] [MQTT-2.2.1-3] [MQTT-4.7.3-1] [MQTT-4.7.3-2]
test('a malformed SUBSCRIBE ends the connection and leaves the others alone', async () => {
  const cases: readonly (readonly [name: string, bytes: string, reasonCode: number])[] = [
    ['flags', '80 07 00 01 00 00 01 61 00', 0x81],
    ['no filter', '82 03 00 01 00', 0x82],
    ['reserved option bits', '82 07 00 01 00 00 01 61 40', 0x81],
    ['maximum QoS 3', '82 07 00 01 00 00 01 61 03', 0x82],
    ['retain handling 3', '82 07 00 01 00 00 01 61 30', 0x82],
    ['packet identifier 0', '82 07 00 00 00 00 01 61 00', 0x82],
    ['empty filter', '82 06 00 01 00 00 00 00', 0x82],
    ['filter that is no UTF-8', '82 07 00 01 00 00 01 ff 00', 0x81],
    ['filter with U+0000', '82 07 00 01 00 00 01 00 00', 0x81],
    ['subscription identifier 0', '82 09 00 01 02 0b 00 00 01 61 00', 0x82],
  ];
  for (const [name, bytes, reasonCode] of cases) {
    const broker = await TestBroker.open();
    const client = broker.connect();
    const other = broker.connect();
    client.sendBytes(bytes);
    try {
      client.expectEnd(reasonCode);
    } catch (error) {
      assert.fail(`${name}: ${String(error)}`);
    }
    assert.equal(broker.broker.sizes.subscriptions, 0, name);
    assert.equal(other.ended, 'not yet');
  }
});

// 3.1.1 [MQTT-3.8.3-4]
test('a 3.x SUBSCRIBE with QoS 3 or reserved bits closes the connection', async () => {
  for (const version of [3, 4] as const) {
    for (const byte of ['03', '04', '80']) {
      const broker = await TestBroker.open();
      const client = broker.connect({ version, clientId: 'c' });
      client.sendBytes(`82 06 00 01 00 01 61 ${byte}`);
      client.expectEnd(0);
    }
  }
});
