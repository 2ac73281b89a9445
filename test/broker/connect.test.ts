// CONNECT and CONNACK (sections 3.1 and 3.2 of both specifications): who is let in, what CONNACK says,
// and how each version hears a refusal. Authenticators: authentication.test.ts. Malformed CONNECTs: bad-input.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../../src/base/millis.ts';
import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import { packetSize } from '../../src/packet/encode.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { ConnectReturnCode } from '../../src/packet/reason-codes.ts';
import { bytesOf, type ConnectChoice, connectPacket, TestBroker, type TestClient } from './harness.ts';

const VERSIONS = [3, 4, 5] as const;

/** Claims that a client was refused: with this code where its version has it, else without a word. */
function expectRefusal(client: TestClient, reasonCode: number, returnCode: number | undefined): void {
  const code = client.version === 5 ? reasonCode : returnCode;
  const packets = client.take();
  assert.equal(client.ended, 'end', 'the connection is closed');
  if (code === undefined) {
    assert.deepEqual(packets, []);
    return;
  }
  const [connack, ...more] = packets;
  assert.ok(connack?.kind === 'connack');
  assert.equal(connack.reasonCode, code);
  assert.equal(connack.sessionPresent, false); // [MQTT-3.2.2-6]
  assert.deepEqual(more, []);
}

// [MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT-3.2.2-1]
test('a CONNECT is answered with one CONNACK 0x00 and nothing else', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.knock({ version, clientId: `c${version}` });
    assert.deepEqual(client.said(), ['CONNACK']);
    assert.equal(client.ended, 'not yet');
  }
  assert.equal(broker.broker.sizes.connections, 3);
});

test('the CONNACK of 3.x is four bytes, without properties', async () => {
  const broker = await TestBroker.open();
  for (const version of [3, 4] as const) {
    const client = broker.knock({ version, clientId: `c${version}` });
    assert.equal(client.receivedHex, '20020000');
  }
});

test('a CONNECT may come byte by byte', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.dial(version);
    for (const byte of bytesOf(connectPacket({ version, clientId: `c${version}` }), version)) {
      assert.deepEqual(client.received, []);
      client.sendBytes(Uint8Array.of(byte));
    }
    assert.deepEqual(client.said(), ['CONNACK']);
  }
});

// [MQTT-3.1.3-5]
test('every client identifier of 1 to 23 letters and digits is taken, and stranger ones as well', async () => {
  const broker = await TestBroker.open();
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const usual = Array.from({ length: 23 }, (_, n) => letters.slice(n * 2, n * 2 + n + 1));
  for (const version of VERSIONS) {
    for (const clientId of [...usual, 'x'.repeat(23), ' ', 'a/b', '#', 'µ–漢🐦', '__proto__', 'toString']) {
      const client = broker.connect({ version, clientId });
      assert.equal(client.connack?.properties.assignedClientIdentifier, undefined);
    }
  }
});

test('a client identifier may be longer than 23 bytes but in MQTT 3.1, which has return code 2 for it, up to a limit', async () => {
  const broker = await TestBroker.open({ limits: { clientIdBytesMax: 30 } });
  for (const version of [4, 5] as const) {
    for (const clientId of ['x'.repeat(24), 'µ'.repeat(15)]) broker.connect({ version, clientId });
    for (const clientId of ['x'.repeat(31), `${'µ'.repeat(15)}x`])
      expectRefusal(broker.knock({ version, clientId }), 0x85, ConnectReturnCode.identifierRejected);
  }
  for (const clientId of ['x'.repeat(24), 'µ'.repeat(12)])
    expectRefusal(broker.knock({ version: 3, clientId }), 0x85, ConnectReturnCode.identifierRejected);
  assert.match(broker.warnings().at(-1) ?? '', /24 bytes, and at most 23 are taken \(clientIdBytesMax31\)/);
});

test('clients of MQTT 3.1 may have longer identifiers where the broker says so', async () => {
  const broker = await TestBroker.open({ limits: { clientIdBytesMax31: 40 } });
  broker.connect({ version: 3, clientId: 'x'.repeat(40) });
  expectRefusal(broker.knock({ version: 3, clientId: 'x'.repeat(41) }), 0, ConnectReturnCode.identifierRejected);
});

// [MQTT-3.1.3-6]: "MAY".
test('a broker that gives out no identifiers refuses clients without one: 0x85, return code 2', async () => {
  const broker = await TestBroker.open({ rules: { emptyClientIds: 'refuse' } });
  for (const version of VERSIONS) expectRefusal(broker.knock({ version }), 0x85, ConnectReturnCode.identifierRejected);
  assert.equal(broker.broker.sizes.sessions, 0);
  assert.match(broker.warnings().at(-1) ?? '', /emptyClientIds/);
});

