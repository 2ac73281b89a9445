// DISCONNECT, in both directions (section 3.14), and the end of the broker itself. Wills: will.test.ts. Session
// Expiry in DISCONNECT: expiry.test.ts. DISCONNECT after bad input: bad-input.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_DISCONNECT_PROPERTIES, NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { REASON_CODES } from '../../src/packet/reason-code-table.ts';
import { bytesOf, TestBroker } from './harness.ts';
import { will } from './sample-will.ts';
import { lateStore, memoryStore } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;

test('a DISCONNECT is not answered; the connection is closed', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.connect({ version, clientId: 'c' });
    client.disconnect();
    assert.deepEqual(client.take(), []);
    assert.equal(client.ended, 'end');
    assert.equal(broker.broker.sizes.connections, 0);
  }
  assert.deepEqual(broker.warnings(), []);
});

test('nothing that follows a DISCONNECT is processed, nor is the end of the connection news', async () => {
  const broker = await TestBroker.open();
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('a');
  for (const version of VERSIONS) {
    const client = broker.connect({ version, clientId: 'c' });
    const disconnect = bytesOf({ kind: 'disconnect', reasonCode: 0, properties: NO_DISCONNECT_PROPERTIES }, version);
    client.sendBytes(Buffer.concat([disconnect, PUBLISH_A]));
    client.sendBytes(PUBLISH_A);
    client.sendBytes('ff ff ff');
    client.confirmEnd();
    assert.deepEqual(client.take(), []);
  }
  assert.deepEqual(observer.take(), []);
  assert.deepEqual(broker.warnings(), []);
});

/** PUBLISH of an empty message to `a`; a 3.x packet, and never looked at. */
const PUBLISH_A = Buffer.from('300300 0161'.replaceAll(' ', ''), 'hex');

// [MQTT-3.14.2-1]
test('an MQTT 5 client may disconnect with every reason code that clients may send, and with no other', async () => {
  const broker = await TestBroker.open();
  for (let reasonCode = 0; reasonCode < 256; reasonCode++) {
    const client = broker.connect({ clientId: 'c' });
    client.sendBytes(Uint8Array.of(0xe0, 1, reasonCode));
    if (REASON_CODES.disconnectFromClient.has(reasonCode)) {
      assert.deepEqual(client.take(), []);
      assert.equal(client.ended, 'end');
    } else {
      client.expectEnd(0x82);
    }
  }
});

test('a DISCONNECT with a reason string and user properties is one like others', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect({ clientId: 'c' });
  client.disconnect(0, { reasonString: 'enough\nfor today', userProperties: [['__proto__', 'x']] });
  assert.deepEqual(client.take(), []);
  assert.equal(client.ended, 'end');
  assert.deepEqual(broker.warnings(), []);
});

// [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-3.14.2-2] [MQTT-4.13.2-1]
test('a DISCONNECT from the broker is its last packet; it says why, and has no Session Expiry Interval', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect({ clientId: 'publisher' });
  const client = broker.connect({ clientId: 'c' });
  client.subscribe('a');
  client.sendBytes('00 00');
  publisher.publish('a', 'too late');
  client.send({ kind: 'pingreq' });
  const [disconnect, ...more] = client.take();
  assert.ok(disconnect?.kind === 'disconnect');
  assert.equal(disconnect.properties.sessionExpiryInterval, undefined);
  assert.deepEqual(disconnect.properties.userProperties, []); // [MQTT-3.14.2-4]
  assert.match(disconnect.properties.reasonString ?? '', /type 0 does not exist/);
  assert.deepEqual(more, []);
  assert.equal(client.ended, 'end');
});

// [MQTT-3.14.2-3] [MQTT-3.1.2-24]
test('a DISCONNECT has no reason string where the client might find it too large', async () => {
  const broker = await TestBroker.open();
  for (const maximumPacketSize of [100, 200, 2_047]) {
    const client = broker.connect({ clientId: 'c', properties: { maximumPacketSize } });
    client.sendBytes('00 00');
    assert.equal(client.expect('disconnect').properties.reasonString, undefined);
  }
});

