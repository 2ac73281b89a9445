// UNSUBSCRIBE and UNSUBACK (MQTT 5.0 sections 3.10 and 3.11).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { NO_UNSUBSCRIBE_PROPERTIES } from '../../src/packet/properties.ts';
import { type ConnectChoice, TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';

const VERSIONS = [3, 4, 5] as const;

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

// [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] [MQTT-2.2.1-6]
test('UNSUBSCRIBE is answered with one UNSUBACK, with a reason code for each filter in its place', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const client = broker.connect({ version, clientId: 'c' });
    client.subscribe('a');
    client.subscribe('b/+');
    const filters = ['b/+', 'none', 'a', 'a', 'not/#/valid'];
    client.send({ kind: 'unsubscribe', id: packetId(500), filters, properties: NO_UNSUBSCRIBE_PROPERTIES });
    assert.deepEqual(client.said(), [version === 5 ? 'UNSUBACK 500 0x00 0x11 0x00 0x11 0x11' : 'UNSUBACK 500']);
    assert.equal(broker.broker.sizes.subscriptions, 0);
  }
});

// [MQTT-3.10.4-1]
test('filters are compared character by character, whatever they match', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  const other = broker.connect();
  other.subscribe('a/b');
  for (const filter of ['a/b', 'a/+', '$share/g/a/b']) client.subscribe(filter);
  for (const filter of ['#', 'A/b', 'a/#', 'a/b/', '$share/h/a/b', '$share/g/a/+']) {
    assert.deepEqual(client.unsubscribe(filter), [0x11], filter);
  }
  assert.deepEqual(client.unsubscribe('a/+'), [0]);
  broker.connect().publish('a/b', 'x');
  assert.deepEqual(client.messages(), ['a/b=x', 'a/b=x']);
  assert.deepEqual(other.messages(), ['a/b=x']);
});

// [MQTT-3.10.4-2]
test('what is published after UNSUBSCRIBE does not arrive, on a connection or in a session that is away', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const publisher = broker.connect();
    const client = broker.connect({ ...KEPT, version });
    client.subscribe('a');
    publisher.publish('a', 'before', { qos: 1 });
    client.unsubscribe('a');
    publisher.publish('a', 'after', { qos: 1 });
    client.cut();
    publisher.publish('a', 'away', { qos: 1 });
    assert.deepEqual(broker.connect({ ...KEPT, version }).said(), ['PUBLISH a=before QoS 1 id 1 dup']);
  }
});

// [MQTT-3.10.4-3]
test('deliveries that were begun before UNSUBSCRIBE are completed, queued ones as well', async () => {
  const broker = await TestBroker.open({ limits: { inFlightMax: 2 } });
  const publisher = broker.connect();
  const client = broker.connect(KEPT);
  client.subscribe('a');
  publisher.publish('a', '1', { qos: 1 });
  publisher.publish('a', '2', { qos: 2 });
  publisher.publish('a', '3', { qos: 2 });
  client.unsubscribe('a');
  assert.deepEqual(client.acknowledgeAll().map(textOf), ['1', '2', '3']);
  client.cut();
  assert.deepEqual(broker.connect(KEPT).said(), []);
});

test('another subscription that matches goes on', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.subscribe('a/+', { qos: 1 }, 1);
  client.subscribe('a/#', { qos: 2 }, 2);
  const publisher = broker.connect();
  publisher.publish('a/b', 'both', { qos: 2 });
  client.unsubscribe('a/#');
  publisher.publish('a/b', 'one', { qos: 2 });
  client.unsubscribe('a/+');
  publisher.publish('a/b', 'none', { qos: 2 });
  assert.deepEqual(client.said(), ['PUBLISH a/b=both QoS 2 id 1 for 1,2', 'PUBLISH a/b=one QoS 1 id 2 for 1']);
});

test('after UNSUBSCRIBE a subscription is new again', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  broker.connect().publish('a', 'kept', { retain: true });
  client.subscribe('a', { retainHandling: 1 });
  client.unsubscribe('a');
  client.subscribe('a', { retainHandling: 1 });
  assert.deepEqual(client.messages(), ['a=kept', 'a=kept']);
});

// [MQTT-3.10.1-1] [MQTT-3.10.3-2]
test('a malformed UNSUBSCRIBE ends the connection', async () => {
  const cases: readonly (readonly [bytes: string, reasonCode: number])[] = [
    ['a0 06 00 01 00 00 01 61', 0x81],
    ['a2 03 00 01 00', 0x82],
    ['a2 06 00 00 00 00 01 61', 0x82],
    ['a2 06 00 01 00 00 01 ff', 0x81],
  ];
  for (const [bytes, reasonCode] of cases) {
    const broker = await TestBroker.open();
    const client = broker.connect();
    client.subscribe('a');
    client.sendBytes(bytes);
    client.expectEnd(reasonCode);
  }
});
