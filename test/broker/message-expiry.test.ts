// Message Expiry Interval (MQTT 5.0 section 3.3.2.3.3): counted down while a message waits, obeyed while
// nobody has been sent it, forgotten once its sending began.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ConnectChoice, TestBroker } from './harness.ts';

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };
const TEN_SECONDS = { properties: { messageExpiryInterval: 10 } };

// [MQTT-3.3.2-6]
test('a message that does not wait is sent with the interval that it came with', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const one = broker.connect();
  one.subscribe('a/#');
  broker.pass(3_600_000); // However long the subscriber has been silent.
  for (const qos of [0, 1, 2] as const) publisher.publish('a/one', 'x', { qos, ...TEN_SECONDS });
  broker.connect().subscribe('a/two');
  for (const qos of [0, 1, 2] as const) publisher.publish('a/two', 'x', { qos, ...TEN_SECONDS });
  for (const publish of one.acknowledgeAll()) assert.equal(publish.properties.messageExpiryInterval, 10);
});

test('a message without the property never expires, and is sent without it', async () => {
  const broker = await TestBroker.open();
  broker.connect(KEPT).subscribe('a');
  broker.connect().publish('a', 'x', { qos: 1 });
  broker.connect({ ...KEPT, clientId: 'kept', clean: false }).cut();
  broker.pass(999_000);
  assert.deepEqual(broker.connect(KEPT).said(), ['PUBLISH a=x QoS 1 id 1 dup']);
});

// [MQTT-3.3.2-6]
test('what waits for its client is sent with what is left of the interval', async () => {
  for (const qos of [1, 2] as const) {
    const broker = await TestBroker.open();
    const subscriber = broker.connect(KEPT);
    subscriber.subscribe('a');
    subscriber.cut();
    broker.connect().publish('a', 'x', { qos, ...TEN_SECONDS });
    broker.pass(7_000);
    assert.deepEqual(broker.connect(KEPT).said(), [`PUBLISH a=x QoS ${qos} id 1 expires 3`]);
  }
});

// [MQTT-3.3.2-6]
test('what waits for the window is sent with what is left of the interval', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect({ properties: { receiveMaximum: 1 } });
  subscriber.subscribe('a');
  const publisher = broker.connect();
  publisher.publish('a', 'first', { qos: 1 });
  publisher.publish('a', 'second', { qos: 1, ...TEN_SECONDS });
  const first = subscriber.expect('publish');
  broker.pass(9_500);
  subscriber.answer('puback', first.id);
  assert.deepEqual(subscriber.said(), ['PUBLISH a=second QoS 1 id 2 expires 1']);
});

// [MQTT-3.3.2-5]
test('what expires while it waits for its client or for the window is dropped, counted and said; the rest is sent', async () => {
  const broker = await TestBroker.open();
  const away = broker.connect(KEPT);
  const windowed = broker.connect({ properties: { receiveMaximum: 1 } });
  away.subscribe('a');
  windowed.subscribe('a');
  away.cut();
  const publisher = broker.connect();
  publisher.publish('a', '1', { qos: 1 });
  publisher.publish('a', '2', { qos: 1, ...TEN_SECONDS });
  publisher.publish('a', '3', { qos: 2, ...TEN_SECONDS });
  publisher.publish('a', '4', { qos: 1, properties: { messageExpiryInterval: 11 } });
  broker.pass(10_000);
  const back = broker.connect(KEPT);
  for (const client of [back, windowed]) {
    assert.deepEqual(
      client.acknowledgeAll().map(({ payload }) => Buffer.from(payload).toString()),
      ['1', '4'],
    );
  }
  assert.equal(broker.broker.counters.messagesDropped.expired, 4);
  assert.ok(broker.warnings().some((sentence) => sentence.includes('expired')));
});

// [MQTT-3.3.2-5]
test('an expired message is gone from the store as well', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 2 } });
  const subscriber = broker.connect(KEPT);
  subscriber.subscribe('a');
  subscriber.cut();
  const publisher = broker.connect();
  publisher.publish('a', '1', { qos: 1, ...TEN_SECONDS });
  broker.pass(10_000);
  broker.connect(KEPT).cut();
  broker.connect(KEPT).cut();
  assert.equal(broker.broker.counters.messagesDropped.expired, 1);
});

// [MQTT-3.3.2-5]
test('expired messages do not fill a queue', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 2 } });
  const subscriber = broker.connect(KEPT);
  subscriber.subscribe('a');
  subscriber.cut();
  const publisher = broker.connect();
  publisher.publish('a', '1', { qos: 1, ...TEN_SECONDS });
  publisher.publish('a', '2', { qos: 1, ...TEN_SECONDS });
  publisher.publish('a', '3', { qos: 1 });
  broker.pass(10_000);
  publisher.publish('a', '4', { qos: 1 });
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3 0x97', 'PUBACK 4']);
  assert.deepEqual(broker.connect(KEPT).said(), ['PUBLISH a=4 QoS 1 id 1']);
});

