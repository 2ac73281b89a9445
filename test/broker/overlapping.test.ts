// Subscriptions of one client that overlap (MQTT 5.0 section 3.3.4): one PUBLISH with the highest QoS and
// all Subscription Identifiers, whatever the mix of options.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { type BrokerOptions, TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';
import { memoryStore } from './test-store.ts';

// [MQTT-3.3.4-2]; in 3.1.1 [MQTT-3.3.5-1].
test('overlapping subscriptions give one PUBLISH with the highest QoS of them', async () => {
  for (const version of [3, 4, 5] as const) {
    for (const [first, second, expected] of [
      [0, 1, 1],
      [2, 0, 2],
      [1, 2, 2],
      [1, 1, 1],
    ] as const) {
      const broker = await TestBroker.open();
      const client = broker.connect({ version, clientId: 'c' });
      client.subscribe('a/+', { qos: first });
      client.subscribe('#', { qos: second });
      broker.connect().publish('a/b', 'x', { qos: 2 });
      assert.deepEqual(client.said(), [`PUBLISH a/b=x QoS ${expected} id 1`]);
    }
  }
});

// [MQTT-3.3.4-3] [MQTT-3.3.4-4]
test('the PUBLISH carries the identifiers of all matching subscriptions that have one, repeated ones as well', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.subscribe('a/b', { qos: 0 }, 1);
  client.subscribe('a/+', { qos: 1 }, 268_435_455);
  client.subscribe('a/#', { qos: 1 }, 128);
  client.subscribe('+/b', { qos: 1 }, 128);
  client.subscribe('#', { qos: 2 });
  client.subscribe('b/#', { qos: 2 }, 9);
  for (const qos of [0, 1, 2] as const) broker.connect().publish('a/b', 'x', { qos });
  const publishes = client.publishes();
  assert.deepEqual(
    publishes.map(({ qos }) => qos),
    [0, 1, 2],
  );
  for (const { subscriptionIdentifiers } of publishes) {
    assert.deepEqual(
      subscriptionIdentifiers.toSorted((a, b) => a - b),
      [1, 128, 128, 268_435_455],
    );
  }
});

test('each subscriber gets its own identifiers, and none of them nobody else', async () => {
  const broker = await TestBroker.open();
  const one = broker.connect();
  const two = broker.connect();
  const none = broker.connect();
  const old = broker.connect({ version: 4, clientId: 'old' });
  one.subscribe('a', {}, 11);
  two.subscribe('a', {}, 22);
  none.subscribe('a');
  old.subscribe('a');
  for (const qos of [0, 1] as const) {
    broker.connect().publish('a', 'x', { qos });
    const id = qos === 0 ? '' : ' QoS 1 id 1';
    assert.deepEqual(
      [one, two, none, old].flatMap((client) => client.said()),
      [`PUBLISH a=x${id} for 11`, `PUBLISH a=x${id} for 22`, `PUBLISH a=x${id}`, `PUBLISH a=x${id}`],
    );
  }
});

test('identifiers go with a message through the queue and across a resume', async () => {
  const broker = await TestBroker.open();
  const choice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 100, receiveMaximum: 1 } };
  const client = broker.connect(choice);
  client.subscribe('a', { qos: 1 }, 1);
  client.subscribe('+', { qos: 1 }, 2);
  const publisher = broker.connect();
  for (const payload of ['sent', 'queued']) publisher.publish('a', payload, { qos: 1 });
  client.cut();
  publisher.publish('a', 'away', { qos: 1 });
  assert.deepEqual(
    broker
      .connect(choice)
      .acknowledgeAll()
      .map((publish) => publish.subscriptionIdentifiers),
    [
      [1, 2],
      [1, 2],
      [1, 2],
    ],
  );
});

// [MQTT-3.3.4-6]
test('a client that sends a Subscription Identifier is disconnected', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.sendBytes('30 07 00 01 61 02 0b 01 78');
  client.expectEnd(0x82);
});

// [MQTT-3.3.1-12] [MQTT-3.3.1-13]
test('RETAIN is as published if one of the overlapping subscriptions asks for that', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.subscribe('a', { retainAsPublished: false });
  client.subscribe('#', { retainAsPublished: true });
  const publisher = broker.connect();
  publisher.publish('a', 'x', { retain: true });
  publisher.publish('a', 'y');
  assert.deepEqual(client.said(), ['PUBLISH a=x retain', 'PUBLISH a=y']);
});

// [MQTT-3.8.3-3]
test('with No Local on one of two, an own message comes by way of the other alone, with its QoS and identifier', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  const other = broker.connect();
  client.subscribe('a/#', { qos: 2, noLocal: true, retainAsPublished: true }, 1);
  client.subscribe('a/b', { qos: 1 }, 2);
  client.publish('a/b', 'mine', { qos: 2, id: 50, retain: true });
  other.publish('a/b', 'theirs', { qos: 2 });
  client.publish('a/c', 'mine alone', { qos: 2, id: 51 });
  assert.deepEqual(client.said(), [
    'PUBLISH a/b=mine QoS 1 id 1 for 2',
    'PUBREC 50',
    'PUBLISH a/b=theirs QoS 2 id 2 for 1,2',
    'PUBREC 51',
  ]);
});

