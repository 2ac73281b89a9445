// Quality of Service end to end (MQTT 5.0 sections 4.3 to 4.6): the QoS that a message arrives with, the
// handshakes on both sides, what a resume repeats, and the order in which messages come.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PublishPacket, QoS } from '../../src/packet/packet.ts';
import { type ConnectChoice, TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';

const LEVELS = [0, 1, 2] as const;
const VERSIONS = [3, 4, 5] as const;

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

for (const published of LEVELS) {
  for (const granted of LEVELS) {
    const effective = Math.min(published, granted) as QoS;
    // [MQTT-3.8.4-8]; in 3.1.1 [MQTT-3.8.4-6].
    test(`published with QoS ${published}, subscribed to with QoS ${granted}: arrives once, with QoS ${effective}, whatever the versions`, async () => {
      for (const publisherVersion of VERSIONS) {
        for (const subscriberVersion of VERSIONS) {
          const broker = await TestBroker.open();
          const publisher = broker.connect({ version: publisherVersion, clientId: 'publisher' });
          const subscriber = broker.connect({ version: subscriberVersion, clientId: 'subscriber' });
          assert.deepEqual(subscriber.subscribe('a', { qos: granted }), [granted]);
          const id = publisher.publish('a', 'x', { qos: published });
          if (published === 2) publisher.answer('pubrel', id);
          assert.deepEqual(publisher.said(), [[], ['PUBACK 1'], ['PUBREC 1', 'PUBCOMP 1']][published]);
          const [arrived, ...more] = subscriber.acknowledgeAll();
          assert.deepEqual([arrived?.qos, arrived?.dup, arrived?.retain, more], [effective, false, false, []]);
          assert.deepEqual(subscriber.said(), []);
        }
      }
    });
  }
}

// [MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT-2.2.1-4]
test('every delivery has a packet identifier that is not in use', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  const inUse = new Set<number>();
  for (let n = 0; n < 300; n++) {
    publisher.publish('a', String(n), { qos: n % 2 === 0 ? 1 : 2, id: 1 + n });
    if (n % 2 === 1) publisher.answer('pubrel', publisher.expect('pubrec').id);
    for (const { id } of subscriber.publishes()) {
      assert.ok(id !== undefined && !inUse.has(id));
      inUse.add(id);
      if (n % 2 === 1 || inUse.size < 20) continue;
      inUse.delete(id);
      subscriber.answer('puback', id);
    }
  }
});

// [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-2.2.1-5]
test('a PUBREC is answered with PUBREL under the same packet identifier, again if it comes again', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  broker.connect().publish('a', 'x', { qos: 2 });
  const { id } = subscriber.expect('publish');
  subscriber.answer('pubrec', id);
  subscriber.answer('pubrec', id);
  assert.deepEqual(subscriber.said(), ['PUBREL 1', 'PUBREL 1']);
  subscriber.answer('pubcomp', id);
  subscriber.answer('pubrec', id);
  assert.deepEqual(subscriber.said(), ['PUBREL 1 0x92']);
});

// [MQTT-4.4.0-2]
test('a delivery that its client refuses is over: counted, said, its packet identifier free, and not sent again', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect(KEPT);
  subscriber.subscribe('a');
  const publisher = broker.connect();
  publisher.publish('a', 'one', { qos: 1 });
  publisher.publish('a', 'two', { qos: 2 });
  const [one, two] = subscriber.publishes();
  subscriber.answer('puback', one?.id, 0x80);
  subscriber.answer('pubrec', two?.id, 0x97);
  assert.deepEqual(subscriber.said(), []);
  assert.equal(broker.broker.counters.messagesDropped['refused-by-client'], 2);
  assert.match(broker.warnings().join(), /refused it: unspecified error \(0x80\)/);
  subscriber.cut();
  assert.deepEqual(broker.connect(KEPT).said(), []);
});

// [MQTT-4.3.2-5]
test('a QoS 1 PUBLISH under an identifier that came before is a new message, whatever its DUP flag', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  publisher.publish('a', 'x', { qos: 1, id: 9 });
  publisher.publish('a', 'x', { qos: 1, id: 9, dup: true });
  assert.deepEqual(publisher.said(), ['PUBACK 9', 'PUBACK 9']);
  assert.deepEqual(subscriber.said(), ['PUBLISH a=x QoS 1 id 1', 'PUBLISH a=x QoS 1 id 2']);
});

