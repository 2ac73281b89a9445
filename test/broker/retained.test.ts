// Retained messages (MQTT 5.0 section 3.3.1.3): set, replaced, cleared, sent to those who subscribe, and
// the RETAIN flag on whatever is sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

const VERSIONS = [3, 4, 5] as const;

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

/** What a client that subscribes now is sent. */
function retained(broker: TestBroker, filter: string): string[] {
  const client = broker.connect();
  client.subscribe(filter);
  const said = client.said();
  client.disconnect();
  return said;
}

// [MQTT-3.3.1-5]
test('the last retained message of a topic is sent to those who subscribe later, with the RETAIN flag', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const publisher = broker.connect({ version, clientId: 'p' });
    publisher.publish('a', '1', { retain: true });
    publisher.publish('a', '2', { retain: true });
    publisher.publish('b', '3', { retain: true });
    assert.deepEqual(retained(broker, 'a'), ['PUBLISH a=2 retain']);
    assert.deepEqual(retained(broker, '#').toSorted(), ['PUBLISH a=2 retain', 'PUBLISH b=3 retain']);
    assert.deepEqual(retained(broker, 'c'), []);
    const old = broker.connect({ version, clientId: 'old' });
    old.subscribe('b');
    assert.deepEqual(old.said(), ['PUBLISH b=3 retain']);
  }
});

// [MQTT-3.3.1-6] [MQTT-3.3.1-7]; in 3.1.1 [MQTT-3.3.1-10] [MQTT-3.3.1-11].
test('an empty retained message goes to those who are subscribed, clears the topic and is not kept', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('a', { retainAsPublished: true });
  for (const qos of [0, 1, 2] as const) {
    publisher.publish('a', 'x', { retain: true });
    publisher.publish('a', '', { retain: true, qos });
    assert.equal(broker.broker.sizes.retained, 0);
    assert.deepEqual(retained(broker, 'a'), []);
    assert.deepEqual(
      subscriber.acknowledgeAll().map((publish) => [textOf(publish), publish.retain]),
      [
        ['x', true],
        ['', true],
      ],
    );
  }
  publisher.publish('never set', '', { retain: true });
  assert.deepEqual(retained(broker, '#'), []);
});

// [MQTT-3.3.1-8]
test('a message without the RETAIN flag neither sets nor clears the retained one', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.publish('a', 'kept', { retain: true });
  publisher.publish('a', 'passing');
  publisher.publish('a', '');
  publisher.publish('b', 'passing', { qos: 1 });
  assert.deepEqual(retained(broker, '#'), ['PUBLISH a=kept retain']);
});

// [MQTT-3.8.4-8]
test('a retained message arrives with the lower of its QoS and the QoS granted', async () => {
  for (const published of [0, 1, 2] as const) {
    for (const granted of [0, 1, 2] as const) {
      for (const choice of [KEPT, { clientId: 'clean' }]) {
        const broker = await TestBroker.open();
        broker.connect().publish('a', 'x', { retain: true, qos: published });
        const subscriber = broker.connect(choice);
        subscriber.subscribe('a', { qos: granted });
        const [publish] = subscriber.acknowledgeAll();
        assert.deepEqual([publish?.qos, publish?.retain], [Math.min(published, granted), true]);
      }
    }
  }
});

// [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4]
test('Retain Handling: 0 sends at every subscribing, 1 at the first, 2 never', async () => {
  for (const [retainHandling, first, again] of [
    [0, 1, 1],
    [1, 1, 0],
    [2, 0, 0],
  ] as const) {
    for (const choice of [KEPT, { clientId: 'clean' }]) {
      const broker = await TestBroker.open();
      broker.connect().publish('a', 'x', { retain: true, qos: 1 });
      const subscriber = broker.connect(choice);
      subscriber.subscribe('a', { retainHandling });
      assert.equal(subscriber.acknowledgeAll().length, first);
      subscriber.subscribe('a', { retainHandling });
      assert.equal(subscriber.acknowledgeAll().length, again);
      subscriber.subscribe('+', { retainHandling });
      assert.equal(subscriber.acknowledgeAll().length, first, 'another filter is another subscription');
    }
  }
});

// [MQTT-3.3.1-10]
test('Retain Handling 1 remembers subscriptions of a resumed session', async () => {
  const broker = await TestBroker.open();
  broker.connect().publish('a', 'x', { retain: true });
  const first = broker.connect(KEPT);
  first.subscribe('a', { retainHandling: 1 });
  assert.deepEqual(first.messages(), ['a=x']);
  first.disconnect();
  const second = broker.connect(KEPT);
  second.subscribe('a', { retainHandling: 1 });
  assert.deepEqual(second.said(), []);
});

// [MQTT-3.3.1-12] [MQTT-3.3.1-13]; in 3.1.1 [MQTT-3.3.1-9].
test('what is forwarded has RETAIN as Retain As Published says; 3.x subscribers get it without', async () => {
  const broker = await TestBroker.open();
  const as = broker.connect();
  const not = broker.connect();
  const old = broker.connect({ version: 4, clientId: 'old' });
  as.subscribe('a', { retainAsPublished: true });
  not.subscribe('a', { retainAsPublished: false });
  old.subscribe('a');
  const publisher = broker.connect();
  for (const qos of [0, 1, 2] as const) {
    publisher.publish('a', 'x', { retain: true, qos });
    publisher.publish('a', 'x', { retain: false, qos });
    const flags = [as, not, old].map((client) => client.acknowledgeAll().map(({ retain }) => retain));
    assert.deepEqual(flags, [
      [true, false],
      [false, false],
      [false, false],
    ]);
  }
});

