// Enhanced authentication (section 4.12): CONNECT names a method, AUTH goes to and fro, and CONNACK ends it; later the client
// may ask for the same again on the open connection.
// Longer than 400 lines because each rule before CONNACK has its like behind it, and one method in the test's hands serves both.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ANONYMOUS } from '../../src/auth/allow-all.ts';
import type {
  AuthenticationMethod,
  AuthenticationStep,
  AuthenticationSubject,
  Authenticator,
} from '../../src/auth/contract.ts';
import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import type { AuthPacket } from '../../src/packet/packet.ts';
import { NO_AUTH_PROPERTIES, NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { REASON_CODES } from '../../src/packet/reason-code-table.ts';
import { PROOF, proofMethod, proofOf } from '../support/proof.ts';
import { bytesOf, type ConnectChoice, connectPacket, TestBroker, type TestClient } from './harness.ts';

const METHOD = 'steps';
/** A method that has no end of thinking. */
const NEVER = Promise.withResolvers<AuthenticationStep>().promise;
const LATE = DEFAULT_LIMITS.connectTimeout;

/** One answer of a method in a test's hands: at once, by a promise, or by throwing. */
type Answer = AuthenticationStep | Promise<AuthenticationStep> | Error;

/** A method that answers what the test has laid down, exchange by exchange, and remembers what it was told. */
class Steps implements AuthenticationMethod {
  readonly subjects: AuthenticationSubject[];
  readonly heard: (string | undefined)[];
  private readonly exchanges: (readonly Answer[])[];

  constructor(...exchanges: readonly (readonly Answer[])[]) {
    this.subjects = [];
    this.heard = [];
    this.exchanges = [...exchanges];
  }

  begin(subject: AuthenticationSubject): ReturnType<AuthenticationMethod['begin']> {
    this.subjects.push(subject);
    const answers = [...(this.exchanges.shift() ?? assert.fail('no exchange is laid down'))];
    return {
      next: (data) => {
        this.heard.push(data === undefined ? undefined : Buffer.from(data).toString());
        const answer = answers.shift() ?? assert.fail('no answer is laid down');
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
  }
}

const ASK: AuthenticationStep = { kind: 'continue', data: Buffer.from('who?') };
const ALICE: AuthenticationStep = { kind: 'accepted', principal: 'alice', data: Buffer.from('welcome') };
const NOBODY: AuthenticationStep = { kind: 'refused', reasonCode: 0x86, detail: 'the secret reason' };

/** A broker that knows one method. */
async function brokerWith(method: AuthenticationMethod): Promise<TestBroker> {
  const authenticator: Authenticator = { ...ANONYMOUS, methods: new Map([[METHOD, method]]) };
  return await TestBroker.open({ authenticator });
}

function choice(data?: string, more: ConnectChoice = {}): ConnectChoice {
  const authenticationData = data === undefined ? undefined : Buffer.from(data);
  return {
    clientId: 'c',
    ...more,
    properties: { authenticationMethod: METHOD, authenticationData, ...more.properties },
  };
}

function auth(reasonCode: number, data?: string, method = METHOD): AuthPacket {
  const authenticationData = data === undefined ? undefined : Buffer.from(data);
  return {
    kind: 'auth',
    reasonCode,
    properties: { ...NO_AUTH_PROPERTIES, authenticationMethod: method, authenticationData },
  };
}

/** A client that the method has let in at once. */
function connected(broker: TestBroker, more: ConnectChoice = {}): TestClient {
  const client = broker.connect(choice(undefined, more));
  assert.deepEqual(client.take(), []);
  return client;
}

/** Lets the broker hear an answer: what waits for a promise runs before this goes on. */
async function heard(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

// [MQTT-4.12.0-2] [MQTT-4.12.0-5]
test('the method asks until it knows; every AUTH and CONNACK carry the method of CONNECT, CONNACK its last data', async () => {
  const method = new Steps([ASK, { kind: 'continue', data: undefined }, ALICE]);
  const broker = await brokerWith(method);
  const client = broker.knock(choice('first', { userName: 'u', password: Uint8Array.of(7) }));
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?']);
  client.send(auth(0x18, 'second'));
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=']);
  client.send(auth(0x18));
  const { reasonCode, properties } = client.expect('connack');
  assert.equal(reasonCode, 0);
  assert.equal(properties.authenticationMethod, METHOD);
  assert.deepEqual(Buffer.from(properties.authenticationData ?? []).toString(), 'welcome');
  assert.deepEqual(method.heard, ['first', 'second', undefined]);
  const credentials = {
    clientId: 'c',
    userName: 'u',
    password: Uint8Array.of(7),
    remote: 'test:1',
    certificate: undefined,
  };
  assert.deepEqual(method.subjects, [{ kind: 'connecting', credentials }]);
  client.publish('a', 'x', { qos: 1 });
  assert.deepEqual(client.said(), ['PUBACK 1 0x10']);
});

test('a method that has heard enough in CONNECT asks nothing', async () => {
  const broker = await brokerWith(new Steps([{ kind: 'accepted', principal: 'alice', data: undefined }]));
  const { connack } = broker.connect(choice('all'));
  assert.equal(connack?.properties.authenticationMethod, METHOD);
  assert.equal(connack.properties.authenticationData, undefined);
});

test('proofs of a secret go to and fro, and the session belongs to the name that came in the exchange', async () => {
  const methods = new Map([[PROOF, proofMethod(new Map([['alice', 'sesame']]))]]);
  const broker = await TestBroker.open({ authenticator: { ...ANONYMOUS, methods } });
  const named = { authenticationMethod: PROOF, authenticationData: Buffer.from('alice n1'), sessionExpiryInterval: 60 };
  const client = broker.knock({ clientId: 'c', properties: named });
  assert.deepEqual(client.said(), ['AUTH 0x18 PROOF=broker-1']);
  client.send(auth(0x18, proofOf('client', 'sesame', 'n1', 'broker-1'), PROOF));
  const data = client.expect('connack').properties.authenticationData;
  assert.equal(Buffer.from(data ?? []).toString(), proofOf('broker', 'sesame', 'n1', 'broker-1'));
  const anonymous = broker.knock({ clientId: 'c', clean: false });
  assert.deepEqual(anonymous.said(), ['CONNACK 0x85']);
  const liar = broker.knock({ clientId: 'd', properties: named });
  liar.send(auth(0x18, proofOf('client', 'guess', 'n1', 'broker-2'), PROOF));
  assert.deepEqual(liar.said(), ['AUTH 0x18 PROOF=broker-2', 'CONNACK 0x87']);
  assert.equal(liar.ended, 'end');
});

// [MQTT-4.12.0-1]
test('a method that nobody knows is refused with 0x8C, also where there are none', async () => {
  const brokers = [await TestBroker.open(), await brokerWith(new Steps())];
  for (const broker of brokers) {
    for (const authenticationMethod of ['other', 'constructor', '']) {
      const client = broker.knock({ clientId: 'c', properties: { authenticationMethod } });
      assert.deepEqual(client.said(), ['CONNACK 0x8c']);
      assert.equal(client.ended, 'end');
    }
  }
});

// [MQTT-4.12.0-6]
test('a client without a method gets no AUTH, and no method in CONNACK', async () => {
  const broker = await brokerWith(new Steps());
  const { connack } = broker.connect({ clientId: 'c' });
  assert.equal(connack?.properties.authenticationMethod, undefined);
});

// [MQTT-4.12.0-4]
test('whatever code a method refuses with, CONNACK carries one that it may, and nothing of the reason', async () => {
  for (let reasonCode = 0; reasonCode < 256; reasonCode++) {
    const broker = await brokerWith(new Steps([ASK, { ...NOBODY, reasonCode }]));
    const client = broker.knock(choice());
    client.send(auth(0x18, 'me'));
    const fitting = reasonCode >= 0x80 && REASON_CODES.connack.has(reasonCode) ? reasonCode : 0x80;
    assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', `CONNACK 0x${fitting.toString(16)}`]);
    assert.equal(client.ended, 'end');
    assert.ok(!client.receivedHex.includes(Buffer.from('secret').toString('hex')));
    assert.match(broker.warnings()[0] ?? '', /the secret reason/);
    assert.equal(broker.broker.sizes.sessions, 0);
  }
});

test('a method that breaks refuses that client with 0x83, and nobody else notices', async () => {
  const broken = new Error('broken');
  const huge: AuthenticationStep = { kind: 'continue', data: new Uint8Array(65_536) };
  const nothing = undefined as unknown as AuthenticationStep;
  for (const answer of [broken, Promise.reject(broken), huge, Promise.resolve(huge), Promise.resolve(nothing)]) {
    const broker = await brokerWith(new Steps([ASK, answer]));
    const client = broker.knock(choice());
    client.send(auth(0x18));
    await heard();
    assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'CONNACK 0x83']);
    assert.match(broker.warnings()[0] ?? '', /The authentication method failed/);
    broker.connect({ clientId: 'bystander' });
  }
  const broker = await brokerWith({ begin: () => assert.fail('broken') });
  assert.deepEqual(broker.knock(choice()).said(), ['CONNACK 0x83']);
});

// [MQTT-3.1.2-30]
test('before CONNACK such a client may send AUTH and DISCONNECT, and nothing else', async () => {
  const broker = await brokerWith(new Steps([ASK], [ASK], [ASK], [ASK]));
  const eager = broker.dial();
  eager.sendBytes(Buffer.concat([bytesOf(connectPacket(choice()), 5), Uint8Array.of(0xc0, 0)]));
  assert.deepEqual(eager.said(), ['AUTH 0x18 steps=who?', 'CONNACK 0x82']);
  const publisher = broker.knock(choice());
  publisher.publish('a', 'x', { retain: true });
  assert.deepEqual(publisher.said(), ['AUTH 0x18 steps=who?', 'CONNACK 0x82']);
  const twice = broker.knock(choice());
  twice.send(connectPacket(choice()));
  assert.deepEqual(twice.said(), ['AUTH 0x18 steps=who?', 'CONNACK 0x82']);
  const will = { topic: 'w', payload: Buffer.from('w'), qos: 0, retain: true, delayInterval: 0 } as const;
  const leaving = broker.knock(choice(undefined, { will: { ...will, properties: NO_MESSAGE_PROPERTIES } }));
  leaving.disconnect(0x04);
  assert.deepEqual(leaving.said(), ['AUTH 0x18 steps=who?']);
  assert.equal(leaving.ended, 'end');
  assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
});

// Section 3.15; [MQTT-4.12.0-3] [MQTT-4.12.0-5] [MQTT-3.15.1-1]
test('AUTH of another method, of none, with another reason or with reserved flags ends the exchange', async () => {
  const cases: readonly (readonly [what: AuthPacket | string, connack: string])[] = [
    [auth(0x18, 'x', 'other'), 'CONNACK 0x82'],
    [auth(0x19), 'CONNACK 0x82'],
    ['f0 00', 'CONNACK 0x82'], // Success, which only a Server says.
    ['f0 02 18 00', 'CONNACK 0x82'], // No method.
    ['f1 09 18 08 15 00 05 73 74 65 70 73', 'CONNACK 0x81'],
  ];
  for (const [what, expected] of cases) {
    const broker = await brokerWith(new Steps([ASK]));
    const client = broker.knock(choice());
    if (typeof what === 'string') client.sendBytes(what);
    else client.send(what);
    assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', expected]);
    assert.equal(client.ended, 'end');
  }
});

test('while a method thinks nothing is read; AUTH that came meanwhile is taken for the answer', async () => {
  const thought = Promise.withResolvers<AuthenticationStep>();
  const broker = await brokerWith(new Steps([thought.promise, ALICE]));
  const client = broker.knock(choice('first'));
  assert.equal(client.isReadFrom, false);
  client.send(auth(0x18, 'answer'));
  assert.deepEqual(client.take(), []);
  thought.resolve(ASK);
  await heard();
  assert.equal(client.isReadFrom, true);
  // It is read after the question, and cannot be told from an answer to it.
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'CONNACK']);
});

