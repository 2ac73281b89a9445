// Takeover (sections 3.1.4 and 3.1.3.2.2): a client that connects again while it is still connected. The old
// connection ends, the session has one connection at any time, and nothing of the old one leaks into the new.
// Wills: will.test.ts. Principals and slow Authenticators: authentication.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TestBroker } from './harness.ts';
import { lateStore } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;
const PERSISTENT = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60 } } as const;

for (const version of VERSIONS) {
  // [MQTT-3.1.4-3] [MQTT-3.14.4-1] [MQTT-3.14.4-2]; MQTT 3.1.1 [MQTT-3.1.4-2].
  test(`a client of version ${version} whose identifier connects again is ${version === 5 ? 'told 0x8E and ' : ''}closed`, async () => {
    for (const next of VERSIONS) {
      const broker = await TestBroker.open();
      const bystander = broker.connect({ clientId: 'bystander' });
      const old = broker.connect({ version, clientId: 'c' });
      const young = broker.connect({ version: next, clientId: 'c' });
      old.expectEnd(0x8e);
      old.send({ kind: 'pingreq' });
      assert.deepEqual(old.take(), []);
      young.send({ kind: 'pingreq' });
      assert.deepEqual(young.said(), ['PINGRESP']);
      assert.deepEqual(bystander.take(), []);
      assert.equal(broker.broker.sizes.connections, 2);
      assert.equal(broker.broker.sizes.sessions, 2);
      assert.deepEqual(broker.warnings(), []);
    }
  });
}

// Section 3.1.4, [MQTT-3.1.2-5].
test('a session that outlives its connection goes on with the new one; one that does not, and one begun anew, is new', async () => {
  for (const [lasts, clean, present] of [
    [true, false, true],
    [true, true, false],
    [false, false, false],
    [false, true, false],
  ] as const) {
    const broker = await TestBroker.open();
    const publisher = broker.connect({ clientId: 'publisher' });
    const old = broker.connect({ clientId: 'c', properties: { sessionExpiryInterval: lasts ? 60 : 0 } });
    old.subscribe('a', { qos: 1 });
    const young = broker.connect({ ...PERSISTENT, clean });
    assert.equal(young.connack?.sessionPresent, present);
    publisher.publish('a', 'x', { qos: 1 });
    assert.deepEqual(young.messages(), present ? ['a=x'] : []);
  }
});

// [MQTT-4.4.0-1]
test('what was in flight is sent again on the new connection, and an answer on the old one is not heard', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect({ clientId: 'publisher' });
  const old = broker.connect(PERSISTENT);
  old.subscribe('a', { qos: 2 });
  publisher.publish('a', '1', { qos: 1 });
  publisher.publish('a', '2', { qos: 2 });
  assert.equal(old.take().length, 2);
  const young = broker.connect(PERSISTENT);
  const sent = young.publishes();
  assert.deepEqual(
    sent.map((packet) => [packet.id, packet.qos, packet.dup]),
    [
      [1, 1, true],
      [2, 2, true],
    ],
  );
  old.answer('puback', sent[0]?.id);
  old.answer('pubrec', sent[1]?.id);
  young.cut();
  assert.equal(broker.connect(PERSISTENT).publishes().length, 2);
});

test('an answer that waited for the store is discarded with the connection whose packet it answers', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store });
  const old = broker.knock(PERSISTENT);
  commit();
  old.publish('a', 'x', { qos: 2, id: 5 });
  old.requestSubscription(['b']);
  assert.deepEqual(old.said(), ['CONNACK']);
  const young = broker.knock(PERSISTENT);
  commit();
  assert.deepEqual(old.said(), ['DISCONNECT 0x8e']);
  assert.deepEqual(young.said(), ['CONNACK session present']);
  young.publish('a', 'x', { qos: 2, id: 5, dup: true });
  assert.deepEqual(young.said(), ['PUBREC 5']);
});

// The old connection had no CONNACK yet: it may not be sent DISCONNECT [MQTT-3.14.0-1].
test('a connection whose CONNECT still waits for the store can be taken over, and hears nothing', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store });
  const bystander = broker.knock({ clientId: 'bystander' });
  const first = broker.knock(PERSISTENT);
  const second = broker.knock(PERSISTENT);
  first.publish('a', 'from the first', { retain: true });
  second.publish('a', 'from the second', { retain: true });
  const third = broker.knock(PERSISTENT);
  for (const client of [first, second]) {
    assert.deepEqual(client.take(), []);
    assert.equal(client.ended, 'end');
  }
  assert.deepEqual(third.take(), []);
  commit();
  assert.deepEqual(first.take(), []);
  assert.deepEqual(second.take(), []);
  assert.deepEqual(third.said(), ['CONNACK session present']);
  assert.deepEqual(bystander.said(), ['CONNACK']);
  assert.equal(broker.broker.sizes.connections, 2);
  assert.equal(broker.broker.sizes.retained, 0);
});

test('a connection that waits for the store and is cut leaves a session that ends in its time', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store });
  const client = broker.knock(PERSISTENT);
  client.cut();
  commit();
  assert.deepEqual(client.take(), []);
  assert.equal(broker.broker.sizes.connections, 0);
  broker.pass(60_000);
  assert.equal(broker.broker.sizes.sessions, 0);
  assert.equal(broker.broker.nextDeadline(), undefined);
});

test('a takeover does not wait for the old peer: its end may be reported at any time, and changes nothing', async () => {
  const broker = await TestBroker.open();
  const old = broker.connect({ ...PERSISTENT, keepAlive: 10 });
  old.stopReading(100_000_000);
  const young = broker.connect({ ...PERSISTENT, keepAlive: 100 });
  assert.equal(old.ended, 'end');
  broker.pass(20_000);
  old.confirmEnd();
  broker.pass(20_000);
  assert.equal(young.ended, 'not yet');
  assert.equal(broker.broker.sizes.connections, 1);
  assert.equal(broker.broker.sizes.sessions, 1);
});

test('a storm of takeovers leaves one connection, one session, one subscription and one deadline', async () => {
  const broker = await TestBroker.open();
  const clients = [];
  for (let n = 0; n < 300; n++) {
    const version = VERSIONS[n % 3] ?? 5;
    const client = broker.connect({ ...PERSISTENT, version, clean: n % 7 === 0, keepAlive: 60 });
    client.subscribe('a', { qos: 1 });
    client.publish('a', `${n}`, { qos: 1 });
    clients.push(client);
  }
  const last = clients.pop();
  for (const client of clients) assert.equal(client.ended, 'end');
  assert.equal(last?.ended, 'not yet');
  assert.deepEqual(broker.broker.sizes, { connections: 1, sessions: 1, subscriptions: 1, retained: 0 });
  last?.disconnect(0, { sessionExpiryInterval: 0 });
  assert.equal(broker.broker.nextDeadline(), undefined);
});

test('the log names both sides of a takeover, once', async () => {
  const broker = await TestBroker.open();
  broker.connect({ clientId: 'a "quoted"\nname' });
  broker.connect({ clientId: 'a "quoted"\nname' });
  const lines = broker.log.filter((line) => line.sentence.includes('taken over'));
  assert.deepEqual(
    lines.map((line) => line.sentence),
    ['Client "a \\"quoted\\"\\nname" at test:1 was taken over by a connection from test:2.'],
  );
});