test('a bridge makes itself known by the high bit of the version byte, and is a client like others', async () => {
  const broker = await TestBroker.open();
  for (const version of [3, 4] as const) broker.connect({ version, clientId: `bridge ${version}`, bridge: true });
});

// [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]
test('an MQTT 5 client without an identifier is assigned one, which nobody has, and which is its own from then on', async () => {
  const rehearsal = await TestBroker.open();
  const first = rehearsal.connect().connack?.properties.assignedClientIdentifier;
  assert.match(first ?? '', /^vouch-[0-9a-f]{24}$/);

  const broker = await TestBroker.open();
  const squatter = broker.connect({ clientId: first ?? '' });
  const properties = { sessionExpiryInterval: 60 };
  const assigned = broker.connect({ clean: false, properties }).connack?.properties.assignedClientIdentifier ?? '';
  assert.notEqual(assigned, '');
  assert.notEqual(assigned, first);
  assert.equal(squatter.ended, 'not yet');
  const again = broker.connect({ clientId: assigned, clean: false, properties });
  assert.equal(again.connack?.sessionPresent, true);
  assert.equal(again.connack?.properties.assignedClientIdentifier, undefined);
});

// MQTT 3.1.1 [MQTT-3.1.3-6] [MQTT-3.1.3-8].
test('a 3.1.1 client without an identifier is let in with Clean Session, and refused with return code 2 without', async () => {
  const broker = await TestBroker.open();
  const one = broker.connect({ version: 4, clean: true });
  const other = broker.connect({ version: 4, clean: true });
  assert.equal(one.ended, 'not yet', 'both have an identifier of their own');
  assert.equal(other.ended, 'not yet');
  expectRefusal(broker.knock({ version: 4, clean: false }), 0, ConnectReturnCode.identifierRejected);
  assert.equal(broker.broker.sizes.sessions, 2);
  assert.match(broker.warnings().join(), /identifier.*\[MQTT-3\.1\.3-8\]/);
});

test('a 3.1 client without an identifier is refused with return code 2', async () => {
  const broker = await TestBroker.open();
  for (const clean of [true, false]) {
    expectRefusal(broker.knock({ version: 3, clean }), 0, ConnectReturnCode.identifierRejected);
  }
});

// Section 3.2.2.3: what is not said has its default. Every QoS and retained messages are there [MQTT-3.2.2-9] [MQTT-3.2.2-13].
test('CONNACK tells an MQTT 5 client the limits that hold, and what differs from what it asked for', async () => {
  const limits = {
    receiveMaximum: 7,
    packetBytesMax: 70_000,
    topicAliasMaximum: 3,
    keepAliveSecondsMax: 60,
    sessionExpiryMax: millis(100_000),
  };
  const broker = await TestBroker.open({ limits });
  const asked = broker.connect({ clientId: 'a', keepAlive: 50, properties: { sessionExpiryInterval: 90 } });
  assert.deepEqual(said(asked), { receiveMaximum: 7, maximumPacketSize: 70_000, topicAliasMaximum: 3 });
  // [MQTT-3.2.2-21]
  const tooMuch = broker.connect({ clientId: 'b', keepAlive: 61, properties: { sessionExpiryInterval: 0xffffffff } });
  assert.deepEqual(said(tooMuch), {
    sessionExpiryInterval: 100,
    receiveMaximum: 7,
    maximumPacketSize: 70_000,
    topicAliasMaximum: 3,
    serverKeepAlive: 60,
  });
  const nothing = broker.connect({ clientId: 'c', keepAlive: 0 });
  assert.equal(nothing.connack?.properties.serverKeepAlive, 60);
  assert.equal(nothing.connack?.properties.sessionExpiryInterval, undefined);
});

/** The properties of CONNACK that are there; User Properties never are [MQTT-3.2.2-20]. */
function said(client: TestClient): object {
  assert.deepEqual(client.connack?.properties.userProperties, []);
  const properties = Object.entries(client.connack?.properties ?? {});
  return Object.fromEntries(properties.filter(([name, value]) => value !== undefined && name !== 'userProperties'));
}

// [MQTT-3.1.2-28] [MQTT-4.12.0-6]
test('CONNACK has neither Response Information nor an Authentication Method', async () => {
  const broker = await TestBroker.open();
  for (const requestResponseInformation of [true, false, undefined]) {
    const { connack } = broker.connect({ properties: { requestResponseInformation } });
    assert.equal(connack?.properties.responseInformation, undefined);
    assert.equal(connack?.properties.authenticationMethod, undefined);
    assert.equal(connack?.properties.authenticationData, undefined);
  }
});