test('an answer for a client that has gone meanwhile changes nothing', async () => {
  for (const step of [ASK, ALICE, NOBODY]) {
    const thought = Promise.withResolvers<AuthenticationStep>();
    const broker = await brokerWith(new Steps([thought.promise]));
    const client = broker.knock(choice('first'));
    client.cut();
    thought.resolve(step);
    await heard();
    assert.deepEqual(client.take(), []);
    assert.deepEqual(broker.warnings(), []);
    assert.equal(broker.broker.nextDeadline(), undefined);
  }
});

test('a client that takes its time is refused with 0x87, one whose method does with 0x88, both within connectTimeout', async () => {
  const broker = await brokerWith(new Steps([ASK, ASK], [NEVER]));
  const client = broker.knock(choice());
  const waiting = broker.knock(choice());
  broker.pass(LATE - 1);
  client.send(auth(0x18));
  assert.equal(client.ended, 'not yet');
  broker.pass(1);
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'AUTH 0x18 steps=who?', 'CONNACK 0x87']);
  assert.deepEqual(waiting.said(), ['CONNACK 0x88']);
  assert.equal(broker.broker.nextDeadline(), undefined);
});

// [MQTT-3.1.2-24]
test('AUTH and CONNACK are never larger than the client takes', async () => {
  const long = (kind: 'continue' | 'accepted'): AuthenticationStep => ({
    kind,
    principal: 'alice',
    data: new Uint8Array(200),
  });
  const broker = await brokerWith(new Steps([long('continue')], [long('accepted')], [ALICE], [long('accepted')]));
  const properties = { maximumPacketSize: 100 };
  assert.deepEqual(broker.knock(choice(undefined, { properties })).said(), ['CONNACK 0x95']);
  assert.deepEqual(broker.knock(choice(undefined, { properties })).said(), ['CONNACK 0x83']);
  const client = connected(broker, { properties });
  client.send(auth(0x19));
  client.expectEnd(0x95);
});

