// Maximum Packet Size (MQTT 5.0 sections 3.1.2.11.4 and 3.2.2.3.6), both ways.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { publishSize } from '../../src/packet/encode.ts';
import type { PublishPacket } from '../../src/packet/packet.ts';
import { NO_REASON_PROPERTIES } from '../../src/packet/properties.ts';
import { type ConnectChoice, TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';

/** A client that takes packets up to a size. */
function takes(maximumPacketSize: number | undefined, clientId = ''): ConnectChoice {
  return {
    clientId,
    clean: clientId === '',
    properties: { maximumPacketSize, sessionExpiryInterval: 1000, receiveMaximum: 1 },
  };
}

/** How many bytes a PUBLISH took. */
function sizeOf(packet: PublishPacket): number {
  return publishSize(5, packet, {
    ...packet,
    id: packet.id ?? 0,
    omitTopic: packet.topic === '',
    expiryInterval: packet.properties.messageExpiryInterval,
  });
}

// [MQTT-3.1.2-24] [MQTT-3.1.2-25]
test('a message that is too large for one subscriber is dropped for that one, counted and said; the others get it', async () => {
  for (const qos of [0, 1, 2] as const) {
    const broker = await TestBroker.open();
    const small = broker.connect(takes(100, 'small'));
    const large = broker.connect();
    for (const client of [small, large]) client.subscribe('a');
    const publisher = broker.connect();
    for (const payload of ['x'.repeat(200), 'fits']) {
      const id = publisher.publish('a', payload, { qos });
      if (qos === 2) publisher.answer('pubrel', id);
    }
    assert.deepEqual(
      publisher.said(),
      [[], ['PUBACK 1', 'PUBACK 2'], ['PUBREC 1', 'PUBCOMP 1', 'PUBREC 2', 'PUBCOMP 2']][qos],
    );
    assert.deepEqual(small.acknowledgeAll().map(textOf), ['fits']);
    assert.equal(large.acknowledgeAll().length, 2);
    assert.equal(broker.broker.counters.messagesDropped['too-large'], 1);
    assert.match(broker.warnings()[0] ?? '', /"small".*Maximum Packet Size/);
    assert.equal(small.ended, 'not yet');
  }
});

// [MQTT-3.1.2-24] [MQTT-3.1.2-25]
test('a message that takes exactly the Maximum Packet Size is sent, one byte more is not, whatever comes with it', async () => {
  const properties = {
    contentType: 'text',
    correlationData: Uint8Array.of(1, 2, 3),
    userProperties: [['k', 'vä']],
    messageExpiryInterval: 60,
  } as const;
  for (const qos of [0, 1, 2] as const) {
    for (const identifier of [undefined, 300]) {
      for (const choice of [{}, { properties }]) {
        const broker = await TestBroker.open();
        const publisher = broker.connect();
        const measure = broker.connect();
        measure.subscribe('tä', {}, identifier);
        publisher.publish('tä', 'x'.repeat(90), { qos, id: 1, ...choice });
        const size = sizeOf(measure.expect('publish'));
        const exact = broker.connect(takes(size));
        const short = broker.connect(takes(size - 1));
        for (const client of [exact, short]) client.subscribe('tä', {}, identifier);
        publisher.publish('tä', 'x'.repeat(90), { qos, id: 2, ...choice });
        assert.deepEqual([exact.received.length, short.received.length], [1, 0]);
      }
    }
  }
});

// [MQTT-3.1.2-25]
test('what is too large leaves the queue and the store: nothing of it is left for the next connection', async () => {
  const broker = await TestBroker.open();
  const first = broker.connect(takes(100, 'c'));
  first.subscribe('a');
  first.cut();
  const publisher = broker.connect();
  for (const payload of ['1', 'x'.repeat(200), '2']) publisher.publish('a', payload, { qos: 1 });
  const second = broker.connect(takes(100, 'c'));
  assert.deepEqual(second.acknowledgeAll().map(textOf), ['1', '2']);
  second.cut();
  assert.deepEqual(broker.connect(takes(undefined, 'c')).said(), []);
});

// [MQTT-3.1.2-24] [MQTT-3.1.2-25]
test('a message in flight that is too large for the next connection is not sent again on it', async () => {
  for (const qos of [1, 2] as const) {
    const broker = await TestBroker.open();
    const first = broker.connect(takes(undefined, 'c'));
    first.subscribe('a');
    const publisher = broker.connect();
    for (const payload of ['x'.repeat(200), 'fits']) publisher.publish('a', payload, { qos });
    assert.equal(first.publishes().length, 1);
    first.cut();
    const second = broker.connect(takes(100, 'c'));
    assert.deepEqual(second.acknowledgeAll().map(textOf), ['fits']);
    assert.equal(broker.broker.counters.messagesDropped['too-large'], 1);
  }
});

// [MQTT-3.1.2-24]
test('retained messages that are too large are left out', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.publish('a', 'x'.repeat(200), { retain: true, qos: 1 });
  publisher.publish('b', 'fits', { retain: true, qos: 1 });
  for (const clientId of ['', 'kept']) {
    const client = broker.connect(takes(100, clientId));
    client.subscribe('+');
    assert.deepEqual(client.messages(), ['b=fits']);
  }
});

test('a message that is larger than the others of its window is dropped without holding them up', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect(takes(100));
  client.subscribe('a');
  const publisher = broker.connect();
  for (let n = 0; n < 30; n++)
    publisher.publish('a', n % 3 === 0 ? 'x'.repeat(200) : String(n), { qos: n % 2 === 0 ? 1 : 2 });
  assert.equal(client.acknowledgeAll().length, 20);
});

// [MQTT-3.2.2-15]
test('CONNACK says the Maximum Packet Size of the broker; a larger packet ends the connection with 0x95, before it has come', async () => {
  const broker = await TestBroker.open({ limits: { packetBytesMax: 1_000 } });
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  assert.equal(publisher.connack?.properties.maximumPacketSize, 1_000);
  publisher.publish('a', 'x'.repeat(1_000 - 7));
  assert.equal(subscriber.publishes()[0]?.payload.length, 993);
  publisher.sendBytes('30 e6 07');
  publisher.expectEnd(0x95);
  assert.equal(subscriber.ended, 'not yet');
  const old = broker.connect({ version: 4, clientId: 'old' });
  old.sendBytes('30 e6 07');
  old.expectEnd(0);
});

// [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3]
// [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.1.2-29]
test('to a client that asks for no reasons no answer carries a Reason String or User Properties', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect({ properties: { requestProblemInformation: false } });
  client.subscribe('a');
  client.requestSubscription(['bad/#/']);
  client.sendBytes('a2 06 00 09 00 00 01 62');
  for (const topic of ['$x', 'nobody', 'a']) {
    client.publish(topic, 'x', { qos: 1 });
    client.publish(topic, 'x', { qos: 2, id: 99 });
    client.sendBytes('62 02 00 63');
  }
  for (const packet of client.received) {
    if (packet.kind === 'publish' && packet.qos === 2) client.answer('pubrec', packet.id);
  }
  const answers = client.take().filter(({ kind }) => kind !== 'publish');
  assert.deepEqual(Array.from(new Set(answers.map(({ kind }) => kind))).toSorted(), [
    'puback',
    'pubcomp',
    'pubrec',
    'pubrel',
    'suback',
    'unsuback',
  ]);
  for (const answer of answers) {
    assert.ok('properties' in answer);
    assert.deepEqual(answer.properties, NO_REASON_PROPERTIES);
  }
});
