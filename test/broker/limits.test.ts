// Every bound that a client can reach with what sections 3.3 to 3.11 let it do, and what it hears then. A limit
// refuses before anything has happened, or drops, counts and says so. What becomes of a 3.x publisher: publisher-hold.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { topicName } from '../../src/topic/topic-name.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { will } from './sample-will.ts';
import { textOf } from './say-packet.ts';

/** A persistent session. */
function kept(clientId: string, version: 4 | 5 = 5): ConnectChoice {
  return { clientId, version, clean: false, properties: { sessionExpiryInterval: 1000 } };
}

/** The acknowledgements among what a client received; takes everything. */
function answersTo(client: TestClient): string[] {
  return client.said().filter((line) => line.startsWith('PUBACK'));
}

test('with a full queue of one persistent session nobody gets the message and nothing is kept: 0x97 to MQTT 5, no answer and the end to 3.x', async () => {
  for (const qos of [1, 2] as const) {
    for (const version of [3, 4, 5] as const) {
      const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 2 } });
      const away = broker.connect(kept('away'));
      const other = broker.connect(kept('other'));
      const clean = broker.connect();
      for (const client of [away, other, clean]) client.subscribe('a', { retainAsPublished: true });
      away.cut();
      const publisher = broker.connect({ version, clientId: 'p' });
      for (const payload of ['1', '2']) publisher.publish('a', payload, { qos: 1 });
      assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2']);
      publisher.publish('a', '3', { qos, id: 3, retain: true });
      assert.deepEqual(publisher.said(), version === 5 ? [qos === 1 ? 'PUBACK 3 0x97' : 'PUBREC 3 0x97'] : []);
      assert.match(broker.warnings()[0] ?? '', /"p" to topic "a": quota exceeded \(0x97\)/);
      assert.equal(broker.broker.counters.messagesRefused, 1);
      assert.equal(broker.broker.sizes.retained, 0);
      for (const client of [other, clean]) assert.deepEqual(client.acknowledgeAll().map(textOf), ['1', '2']);
      assert.deepEqual(broker.connect(kept('away')).acknowledgeAll().map(textOf), ['1', '2']);
    }
  }
});

test('a QoS 2 message that was refused for a full queue is taken under the same identifier once there is room', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 1 } });
  const away = broker.connect(kept('away'));
  away.subscribe('a');
  away.cut();
  const publisher = broker.connect(kept('publisher'));
  publisher.publish('a', '1', { qos: 1 });
  publisher.publish('a', '2', { qos: 2, id: 7 });
  const back = broker.connect(kept('away'));
  assert.deepEqual(back.acknowledgeAll().map(textOf), ['1']);
  publisher.publish('a', '2', { qos: 2, id: 7 });
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBREC 7 0x97', 'PUBREC 7']);
  assert.deepEqual(back.acknowledgeAll().map(textOf), ['2']);
});

test('a full queue refuses QoS 1 and 2 only: QoS 0, and messages that come as QoS 0, pass', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 1, inFlightMax: 1 } });
  const full = broker.connect(kept('full'));
  full.subscribe('a', { qos: 1 });
  full.subscribe('b', { qos: 0 });
  const publisher = broker.connect();
  for (const payload of ['1', '2', '3']) publisher.publish('a', payload, { qos: 1 });
  publisher.publish('a', 'QoS 0');
  publisher.publish('b', 'comes as QoS 0', { qos: 2 });
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3 0x97', 'PUBREC 4']);
  assert.deepEqual(full.messages(), ['a=1', 'a=QoS 0', 'b=comes as QoS 0']);
});

test('payload bytes fill a queue as well as messages do', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueBytesMax: 1_000 } });
  const away = broker.connect(kept('away'));
  away.subscribe('a');
  away.cut();
  const publisher = broker.connect();
  for (const length of [600, 400, 1, 0]) publisher.publish('a', 'x'.repeat(length), { qos: 1 });
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3 0x97', 'PUBACK 4']);
  const back = broker.connect(kept('away'));
  assert.equal(back.acknowledgeAll().length, 3);
  back.cut();
  publisher.publish('a', 'x'.repeat(1_000), { qos: 1, id: 9 });
  assert.deepEqual(publisher.said(), ['PUBACK 9'], 'what is delivered counts no more');
});

