// Flow control (MQTT 5.0 sections 3.3.4 and 4.9): Receive Maximum in both directions, and what becomes of
// a client that reads more slowly than it is written to.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ConnectChoice, connectPacket, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';
import { lateStore } from './test-store.ts';

/** A persistent session with a window. */
function kept(receiveMaximum: number | undefined): ConnectChoice {
  return { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000, receiveMaximum } };
}

/** Publishes numbered QoS 1 messages to `a`. */
function publish(publisher: TestClient, count: number): void {
  for (let n = 1; n <= count; n++) publisher.publish('a', String(n), { qos: 1 });
}

// Towards a client.

// [MQTT-3.3.4-9] [MQTT-4.9.0-2]
test('no more than Receive Maximum messages of QoS 1 and 2 are unacknowledged; PUBACK and PUBCOMP make room, PUBREC does not', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const client = broker.connect({ properties: { receiveMaximum: 2 } });
  client.subscribe('a');
  for (const [payload, qos] of [
    ['1', 1],
    ['2', 2],
    ['3', 2],
    ['4', 1],
  ] as const)
    publisher.publish('a', payload, { qos });
  const [one, two] = client.publishes();
  client.answer('pubrec', two?.id);
  assert.deepEqual(client.said(), ['PUBREL 2']);
  client.answer('puback', one?.id);
  const three = client.expect('publish');
  assert.deepEqual([textOf(three), client.said()], ['3', []]);
  client.answer('pubcomp', two?.id);
  assert.deepEqual(client.said().length, 1);
});

// Section 4.9.
test('a PUBACK or PUBREC that refuses makes room, too', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const client = broker.connect({ properties: { receiveMaximum: 1 } });
  client.subscribe('a');
  for (const [payload, qos] of [
    ['1', 1],
    ['2', 2],
    ['3', 1],
  ] as const)
    publisher.publish('a', payload, { qos });
  client.answer('puback', client.expect('publish').id, 0x80);
  client.answer('pubrec', client.expect('publish').id, 0x80);
  assert.equal(client.messages().join(), 'a=3');
});

// [MQTT-3.3.4-10] [MQTT-4.9.0-3]
test('a full window holds back no packet but PUBLISH of QoS 1 and 2', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const client = broker.connect({ properties: { receiveMaximum: 1 } });
  client.subscribe('a');
  publisher.publish('a', '1', { qos: 2 });
  publisher.publish('a', '2', { qos: 2 });
  const { id } = client.expect('publish');
  client.answer('pubrec', id);
  client.send({ kind: 'pingreq' });
  client.requestSubscription(['b']);
  publisher.publish('b', '0');
  const own = client.publish('nobody', 'x', { qos: 2 });
  client.answer('pubrel', own);
  assert.deepEqual(client.said(), [
    'PUBREL 1',
    'PINGRESP',
    'SUBACK 2 0x02',
    'PUBLISH b=0',
    'PUBREC 3 0x10',
    'PUBCOMP 3',
  ]);
});

// [MQTT-4.9.0-1]
test('the window is that of the connection: a resume begins with its own', async () => {
  const broker = await TestBroker.open();
  const first = broker.connect(kept(3));
  first.subscribe('a');
  publish(broker.connect(), 6);
  assert.equal(first.publishes().length, 3);
  first.cut();
  const narrow = broker.connect(kept(1));
  assert.deepEqual(narrow.said(), ['PUBLISH a=1 QoS 1 id 1 dup']);
  narrow.cut();
  const wide = broker.connect(kept(4));
  assert.deepEqual(wide.messages(), ['a=1', 'a=2', 'a=3', 'a=4']);
  wide.cut();
  assert.deepEqual(broker.connect(kept(undefined)).acknowledgeAll().map(textOf), ['1', '2', '3', '4', '5', '6']);
});

test('a client without a Receive Maximum, and one of 3.x, gets as many as the broker has in flight', async () => {
  const broker = await TestBroker.open({ limits: { inFlightMax: 5 } });
  const clients = [
    broker.connect(),
    broker.connect({ properties: { receiveMaximum: 65_535 } }),
    broker.connect({ version: 4, clientId: '4' }),
    broker.connect({ version: 3, clientId: '3' }),
  ];
  for (const client of clients) client.subscribe('a');
  publish(broker.connect(), 12);
  for (const client of clients) {
    assert.equal(client.received.length, 5);
    assert.equal(client.acknowledgeAll().length, 12);
  }
});

test('thousands of messages pass a window of one in order', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect({ properties: { receiveMaximum: 1 } });
  client.subscribe('a');
  publish(broker.connect(), 3_000);
  const texts = client.acknowledgeAll().map(textOf);
  assert.deepEqual(
    texts,
    Array.from({ length: 3_000 }, (_, n) => String(n + 1)),
  );
});

