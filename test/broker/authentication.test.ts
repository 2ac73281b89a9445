// The Authenticator's part in CONNECT (section 3.1.4): it may be quick, slow, wrong or broken, and a session
// belongs to the principal that it names.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Authentication, Authenticator, Credentials } from '../../src/auth/contract.ts';
import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { REASON_CODES } from '../../src/packet/reason-code-table.ts';
import { bytesOf, connectPacket, TestBroker, type TestClient } from './harness.ts';

const VERSIONS = [3, 4, 5] as const;
const PERSISTENT = { clean: false, properties: { sessionExpiryInterval: 60 } } as const;

/** An Authenticator that takes its time: the test answers for it, in any order. */
function slowly(): { readonly authenticator: Authenticator; readonly asked: Question[] } {
  const asked: Question[] = [];
  const authenticate = (credentials: Credentials): Promise<Authentication> => {
    const { promise, resolve, reject } = Promise.withResolvers<Authentication>();
    asked.push({
      credentials,
      accept: () => {
        resolve({ kind: 'accepted', principal: credentials.userName });
        return heard();
      },
      refuse: (reasonCode) => {
        resolve({ kind: 'refused', reasonCode, detail: 'the test says so' });
        return heard();
      },
      fail: () => {
        reject(new Error('out of order'));
        return heard();
      },
    });
    return promise;
  };
  return { authenticator: { authenticate }, asked };
}

/** One question to a slow Authenticator. Each answer waits until the broker has heard it. */
interface Question {
  readonly credentials: Credentials;
  accept(): Promise<void>;
  refuse(reasonCode: number): Promise<void>;
  fail(): Promise<void>;
}

/** The question that was asked at this place. */
function question(asked: readonly Question[], place: number): Question {
  return asked[place] ?? assert.fail(`question ${place} was not asked`);
}

/** Everybody is who they say. */
const BY_NAME: Authenticator = {
  authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }),
};