test("a session that ends with its connection drops what does not fit its queue: counted, said, and no one else's affair", async () => {
  const broker = await TestBroker.open({ limits: { transientQueueMessagesMax: 2, inFlightMax: 1 } });
  const slow = broker.connect({ clientId: 'slow' });
  const other = broker.connect();
  for (const client of [slow, other]) client.subscribe('a');
  const publisher = broker.connect();
  const texts = Array.from({ length: 15 }, (_, n) => String(n + 1));
  for (const text of texts) {
    publisher.publish('a', text, { qos: 1 });
    assert.deepEqual(other.acknowledgeAll().map(textOf), [text]);
  }
  assert.deepEqual(
    publisher.said(),
    texts.map((text) => `PUBACK ${text}`),
  );
  assert.equal(broker.broker.counters.messagesDropped['queue-full'], 12);
  assert.equal(broker.warnings().length, 2, 'the first and the tenth');
  assert.deepEqual(slow.acknowledgeAll().map(textOf), ['1', '2', '3']);
});

test('a subscription too many is refused with 0x97, 0x80 to 3.x; one that is known may be replaced', async () => {
  const broker = await TestBroker.open({ limits: { subscriptionsMax: 2 } });
  for (const version of [3, 4, 5] as const) {
    const client = broker.connect({ version, clientId: `c${version}` });
    client.requestSubscription(['a', '$share/g/b', 'c', 'a'], { qos: 1 });
    assert.deepEqual(client.said(), [`SUBACK 1 0x01 0x01 ${version === 5 ? '0x97' : '0x80'} 0x01`]);
    assert.deepEqual(client.unsubscribe('a'), version === 5 ? [0] : []);
    assert.deepEqual(client.subscribe('c'), [2]);
  }
  assert.match(broker.warnings()[0] ?? '', /subscriptionsMax/);
});

test('a retained message for one topic too many is refused with 0x97 and reaches nobody; known topics may be set and cleared', async () => {
  for (const version of [4, 5] as const) {
    const broker = await TestBroker.open({ limits: { retainedMessagesMax: 2 } });
    const subscriber = broker.connect();
    subscriber.subscribe('#');
    const publisher = broker.connect({ version, clientId: 'p' });
    for (const topic of ['a', 'b', 'a']) publisher.publish(topic, 'x', { retain: true });
    publisher.publish('c', '', { retain: true });
    publisher.publish('c', 'QoS 0', { retain: true });
    assert.deepEqual(subscriber.messages(), ['a=x', 'b=x', 'a=x', 'c=']);
    publisher.publish('c', 'QoS 1', { retain: true, qos: 1, id: 1 });
    assert.deepEqual(publisher.said(), version === 5 ? ['PUBACK 1 0x97'] : []);
    assert.equal(broker.broker.counters.messagesRefused, 2);
    const again = broker.connect();
    again.publish('b', '', { retain: true });
    again.publish('c', 'QoS 1', { retain: true, qos: 1 });
    assert.deepEqual(again.said(), ['PUBACK 1']);
    assert.equal(broker.broker.sizes.retained, 2);
  }
});

test('retained messages take at most so many bytes: 0x97 for one too many, by every path, and room where one is cleared or shrinks', async () => {
  const limits = { retainedBytesMax: 64 * 1024 };
  const broker = await TestBroker.open({ limits });
  const client = broker.connect();
  client.subscribe('+', { qos: 0 });
  const large = 'x'.repeat(30_000);
  for (const topic of ['a', 'b']) client.publish(topic, large, { retain: true, qos: 1 });
  client.publish('c', large, { retain: true, qos: 1 });
  client.publish('a', `${large}${large}`, { retain: true, qos: 1 });
  client.publish('a', large, { retain: true, qos: 1 });
  assert.deepEqual(answersTo(client), ['PUBACK 2', 'PUBACK 3', 'PUBACK 4 0x97', 'PUBACK 5 0x97', 'PUBACK 6']);
  broker.connect({ clientId: 'w', will: will({ topic: 'c', payload: Buffer.from(large), retain: true }) }).cut();
  const properties = NO_MESSAGE_PROPERTIES;
  const outgoing = { topic: topicName('c', 1), payload: Buffer.from(large), qos: 1, retain: true, properties } as const;
  assert.equal(await broker.broker.publish(outgoing), 0x97);
  assert.equal(broker.broker.sizes.retained, 2);
  assert.equal(broker.broker.counters.limitsReached.retainedBytesMax, 4);
  client.publish('a', 'small', { retain: true, qos: 1 });
  client.publish('c', large, { retain: true, qos: 1 });
  assert.deepEqual(answersTo(client), ['PUBACK 7', 'PUBACK 8']);
});

