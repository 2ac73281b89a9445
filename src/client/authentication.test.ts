import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import type { Packet } from '../packet/packet.ts';
import type { AuthenticationExchange, EnhancedAuthentication } from './authentication.ts';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import {
  auth,
  connack,
  connected,
  goodbye,
  publish,
  refusal,
  ScriptedBroker,
  turn,
} from './scripted-broker.arbitrary.ts';
import { newsOf, stateOf } from './watching.arbitrary.ts';

const METHOD = 'game';
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A method that notes what it is told and answers a challenge with its echo; a test changes what it likes. */
class Game implements EnhancedAuthentication {
  readonly method = METHOD;
  readonly told: string[] = [];
  first: Uint8Array | undefined = ENCODER.encode('hello');
  respond: AuthenticationExchange['respond'] = (challenge) => ENCODER.encode(`${textOf(challenge)}!`);
  finish: (data: Uint8Array | undefined) => void = () => undefined;

  begin(): AuthenticationExchange {
    this.told.push('begin');
    return {
      first: this.first,
      respond: (challenge) => {
        this.told.push(`challenge ${textOf(challenge)}`);
        return this.respond(challenge);
      },
      finish: (data) => {
        this.told.push(`finish ${textOf(data)}`);
        return this.finish(data);
      },
    };
  }
}

function textOf(data: Uint8Array | undefined): string {
  return data === undefined ? '-' : DECODER.decode(data);
}

function accepting(data?: string, method: string | undefined = METHOD): Packet {
  const authenticationData = data === undefined ? undefined : ENCODER.encode(data);
  return connack({ authenticationMethod: method, authenticationData });
}

/** A client whose method has been asked nothing but its first word. */
async function playing(
  game: Game,
  options: ConnectOptions = {},
): Promise<{ readonly client: Client; readonly broker: ScriptedBroker }> {
  const broker = new ScriptedBroker();
  const connecting = connect({ authentication: game, ...options }, broker.parts);
  await broker.nextConnect();
  broker.send(accepting());
  const client = await connecting;
  game.told.splice(0);
  return { client, broker };
}

// [MQTT-4.12.0-3] [MQTT-4.12.0-5]
test('CONNECT has the method and its first data, each challenge gets its answer, and CONNACK has the last word', async () => {
  const broker = new ScriptedBroker();
  const game = new Game();
  const connecting = connect({ authentication: game }, broker.parts);
  const { properties } = await broker.nextConnect();
  assert.equal(properties.authenticationMethod, METHOD);
  assert.equal(textOf(properties.authenticationData), 'hello');
  broker.send(auth(0x18, METHOD, 'one'));
  await turn();
  broker.expect('AUTH 0x18 game "one!"').send(auth(0x18, METHOD));
  await turn();
  broker.expect('AUTH 0x18 game "-!"').send(accepting('welcome'));
  const client = await connecting;
  assert.deepEqual(game.told, ['begin', 'challenge one', 'challenge -', 'finish welcome']);
  assert.equal(client.connection?.serverProperties.authenticationMethod, METHOD);
});

test('a method may wait for the broker to speak first, take its time, answer nothing, and have nothing to check', async () => {
  const broker = new ScriptedBroker();
  const answering = Promise.withResolvers<undefined>();
  const authentication: EnhancedAuthentication = {
    method: METHOD,
    begin: async () => ({ respond: async () => await answering.promise }),
  };
  const connecting = connect({ authentication }, broker.parts);
  const { properties } = await broker.nextConnect();
  assert.equal(properties.authenticationData, undefined);
  broker.send(auth(0x18, METHOD, 'one'));
  await turn();
  broker.expect();
  answering.resolve(undefined);
  await turn();
  broker.expect('AUTH 0x18 game').send(accepting());
  await connecting;
});