// From a client.

test('CONNACK says the Receive Maximum of the broker, and as many may be unacknowledged', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store, limits: { receiveMaximum: 3 } });
  const keeper = persistentSubscriber(broker, commit);
  const publisher = broker.connect();
  assert.equal(publisher.connack?.properties.receiveMaximum, 3);
  publish(publisher, 3);
  publisher.publish('a', 'QoS 0 does not count');
  assert.deepEqual(publisher.said(), []);
  commit();
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3']);
  publish(publisher, 3);
  commit();
  assert.equal(publisher.ended, 'not yet');
  assert.equal(keeper.publishes().length, 7);
});

// [MQTT-3.3.4-7]
test('one message more ends the connection with 0x93, and only that one', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store, limits: { receiveMaximum: 2 } });
  const keeper = persistentSubscriber(broker, commit);
  const publisher = broker.connect();
  publish(publisher, 3);
  publisher.expectEnd(0x93);
  commit();
  assert.deepEqual(publisher.said(), []);
  assert.deepEqual(keeper.messages(), ['a=1', 'a=2']);
  assert.equal(keeper.ended, 'not yet');
});

// [MQTT-3.3.4-7]
test('a QoS 2 message counts until its PUBCOMP, once however often it comes; a refused one does not', async () => {
  const broker = await TestBroker.open({ limits: { receiveMaximum: 2 } });
  const publisher = broker.connect();
  publisher.publish('$x', 'refused', { qos: 2, id: 1 });
  publisher.publish('$x', 'refused', { qos: 1, id: 1 });
  const id = publisher.publish('a', '1', { qos: 2, id: 2 });
  publisher.publish('a', '1', { qos: 2, id: 2, dup: true });
  publisher.publish('a', '2', { qos: 2, id: 3 });
  assert.equal(publisher.ended, 'not yet');
  publisher.answer('pubrel', id);
  publisher.publish('a', '3', { qos: 2, id: 4 });
  assert.equal(publisher.ended, 'not yet');
  publisher.publish('a', '4', { qos: 1, id: 5 });
  publisher.expectEnd(0x93);
});

test('a 3.x client knows no Receive Maximum and is not held to it', async () => {
  for (const version of [3, 4] as const) {
    const broker = await TestBroker.open({ limits: { receiveMaximum: 2 } });
    const publisher = broker.connect({ version, clientId: 'p' });
    for (let n = 1; n <= 50; n++) publisher.publish('a', String(n), { qos: 2 });
    assert.equal(publisher.said().length, 50);
    assert.equal(publisher.ended, 'not yet');
  }
});

test('a 3.x client is not read any more when as many answers to it wait for the store, nor cut off for its silence then', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store, limits: { receiveMaximum: 2 } });
  persistentSubscriber(broker, commit);
  const publisher = broker.connect({ version: 4, clientId: 'p', keepAlive: 10 });
  publish(publisher, 2);
  assert.equal(publisher.isReadFrom, true);
  publisher.publish('a', '3', { qos: 1, id: 3 });
  publisher.publish('a', '4', { qos: 1, id: 4 });
  assert.equal(publisher.isReadFrom, false);
  for (let seconds = 0; seconds < 60; seconds++) broker.pass(1_000);
  assert.deepEqual([publisher.ended, publisher.said()], ['not yet', []]);
  commit();
  assert.equal(publisher.isReadFrom, true);
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3']);
  commit();
  assert.deepEqual(publisher.said(), ['PUBACK 4']);
});

test('a client that does not read is not read when the store has caught up, but when it has', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store, limits: { receiveMaximum: 1, outboxBytesMax: 1_000 } });
  persistentSubscriber(broker, commit);
  const publisher = broker.connect({ version: 4, clientId: 'p' });
  publisher.stopReading(2_001);
  publish(publisher, 2);
  commit();
  assert.equal(publisher.isReadFrom, false);
  publisher.readAgain();
  assert.equal(publisher.isReadFrom, true);
});

// Slow readers.

test('QoS 0 messages to a client that does not read are dropped and counted, said once and summed up; others get theirs', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const publisher = broker.connect();
  const slow = broker.connect({ clientId: 'slow' });
  const other = broker.connect();
  for (const client of [slow, other]) client.subscribe('a');
  slow.stopReading(1_000);
  publisher.publish('a', '1');
  slow.stopReading(1_001);
  for (const payload of ['2', '3', '4']) publisher.publish('a', payload);
  assert.equal(broker.broker.counters.messagesDropped['slow-reader'], 3);
  assert.equal(broker.warnings().length, 1);
  assert.match(broker.warnings()[0] ?? '', /"slow" reads too slowly/);
  slow.readAgain();
  publisher.publish('a', '5');
  assert.deepEqual(slow.messages(), ['a=1', 'a=5']);
  assert.deepEqual(other.messages(), ['a=1', 'a=2', 'a=3', 'a=4', 'a=5']);
  assert.match(broker.warnings()[1] ?? '', /3 QoS 0 messages/);
});