test('a client that takes no packet as large as its SUBACK or UNSUBACK is told 0x95, and closed', async () => {
  const filters = Array.from({ length: 60 }, (_, n) => `filter/${n}`);
  for (const kind of ['subscribe', 'unsubscribe'] as const) {
    for (const late of [false, true]) {
      const { store, commit } = lateStore();
      const broker = await TestBroker.open(late ? { store } : {});
      const properties = { maximumPacketSize: 60, sessionExpiryInterval: 10 };
      const client = broker.knock({ clientId: 'c', properties });
      if (late) commit();
      client.take();
      if (kind === 'subscribe') client.requestSubscription(filters);
      else client.sendBytes(bytesOf({ kind, id: client.nextId(), filters, properties: { userProperties: [] } }, 5));
      if (late) commit();
      client.expectEnd(0x95);
      client.send({ kind: 'pingreq' });
      assert.deepEqual(client.take(), []);
      assert.equal(broker.broker.sizes.connections, 0);
      assert.match(
        broker.warnings().join(),
        new RegExp(`"c" at test:1 was disconnected: ${kind === 'subscribe' ? 'SUB' : 'UNSUB'}ACK takes`),
      );
    }
  }
});

// [MQTT-3.14.0-1]: nobody is told DISCONNECT before CONNACK; a session that waits for the store may be there at the next start, so nobody is told no.
test('a broker that closes tells MQTT 5 clients 0x8B, closes 3.x, and is silent to who has not got CONNACK yet', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store });
  const clients = VERSIONS.map((version) => broker.connect({ version, clientId: `c${version}` }));
  const silent = broker.dial();
  const lasting = { clean: false, properties: { sessionExpiryInterval: 60 } };
  const waiting = VERSIONS.map((version) => broker.knock({ ...lasting, version, clientId: `w${version}` }));
  const closing = broker.broker.close();
  const tooLate = broker.dial();
  await closing;
  for (const client of clients) client.expectEnd(0x8b);
  for (const client of waiting) {
    assert.deepEqual(client.said(), []);
    assert.equal(client.ended, 'end');
  }
  assert.deepEqual(silent.take(), []);
  assert.equal(silent.ended, 'end');
  assert.equal(broker.broker.sizes.connections, 0);
  assert.equal(tooLate.ended, 'end');
  commit();
  for (const client of [...clients, ...waiting]) assert.deepEqual(client.take(), []);
});

test('a broker that closes refuses who is still being authenticated: nothing was changed for it', async () => {
  const authenticator = { authenticate: () => Promise.withResolvers<never>().promise };
  const broker = await TestBroker.open({ authenticator });
  const clients = VERSIONS.map((version) => broker.knock({ version, clientId: `c${version}` }));
  await broker.broker.close();
  for (const client of clients)
    assert.deepEqual(client.said(), [client.version === 5 ? 'CONNACK 0x88' : 'CONNACK 0x03']);
});

test('who connects while the broker closes is refused with 0x88, return code 3', async () => {
  const broker = await TestBroker.open();
  const closing = broker.broker.close();
  for (const version of VERSIONS) {
    const client = broker.knock({ version, clientId: 'c' });
    assert.deepEqual(client.said(), [version === 5 ? 'CONNACK 0x88' : 'CONNACK 0x03']);
    assert.equal(client.ended, 'end');
  }
  await closing;
});

test('a broker that closes does nothing more by itself, and is closed once', async () => {
  const store = memoryStore();
  const published: string[] = [];
  const broker = await TestBroker.open({
    store,
    events: { messagePublished: ({ topic }) => void published.push(topic) },
  });
  const subscribed = broker.connect({ clientId: 'b' });
  subscribed.subscribe('#');
  broker.connect({ clientId: 'c', will: will({ delayInterval: 30 }), properties: { sessionExpiryInterval: 60 } });
  await Promise.all([broker.broker.close(), broker.broker.close()]);
  const written = store.written;
  broker.pass(1_000_000);
  assert.equal(await broker.broker.publish({ ...will(), properties: NO_MESSAGE_PROPERTIES }), 0x8b);
  assert.deepEqual(published, []);
  assert.equal(store.written, written);
  assert.deepEqual(subscribed.said(), ['DISCONNECT 0x8b']);
});

test('an embedder may close the broker when it hears of a message, whose publisher still gets its answer', async () => {
  let closing: Promise<void> | undefined;
  const messagePublished = (): void => {
    closing = broker.broker.close();
  };
  const broker = await TestBroker.open({ events: { messagePublished } });
  const client = broker.connect({ clientId: 'c' });
  client.publish('quit', '', { qos: 1 });
  await closing;
  assert.deepEqual(client.said(), ['PUBACK 1 0x10', 'DISCONNECT 0x8b']);
  assert.equal(broker.broker.sizes.connections, 0);
});