test('a refusal has the reason of the broker, and the method is asked anew for another client', async () => {
  const game = new Game();
  for (const reasonCode of [0x87, 0x8c]) {
    const broker = new ScriptedBroker();
    const connecting = connect({ authentication: game }, broker.parts);
    await broker.nextConnect();
    broker.send(auth(0x18, METHOD), refusal(reasonCode));
    await assert.rejects(connecting, { code: 'connection-refused', reasonCode });
  }
  assert.deepEqual(game.told, ['begin', 'challenge -', 'begin', 'challenge -']);
});

// [MQTT-4.12.0-5] [MQTT-4.12.0-6] [MQTT-3.15.2-1]
test('a broker that breaks a rule before CONNACK is not gone on with', async () => {
  const cases: readonly (readonly [what: string, EnhancedAuthentication | undefined, ...Packet[]])[] = [
    ['AUTH of another method', new Game(), auth(0x18, 'other')],
    ['AUTH that says success', new Game(), auth(0x00, METHOD)],
    ['AUTH without anything', new Game(), auth(0x00)],
    ['AUTH before the answer', new Game(), auth(0x18, METHOD), auth(0x18, METHOD)],
    ['CONNACK before the answer', new Game(), auth(0x18, METHOD), accepting()],
    ['CONNACK without the method', new Game(), connack()],
    ['CONNACK of another method', new Game(), accepting('x', 'other')],
    ['a message before CONNACK', new Game(), publish('a', 0)],
    ['AUTH that nobody has asked for', undefined, auth(0x18, METHOD)],
    ['CONNACK with a method that nobody has named', undefined, accepting()],
  ];
  for (const [what, authentication, ...packets] of cases) {
    const broker = new ScriptedBroker();
    const connecting = connect({ authentication }, broker.parts);
    await broker.nextConnect();
    broker.send(...packets);
    await assert.rejects(connecting, { code: 'protocol-error' }, what);
    assert.equal(broker.closedWith, 'destroy', what);
    assert.equal(broker.alarmCount, 0, what);
    broker.expect();
  }
});

test('a broker that the method does not believe gets no client, and nothing that came behind CONNACK is taken', async () => {
  const broker = new ScriptedBroker();
  const game = new Game();
  game.finish = () => {
    throw new Error('an impostor');
  };
  const connecting = connect({ authentication: game, onMessage: () => assert.fail('not from him') }, broker.parts);
  await broker.nextConnect();
  broker.send(accepting('x'), publish('a', 1, 1));
  await assert.rejects(connecting, { code: 'connection-refused', message: /an impostor/ });
  assert.equal(broker.closedWith, 'destroy');
  broker.expect();
});

test('a function of the method that fails has failed the attempt; one that is wrong has failed the client', async () => {
  const down = new Error('the token service is down');
  const fails = async (): Promise<never> => await Promise.reject(down);
  const wrong = { method: METHOD, begin: () => 'hello' } as unknown as EnhancedAuthentication;
  const late = new Game();
  const isAsync: unknown = fails;
  late.finish = isAsync as Game['finish'];
  const large = new Game();
  large.first = new Uint8Array(65_536);
  const answering = new Game();
  answering.respond = fails;
  const text = new Game();
  text.respond = (() => 'text') as unknown as Game['respond'];
  const cases: readonly (readonly [EnhancedAuthentication, end: string, connacks: number])[] = [
    [{ method: METHOD, begin: fails }, 'not-connected', 0],
    [answering, 'not-connected', 1],
    [wrong, 'handler-failed', 0],
    [large, 'handler-failed', 0],
    [text, 'handler-failed', 1],
    [late, 'handler-failed', 2],
  ];
  for (const [authentication, kind, steps] of cases) {
    const broker = new ScriptedBroker();
    const client = await connect({ authentication, startOffline: true }, broker.parts);
    const { promise: ending, resolve } = Promise.withResolvers<string>();
    client.on('disconnected', (end) => resolve(end.kind));
    await turn();
    if (steps > 0) broker.send(auth(0x18, METHOD));
    await turn();
    if (steps > 1) broker.send(accepting());
    assert.equal(await ending, kind);
    await client.disconnect();
  }
});