// [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12]
test('a QoS 2 PUBLISH that comes again before its PUBREL is acknowledged and delivered once; after PUBCOMP it is new', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const publisher = broker.connect({ ...KEPT, version });
    const subscriber = broker.connect();
    subscriber.subscribe('a');
    const id = publisher.publish('a', 'x', { qos: 2, id: 9 });
    publisher.publish('a', 'x', { qos: 2, id: 9, dup: true });
    publisher.publish('a', 'x', { qos: 2, id: 9 });
    publisher.answer('pubrel', id);
    assert.deepEqual(publisher.said(), ['PUBREC 9', 'PUBREC 9', 'PUBREC 9', 'PUBCOMP 9']);
    assert.deepEqual(subscriber.messages(), ['a=x']);
    publisher.publish('a', 'y', { qos: 2, id: 9, dup: true });
    assert.deepEqual(publisher.said(), ['PUBREC 9']);
    assert.deepEqual(subscriber.messages(), ['a=y']);
  }
});

// [MQTT-4.3.3-10] [MQTT-4.4.0-1]
test('a QoS 2 PUBLISH that a resumed publisher sends again is delivered once', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  const first = broker.connect(KEPT);
  first.publish('a', 'x', { qos: 2, id: 9 });
  first.cut();
  const second = broker.connect(KEPT);
  const id = second.publish('a', 'x', { qos: 2, id: 9, dup: true });
  second.answer('pubrel', id);
  second.cut();
  const third = broker.connect(KEPT);
  third.answer('pubrel', id);
  assert.deepEqual(second.said(), ['PUBREC 9', 'PUBCOMP 9']);
  assert.deepEqual(third.said(), ['PUBCOMP 9 0x92']);
  assert.deepEqual(subscriber.messages(), ['a=x']);
});

// [MQTT-4.3.3-9]
test('after a PUBREC that refuses, the identifier carries a new message', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('#');
  publisher.publish('$x', 'no', { qos: 2, id: 9 });
  publisher.publish('a', 'yes', { qos: 2, id: 9 });
  assert.deepEqual(publisher.said(), ['PUBREC 9 0x90', 'PUBREC 9']);
  assert.deepEqual(subscriber.messages(), ['a=yes']);
});

// [MQTT-4.3.3-11]
test('a PUBREL for an unknown identifier is answered with PUBCOMP 0x92', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  const old = broker.connect({ version: 4, clientId: 'old' });
  for (const each of [client, old]) each.sendBytes('62 02 00 09');
  assert.deepEqual(client.said(), ['PUBCOMP 9 0x92']);
  assert.deepEqual(old.said(), ['PUBCOMP 9']);
});

// [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6]
test('a resumed session is sent what it has not acknowledged: PUBREL, then PUBLISH with DUP in the order of sending', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const subscriber = broker.connect({ ...KEPT, version });
    subscriber.subscribe('a');
    const publisher = broker.connect();
    for (const [payload, qos] of [
      ['1', 1],
      ['2', 2],
      ['3', 2],
      ['4', 1],
      ['5', 2],
    ] as const) {
      publisher.publish('a', payload, { qos });
    }
    const sent = subscriber.publishes();
    subscriber.answer('pubrec', sent[4]?.id);
    subscriber.answer('pubrec', sent[1]?.id);
    subscriber.answer('puback', sent[3]?.id);
    subscriber.cut();
    publisher.publish('a', '6', { qos: 1 });
    publisher.publish('a', 'lost', { qos: 0 });
    const resumed = broker.connect({ ...KEPT, version });
    assert.deepEqual(resumed.said(), [
      'PUBREL 5',
      'PUBREL 2',
      'PUBLISH a=1 QoS 1 id 1 dup',
      'PUBLISH a=3 QoS 2 id 3 dup',
      'PUBLISH a=6 QoS 1 id 6',
    ]);
  }
});

// [MQTT-4.4.0-1]
test('nothing is sent again on a live connection, however long an acknowledgement takes', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  const publisher = broker.connect();
  publisher.publish('a', '1', { qos: 1 });
  publisher.publish('a', '2', { qos: 2 });
  subscriber.take();
  for (let hour = 0; hour < 48; hour++) broker.pass(3_600_000);
  assert.deepEqual(subscriber.said(), []);
});