/** Lets the broker hear an answer: what waits for a promise runs before this goes on. */
async function heard(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

test('the Authenticator gets what the client says of itself, and the identifier that it is assigned', async () => {
  const heardOf: Credentials[] = [];
  const authenticator: Authenticator = {
    authenticate: (credentials) => {
      heardOf.push(credentials);
      return { kind: 'accepted', principal: undefined };
    },
  };
  const broker = await TestBroker.open({ authenticator });
  for (const version of VERSIONS) {
    broker.connect({ version, clientId: 'c', userName: 'Zoë', password: Uint8Array.of(0, 255, 1) });
  }
  const assigned = broker.connect().connack?.properties.assignedClientIdentifier ?? assert.fail();
  const named = { clientId: 'c', userName: 'Zoë', password: Uint8Array.of(0, 255, 1), certificate: undefined };
  assert.deepEqual(heardOf, [
    ...VERSIONS.map((_, n) => ({ ...named, remote: `test:${n + 1}` })),
    { clientId: assigned, userName: undefined, password: undefined, remote: 'test:4', certificate: undefined },
  ]);
});

/** MQTT 3.1.1 table 3.1: what its return codes say in the words of MQTT 5. */
const RETURN_CODES: ReadonlyMap<number, number> = new Map([
  [0x84, 1],
  [0x85, 2],
  ...[0x88, 0x89, 0x97, 0x9c, 0x9d, 0x9f].map((code) => [code, 3] as const),
  [0x86, 4],
  ...[0x87, 0x8a, 0x8c].map((code) => [code, 5] as const),
]);

// [MQTT-3.2.2-8]; MQTT 3.1.1 [MQTT-3.2.2-6].
test('whatever code an Authenticator refuses with, CONNACK carries one that it may, and never success', async () => {
  for (let reasonCode = 0; reasonCode < 256; reasonCode++) {
    const authenticator: Authenticator = {
      authenticate: () => ({ kind: 'refused', reasonCode, detail: 'the secret reason' }),
    };
    const broker = await TestBroker.open({ authenticator });
    for (const version of VERSIONS) {
      const client = broker.knock({ version, clientId: 'c' });
      assert.equal(client.ended, 'end');
      const [connack, ...more] = client.take();
      assert.deepEqual(more, []);
      assert.ok(!client.receivedHex.includes(Buffer.from('secret').toString('hex')), 'the reason is for the log alone');
      const isKnown = reasonCode >= 0x80 && REASON_CODES.connack.has(reasonCode);
      const fitting = isKnown ? reasonCode : 0x80;
      const expected = version === 5 ? fitting : RETURN_CODES.get(fitting);
      assert.equal(connack?.kind === 'connack' ? connack.reasonCode : undefined, expected);
    }
    assert.equal(broker.broker.sizes.sessions, 0);
    assert.match(broker.warnings()[0] ?? '', /"c" at test:1.*the secret reason/);
  }
});

// Fail closed: an Authenticator that breaks has not said yes.
for (const [how, authenticate] of [
  ['throws', () => assert.fail('broken')],
  ['rejects', () => Promise.reject(new Error('broken'))],
] as const) {
  test(`an Authenticator that ${how} refuses that client with 0x83, and nobody else notices`, async () => {
    const broker = await TestBroker.open({
      authenticator: {
        authenticate: (credentials) =>
          credentials.userName === 'bad' ? authenticate() : { kind: 'accepted', principal: undefined },
      },
    });
    const bystander = broker.connect({ clientId: 'bystander' });
    bystander.subscribe('#');
    for (const version of VERSIONS) {
      const client = broker.knock({ version, clientId: `c${version}`, userName: 'bad' });
      await heard();
      assert.deepEqual(client.said(), version === 5 ? ['CONNACK 0x83'] : []);
      assert.equal(client.ended, 'end');
      broker.pass(1_000);
    }
    assert.equal(broker.warnings().length, VERSIONS.length);
    for (const sentence of broker.warnings()) assert.match(sentence, /The authenticator failed: broken/);
    bystander.publish('a', 'still here');
    assert.deepEqual(bystander.said(), ['PUBLISH a=still here']);
    assert.equal(broker.broker.sizes.connections, 1);
  });
}

test('an Authenticator that fails for everybody is in the log once a second for each reason, with how often; who is refused by it always', async () => {
  let detail = 'down';
  const broker = await TestBroker.open({
    authenticator: {
      authenticate: ({ userName }) => ({ kind: 'refused', reasonCode: userName === 'guest' ? 0x87 : 0x88, detail }),
    },
  });
  const knock = (userName: string, count: number): void => {
    for (let index = 0; index < count; index++) {
      assert.deepEqual(broker.knock({ userName }).said(), [`CONNACK 0x${userName === 'guest' ? '87' : '88'}`]);
    }
  };
  const told = (): readonly string[] => broker.warnings().map((line) => line.replace(/^.*\(0x8[78]\)\. /, ''));
  knock('anna', 5);
  assert.deepEqual(told(), ['down']);
  detail = 'late';
  knock('anna', 2);
  assert.deepEqual(told(), ['down', 'late']);
  broker.pass(1_000);
  knock('anna', 1);
  assert.deepEqual(told(), ['down', 'late', 'late 1 more like it since the last such line.']);
  knock('guest', 2);
  assert.equal(told().length, 5, 'each who is refused for a reason of his own');
  // Whatever foreign code says, there is an end to it.
  for (let index = 0; index < 100; index++) {
    detail = `no ${index}`;
    knock('anna', 1);
  }
  assert.equal(told().length, 5 + 18 + 1);
  assert.equal(broker.broker.counters.connectionsRefused, 110);
});

// Section 3.1.4: packets may come before CONNACK has left.
test('while an Authenticator thinks nothing is read; what came meanwhile is processed after CONNACK, in order', async () => {
  const { authenticator, asked } = slowly();
  const broker = await TestBroker.open({ authenticator });
  for (const version of VERSIONS) {
    const client = broker.dial(version);
    client.sendBytes(Buffer.concat([bytesOf(connectPacket({ version, clientId: `c${version}` }), version), PINGREQ]));
    assert.equal(client.isReadFrom, false);
    client.requestSubscription(['a']);
    client.publish('a', '1');
    client.publish('a', '2', { qos: 1, id: 9 });
    assert.deepEqual(client.take(), []);
    await question(asked, asked.length - 1).accept();
    assert.deepEqual(client.said(), [
      'CONNACK',
      'PINGRESP',
      'SUBACK 1 0x02',
      'PUBLISH a=1',
      'PUBLISH a=2 QoS 1 id 1',
      'PUBACK 9',
    ]);
    assert.equal(client.isReadFrom, true);
    client.disconnect();
  }
});

const PINGREQ = Uint8Array.of(0xc0, 0);

// [MQTT-3.1.4-6]
test('what came while an Authenticator thought is dropped when it says no', async () => {
  const { authenticator, asked } = slowly();
  const broker = await TestBroker.open({ authenticator });
  const client = broker.knock({ clientId: 'c' });
  client.publish('a', 'x', { retain: true });
  await question(asked, 0).refuse(0x86);
  assert.deepEqual(client.said(), ['CONNACK 0x86']);
  assert.equal(client.ended, 'end');
  assert.equal(broker.broker.sizes.retained, 0);
  assert.equal(broker.broker.sizes.connections, 0);
});

test('an answer for a client that has gone meanwhile changes nothing', async () => {
  const { authenticator, asked } = slowly();
  const broker = await TestBroker.open({ authenticator });
  const gone = VERSIONS.map((version) => broker.knock({ version, clientId: `c${version}`, clean: false }));
  for (const client of gone) client.cut();
  await question(asked, 0).accept();
  await question(asked, 1).refuse(0x87);
  await question(asked, 2).fail();
  for (const client of gone) assert.deepEqual(client.take(), []);
  assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
  assert.equal(broker.broker.nextDeadline(), undefined);
  assert.deepEqual(broker.warnings(), []);
});

test('a client whose CONNECT cannot be decided within connectTimeout is told so: 0x88, return code 3', async () => {
  const { authenticator, asked } = slowly();
  const broker = await TestBroker.open({ authenticator });
  const will = {
    topic: 'w',
    payload: Buffer.from('w'),
    qos: 0,
    retain: true,
    delayInterval: 0,
    properties: NO_MESSAGE_PROPERTIES,
  } as const;
  const waiting = VERSIONS.map((version) => broker.knock({ version, clientId: `c${version}`, will }));
  broker.pass(DEFAULT_LIMITS.connectTimeout);
  for (const client of waiting) {
    assert.deepEqual(client.said(), client.version === 5 ? ['CONNACK 0x88'] : ['CONNACK 0x03']);
    assert.equal(client.ended, 'end');
  }
  for (const each of asked) await each.accept();
  for (const client of waiting) assert.deepEqual(client.take(), []);
  assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
  assert.equal(broker.warnings().length, 3);
});

// [MQTT-3.2.2-19]
test('a CONNACK that refuses has no reason string where the client might find it too large', async () => {
  const broker = await TestBroker.open({ authenticator: slowly().authenticator });
  const small = broker.knock({ clientId: 'small', properties: { maximumPacketSize: 100 } });
  const large = broker.knock({ clientId: 'large', properties: { maximumPacketSize: 10_000 } });
  broker.pass(DEFAULT_LIMITS.connectTimeout);
  assert.equal(small.expect('connack').properties.reasonString, undefined);
  assert.match(large.expect('connack').properties.reasonString ?? '', /CONNECT could not be answered within 10 s/);
});

test('of two clients with one identifier that wait for the Authenticator, the one that is accepted last has the session', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const { authenticator, asked } = slowly();
    const broker = await TestBroker.open({ authenticator });
    const clients = [broker.knock({ clientId: 'c', ...PERSISTENT }), broker.knock({ clientId: 'c', ...PERSISTENT })];
    const [first, last] = order.map((place) => clients[place]) as [TestClient, TestClient];
    await question(asked, order[0]).accept();
    assert.deepEqual(first.said(), ['CONNACK']);
    assert.deepEqual(last.said(), []);
    await question(asked, order[1]).accept();
    assert.deepEqual(first.said(), ['DISCONNECT 0x8e']);
    assert.deepEqual(last.said(), ['CONNACK session present']);
    assert.equal(broker.broker.sizes.connections, 1);
  }
});

