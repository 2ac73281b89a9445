// PUBLISH as it passes through (MQTT 5.0 section 3.3): whom it reaches, what of it arrives unaltered, and
// what a publisher hears whose message is not taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';

const VERSIONS = [3, 4, 5] as const;

/** What a program publishes that embeds the broker. */
const EMBEDDED = {
  topic: 'a',
  payload: Buffer.from('x'),
  qos: 0,
  retain: false,
  properties: NO_MESSAGE_PROPERTIES,
} as const;

test('a message reaches nobody, one, or many', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  publisher.publish('a', 'nobody');
  const one = broker.connect();
  one.subscribe('a');
  publisher.publish('a', 'one');
  assert.deepEqual(one.said(), ['PUBLISH a=one']);
  const many = VERSIONS.flatMap((version) =>
    Array.from({ length: 5 }, (_, n) => broker.connect({ version, clientId: `many ${version} ${n}` })),
  );
  for (const client of many) client.subscribe('a');
  publisher.publish('a', 'many');
  publisher.publish('b', 'elsewhere');
  for (const client of [one, ...many]) assert.deepEqual(client.said(), ['PUBLISH a=many']);
});

// [MQTT-3.3.4-1] [MQTT-4.3.2-4] [MQTT-4.3.3-8]
test('QoS 0 is not answered, QoS 1 with PUBACK, QoS 2 with PUBREC and then PUBCOMP', async () => {
  const broker = await TestBroker.open();
  broker.connect().subscribe('#');
  for (const version of VERSIONS) {
    const publisher = broker.connect({ version, clientId: `publisher ${version}` });
    publisher.publish('a', '0');
    assert.deepEqual(publisher.said(), []);
    publisher.publish('a', '1', { qos: 1, id: 7 });
    assert.deepEqual(publisher.said(), ['PUBACK 7']);
    const id = publisher.publish('a', '2', { qos: 2, id: 8 });
    assert.deepEqual(publisher.said(), ['PUBREC 8']);
    publisher.answer('pubrel', id);
    assert.deepEqual(publisher.said(), ['PUBCOMP 8']);
  }
});

// Sections 3.4.2.1 and 3.5.2.1.
test('an MQTT 5 publisher is told when nobody is subscribed (0x10); a 3.x publisher just gets its acknowledgement', async () => {
  const broker = await TestBroker.open();
  broker.connect().subscribe('other');
  for (const version of VERSIONS) {
    const publisher = broker.connect({ version, clientId: `publisher ${version}` });
    publisher.publish('a', '1', { qos: 1, id: 1 });
    const id = publisher.publish('a', '2', { qos: 2, id: 2 });
    assert.deepEqual(publisher.said(), version === 5 ? ['PUBACK 1 0x10', 'PUBREC 2 0x10'] : ['PUBACK 1', 'PUBREC 2']);
    publisher.answer('pubrel', id);
    assert.deepEqual(publisher.said(), ['PUBCOMP 2']);
  }
});

// [MQTT-3.3.1-2] [MQTT-3.3.1-3] [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2]
test('DUP is that of the delivery, not that of the PUBLISH that came', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  publisher.publish('a', 'one', { qos: 1, dup: true });
  publisher.publish('a', 'two', { qos: 2, dup: true });
  assert.deepEqual(subscriber.said(), ['PUBLISH a=one QoS 1 id 1', 'PUBLISH a=two QoS 2 id 2']);
});

// [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]
test('the properties of a message arrive unaltered, User Properties in their order, now or later', async () => {
  const properties = {
    payloadFormatIndicator: 1,
    contentType: 'text/plain; charset=utf-8',
    responseTopic: 'answers/7',
    correlationData: Uint8Array.of(0, 255, 1, 254),
    userProperties: [
      ['b', '1'],
      ['a', '2'],
      ['b', '1'],
      ['', ''],
      ['__proto__', 'ä𝄞'],
    ],
  } as const;
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const now = broker.connect();
  const alone = broker.connect({ clientId: 'alone' });
  const windowed = broker.connect({ properties: { receiveMaximum: 1 } });
  now.subscribe('#');
  windowed.subscribe('#');
  for (const qos of [0, 1, 2] as const) {
    publisher.publish('many', 'x', { qos, retain: true, properties });
    alone.subscribe('single');
    publisher.publish('single', 'x', { qos, properties });
    alone.unsubscribe('single');
  }
  const late = broker.connect();
  late.subscribe('many');
  for (const client of [now, alone, windowed, late]) {
    const publishes = client.acknowledgeAll();
    assert.ok(publishes.length > 0);
    for (const publish of publishes) {
      assert.deepEqual(
        { ...publish.properties, correlationData: Array.from(publish.properties.correlationData ?? []) },
        { ...NO_MESSAGE_PROPERTIES, ...properties, correlationData: [0, 255, 1, 254] },
      );
    }
  }
});