test('topics and filters have at most so many levels: 0x90 and 0x8F', async () => {
  const broker = await TestBroker.open({ limits: { topicLevelsMax: 3 } });
  const client = broker.connect();
  client.requestSubscription(['a/b/c', 'a/b/c/d', '+/+/#', '+/+/+/#', '$share/g/a/b/c', '$share/g/a/b/c/d'], {
    qos: 0,
  });
  assert.deepEqual(client.said(), ['SUBACK 1 0x00 0x8f 0x00 0x8f 0x00 0x8f']);
  for (const [topic, id] of [
    ['a/b/c', 1],
    ['a/b/c/d', 2],
    ['///', 3],
  ] as const)
    client.publish(topic, 'x', { qos: 1, id });
  assert.deepEqual(
    client.said().filter((line) => line.startsWith('PUBACK')),
    ['PUBACK 1', 'PUBACK 2 0x90', 'PUBACK 3 0x90'],
  );
  assert.match(broker.warnings().at(-1) ?? '', /levels/);
  const old = broker.connect({ version: 4, clientId: 'old' });
  old.publish('a/b/c/d', 'dropped');
  assert.equal(old.ended, 'not yet');
  old.publish('a/b/c/d', 'x', { qos: 1 });
  old.expectEnd(0);
});

test('routes are right however few of them are remembered', async () => {
  for (const routeCacheMax of [0, 1, 2]) {
    const broker = await TestBroker.open({ limits: { routeCacheMax } });
    const client = broker.connect();
    const publisher = broker.connect();
    const topics = ['a', 'b', '$x', 'c', 'a'];
    for (const round of [0, 1, 2]) {
      if (round === 1) client.subscribe('+');
      if (round === 2) client.unsubscribe('+');
      for (const topic of topics) publisher.publish(topic, 'x');
      assert.deepEqual(client.messages(), round === 1 ? ['a=x', 'b=x', 'c=x', 'a=x'] : []);
    }
  }
});

test('a drop is told to the program that embeds the broker, with its reason', async () => {
  const drops: string[] = [];
  const broker = await TestBroker.open({
    limits: { transientQueueMessagesMax: 1, inFlightMax: 1, outboxBytesMax: 1_000 },
    events: { messageDropped: (clientId, topic, reason) => drops.push(`${clientId} ${topic} ${reason}`) },
  });
  const client = broker.connect({ clientId: 'c', properties: { maximumPacketSize: 100 } });
  client.subscribe('+');
  const publisher = broker.connect();
  publisher.publish('large', 'x'.repeat(100));
  for (const topic of ['refused', 'old', 'full'])
    publisher.publish(topic, 'x', { qos: 1, properties: { messageExpiryInterval: 1 } });
  client.stopReading(1_001);
  publisher.publish('slow', 'x');
  client.readAgain();
  broker.pass(1_000);
  client.answer('puback', client.expect('publish').id, 0x80);
  publisher.publish('unanswered', 'x', { qos: 2 });
  client.disconnect();
  assert.deepEqual(drops, [
    'c large too-large',
    'c full queue-full',
    'c slow slow-reader',
    'c refused refused-by-client',
    'c old expired',
    'c unanswered session-ended',
  ]);
  const { messagesDropped } = broker.broker.counters;
  assert.deepEqual(
    Object.entries(messagesDropped).filter(([, count]) => count !== 1),
    [
      ['queues-full', 0],
      ['displaced', 0],
      ['rate-limit', 0],
      ['not-authorized', 0],
    ],
  );
});