test('with No Local on both of two, an own message does not come', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.subscribe('a/#', { noLocal: true });
  client.subscribe('a/b', { noLocal: true });
  client.publish('a/b', 'mine');
  assert.deepEqual(client.said(), []);
});

// Section 3.3.4: "the Server MAY deliver further copies of the message, one for each additional matching subscription".
describe('where overlapping subscriptions are kept separate', () => {
  const SEPARATE: BrokerOptions = { rules: { overlappingSubscriptions: 'separate' } };
  const KEPT = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 100, receiveMaximum: 1 } };

  test('each gives a message of its own, with its QoS, identifier and RETAIN', async () => {
    for (const version of [4, 5] as const) {
      const broker = await TestBroker.open(SEPARATE);
      const client = broker.connect({ version, clientId: 'c' });
      client.subscribe('a', { qos: 0 });
      client.subscribe('+', { qos: 1, retainAsPublished: version === 5 }, version === 5 ? 1 : undefined);
      client.subscribe('#', { qos: 2 }, version === 5 ? 2 : undefined);
      client.subscribe('b', { qos: 2 });
      broker.connect().publish('a', 'x', { qos: 2, retain: true });
      const got = client.acknowledgeAll().map(({ qos, retain, subscriptionIdentifiers }) => {
        return `${qos} ${retain ? 'retain' : 'live'} ${subscriptionIdentifiers.join()}`;
      });
      const expected = version === 5 ? ['0 live ', '1 retain 1', '2 live 2'] : ['0 live ', '1 live ', '2 live '];
      assert.deepEqual(got.toSorted(), expected);
    }
  });

  test('a message of QoS 0 comes as often, too', async () => {
    const broker = await TestBroker.open(SEPARATE);
    const client = broker.connect();
    for (const filter of ['a', '+', '#']) client.subscribe(filter);
    broker.connect().publish('a', 'x');
    assert.deepEqual(client.messages(), ['a=x', 'a=x', 'a=x']);
  });

  test('they wait for a client that is away, or busy, and come back with the store', async () => {
    for (const isAway of [true, false]) {
      const store = memoryStore();
      const broker = await TestBroker.open({ ...SEPARATE, store });
      const client = broker.connect(KEPT);
      client.subscribe('a', { qos: 1 }, 1);
      client.subscribe('+', { qos: 2 }, 2);
      client.subscribe('#', { qos: 1 }, 3);
      if (isAway) client.cut();
      const publisher = broker.connect();
      for (const payload of ['1', '2']) publisher.publish('a', payload, { qos: 1 });
      assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2']);
      assert.equal(client.take().length, isAway ? 0 : 1);
      const next = await TestBroker.open({ ...SEPARATE, store });
      const got = next
        .connect(KEPT)
        .acknowledgeAll()
        .map((packet) => `${textOf(packet)} for ${packet.subscriptionIdentifiers.join()}`);
      assert.deepEqual(got.toSorted(), ['1 for 1', '1 for 2', '1 for 3', '2 for 1', '2 for 2', '2 for 3']);
      assert.deepEqual(
        got.map((each) => each.charAt(0)),
        ['1', '1', '1', '2', '2', '2'],
      );
    }
  });

  // [MQTT-3.8.3-3]
  test('No Local leaves out its own subscription alone', async () => {
    const broker = await TestBroker.open(SEPARATE);
    const client = broker.connect();
    const other = broker.connect();
    for (const [place, filter] of ['a', '+', '#'].entries()) {
      client.subscribe(filter, { qos: 1, noLocal: filter !== '+' }, place + 1);
    }
    for (const publisher of [client, other]) publisher.publish('a', 'x', { qos: 1, id: 9 });
    const identifiers = client
      .take()
      .flatMap((packet) => (packet.kind === 'publish' ? [packet.subscriptionIdentifiers.join()] : []));
    assert.deepEqual([identifiers[0], identifiers.slice(1).toSorted()], ['2', ['1', '2', '3']]);
  });

  test('at the limit of its queue a session gets all copies of a message or none, and the publisher hears so', async () => {
    const broker = await TestBroker.open({ ...SEPARATE, limits: { sessionQueueMessagesMax: 2 } });
    const client = broker.connect(KEPT);
    for (const filter of ['a', '+']) client.subscribe(filter, { qos: 1 });
    client.cut();
    const publisher = broker.connect();
    for (const payload of ['taken', 'refused']) publisher.publish('a', payload, { qos: 1 });
    assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2 0x97']);
    assert.deepEqual(broker.connect(KEPT).acknowledgeAll().map(textOf), ['taken', 'taken']);
  });
});