for (const [claim, owner, other] of [
  ['another principal', 'alice', 'bob'],
  ['a principal for an anonymous session', undefined, 'bob'],
  ['an anonymous client for a principal', 'alice', undefined],
] as const) {
  test(`a session belongs to its principal: ${claim} can neither resume, nor discard, nor take it over`, async () => {
    const broker = await TestBroker.open({ authenticator: BY_NAME });
    const connected = broker.connect({ clientId: 'c', userName: owner, ...PERSISTENT });
    connected.subscribe('a', { qos: 1 });
    const publisher = broker.connect({ clientId: 'publisher' });
    const intrude = (): void => {
      for (const version of VERSIONS) {
        for (const clean of [true, false]) {
          const intruder = broker.knock({ version, clientId: 'c', userName: other, clean });
          assert.deepEqual(intruder.said(), [version === 5 ? 'CONNACK 0x85' : 'CONNACK 0x02']);
          assert.equal(intruder.ended, 'end');
        }
      }
    };
    intrude();
    assert.equal(connected.ended, 'not yet');
    connected.cut();
    publisher.publish('a', 'for the owner', { qos: 1 });
    intrude();
    const back = broker.connect({ clientId: 'c', userName: owner, ...PERSISTENT });
    assert.deepEqual(back.said(), ['PUBLISH a=for the owner QoS 1 id 1']);
    assert.equal(broker.warnings().length, 12);
    // Once it has ended, the identifier is free.
    back.disconnect(0, { sessionExpiryInterval: 0 });
    assert.equal(broker.connect({ clientId: 'c', userName: other, clean: false }).connack?.sessionPresent, false);
  });
}