test('a method that is asked for its first word too long is a broker that does not answer', async () => {
  const broker = new ScriptedBroker();
  const authentication = { method: METHOD, begin: () => Promise.withResolvers<never>().promise };
  const connecting = connect({ authentication, connectTimeoutMillis: 2_000 }, broker.parts);
  await turn();
  broker.pass(2_000);
  await assert.rejects(connecting, { code: 'timed-out' });
});

test('each attempt begins an exchange of its own', async () => {
  const game = new Game();
  const { broker } = await playing(game);
  broker.cut();
  await broker.nextConnect();
  broker.send(auth(0x18, METHOD, 'again'));
  await turn();
  broker.expect('AUTH 0x18 game "again!"').send(accepting());
  assert.deepEqual(game.told, ['begin', 'challenge again', 'finish -']);
});

test('what the broker refuses after it had accepted it is tried once more, since the method may have something newer', async () => {
  const game = new Game();
  const { client, broker } = await playing(game);
  broker.cut();
  await broker.refuse(0x87);
  await broker.nextConnect();
  broker.send(accepting());
  await turn();
  assert.equal(client.state, 'connected');
  broker.cut();
  await broker.refuse(0x87);
  await broker.refuse(0x87);
  assert.equal((await client.closed).kind, 'not-connected');
});

// [MQTT-4.12.1-1]
test('reauthenticate is an exchange on the open connection, and everything else goes on', async () => {
  const game = new Game();
  const topics: string[] = [];
  const { client, broker } = await playing(game, { onMessage: ({ topic }) => void topics.push(topic) });
  const again = client.reauthenticate();
  await turn();
  broker.expect('AUTH 0x19 game "hello"').send(publish('a', 1, 1), auth(0x18, METHOD, 'one'));
  await turn();
  broker.expect('PUBACK 1', 'AUTH 0x18 game "one!"');
  assert.equal(await stateOf(again), 'pending');
  broker.send(auth(0x00, METHOD, 'bye'));
  await again;
  assert.deepEqual(game.told, ['begin', 'challenge one', 'finish bye']);
  assert.deepEqual(topics, ['a']);
  // And once more, without a word that is not needed.
  const more = client.reauthenticate();
  await turn();
  broker.expect('AUTH 0x19 game "hello"').send(auth(0x00));
  await more;
  assert.deepEqual(game.told.slice(3), ['begin', 'finish -']);
});

test('two calls of reauthenticate at a time are one exchange', async () => {
  const { client, broker } = await playing(new Game());
  const both = Promise.all([client.reauthenticate(), client.reauthenticate()]);
  await turn();
  broker.expect('AUTH 0x19 game "hello"').send(auth(0x00, METHOD));
  await both;
});

test('a broker that does not accept the client again ends the connection, and the next one begins anew', async () => {
  const game = new Game();
  const { client, broker } = await playing(game);
  const news = newsOf(client);
  const again = client.reauthenticate();
  await turn();
  broker.expect('AUTH 0x19 game "hello"').send(goodbye(0x87));
  await assert.rejects(again, { code: 'connection-lost', reasonCode: 0x87 });
  await broker.nextConnect();
  broker.send(accepting());
  await turn();
  assert.deepEqual(news, ['disconnected disconnected-by-broker 275', 'connected false']);
  await assert.rejects(
    (async () => {
      const lost = client.reauthenticate();
      await turn();
      broker.cut();
      await lost;
    })(),
    { code: 'connection-lost' },
  );
});