// [MQTT-4.5.0-1]
test('a message of QoS 1 or 2 waits for a persistent session that is away, QoS 0 does not', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect(KEPT);
  subscriber.subscribe('a');
  subscriber.disconnect();
  const publisher = broker.connect();
  for (const qos of LEVELS) publisher.publish('a', String(qos), { qos });
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBREC 2']);
  assert.deepEqual(broker.connect(KEPT).said(), ['PUBLISH a=1 QoS 1 id 1', 'PUBLISH a=2 QoS 2 id 2']);
});

// [MQTT-4.6.0-5] [MQTT-4.6.0-6]
test('messages of one topic and QoS arrive in the order of their publishing, through queue, window and QoS mix', async () => {
  for (const receiveMaximum of [1, 2, 3, 65_535]) {
    const broker = await TestBroker.open();
    const publishers = [broker.connect(), broker.connect({ version: 4, clientId: 'p' })];
    const subscriber = broker.connect({ ...KEPT, properties: { receiveMaximum, sessionExpiryInterval: 1000 } });
    subscriber.subscribe('#');
    const arrived: PublishPacket[] = [];
    for (let n = 0; n < 60; n++) {
      const publisher = publishers[n % 2];
      const id = publisher?.publish(n % 3 === 0 ? 'a' : 'b', String(n), { qos: ((n >> 1) % 3) as QoS });
      if ((n >> 1) % 3 === 2) publisher?.answer('pubrel', id);
      if (n % 7 === 0) arrived.push(...subscriber.acknowledgeAll());
    }
    arrived.push(...subscriber.acknowledgeAll());
    assert.equal(arrived.length, 60);
    assertOrdered(arrived);
  }
});

// [MQTT-4.6.0-5]
test('messages of one topic and QoS arrive in the order of their publishing across a resume', async () => {
  const broker = await TestBroker.open();
  const choice: ConnectChoice = { ...KEPT, properties: { receiveMaximum: 4, sessionExpiryInterval: 1000 } };
  let subscriber = broker.connect(choice);
  subscriber.subscribe('a');
  const publisher = broker.connect();
  const first = new Map<string, PublishPacket>();
  for (let n = 0; n < 90; n++) {
    const id = publisher.publish('a', String(n), { qos: n % 2 === 0 ? 1 : 2, id: n + 1 });
    if (n % 2 === 1) publisher.answer('pubrel', id);
    publisher.take();
    if (n % 9 === 8) {
      // Some are acknowledged, some are not, and the connection is lost; what is sent again counts as new.
      for (const packet of subscriber.take()) {
        if (packet.kind !== 'publish') continue;
        if (!first.has(textOf(packet))) first.set(textOf(packet), packet);
        if (packet.qos === 1) subscriber.answer('puback', packet.id);
        else subscriber.answer('pubrec', packet.id);
        if (first.size % 5 === 4) break;
      }
      subscriber.cut();
      subscriber = broker.connect(choice);
    }
  }
  for (const packet of subscriber.acknowledgeAll()) {
    if (!first.has(textOf(packet))) first.set(textOf(packet), packet);
  }
  assert.equal(first.size, 90);
  assertOrdered(Array.from(first.values()));
});

test('QoS 0 does not wait for the window, and keeps its own order', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect({ properties: { receiveMaximum: 1 } });
  subscriber.subscribe('a');
  const publisher = broker.connect();
  for (const [payload, qos] of [
    ['1', 1],
    ['2', 1],
    ['3', 0],
    ['4', 0],
  ] as const)
    publisher.publish('a', payload, { qos });
  assert.deepEqual(subscriber.said(), ['PUBLISH a=1 QoS 1 id 1', 'PUBLISH a=3', 'PUBLISH a=4']);
});

/** Claims that among messages of one topic and QoS the numbers in the payloads only grow. */
function assertOrdered(publishes: readonly PublishPacket[]): void {
  const last = new Map<string, number>();
  for (const publish of publishes) {
    const lane = `${publish.topic} ${publish.qos}`;
    const number = Number(textOf(publish));
    assert.ok(number > (last.get(lane) ?? -1), `${number} came after ${last.get(lane)} in ${lane}`);
    last.set(lane, number);
  }
}