test('a Payload Format Indicator of 0 is sent as 0, and an absent one is absent', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  subscriber.subscribe('a');
  publisher.publish('a', 'x', { properties: { payloadFormatIndicator: 0 } });
  publisher.publish('a', 'x');
  assert.deepEqual(
    subscriber.publishes().map(({ properties }) => properties.payloadFormatIndicator),
    [0, undefined],
  );
});

test('a 3.x subscriber gets the message of an MQTT 5 publisher, and the other way round', async () => {
  const broker = await TestBroker.open();
  const old = broker.connect({ version: 4, clientId: 'old' });
  const young = broker.connect();
  old.subscribe('a');
  young.subscribe('a');
  young.publish('a', 'from 5', { properties: { contentType: 'x', userProperties: [['k', 'v']] } });
  old.publish('a', 'from 3.1.1');
  for (const client of [old, young]) assert.deepEqual(client.messages(), ['a=from 5', 'a=from 3.1.1']);
});

test('payloads of any size arrive as they were sent', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const plain = broker.connect();
  const counted = broker.connect({ version: 4, clientId: 'counted' });
  plain.subscribe('a');
  counted.subscribe('a');
  for (const length of [0, 1, 47, 48, 49, 127, 128, 16_383, 16_384, 100_000]) {
    for (const qos of [0, 1, 2] as const) {
      const payload = 'é'.repeat(length / 2) + 'x'.repeat(length % 2);
      publisher.publish('a', payload, { qos });
      for (const client of [plain, counted]) assert.deepEqual(client.acknowledgeAll().map(textOf), [payload]);
    }
  }
});

test('a client that subscribes to what it publishes hears itself, whatever the QoS and however narrow its window', async () => {
  for (const version of VERSIONS) {
    for (const qos of [0, 1, 2] as const) {
      const broker = await TestBroker.open({ limits: { inFlightMax: 2 } });
      const client = broker.connect({ version, clientId: 'echo' });
      client.subscribe('a');
      for (const payload of ['1', '2', '3', '4']) client.publish('a', payload, { qos, id: 100 + Number(payload) });
      for (let answers = qos === 0 ? 0 : 4; answers > 0; answers--) client.expect(qos === 1 ? 'puback' : 'pubrec');
      assert.deepEqual(client.acknowledgeAll().map(textOf), ['1', '2', '3', '4']);
    }
  }
});

// [MQTT-4.7.3-1]: 0x90 on the connection belongs to names that MQTT forbids, 0x82 to a missing one.
test('a topic name with wildcards, or none at all, ends the connection', async () => {
  for (const [topic, reasonCode] of [
    ['a/+', 0x90],
    ['#', 0x90],
    ['', 0x82],
  ] as const) {
    const broker = await TestBroker.open();
    const publisher = broker.connect();
    const other = broker.connect();
    other.subscribe('#');
    publisher.publish(topic, 'x');
    publisher.expectEnd(reasonCode);
    assert.deepEqual(other.said(), []);
    assert.equal(other.ended, 'not yet');
  }
});

// [MQTT-3.3.2-1] [MQTT-3.3.2-13] [MQTT-3.3.2-14] [MQTT-3.3.2-19]
test('a Topic Name, Response Topic or Content Type that is no UTF-8, or a wildcard in the Response Topic, ends the connection', async () => {
  const cases = [
    ['30 06 00 02 c3 28 00 78', 0x81],
    ['30 09 00 01 61 04 08 00 01 ff 78', 0x81],
    ['30 09 00 01 61 04 08 00 01 23 78', 0x82],
    ['30 09 00 01 61 04 03 00 01 ff 78', 0x81],
  ] as const;
  for (const [bytes, reasonCode] of cases) {
    const broker = await TestBroker.open();
    const publisher = broker.connect();
    const other = broker.connect();
    other.subscribe('#');
    publisher.sendBytes(bytes);
    publisher.expectEnd(reasonCode);
    assert.deepEqual(other.said(), []);
  }
});

test('topics differ in every character: nothing is normalized [MQTT-4.7.3-4]', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect();
  const subscriber = broker.connect();
  const topics = ['a', 'A', '/a', 'a/', 'a//', ' a', 'a ', '\u00e9', 'e\u0301', '\ufeffa', 'constructor', '__proto__'];
  for (const [index, topic] of topics.entries()) subscriber.subscribe(topic, {}, index + 1);
  for (const topic of topics) publisher.publish(topic, 'x');
  assert.deepEqual(
    subscriber.publishes().map((publish) => [publish.topic, ...publish.subscriptionIdentifiers]),
    topics.map((topic, index) => [topic, index + 1]),
  );
});

