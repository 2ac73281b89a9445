// Packets that make much work: each turn does a little of it, and others are served in between. What the client gets is the same as if all of it
// had been done at once.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALLOW_ALL } from '../../src/auth/allow-all.ts';
import { PINGREQ } from '../../src/packet/packet.ts';
import { NO_UNSUBSCRIBE_PROPERTIES } from '../../src/packet/properties.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

const VERSIONS = [3, 4, 5] as const;

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

function names(count: number, prefix = ''): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`);
}

/** A broker with retained messages `r/0` and on, and `client` in the middle of being given them. */
async function midway(qos: 0 | 1 | 2, choice: ConnectChoice = {}): Promise<{ broker: TestBroker; client: TestClient }> {
  const broker = await TestBroker.open({ sliceSteps: 1 });
  const publisher = broker.connect({ clientId: 'before' });
  for (const topic of names(100, 'r/')) publisher.publish(topic, 'old', { retain: true, qos });
  publisher.disconnect();
  const client = broker.connect({ clientId: 'c', ...choice });
  client.requestSubscription(['r/#'], { qos: 2 });
  return { broker, client };
}

test('many filters of one packet are handled in several turns; what comes behind waits, and others are served meanwhile', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open({ sliceSteps: 4 });
    const client = broker.connect({ version, clientId: 'c' });
    const other = broker.connect();
    client.requestSubscription(names(10), { qos: 1 });
    client.send(PINGREQ);
    assert.equal(client.isReadFrom, false);
    assert.deepEqual(client.said(), []);
    other.publish('0', 'x');
    assert.deepEqual(client.messages(), ['0=x']);
    while (broker.turn()) continue;
    assert.deepEqual(client.said(), [`SUBACK 1${' 0x01'.repeat(10)}`, 'PINGRESP']);
    assert.equal(client.isReadFrom, true);
    const { id } = client.requestSubscription(['more']);
    assert.deepEqual(client.said(), [`SUBACK ${id} 0x02`]);
    client.send({ kind: 'unsubscribe', id, filters: names(10), properties: NO_UNSUBSCRIBE_PROPERTIES });
    assert.deepEqual(client.said(), []);
    while (broker.turn()) continue;
    assert.deepEqual(client.said(), [`UNSUBACK ${id}${version === 5 ? ' 0x00'.repeat(10) : ''}`]);
    assert.equal(broker.broker.sizes.subscriptions, 1);
  }
});

test('clients that ask for much share what a turn has, and each has its turn', async () => {
  const broker = await TestBroker.open({ sliceSteps: 5 });
  const clients = [1, 2, 3].map((n) => broker.connect({ clientId: `c${n}` }));
  for (const client of clients) client.requestSubscription(names(12));
  let before = broker.broker.sizes.subscriptions;
  assert.equal(before, 5);
  while (broker.turn()) {
    assert.ok(broker.broker.sizes.subscriptions - before <= 5);
    before = broker.broker.sizes.subscriptions;
  }
  for (const client of clients) assert.equal(client.expect('suback').reasonCodes.length, 12);
});

test('a connection that ends in the middle of its packet ends the work', async () => {
  const broker = await TestBroker.open({ sliceSteps: 4 });
  const client = broker.connect({ clientId: 'c' });
  client.requestSubscription(names(10));
  client.cut();
  while (broker.turn()) continue;
  assert.equal(broker.broker.sizes.subscriptions, 0);
  assert.equal(broker.broker.sizes.connections, 0);
});

test('retained messages that are found in several turns come once each, of every QoS and to every kind of session', async () => {
  for (const qos of [0, 1, 2] as const) {
    for (const choice of [{}, KEPT]) {
      const { broker, client } = await midway(qos, choice);
      while (broker.turn()) continue;
      assert.equal(client.expect('suback').reasonCodes[0], 2);
      const topics = client.acknowledgeAll().map(({ topic }) => topic);
      while (broker.turn()) continue;
      topics.push(...client.acknowledgeAll().map(({ topic }) => topic));
      assert.deepEqual(topics.toSorted(), names(100, 'r/').toSorted());
    }
  }
});

// [MQTT-4.6.0-5]
test('a message that is published while its retained one is still owed comes behind it, whatever of it was found already', async () => {
  for (const qos of [0, 1, 2] as const) {
    for (const choice of [{}, KEPT]) {
      for (const retain of [false, true]) {
        const { broker, client } = await midway(qos, choice);
        const publisher = broker.connect();
        for (const topic of names(100, 'r/')) publisher.publish(topic, 'new', { qos, retain });
        publisher.publish('r/another', 'new', { qos, retain: true });
        const publishes = client.received.filter((packet) => packet.kind === 'publish');
        client.received.splice(0);
        for (const { id, qos: sent } of publishes) if (sent > 0) client.answer(sent === 1 ? 'puback' : 'pubrec', id);
        for (let isMore = true; isMore; ) {
          while (broker.turn()) continue;
          const more = client.take();
          isMore = more.length > 0;
          for (const packet of more) {
            if (packet.kind === 'pubrel') client.answer('pubcomp', packet.id);
            if (packet.kind !== 'publish') continue;
            publishes.push(packet);
            if (packet.qos > 0) client.answer(packet.qos === 1 ? 'puback' : 'pubrec', packet.id);
          }
        }
        const of = (topic: string) => publishes.filter((publish) => publish.topic === topic).map(textOf);
        for (const topic of names(100, 'r/')) assert.deepEqual(of(topic), ['old', 'new'], `${qos} ${topic}`);
        assert.deepEqual(of('r/another'), ['new']);
      }
    }
  }
});

test('a filter that comes twice in one packet is given its retained messages twice, as if it had come in two', async () => {
  const broker = await TestBroker.open({ sliceSteps: 1 });
  broker.connect().publish('a', 'x', { retain: true });
  const client = broker.connect({ clientId: 'c' });
  client.requestSubscription(['a', 'a']);
  while (broker.turn()) continue;
  assert.deepEqual(client.said(), ['SUBACK 1 0x02 0x02', 'PUBLISH a=x retain', 'PUBLISH a=x retain']);
});

test('a SUBSCRIBE or UNSUBSCRIBE with more filters than one may have ends its connection (0x97), and is counted', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open({ limits: { subscribeFiltersMax: 3 } });
    const client = broker.connect({ version, clientId: 'c' });
    client.requestSubscription(names(3));
    assert.equal(client.expect('suback').reasonCodes.length, 3);
    client.requestSubscription(names(4));
    assert.deepEqual(client.said().length, version === 5 ? 1 : 0);
    assert.equal(client.ended, 'end');
    const other = broker.connect({ version, clientId: 'o' });
    other.send({
      kind: 'unsubscribe',
      id: other.nextId(),
      filters: names(4),
      properties: NO_UNSUBSCRIBE_PROPERTIES,
    });
    if (version === 5) assert.equal(other.expect('disconnect').reasonCode, 0x97);
    assert.equal(other.ended, 'end');
    assert.equal(broker.broker.counters.limitsReached.subscribeFiltersMax, 2);
    assert.match(broker.warnings()[0] ?? '', /subscribeFiltersMax/);
  }
});

test('a subscription beyond subscriptionsMax is refused before its rights are asked for, and the log hears of the first thirty', async () => {
  let asked = 0;
  const allows = (): boolean => {
    asked++;
    return true;
  };
  const broker = await TestBroker.open({
    authorizer: { ...ALLOW_ALL, allowsAll: false, allows },
    limits: { subscriptionsMax: 5 },
  });
  const client = broker.connect();
  client.requestSubscription(names(200));
  assert.equal(asked, 5);
  assert.equal(broker.broker.counters.limitsReached.subscriptionsMax, 195);
  assert.equal(broker.warnings().length, 30);
});