// [MQTT-3.3.1-13]
test('RETAIN as published stays with a message that waits', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect(KEPT);
  client.subscribe('as', { retainAsPublished: true });
  client.subscribe('not');
  client.cut();
  const publisher = broker.connect();
  for (const topic of ['as', 'not']) publisher.publish(topic, 'x', { retain: true, qos: 1 });
  assert.deepEqual(broker.connect(KEPT).said(), ['PUBLISH as=x QoS 1 id 1 retain', 'PUBLISH not=x QoS 1 id 2']);
});

test('retained messages carry the identifier of the subscription that asked for them, and no other', async () => {
  const broker = await TestBroker.open();
  broker.connect().publish('a', 'x', { retain: true });
  const client = broker.connect();
  client.subscribe('a', {}, 1);
  client.subscribe('+', {}, 2);
  client.subscribe('#');
  assert.deepEqual(client.said(), ['PUBLISH a=x retain for 1', 'PUBLISH a=x retain for 2', 'PUBLISH a=x retain']);
});

// Section 4.8.2.
test('shared subscriptions are sent no retained messages', async () => {
  const broker = await TestBroker.open();
  broker.connect().publish('a', 'x', { retain: true, qos: 1 });
  assert.deepEqual(retained(broker, '$share/g/a'), []);
});

test('every filter of a SUBSCRIBE gets its retained messages, behind the SUBACK', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  for (const topic of ['a', 'b', 'c']) publisher.publish(topic, 'x', { retain: true });
  const client = broker.connect();
  client.requestSubscription(['a', 'bad/#/', 'c', 'a']);
  assert.deepEqual(client.said(), [
    'SUBACK 1 0x02 0x8f 0x02 0x02',
    'PUBLISH a=x retain',
    'PUBLISH c=x retain',
    'PUBLISH a=x retain',
  ]);
});

test('retained messages wait for the window, behind what waits there already', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  for (const topic of ['r/1', 'r/2', 'r/3']) publisher.publish(topic, 'kept', { retain: true, qos: 1 });
  const client = broker.connect({ properties: { receiveMaximum: 1 } });
  client.subscribe('a');
  for (const payload of ['1', '2']) publisher.publish('a', payload, { qos: 1 });
  client.requestSubscription(['r/+']);
  publisher.publish('a', '3', { qos: 1 });
  client.expect('suback');
  const topics = client.acknowledgeAll().map(({ topic }) => topic);
  assert.deepEqual(
    [topics.slice(0, 2), topics.slice(2, 5).toSorted(), topics[5]],
    [['a', 'a'], ['r/1', 'r/2', 'r/3'], 'a'],
  );
});

// [MQTT-4.6.0-5]
test('a retained message never comes after a newer one of its topic and QoS', async () => {
  for (const qos of [0, 1, 2] as const) {
    const broker = await TestBroker.open();
    const publisher = broker.connect();
    const client = broker.connect({ properties: { receiveMaximum: 1 } });
    client.subscribe('other');
    publisher.publish('other', 'fills the window', { qos: 1 });
    publisher.publish('other', 'waits', { qos: 1 });
    publisher.publish('a', 'old', { retain: true, qos });
    client.requestSubscription(['a']);
    publisher.publish('a', 'new', { retain: true, qos });
    client.expect('suback');
    assert.deepEqual(
      client
        .acknowledgeAll()
        .filter(({ topic }) => topic === 'a')
        .map(textOf),
      ['old', 'new'],
    );
  }
});

test('retained messages that were owed to a persistent session survive its connection', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  for (const topic of ['a/0', 'a/1', 'a/2']) publisher.publish(topic, 'x', { retain: true, qos: 1 });
  const first = broker.connect({ ...KEPT, properties: { sessionExpiryInterval: 1000, receiveMaximum: 1 } });
  first.subscribe('a/+');
  const sent = first.publishes();
  first.cut();
  publisher.publish(sent[0]?.topic ?? '', '', { retain: true });
  const second = broker.connect(KEPT);
  assert.deepEqual(
    second
      .acknowledgeAll()
      .map(({ topic, retain }) => `${topic} ${retain}`)
      .toSorted(),
    ['a/0 true', 'a/1 true', 'a/2 true'],
  );
});

test('a retained message is a copy: what its publisher sent next does not show in it', async () => {
  const broker = await TestBroker.open();
  const publisher: TestClient = broker.connect();
  const correlationData = Buffer.from('correlation');
  for (const qos of [0, 1, 2] as const) {
    publisher.publish(`a/${qos}`, `payload ${qos}`, { retain: true, qos, properties: { correlationData } });
  }
  publisher.publish('b', 'something else '.repeat(100));
  const client = broker.connect();
  client.subscribe('a/+');
  for (const publish of client.acknowledgeAll()) {
    assert.equal(textOf(publish), `payload ${publish.topic.slice(2)}`);
    assert.equal(Buffer.from(publish.properties.correlationData ?? []).toString(), 'correlation');
  }
});

// [MQTT-3.3.1-5]
test('a retained message of a publisher that has gone stays', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.publish('a', 'x', { retain: true });
  publisher.disconnect();
  broker.pass(365 * 24 * 3_600_000);
  assert.deepEqual(retained(broker, 'a'), ['PUBLISH a=x retain']);
});
