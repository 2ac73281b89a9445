// Keep Alive (section 3.1.2.10) as the broker watches it: who is silent for one and a half times the interval is
// closed as if the network had failed, and nobody else. The arithmetic: src/session/keep-alive.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { bytesOf, connectPacket, TestBroker, type TestClient } from './harness.ts';

const VERSIONS = [3, 4, 5] as const;

for (const version of VERSIONS) {
  // [MQTT-3.1.2-22]; MQTT 3.1.1 [MQTT-3.1.2-24].
  test(`a client of version ${version} that is silent for 1.5 times its Keep Alive is ${version === 5 ? 'told 0x8D and ' : ''}closed`, async () => {
    const broker = await TestBroker.open();
    const bystander = broker.connect({ clientId: 'bystander' });
    const client = broker.connect({ version, clientId: 'c', keepAlive: 10 });
    broker.pass(14_999);
    assert.equal(client.ended, 'not yet');
    assert.deepEqual(client.take(), []);
    broker.pass(1);
    client.expectEnd(0x8d);
    assert.deepEqual(bystander.take(), []);
    assert.equal(broker.broker.sizes.connections, 1);
    assert.equal(broker.broker.nextDeadline(), undefined);
    assert.deepEqual(broker.warnings(), [
      'Client "c" at test:2 was disconnected: Nothing came for 15 s, more than one and a half times the Keep Alive of 10 s. [MQTT-3.1.2-22]',
    ]);
  });
}

// Any MQTT Control Packet will do.
const PACKETS: Readonly<Record<string, (client: TestClient) => void>> = {
  PINGREQ: (client) => client.send({ kind: 'pingreq' }),
  'a QoS 0 PUBLISH': (client) => void client.publish('a', 'x'),
  'a QoS 2 PUBLISH': (client) => void client.publish('a', 'x', { qos: 2 }),
  SUBSCRIBE: (client) => void client.subscribe('a'),
  UNSUBSCRIBE: (client) => void client.unsubscribe('a'),
  'a PUBACK for nothing': (client) => client.sendBytes('40 02 00 09'),
  'a PUBREL for nothing': (client) => client.sendBytes('62 02 00 09'),
  'a refused PUBLISH': (client) => void client.publish('$SYS/x', 'x'),
};

for (const [name, send] of Object.entries(PACKETS)) {
  test(`${name} begins the Keep Alive anew`, async () => {
    for (const version of VERSIONS) {
      const broker = await TestBroker.open();
      const client = broker.connect({ version, clientId: 'c', keepAlive: 10 });
      for (let turn = 0; turn < 5; turn++) {
        broker.pass(14_000);
        send(client);
      }
      assert.equal(client.ended, 'not yet');
      broker.pass(15_000);
      client.expectEnd(0x8d);
    }
  });
}

// [MQTT-3.12.4-1]
test('PINGREQ is answered with PINGRESP', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.connect({ version, clientId: `c${version}` });
    client.send({ kind: 'pingreq' });
    client.send({ kind: 'pingreq' });
    assert.deepEqual(client.said(), ['PINGRESP', 'PINGRESP']);
  }
});

test('neither a part of a packet nor what the broker sends keeps a client alive', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect({ clientId: 'publisher' });
  const client = broker.connect({ clientId: 'c', keepAlive: 10 });
  client.subscribe('a');
  broker.pass(10_000);
  client.sendBytes('30 20 00 01');
  publisher.publish('a', 'x');
  broker.pass(5_000);
  assert.equal(client.ended, 'end');
  assert.deepEqual(client.said(), ['PUBLISH a=x', 'DISCONNECT 0x8d']);
});

test('a Keep Alive of 0 is none', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) broker.connect({ version, clientId: `c${version}`, keepAlive: 0 });
  broker.pass(1_000_000_000);
  assert.equal(broker.broker.sizes.connections, 3);
});

test('the longest Keep Alive, 65,535 s, is watched as well', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect({ clientId: 'c', keepAlive: 65_535 });
  broker.pass(65_535 * 1500 - 1);
  assert.equal(client.ended, 'not yet');
  broker.pass(1);
  client.expectEnd(0x8d);
});

// [MQTT-3.2.2-22]; MQTT 3.1.1 section 3.1.2.10 lets a Server disconnect earlier than Keep Alive says.
test('keepAliveSecondsMax holds for all: an MQTT 5 client is told, a 3.x client cannot be', async () => {
  const broker = await TestBroker.open({ limits: { keepAliveSecondsMax: 20 } });
  for (const version of VERSIONS) {
    for (const [asked, kept] of [
      [0, 20],
      [19, 19],
      [20, 20],
      [21, 20],
    ] as const) {
      const client = broker.connect({ version, clientId: 'c', keepAlive: asked });
      assert.equal(client.connack?.properties.serverKeepAlive, version === 5 && asked !== kept ? kept : undefined);
      broker.pass(kept * 1500 - 1);
      assert.equal(client.ended, 'not yet');
      broker.pass(1);
      client.expectEnd(0x8d);
    }
  }
});

test('the Keep Alive of a resumed session is that of its new connection', async () => {
  const broker = await TestBroker.open();
  const lasting = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 600 } };
  broker.connect({ ...lasting, keepAlive: 10 }).cut();
  const back = broker.connect({ ...lasting, keepAlive: 100 });
  broker.pass(149_999);
  assert.equal(back.ended, 'not yet');
  broker.pass(1);
  assert.equal(back.ended, 'end');
});

test('Keep Alive is watched from CONNACK on, not from CONNECT', async () => {
  const { promise, resolve } = Promise.withResolvers<{ readonly kind: 'accepted'; readonly principal: undefined }>();
  const broker = await TestBroker.open({ authenticator: { authenticate: () => promise } });
  const client = broker.dial();
  client.sendBytes(bytesOf(connectPacket({ clientId: 'c', keepAlive: 1 }), 5));
  broker.pass(9_000);
  resolve({ kind: 'accepted', principal: undefined });
  await promise;
  await Promise.resolve();
  assert.deepEqual(client.said(), ['CONNACK']);
  broker.pass(1_499);
  assert.equal(client.ended, 'not yet');
  broker.pass(1);
  client.expectEnd(0x8d);
});

// As if the network had failed: section 3.1.2.5 counts it among the ends after which the Will is published.
test('after a Keep Alive timeout the session outlives the connection, and the Will is published', async () => {
  const broker = await TestBroker.open();
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will');
  const will = {
    topic: 'will',
    payload: Buffer.from('w'),
    qos: 0,
    retain: false,
    delayInterval: 0,
    properties: NO_MESSAGE_PROPERTIES,
  } as const;
  broker.connect({ clientId: 'c', keepAlive: 10, will, properties: { sessionExpiryInterval: 60 } });
  broker.pass(15_000);
  assert.deepEqual(observer.messages(), ['will=w']);
  assert.equal(broker.connect({ clientId: 'c', clean: false }).connack?.sessionPresent, true);
});

// We would not have noticed whatever it sent.
test('a client that the broker does not read from, because it does not read, is not closed for its silence', async () => {
  const broker = await TestBroker.open({ limits: { outboxBytesMax: 1_000 } });
  const client = broker.connect({ clientId: 'c', keepAlive: 10 });
  client.stopReading(10_000);
  client.send({ kind: 'pingreq' });
  assert.equal(client.isReadFrom, false);
  broker.pass(60_000);
  assert.equal(client.ended, 'not yet');
  client.readAgain();
  assert.equal(client.isReadFrom, true);
  broker.pass(15_000);
  assert.equal(client.ended, 'end');
});