test('before CONNACK AUTH is no larger than connectPacketBytesMax', async () => {
  const broker = await brokerWith(new Steps([ASK]));
  const client = broker.knock(choice());
  client.sendBytes('f0 f0 a2 04'); // 70,000 bytes are to follow.
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'CONNACK 0x95']);
});

test('a broker that stops tells a client that is being authenticated', async () => {
  const broker = await brokerWith(new Steps([ASK]));
  const client = broker.knock(choice());
  await broker.broker.close();
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'CONNACK 0x88']);
});

// Section 4.12.1.
test('a client that is connected is authenticated again, while everything else goes on', async () => {
  const method = new Steps([ALICE], [ASK, { ...ALICE, data: Buffer.from('still') }], [ALICE]);
  const broker = await brokerWith(method);
  const client = connected(broker);
  client.subscribe('a', { qos: 1 });
  client.send(auth(0x19, 'again'));
  client.publish('a', '1', { qos: 1, id: 9 });
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'PUBLISH a=1 QoS 1 id 1', 'PUBACK 9']);
  client.send(auth(0x18, 'me'));
  assert.deepEqual(client.said(), ['AUTH steps=still']);
  client.send(auth(0x19));
  assert.deepEqual(client.said(), ['AUTH steps=welcome']);
  assert.deepEqual(method.heard, [undefined, 'again', 'me', undefined]);
  const nobodySaid = { certificate: undefined, groups: undefined, rights: undefined };
  const identity = { principal: 'alice', clientId: 'c', remote: 'test:1', ...nobodySaid };
  assert.deepEqual(method.subjects.slice(1), [
    { kind: 're-authenticating', identity },
    { kind: 're-authenticating', identity },
  ]);
  broker.pass(LATE);
  assert.equal(client.ended, 'not yet');
});