// [MQTT-4.3.3-7] [MQTT-4.3.3-13]
test('a message whose sending began does not expire: it is sent again after a resume, and QoS 2 is completed', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect(KEPT);
  subscriber.subscribe('a');
  const publisher = broker.connect();
  publisher.publish('a', 'one', { qos: 1, ...TEN_SECONDS });
  publisher.publish('a', 'two', { qos: 2, ...TEN_SECONDS });
  publisher.publish('a', 'three', { qos: 2, ...TEN_SECONDS });
  subscriber.answer('pubrec', subscriber.publishes()[1]?.id);
  subscriber.cut();
  broker.pass(20_000);
  const back = broker.connect(KEPT);
  assert.deepEqual(back.said(), [
    'PUBREL 2',
    'PUBLISH a=one QoS 1 id 1 dup expires 1',
    'PUBLISH a=three QoS 2 id 3 dup expires 1',
  ]);
});

test('the acknowledgement of a QoS 2 publisher goes on when its message has expired [MQTT-4.3.3-13]', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect(KEPT);
  subscriber.subscribe('a');
  subscriber.cut();
  const publisher = broker.connect();
  const id = publisher.publish('a', 'x', { qos: 2, ...TEN_SECONDS });
  broker.pass(10_000);
  publisher.answer('pubrel', id);
  assert.deepEqual(publisher.said(), ['PUBREC 1', 'PUBCOMP 1']);
});

test('a retained message is sent with what is left of its interval, and is gone when that is over', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.publish('a', 'x', { qos: 1, retain: true, ...TEN_SECONDS });
  broker.pass(4_000);
  const early = broker.connect();
  early.subscribe('a');
  assert.deepEqual(early.said(), ['PUBLISH a=x QoS 1 id 1 retain expires 6']);
  broker.pass(5_999);
  assert.equal(broker.broker.sizes.retained, 1);
  broker.pass(1);
  assert.equal(broker.broker.sizes.retained, 0);
  const late = broker.connect();
  late.subscribe('a');
  assert.deepEqual(late.said(), []);
});

test('the interval of a retained message is that of the last one', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.publish('a', 'short', { retain: true, ...TEN_SECONDS });
  publisher.publish('a', 'for ever', { retain: true });
  publisher.publish('b', 'for ever', { retain: true });
  publisher.publish('b', 'short', { retain: true, ...TEN_SECONDS });
  broker.pass(10_000);
  const subscriber = broker.connect();
  subscriber.subscribe('#');
  assert.deepEqual(subscriber.said(), ['PUBLISH a=for ever retain']);
});

test('a message to a shared subscription whose member has left is not handed on once it has expired [MQTT-3.3.2-5]', async () => {
  const broker = await TestBroker.open();
  const leaver = broker.connect({ ...KEPT, properties: { sessionExpiryInterval: 10 } });
  leaver.subscribe('$share/g/a');
  const publisher = broker.connect();
  publisher.publish('a', 'short', { qos: 1, properties: { messageExpiryInterval: 5 } });
  publisher.publish('a', 'long', { qos: 1, properties: { messageExpiryInterval: 50 } });
  leaver.cut();
  const other = broker.connect();
  other.subscribe('$share/g/a');
  broker.pass(10_000);
  assert.deepEqual(other.said(), ['PUBLISH a=long QoS 1 id 1 expires 40']);
  assert.equal(broker.broker.counters.messagesDropped['session-ended'], 1);
});

test('what waits for a shared subscription is given to no member once it has expired [MQTT-3.3.2-5]', async () => {
  const broker = await TestBroker.open();
  const away = broker.connect(KEPT);
  away.subscribe('$share/g/a');
  away.cut();
  const publisher = broker.connect();
  publisher.publish('a', 'short', { qos: 1, properties: { messageExpiryInterval: 5 } });
  publisher.publish('a', 'long', { qos: 1, properties: { messageExpiryInterval: 50 } });
  broker.pass(10_000);
  const other = broker.connect();
  other.subscribe('$share/g/a');
  assert.deepEqual(other.said(), ['PUBLISH a=long QoS 1 id 1 expires 40']);
  assert.equal(broker.broker.counters.messagesDropped.expired, 1);
});

test('an interval of zero is for those who can be sent the message at once', async () => {
  const broker = await TestBroker.open();
  const away = broker.connect(KEPT);
  const here = broker.connect();
  away.subscribe('a');
  here.subscribe('a');
  away.cut();
  broker.connect().publish('a', 'x', { qos: 1, properties: { messageExpiryInterval: 0 } });
  assert.deepEqual(here.said(), ['PUBLISH a=x QoS 1 id 1 expires 0']);
  assert.deepEqual(broker.connect(KEPT).said(), []);
});