for (const qos of [0, 1, 2] as const) {
  test(`a QoS ${qos} message to a topic with $ reaches nobody, and its MQTT 5 publisher is told 0x90 where it can be`, async () => {
    const broker = await TestBroker.open();
    const publisher = broker.connect();
    const subscriber = broker.connect();
    subscriber.subscribe('$SYS/#');
    for (const topic of ['$SYS/x', '$', '$share/g/a', '$x']) {
      publisher.publish(topic, 'x', { qos, id: 5, retain: true });
      const name = qos === 1 ? 'PUBACK' : 'PUBREC';
      assert.deepEqual(publisher.said(), qos === 0 ? [] : [`${name} 5 0x90`]);
    }
    assert.deepEqual(subscriber.said(), []);
    assert.equal(broker.broker.sizes.retained, 0);
    assert.equal(broker.broker.counters.messagesRefused, 4);
    // A client does not fill the log: the 1st, the 10th, the 100th, ...
    assert.equal(broker.warnings().length, 1);
    assert.equal(publisher.ended, 'not yet');
  });

  test(`a QoS ${qos} message to a topic with $ closes its 3.x publisher's connection if it waits for an answer`, async () => {
    for (const version of [3, 4] as const) {
      const broker = await TestBroker.open();
      const publisher = broker.connect({ version, clientId: 'old' });
      publisher.publish('$SYS/x', 'x', { qos });
      publisher.publish('a', 'y', { qos: 1 });
      assert.match(broker.warnings()[0] ?? '', /\$SYS\/x/);
      assert.deepEqual(publisher.said(), qos === 0 ? ['PUBACK 1'] : []);
      assert.equal(publisher.ended, qos === 0 ? 'not yet' : 'end');
    }
  });
}

// [MQTT-4.7.2-1]
test('# and +/... do not match a topic that begins with $, $SYS/# may be subscribed to', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect();
  assert.deepEqual(subscriber.subscribe('#'), [2]);
  assert.deepEqual(subscriber.subscribe('+/x'), [2]);
  assert.deepEqual(subscriber.subscribe('$SYS/#'), [2]);
  assert.equal(await broker.broker.publish({ ...EMBEDDED, topic: '$SYS/x' }), 0x90);
  assert.deepEqual(subscriber.said(), []);
});

test('the program that embeds the broker publishes like a client, and is told the reason code', async () => {
  const broker = await TestBroker.open();
  const subscriber = broker.connect();
  assert.equal(await broker.broker.publish(EMBEDDED), 0x10);
  subscriber.subscribe('a', { retainAsPublished: true });
  const payload = Buffer.from('yes');
  const published = broker.broker.publish({ ...EMBEDDED, payload, qos: 1, retain: true });
  payload.fill(0);
  assert.equal(await published, 0);
  assert.deepEqual(subscriber.said(), ['PUBLISH a=yes QoS 1 id 1 retain']);
  assert.equal(await broker.broker.publish({ ...EMBEDDED, topic: 'a/#' }), 0x90);
  const late = broker.connect();
  late.subscribe('a');
  assert.deepEqual(late.said(), ['PUBLISH a=yes QoS 1 id 1 retain']);
});

test('an embedder that publishes when it hears of a message published or dropped changes nothing for the others', async () => {
  const heard: string[] = [];
  const hear = (what: string): void => {
    heard.push(what);
    // Nobody is subscribed: the Reason Code of this one is not that of the message under way.
    if (heard.length < 100 && !what.endsWith('echo'))
      void broker.broker.publish({ ...EMBEDDED, topic: 'echo', qos: 1 });
  };
  const broker: TestBroker = await TestBroker.open({
    limits: { inFlightMax: 1, transientQueueMessagesMax: 1 },
    events: {
      messagePublished: (message) => hear(`published ${message.topic}`),
      messageDropped: (_, topic) => hear(`dropped ${topic}`),
    },
  });
  const full = broker.connect();
  full.subscribe('a');
  const publisher = broker.connect();
  const others = [broker.connect(), broker.connect()];
  for (const other of others) other.subscribe('a');
  for (const payload of ['1', '2', '3']) {
    publisher.publish('a', payload, { qos: 1 });
    for (const other of others) assert.deepEqual(other.acknowledgeAll().map(textOf), [payload]);
  }
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3']);
  assert.deepEqual(
    heard.filter((what) => !what.endsWith('echo')),
    ['published a', 'published a', 'dropped a', 'published a'],
  );
});