test('while the method thinks about a client that is connected, messages go on', async () => {
  const thought = Promise.withResolvers<AuthenticationStep>();
  const broker = await brokerWith(new Steps([ALICE], [thought.promise]));
  const client = connected(broker);
  client.send(auth(0x19));
  assert.equal(client.isReadFrom, true);
  client.publish('a', '1', { qos: 1, id: 9 });
  assert.deepEqual(client.said(), ['PUBACK 9 0x10']);
  thought.resolve(ALICE);
  await heard();
  assert.deepEqual(client.said(), ['AUTH steps=welcome']);
});

// [MQTT-4.12.1-2]
test('a client that fails to authenticate again is disconnected with 0x87 or a code that DISCONNECT has, and its Will is published', async () => {
  for (let reasonCode = 0; reasonCode < 256; reasonCode++) {
    const broker = await brokerWith(new Steps([ALICE], [{ ...NOBODY, reasonCode }]));
    const witness = broker.connect({ clientId: 'witness' });
    witness.subscribe('w');
    const will = { topic: 'w', payload: Buffer.from('gone'), qos: 0, retain: false, delayInterval: 0 } as const;
    const client = connected(broker, { will: { ...will, properties: NO_MESSAGE_PROPERTIES } });
    client.send(auth(0x19));
    const fitting = reasonCode >= 0x80 && REASON_CODES.disconnectFromServer.has(reasonCode) ? reasonCode : 0x87;
    assert.deepEqual(client.said(), [`DISCONNECT 0x${fitting.toString(16)}`]);
    assert.equal(client.ended, 'end');
    assert.ok(!client.receivedHex.includes(Buffer.from('secret').toString('hex')));
    assert.match(broker.warnings()[0] ?? '', /the secret reason/);
    assert.deepEqual(witness.said(), ['PUBLISH w=gone']);
  }
});