test('a slow reader that is lost is summed up, and counted anew on its next connection', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const publisher = broker.connect();
  for (let connection = 0; connection < 2; connection++) {
    const slow = broker.connect(kept(undefined));
    if (connection === 0) slow.subscribe('a');
    slow.stopReading(2_000);
    for (const payload of ['1', '2']) publisher.publish('a', payload);
    slow.cut();
  }
  assert.equal(broker.broker.counters.messagesDropped['slow-reader'], 4);
  assert.deepEqual(
    broker
      .warnings()
      .map((sentence) => (sentence.includes('too slowly: QoS') ? 'begins' : sentence.replace(/.*: /, ''))),
    ['begins', '2 QoS 0 messages to it were dropped.', 'begins', '2 QoS 0 messages to it were dropped.'],
  );
});

test('QoS 1 and 2 messages to a client that does not read wait, in order', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const publisher = broker.connect();
  const slow = broker.connect();
  slow.subscribe('a');
  publisher.publish('a', '1', { qos: 1 });
  slow.stopReading(1_001);
  publisher.publish('a', '2', { qos: 2 });
  publisher.publish('a', '3', { qos: 1 });
  assert.deepEqual(slow.messages(), ['a=1']);
  slow.readAgain();
  publisher.publish('a', '4', { qos: 2 });
  assert.deepEqual(slow.messages(), ['a=2', 'a=3', 'a=4']);
  assert.equal(broker.broker.counters.messagesDropped['slow-reader'], 0);
});

// [MQTT-4.6.0-5]
test('retained messages of QoS 0 wait for a reader, and never come after a newer one of their topic', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const publisher = broker.connect();
  publisher.publish('a', 'old', { retain: true });
  publisher.publish('b', 'old', { retain: true });
  const slow = broker.connect();
  slow.stopReading(1_001);
  slow.requestSubscription(['+']);
  publisher.publish('a', 'dropped', { retain: true });
  slow.stopReading(500); // Not yet drained, but there is room again.
  publisher.publish('b', 'new', { retain: true });
  slow.readAgain();
  slow.expect('suback');
  assert.deepEqual(slow.messages().toSorted(), ['a=old', 'b=new', 'b=old']);
  assert.equal(slow.ended, 'not yet');
});

test('retained messages of QoS 0 that waited for a reader are gone with its connection', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000, sessionQueueMessagesMax: 1 } });
  broker.connect().publish('a', 'old', { retain: true });
  const slow = broker.connect(kept(undefined));
  slow.stopReading(1_001);
  slow.requestSubscription(['a']);
  slow.cut();
  const publisher = broker.connect();
  publisher.publish('a', 'x', { qos: 1 });
  assert.deepEqual(publisher.said(), ['PUBACK 1']);
  assert.deepEqual(broker.connect(kept(undefined)).messages(), ['a=x']);
});

test('a client that sends but does not read is not read any more, until it reads again', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const client = broker.connect({ keepAlive: 10 });
  const other = broker.connect();
  client.stopReading(2_001);
  client.send({ kind: 'pingreq' });
  assert.equal(client.isReadFrom, false);
  client.publish('a', 'late', { qos: 1 });
  assert.deepEqual(client.said(), ['PINGRESP']);
  assert.equal(other.isReadFrom, true);
  client.readAgain();
  assert.equal(client.isReadFrom, true);
  assert.deepEqual(client.said(), ['PUBACK 1 0x10']);
});

test('a client that is not read is not disconnected for its silence', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const client = broker.connect({ keepAlive: 10 });
  client.stopReading(2_001);
  client.send({ kind: 'pingreq' });
  for (let seconds = 0; seconds < 60; seconds++) broker.pass(1_000);
  assert.equal(client.ended, 'not yet');
  client.readAgain();
  client.take();
  for (let seconds = 0; seconds < 16; seconds++) broker.pass(1_000);
  client.expectEnd(0x8d);
});

/** A persistent subscriber to `a` on a late store, past its SUBACK. */
function persistentSubscriber(broker: TestBroker, commit: () => void): TestClient {
  const client = broker.dial();
  client.send(connectPacket(kept(undefined)));
  commit();
  client.requestSubscription(['a'], { qos: 1 });
  commit();
  client.take();
  return client;
}
