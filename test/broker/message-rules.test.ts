// What a broker asks of messages and Wills beyond the specification: text that is text, where it is told to look (section
// 3.3.2.3.2), so many User Properties, and topics that are not the broker's own (section 4.7.2).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Will } from '../../src/packet/packet.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES, type UserProperty } from '../../src/packet/properties.ts';
import { type BrokerOptions, type PublishChoice, TestBroker, type TestClient } from './harness.ts';

const CHECKED: BrokerOptions = { rules: { payloadFormatCheck: true } };
const TEXT = { payloadFormatIndicator: 1 };

/** Payloads as Latin-1, and whether they are UTF-8. */
const PAYLOADS = [
  { what: 'nothing', payload: '', isText: true },
  { what: 'ASCII', payload: 'plain', isText: true },
  { what: 'a null character', payload: 'a\u0000b', isText: true },
  { what: 'two bytes of UTF-8', payload: '\u00c3\u00a9', isText: true },
  { what: 'Latin-1', payload: 'caf\u00e9', isText: false },
  { what: 'a truncated character', payload: '\u00e2\u0082', isText: false },
  { what: 'an overlong form', payload: '\u00c0\u00af', isText: false },
  { what: 'a surrogate', payload: '\u00ed\u00a0\u0080', isText: false },
] as const;

function bytes(latin1: string): Uint8Array {
  return Buffer.from(latin1, 'latin1');
}

/** Publishes bytes; the harness has text alone. */
function publish(client: TestClient, payload: Uint8Array, choice: PublishChoice): void {
  client.send({
    kind: 'publish',
    dup: false,
    qos: choice.qos ?? 0,
    retain: choice.retain ?? false,
    topic: 'a',
    id: choice.qos === 0 ? undefined : client.nextId(),
    payload,
    topicAlias: 0,
    subscriptionIdentifiers: [],
    properties: { ...NO_MESSAGE_PROPERTIES, ...choice.properties },
  });
}

function will(payload: Uint8Array, properties: Partial<MessageProperties>, topic = 'w'): Will {
  const all = { ...NO_MESSAGE_PROPERTIES, ...properties };
  return { topic, payload, qos: 0, retain: false, delayInterval: 0, properties: all };
}

function userProperties(count: number): readonly UserProperty[] {
  return Array.from({ length: count }, (_, n) => ['name', String(n)] as const);
}

describe('a payload that says to be text', () => {
  for (const { what, payload, isText } of PAYLOADS) {
    test(`${what} is ${isText ? 'taken' : 'refused with 0x99, reaches nobody and is not retained'}`, async () => {
      const broker = await TestBroker.open(CHECKED);
      const subscriber = broker.connect();
      subscriber.subscribe('#');
      const publisher = broker.connect();
      for (const qos of [0, 1, 2] as const)
        publish(publisher, bytes(payload), { qos, retain: payload !== '', properties: TEXT });
      const no = isText ? '' : ' 0x99';
      assert.deepEqual(publisher.said(), [`PUBACK 1${no}`, `PUBREC 2${no}`]);
      assert.equal(subscriber.acknowledgeAll().length, isText ? 3 : 0);
      assert.equal(broker.broker.sizes.retained, isText && payload !== '' ? 1 : 0);
      assert.equal(broker.broker.counters.messagesRefused, isText ? 0 : 3);
    });

    test(`${what} as a Will is ${isText ? 'taken' : 'refused with its CONNECT'}`, async () => {
      const broker = await TestBroker.open(CHECKED);
      const client = broker.knock({ will: will(bytes(payload), TEXT) });
      assert.equal(client.expect('connack').reasonCode, isText ? 0 : 0x99);
      assert.equal(client.ended, isText ? 'not yet' : 'end');
    });
  }
});

test('a payload that does not say to be text is not looked at, nor is one of 3.x', async () => {
  const broker = await TestBroker.open(CHECKED);
  const publisher = broker.connect({ will: will(bytes('\u00ff'), { payloadFormatIndicator: 0 }) });
  publish(publisher, bytes('\u00ff'), { qos: 1, properties: { payloadFormatIndicator: 0 } });
  publish(publisher, bytes('\u00ff'), { qos: 1, properties: { contentType: 'image' } });
  assert.deepEqual(publisher.said(), ['PUBACK 1 0x10', 'PUBACK 2 0x10']);
  const old = broker.connect({ version: 4, clientId: 'old', will: will(bytes('\u00ff'), {}) });
  publish(old, bytes('\u00ff'), { qos: 1 });
  assert.deepEqual(old.said(), ['PUBACK 1']);
});

test('without the rule no payload is looked at', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect({ will: will(bytes('\u00ff'), TEXT) });
  publish(publisher, bytes('\u00ff'), { qos: 1, properties: TEXT });
  assert.deepEqual(publisher.said(), ['PUBACK 1 0x10']);
});

test('a message with more User Properties than a message may have is refused with 0x97, and the connection goes on', async () => {
  const broker = await TestBroker.open({ limits: { userPropertiesMax: 2 } });
  const subscriber = broker.connect();
  subscriber.subscribe('#', { qos: 0 });
  const publisher = broker.connect();
  for (const count of [2, 3]) {
    const properties = { userProperties: userProperties(count) };
    for (const qos of [0, 1, 2] as const) publisher.publish('a', String(count), { qos, properties });
  }
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBREC 2', 'PUBACK 3 0x97', 'PUBREC 4 0x97']);
  assert.deepEqual(
    subscriber.publishes().map(({ properties }) => properties.userProperties),
    [userProperties(2), userProperties(2), userProperties(2)],
  );
});

test('a CONNECT with more User Properties, of its own or of its Will, is refused with 0x97', async () => {
  const broker = await TestBroker.open({ limits: { userPropertiesMax: 2 } });
  const few = { userProperties: userProperties(2) };
  const many = { userProperties: userProperties(3) };
  broker.connect({ properties: few, will: will(bytes(''), few) });
  for (const choice of [{ properties: many }, { will: will(bytes(''), many) }]) {
    const client = broker.knock(choice);
    assert.equal(client.expect('connack').reasonCode, 0x97);
    assert.equal(client.ended, 'end');
  }
});

test('where clients may publish to topics that begin with $, they may not to $SYS', async () => {
  const broker = await TestBroker.open({ rules: { dollarTopics: 'allow' } });
  const subscriber = broker.connect();
  for (const filter of ['$x/#', '$SYS/#', '#']) subscriber.subscribe(filter, { qos: 1 });
  const publisher = broker.connect();
  for (const topic of ['$x/a', '$x', '$', '$SYSTEM', '$SYS', '$SYS/a']) publisher.publish(topic, 'x', { qos: 1 });
  assert.deepEqual(publisher.said(), [
    'PUBACK 1',
    'PUBACK 2',
    'PUBACK 3 0x10',
    'PUBACK 4 0x10',
    'PUBACK 5 0x90',
    'PUBACK 6 0x90',
  ]);
  assert.deepEqual(subscriber.messages(), ['$x/a=x', '$x=x']);
  broker.connect({ will: will(bytes('gone'), {}, '$x/w') }).cut();
  assert.deepEqual(subscriber.messages(), ['$x/w=gone']);
  assert.equal(broker.knock({ will: will(bytes(''), {}, '$SYS/w') }).expect('connack').reasonCode, 0x90);
});