// [MQTT-4.12.0-1]
test('an Authentication Method that nobody knows is refused with 0x8C', async () => {
  const broker = await TestBroker.open();
  expectRefusal(broker.knock({ properties: { authenticationMethod: 'SCRAM-SHA-1' } }), 0x8c, undefined);
  assert.match(broker.warnings().join(), /"SCRAM-SHA-1"/);
});

// [MQTT-3.1.4-6]: MQTT 3.1.1 [MQTT-3.1.4-5].
test('nothing that follows a refused CONNECT is processed', async () => {
  const broker = await TestBroker.open({ limits: { topicLevelsMax: 2 } });
  const bystander = broker.connect({ clientId: 'bystander' });
  bystander.subscribe('#');
  for (const version of VERSIONS) {
    const refused = broker.dial(version);
    const publish = { ...PUBLISH, retain: true };
    const connect = connectPacket({ version, clientId: 'x', will: { ...WILL, topic: 'a/b/c' } });
    refused.sendBytes(Buffer.concat([bytesOf(connect, version), bytesOf(publish, version)]));
    refused.send(publish);
    expectRefusal(refused, 0x90, undefined);
  }
  assert.deepEqual(bystander.said(), []);
  assert.equal(broker.broker.sizes.retained, 0);
  assert.equal(broker.broker.sizes.sessions, 1);
});

const WILL = {
  topic: 'will',
  payload: Buffer.from('w'),
  qos: 0,
  retain: false,
  delayInterval: 0,
  properties: NO_MESSAGE_PROPERTIES,
} as const;
const PUBLISH = {
  kind: 'publish',
  dup: false,
  qos: 0,
  retain: false,
  topic: 'a',
  id: undefined,
  payload: Buffer.from('x'),
  topicAlias: 0,
  subscriptionIdentifiers: [],
  properties: NO_MESSAGE_PROPERTIES,
} as const;

// Section 3.1.4: a Client need not wait for CONNACK.
test('what comes in one chunk with CONNECT is processed behind CONNACK, in order', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.dial(version);
    const subscribe = {
      filter: 'a',
      options: { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
    } as const;
    client.sendBytes(
      Buffer.concat([
        bytesOf(connectPacket({ version, clientId: `c${version}` }), version),
        bytesOf(
          {
            kind: 'subscribe',
            id: packetId(1),
            subscriptions: [subscribe],
            properties: { subscriptionIdentifier: undefined, userProperties: [] },
          },
          version,
        ),
        bytesOf(PUBLISH, version),
        bytesOf({ kind: 'pingreq' }, version),
      ]),
    );
    assert.deepEqual(client.said(), ['CONNACK', 'SUBACK 1 0x00', 'PUBLISH a=x', 'PINGRESP']);
  }
});

// Every way of saying no, in the words of each version; MQTT 3.1.1 [MQTT-3.2.2-6]: if it has none, it hears none.
const REFUSALS: readonly {
  readonly claim: string;
  readonly choice: ConnectChoice;
  readonly reasonCode: number;
  readonly returnCode: number | undefined;
}[] = [
  {
    claim: 'a Will to a topic of the broker itself',
    choice: { will: { ...WILL, topic: '$SYS/x' } },
    reasonCode: 0x90,
    returnCode: undefined,
  },
  {
    claim: 'a Will to a topic of too many levels',
    choice: { will: { ...WILL, topic: 'a/b/c/d' } },
    reasonCode: 0x90,
    returnCode: undefined,
  },
  {
    claim: 'a Will that the client may not publish',
    choice: { will: { ...WILL, topic: 'secret' } },
    reasonCode: 0x87,
    returnCode: 5,
  },
];

for (const { claim, choice, reasonCode, returnCode } of REFUSALS) {
  // [MQTT-3.1.4-2] [MQTT-3.2.2-7] [MQTT-3.2.2-8]; MQTT 3.1.1 [MQTT-3.2.2-4] [MQTT-3.2.2-5].
  test(`${claim} is refused with CONNACK 0x${reasonCode.toString(16)}, before any session is touched`, async () => {
    const authorizer = {
      allowsAll: false,
      allows: (_: unknown, action: string, topic: string) => action !== 'will' || topic !== 'secret',
    };
    const broker = await TestBroker.open({ limits: { topicLevelsMax: 3 }, authorizer });
    for (const version of VERSIONS) {
      const owner = broker.connect({ clientId: 'c' });
      expectRefusal(broker.knock({ ...choice, version, clientId: 'c' }), reasonCode, returnCode);
      assert.equal(owner.ended, 'not yet');
    }
    assert.equal(broker.broker.sizes.connections, 1);
    assert.equal(broker.broker.counters.connectionsRefused, 3);
    assert.equal(broker.warnings().length, 3);
  });
}