// [MQTT-4.12.1-2]
test('a client that fails to authenticate again says so with DISCONNECT, ends the connection, and tries again', async () => {
  const failures: readonly (readonly [change: (game: Game) => void, ...Packet[]])[] = [
    [(game) => void (game.begin = () => assert.fail('no token'))],
    [(game) => void (game.respond = () => assert.fail('no answer')), auth(0x18, METHOD)],
    [(game) => void (game.finish = () => assert.fail('an impostor')), auth(0x00, METHOD)],
  ];
  for (const [change, ...packets] of failures) {
    const game = new Game();
    const { client, broker } = await playing(game);
    const news = newsOf(client);
    change(game);
    const again = client.reauthenticate();
    const rejected = assert.rejects(again, { code: 'connection-refused', message: /The authentication failed: / });
    await turn();
    broker.send(...packets);
    await rejected;
    broker.expect(...(packets.length === 0 ? [] : ['AUTH 0x19 game "hello"']), 'DISCONNECT 0x80');
    await turn();
    assert.deepEqual(news, ['disconnected authentication-failed 275']);
    assert.equal(broker.closedWith, 'end');
    await client.disconnect();
  }
});

test('a broker that does not end a re-authentication in time is left', async () => {
  const { client, broker } = await playing(new Game(), { connectTimeoutMillis: 2_000, keepAliveSeconds: 0 });
  const again = client.reauthenticate();
  await turn();
  broker.pass(1_999);
  assert.equal(await stateOf(again), 'pending');
  broker.pass(1);
  await assert.rejects(again, { code: 'timed-out' });
  broker.expect('AUTH 0x19 game "hello"', 'DISCONNECT 0x80');
  await client.disconnect();
});

test('on an open connection AUTH out of turn, of another method, or for a client without one, is the end of the connection', async () => {
  for (const packet of [auth(0x18, METHOD), auth(0x00, METHOD), auth(0x00, 'other')]) {
    const { client, broker } = await playing(new Game(), { reconnect: false });
    broker.send(packet).expect('DISCONNECT 0x82');
    assert.equal((await client.closed).kind, 'protocol-error');
  }
  const { client, broker } = await connected({ reconnect: false });
  broker.send(auth(0x18, METHOD)).expect('DISCONNECT 0x82');
  assert.equal((await client.closed).kind, 'protocol-error');
});

// [MQTT-3.2.2-15]
test('AUTH is never larger than the broker takes', async () => {
  const game = new Game();
  const broker = new ScriptedBroker();
  const connecting = connect({ authentication: game }, broker.parts);
  await broker.nextConnect();
  broker.send(connack({ authenticationMethod: METHOD, maximumPacketSize: 30 }));
  const client = await connecting;
  game.respond = () => new Uint8Array(30);
  const again = client.reauthenticate();
  await turn();
  broker.expect('AUTH 0x19 game "hello"').send(auth(0x18, METHOD));
  await assert.rejects(again, { code: 'too-large' });
  broker.expect('DISCONNECT 0x80');
  await client.disconnect();
});

// [MQTT-4.12.0-7]
test('reauthenticate is for clients with a method that are connected', async () => {
  const plain = await connected();
  await assert.rejects(plain.client.reauthenticate(), { name: 'UsageError', code: 'invalid-argument' });
  plain.broker.expect();
  const { client, broker } = await playing(new Game());
  broker.cut();
  await assert.rejects(client.reauthenticate(), { code: 'not-connected' });
  await client.disconnect();
  await assert.rejects(client.reauthenticate(), { code: 'closed' });
});

test('authentication is of MQTT 5.0, and has a method', async () => {
  const broker = new ScriptedBroker(4);
  const wrong: readonly ConnectOptions[] = [
    { version: 4, authentication: new Game() },
    { authentication: { method: '', begin: () => assert.fail() } },
    { authentication: { method: 'a\0b', begin: () => assert.fail() } },
    { authentication: { method: METHOD } as unknown as EnhancedAuthentication },
  ];
  for (const options of wrong) await assert.rejects(connect(options, broker.parts), { name: 'UsageError' });
  assert.deepEqual(broker.targets, []);
});

test('the errors of the application are kept as causes', async () => {
  const cause = new Error('no token');
  const broker = new ScriptedBroker();
  const authentication = { method: METHOD, begin: () => Promise.reject(cause) };
  await assert.rejects(connect({ authentication }, broker.parts), (error: Error) => {
    assert.ok(error instanceof OperationError);
    assert.equal(error.cause, cause);
    return true;
  });
});
