// The reasons of refusals in words: an MQTT 5 client hears them with PUBACK, PUBREC and SUBACK unless it asks not to
// (Request Problem Information, section 3.1.2.11.7), and never in a packet that is larger than it takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetSize } from '../../src/packet/encode.ts';
import { type BrokerOptions, TestBroker, type TestClient } from './harness.ts';
import { sayPacket } from './say-packet.ts';
import { lateStore } from './test-store.ts';

const NO_SECRETS: BrokerOptions = {
  authorizer: { allowsAll: false, allows: (_, action, topic) => action === 'receive' || !topic.includes('secret') },
};
const MAY_NOT_PUBLISH = 'The client may not publish to this topic.';

/** The refusals that came, each with its reason. */
function refusals(client: TestClient): string[] {
  return client.take().map((packet) => {
    assert.ok(packet.kind === 'puback' || packet.kind === 'pubrec' || packet.kind === 'suback');
    return `${sayPacket(packet)}: ${packet.properties.reasonString ?? '-'}`;
  });
}

test('who is refused hears why, once, and nothing of the kind with what is taken', async () => {
  const broker = await TestBroker.open(NO_SECRETS);
  const client = broker.connect();
  client.publish('secret', 'x', { qos: 1, id: 1 });
  client.publish('open', 'x', { qos: 1, id: 2 });
  client.publish('secret', 'x', { qos: 2, id: 3 });
  client.publish('$x', 'x', { qos: 1, id: 4 });
  assert.deepEqual(refusals(client), [
    `PUBACK 1 0x87: ${MAY_NOT_PUBLISH}`,
    'PUBACK 2 0x10: -',
    `PUBREC 3 0x87: ${MAY_NOT_PUBLISH}`,
    "PUBACK 4 0x90: Topics that begin with $ are the broker's own; clients may not publish to them.",
  ]);
});

test('a refused message of QoS 0 says nothing, and nothing of it with the next answer', async () => {
  const broker = await TestBroker.open(NO_SECRETS);
  const client = broker.connect();
  client.publish('secret', 'x');
  client.publish('open', 'x', { qos: 1, id: 1 });
  assert.deepEqual(refusals(client), ['PUBACK 1 0x10: -']);
});

test('a reason goes with its own answer where that waits behind others', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ ...NO_SECRETS, store });
  const client = broker.connect();
  client.publish('open', 'x', { qos: 1, id: 1, retain: true });
  client.publish('secret', 'x', { qos: 1, id: 2 });
  client.publish('open', 'x', { qos: 1, id: 3 });
  assert.deepEqual(client.said(), []);
  commit();
  assert.deepEqual(refusals(client), ['PUBACK 1 0x10: -', `PUBACK 2 0x87: ${MAY_NOT_PUBLISH}`, 'PUBACK 3 0x10: -']);
});

test('SUBACK says the reasons of all its refusals, each once', async () => {
  const broker = await TestBroker.open(NO_SECRETS);
  const client = broker.connect();
  client.requestSubscription(['a/#/b', 'secret', 'open', 'secret/2', 'x/#/y'], { qos: 1 });
  assert.deepEqual(refusals(client), [
    'SUBACK 1 0x8f 0x87 0x01 0x87 0x8f: In a Topic Filter # stands alone in the last level. The client may not subscribe to this filter.',
  ]);
  client.subscribe('fine');
});

test('SUBACK does not grow with the filters that are refused', async () => {
  const broker = await TestBroker.open({ limits: { topicLevelsMax: 2 } });
  const client = broker.connect();
  client.requestSubscription(Array.from({ length: 100 }, (_, n) => 'a/'.repeat(n + 2)));
  assert.equal(client.expect('suback').properties.reasonString?.match(/levels/g)?.length, 4);
});

// [MQTT-3.1.2-29]
test('a client that asks for no problem information gets codes alone', async () => {
  const broker = await TestBroker.open(NO_SECRETS);
  const client = broker.connect({ properties: { requestProblemInformation: false } });
  client.publish('secret', 'x', { qos: 1, id: 1 });
  client.publish('secret', 'x', { qos: 2, id: 2 });
  client.requestSubscription(['secret']);
  assert.deepEqual(refusals(client), ['PUBACK 1 0x87: -', 'PUBREC 2 0x87: -', 'SUBACK 1 0x87: -']);
});

// [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.9.2-1]
test('a reason is left out where the packet would be larger than the client takes', async () => {
  const roomy = (await TestBroker.open(NO_SECRETS)).connect();
  roomy.publish('secret', 'x', { qos: 1, id: 1 });
  const size = packetSize(roomy.expect('puback'), 5);
  for (const maximumPacketSize of [size, size - 1]) {
    const broker = await TestBroker.open(NO_SECRETS);
    const client = broker.connect({ clientId: 'c', properties: { maximumPacketSize } });
    client.publish('secret', 'x', { qos: 1, id: 1 });
    client.publish('secret', 'x', { qos: 2, id: 2 });
    client.requestSubscription(['secret']);
    const why = maximumPacketSize === size ? MAY_NOT_PUBLISH : '-';
    assert.deepEqual(refusals(client).slice(0, 2), [`PUBACK 1 0x87: ${why}`, `PUBREC 2 0x87: ${why}`]);
    assert.equal(client.ended, 'not yet');
  }
});