test('past connectionsMax a client is refused with 0x89, return code 3, until another one leaves', async () => {
  const broker = await TestBroker.open({ limits: { connectionsMax: 2 } });
  const one = broker.connect({ clientId: 'one' });
  broker.connect({ clientId: 'two' });
  for (const version of VERSIONS) {
    expectRefusal(broker.knock({ version, clientId: 'three' }), 0x89, ConnectReturnCode.serverUnavailable);
  }
  assert.equal(broker.broker.sizes.connections, 2);
  one.disconnect();
  broker.connect({ clientId: 'three' });
});

// [MQTT-3.1.2-24] [MQTT-3.2.0-1]
test('a client whose Maximum Packet Size has no room for CONNACK is refused, and gets no packet larger than that', async () => {
  const broker = await TestBroker.open();
  const needed = packetSize(broker.connect({ clientId: 'a', keepAlive: 5 }).connack ?? assert.fail(), 5);
  for (let maximumPacketSize = 1; maximumPacketSize < needed; maximumPacketSize++) {
    const client = broker.knock({ clientId: 'small', properties: { maximumPacketSize } });
    if (maximumPacketSize < 5) assert.deepEqual(client.take(), []);
    else assert.deepEqual(client.said(), ['CONNACK 0x83']);
    assert.equal(client.ended, 'end');
  }
  assert.equal(broker.broker.sizes.sessions, 1);
  broker.connect({ clientId: 'small', properties: { maximumPacketSize: needed } });
});

// Section 3.1.4 step 1.
test('a peer that has not sent all of its CONNECT within connectTimeout is cut off without a word', async () => {
  const broker = await TestBroker.open();
  const silent = broker.dial();
  const halfway = broker.dial();
  const client = broker.connect();
  const bytes = bytesOf(connectPacket({ clientId: 'c' }), 5);
  broker.pass(DEFAULT_LIMITS.connectTimeout - 1);
  halfway.sendBytes(bytes.subarray(0, -1));
  assert.equal(silent.ended, 'not yet');
  broker.pass(1);
  for (const peer of [silent, halfway]) {
    assert.equal(peer.ended, 'end');
    assert.deepEqual(peer.take(), []);
  }
  halfway.sendBytes(bytes.subarray(-1));
  assert.deepEqual(halfway.take(), []);
  assert.equal(client.ended, 'not yet');
  assert.equal(broker.broker.sizes.connections, 1);
  assert.deepEqual(
    broker.warnings(),
    ['test:1', 'test:2'].map(
      (remote) => `A peer at ${remote} was disconnected: CONNECT was not complete within 10 s (connectTimeout).`,
    ),
  );
});

test('a connected client without Keep Alive leaves no deadline behind', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  assert.equal(broker.broker.nextDeadline(), undefined);
  broker.pass(24 * 3600 * 1000);
  assert.equal(client.ended, 'not yet');
});

test('a CONNECT of more than connectPacketBytesMax is cut off at its header, one of just as many is taken', async () => {
  const broker = await TestBroker.open({ limits: { connectPacketBytesMax: 300 } });
  for (const version of VERSIONS) {
    const room =
      300 - packetSize(connectPacket({ version, clientId: '', password: Buffer.alloc(200), userName: '' }), version);
    const choice = { version, userName: '', password: Buffer.alloc(200) };
    broker.connect({ ...choice, clientId: 'x'.repeat(room) });
    const client = broker.dial(version);
    client.sendBytes(bytesOf(connectPacket({ ...choice, clientId: 'x'.repeat(room + 1) }), version).subarray(0, 3));
    assert.deepEqual(client.take(), []);
    assert.equal(client.ended, 'end');
  }
});

test('once connected, a client may send larger packets than CONNECT may be', async () => {
  const broker = await TestBroker.open({ limits: { connectPacketBytesMax: 128, packetBytesMax: 1_000 } });
  const client = broker.dial(4);
  const connect = bytesOf(connectPacket({ version: 4, clientId: 'c' }), 4);
  const publish = bytesOf({ ...PUBLISH, payload: Buffer.alloc(500) }, 4);
  client.sendBytes(Buffer.concat([connect, publish]));
  client.publish('a', 'x'.repeat(500));
  assert.deepEqual(client.said(), ['CONNACK']);
  assert.equal(client.ended, 'not yet');
});

// Section 3.1.2.9: MQTT 5 allows it, 3.1.1 does not.
test('an MQTT 5 client may send a password without a user name', async () => {
  const broker = await TestBroker.open();
  broker.connect({ password: Buffer.from('token') });
});