test('a late refusal ends a connection that is open, too', async () => {
  const broker = await brokerWith(new Steps([ALICE], [Promise.reject(new Error('broken'))]));
  const client = connected(broker);
  client.send(auth(0x19));
  await heard();
  client.expectEnd(0x83);
});

test('nobody becomes another user by authenticating again', async () => {
  for (const principal of ['bob', undefined]) {
    const broker = await brokerWith(new Steps([ALICE], [{ kind: 'accepted', principal, data: undefined }]));
    const client = connected(broker);
    client.send(auth(0x19));
    client.expectEnd(0x87);
  }
});

test('on an open connection AUTH out of turn, of another method, or without one in CONNECT is a protocol error', async () => {
  const cases: readonly (readonly [sent: readonly AuthPacket[], ...before: string[]])[] = [
    [[auth(0x18)]],
    [[auth(0x19, undefined, 'other')]],
    [[auth(0x19), auth(0x19)], 'AUTH 0x18 steps=who?'],
    [[auth(0x19), auth(0x18, undefined, 'other')], 'AUTH 0x18 steps=who?'],
  ];
  for (const [sent, ...before] of cases) {
    const broker = await brokerWith(new Steps([ALICE], [ASK]));
    const client = connected(broker);
    for (const packet of sent) client.send(packet);
    assert.deepEqual(client.said(), [...before, 'DISCONNECT 0x82']);
    assert.equal(client.ended, 'end');
  }
  const broker = await brokerWith(new Steps([ALICE], [NEVER]));
  const impatient = connected(broker);
  impatient.send(auth(0x19));
  impatient.send(auth(0x18));
  impatient.expectEnd(0x82);
  const plain = broker.connect({ clientId: 'plain' });
  plain.send(auth(0x19));
  plain.expectEnd(0x82);
});

test('who does not end the exchange in time is disconnected: the client with 0x87, a method with 0x89', async () => {
  const broker = await brokerWith(new Steps([ALICE], [ALICE], [ASK], [NEVER]));
  const client = connected(broker);
  const waiting = connected(broker, { clientId: 'd' });
  client.send(auth(0x19));
  waiting.send(auth(0x19));
  broker.pass(LATE - 1);
  assert.equal(client.ended, 'not yet');
  broker.pass(1);
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'DISCONNECT 0x87']);
  assert.deepEqual(waiting.said(), ['DISCONNECT 0x89']);
});

test('a client that is not read from cannot be late with AUTH', async () => {
  const broker = await brokerWith(new Steps([ALICE], [ASK, ALICE]));
  const client = connected(broker);
  client.send(auth(0x19));
  client.stopReading(2 * DEFAULT_LIMITS.outboxBytesMax + 1);
  client.publish('a', 'x');
  assert.equal(client.isReadFrom, false);
  broker.pass(LATE);
  client.send(auth(0x18));
  broker.pass(LATE);
  client.readAgain();
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'AUTH steps=welcome']);
  assert.equal(client.ended, 'not yet');
});

test('the keep-alive counts during an exchange, and AUTH counts for it', async () => {
  const broker = await brokerWith(new Steps([ALICE], [ASK, ALICE]));
  const client = connected(broker, { keepAlive: 2 });
  client.send(auth(0x19));
  broker.pass(2_900);
  client.send(auth(0x18));
  broker.pass(2_900);
  assert.deepEqual(client.said(), ['AUTH 0x18 steps=who?', 'AUTH steps=welcome']);
  broker.pass(200);
  client.expectEnd(0x8d);
});
