// The life of a client over its connections: attempts, what is told of them, when there is no other one, and what CONNECT says from one
// to the next.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import { answer, connack, connected, goodbye, granted, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { newsOf } from './watching.arbitrary.ts';

/** A client that has its CONNACK and then loses its connection; the next attempt is waited for. */
async function waiting(options: ConnectOptions = {}): Promise<{ client: Client; broker: ScriptedBroker }> {
  const { client, broker } = await connected(options);
  broker.cut();
  await turn();
  assert.equal(client.state, 'waiting');
  return { client, broker };
}

test('a lost connection is followed by another one, and every step is told, in order', async () => {
  const { client, broker } = await connected({ clientId: 'me', clean: false });
  const news = newsOf(client);
  assert.equal(client.state, 'connected');
  broker.door = 'shut';
  broker.cut();
  await broker.nextDial();
  await turn();
  assert.equal(client.state, 'waiting');
  broker.door = 'open';
  await broker.nextConnect();
  assert.equal(client.state, 'connecting');
  broker.send(connack({}, true));
  assert.equal(client.state, 'connected');
  await client.disconnect();
  assert.equal(client.state, 'closed');
  // The bound doubles, and of it the scripted chance takes the middle of what may be taken.
  assert.deepEqual(news, [
    'disconnected connection-lost 275',
    'disconnected connection-refused 550',
    'connected true',
    'disconnected disconnected undefined',
    'closed disconnected',
  ]);
});

test('with `reconnect: false` the end of the connection is the end of the client', async () => {
  const { client, broker } = await connected({ reconnect: false });
  const news = newsOf(client);
  broker.cut();
  assert.equal((await client.closed).kind, 'connection-lost');
  assert.deepEqual(news, ['disconnected connection-lost undefined', 'closed connection-lost']);
  assert.equal(broker.alarmCount, 0);
});

test('after so many attempts in a row the client gives up, with the end of the last one', async () => {
  const { client, broker } = await connected({ reconnect: { attemptsMax: 2 } });
  const news = newsOf(client);
  broker.door = 'shut';
  broker.cut();
  await broker.nextDial();
  await broker.nextDial();
  const end = await client.closed;
  assert.ok(end.kind === 'not-connected');
  assert.equal(end.error.code, 'connection-refused');
  assert.deepEqual(news, [
    'disconnected connection-lost 275',
    'disconnected connection-refused 550',
    'disconnected connection-refused undefined',
    'closed connection-refused',
  ]);
  assert.equal(broker.alarmCount, 0);
});

test('a refusal that would only come again is the end of the client, also on a later attempt', async () => {
  const { client, broker } = await waiting();
  const publishing = client.publish('a', '', { qos: 1 });
  await broker.refuse(0x87);
  await assert.rejects(publishing, { code: 'connection-refused', reasonCode: 0x87 });
  const end = await client.closed;
  assert.ok(end.kind === 'not-connected');
  assert.deepEqual([end.error.code, end.error.reasonCode], ['connection-refused', 0x87]);
  await assert.rejects(client.publish('a', '', { qos: 1 }), { code: 'connection-refused' });
});

test('a refusal that may pass is not the end', async () => {
  const { client, broker } = await waiting();
  await broker.refuse(0x88);
  assert.equal(client.state, 'waiting');
  await broker.accept();
  assert.equal(client.state, 'connected');
});

test("the broker's DISCONNECT is obeyed: taken over is the end, shutting down is not", async () => {
  const ended = await connected();
  ended.broker.send(goodbye(0x8e));
  assert.equal((await ended.client.closed).kind, 'disconnected-by-broker');

  const other = await connected();
  other.broker.send(goodbye(0x8b));
  await other.broker.accept();
  assert.equal(other.client.state, 'connected');
});

test('taken over by its own CONNECT, which had no answer and came late, a client connects again', async () => {
  const { client, broker } = await connected();
  broker.cut();
  await broker.nextConnect();
  await broker.cut().accept(true);
  broker.send(goodbye(0x8e));
  await broker.accept(true);
  assert.equal(client.state, 'connected');
  broker.send(goodbye(0x8e));
  assert.equal((await client.closed).kind, 'disconnected-by-broker');
});

test('a broker that has fallen silent is dialled again', async () => {
  const { client, broker } = await connected({ keepAliveSeconds: 10 });
  const news = newsOf(client);
  broker.pass(9_000).expect('PINGREQ').pass(9_000);
  await broker.accept();
  broker.expect();
  assert.deepEqual(news, ['disconnected protocol-error 275', 'connected false']);
});

test('an attempt that nobody answers ends after the time for it, and is repeated', async () => {
  const { client, broker } = await connected({ connectTimeoutMillis: 1_000 });
  const news = newsOf(client);
  broker.door = 'silent';
  broker.cut();
  await broker.nextDial();
  broker.pass(1_000);
  await turn();
  broker.door = 'open';
  await broker.accept();
  assert.deepEqual(news, ['disconnected connection-lost 275', 'disconnected timed-out 550', 'connected false']);
});

// What CONNECT says, from one attempt to the next.

test('Clean Start is for the first CONNECT of a client on MQTT 5.0; later ones go on with its session', async () => {
  const { broker } = await connected({ clean: true, sessionExpirySeconds: 60 });
  await broker.cut().accept(true);
  await broker.cut().accept(true);
  assert.deepEqual(
    broker.connects.map(({ clean }) => clean),
    [true, false, false],
  );
});

test('Clean Start stays with attempts that came to nothing', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ startOffline: true }, broker.parts);
  await broker.nextConnect();
  broker.cut();
  await broker.accept();
  await connecting;
  assert.deepEqual(
    broker.connects.map(({ clean }) => clean),
    [true, true],
  );
});

test('on MQTT 3.1.1 Clean Session says how long the session is kept, so it is the same each time', async () => {
  for (const clean of [true, false]) {
    const { broker } = await connected({ version: 4, clean, clientId: 'me' });
    await broker.cut().accept(false);
    assert.deepEqual(
      broker.connects.map((packet) => packet.clean),
      [clean, clean],
    );
  }
});

test('on MQTT 3.1.1 a session that was kept is gone on with', async () => {
  const { client, broker } = await connected({ version: 4, clean: false, clientId: 'me' });
  void client.publish('a', 'A', { qos: 2 });
  broker.expect('PUBLISH a QoS 2 id 1 "A"').send(answer('pubrec', 1)).expect('PUBREL 1');
  await broker.cut().accept(true);
  broker.expect('PUBREL 1').send(answer('pubcomp', 1));
  await client.settled();
});

test('a broker that has a session where a new one was asked for breaks a rule', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({}, broker.parts);
  connecting.catch(() => undefined);
  await broker.accept(true);
  await assert.rejects(connecting, { code: 'protocol-error', message: /session is present/ });
});

test('the name that the broker has given is used from then on', async () => {
  const { client, broker } = await connected({}, { assignedClientIdentifier: 'auto-7' });
  assert.equal(client.clientId, 'auto-7');
  await broker.cut().accept(true);
  assert.deepEqual(
    broker.connects.map(({ clientId }) => clientId),
    ['', 'auto-7'],
  );
  assert.equal(client.clientId, 'auto-7');
});

test('the credentials function is asked before each attempt', async () => {
  let count = 0;
  const credentials = async (): Promise<{ userName: string; password: string }> => {
    count++;
    await Promise.resolve();
    return { userName: 'me', password: `secret ${count}` };
  };
  const { broker } = await connected({ credentials });
  await broker.cut().accept();
  assert.deepEqual(
    broker.connects.map(({ password }) => new TextDecoder().decode(password)),
    ['secret 1', 'secret 2'],
  );
});

test('credentials that were refused are not sent again; others are', async () => {
  const passwords = ['old', 'new', 'new', 'newer'];
  const credentials = (): { userName: string; password: string } => ({
    userName: 'me',
    password: passwords.shift() ?? '',
  });
  const broker = new ScriptedBroker();
  const client = await connect({ credentials, startOffline: true }, broker.parts);
  const news = newsOf(client);
  await broker.refuse(0x86);
  await broker.refuse(0x86);
  // The function gives again what was refused: the client gives up rather than to be locked out.
  broker.pass(550);
  const end = await client.closed;
  assert.ok(end.kind === 'not-connected');
  assert.match(end.error.message, /the same credentials/);
  assert.equal(broker.connects.length, 2);
  assert.equal(news.at(-1), 'closed connection-refused');
});

test('a credentials function that fails is an attempt that failed: the first one rejects connect, later ones are repeated', async () => {
  const failing = (): never => {
    throw new Error('the vault is shut');
  };
  const broker = new ScriptedBroker();
  await assert.rejects(connect({ credentials: failing }, broker.parts), { message: /the vault is shut/ });
  assert.equal(broker.targets.length, 0);

  let isShut = false;
  const other = await connected({ credentials: () => (isShut ? failing() : { userName: 'me' }) });
  const news = newsOf(other.client);
  isShut = true;
  other.broker.cut();
  await turn();
  other.broker.pass(300);
  await turn();
  isShut = false;
  await other.broker.accept();
  assert.deepEqual(news, [
    'disconnected connection-lost 275',
    'disconnected connection-refused 550',
    'connected false',
  ]);
});

test('after a CONNECT without an answer the client subscribes again: a broker that had lost the session would have said so there', async () => {
  const { client, broker } = await connected({ clientId: 'me', clean: false });
  const subscribing = client.subscribe('a', { onMessage: () => undefined });
  broker.expect('SUBSCRIBE 1 a 0 identifier 1').send(granted('suback', 1, 0));
  await subscribing;
  broker.cut();
  await broker.nextConnect();
  await broker.cut().accept(true);
  broker.expect('SUBSCRIBE 1 a 0 identifier 1').send(granted('suback', 1, 0));
  await broker.cut().accept(true);
  broker.expect();
  // A refusal is an answer, and an attempt that found nobody has asked nothing.
  await broker.cut().refuse(0x88);
  broker.door = 'shut';
  await broker.nextDial();
  broker.door = 'open';
  await broker.accept(true);
  broker.expect();
});

test('a client whose CONNECT with Clean Start may come late subscribes again, for a quarter of an hour', async () => {
  const broker = new ScriptedBroker();
  const options = { clientId: 'me', clean: true, sessionExpirySeconds: 3_600, keepAliveSeconds: 0 } as const;
  const client = await connect({ ...options, startOffline: true }, broker.parts);
  await broker.nextConnect();
  await broker.cut().accept();
  const subscribing = client.subscribe('a', { onMessage: () => undefined });
  broker.expect('SUBSCRIBE 1 a 0 identifier 1').send(granted('suback', 1, 0));
  await subscribing;
  await broker.cut().accept(true);
  broker.expect('SUBSCRIBE 1 a 0 identifier 1').send(granted('suback', 1, 0));
  broker.pass(900_000);
  await broker.cut().accept(true);
  broker.expect();
});

test('credentials that MQTT has no place for end the client, and are not asked for again', async () => {
  let userName = 'me';
  const { client, broker } = await connected({ credentials: () => ({ userName }) });
  userName = '\0';
  broker.cut();
  await turn();
  broker.pass(300);
  const end = await client.closed;
  assert.ok(end.kind === 'handler-failed');
  assert.match(String(end.error), /UsageError/);
  assert.equal(broker.alarmCount, 0);
});

test('MQTT 3.1 does not say whether the session is there: what is in flight is sent again, and subscriptions are renewed', async () => {
  const { client, broker } = await connected({ version: 3, clientId: 'me', clean: false });
  const subscribing = client.subscribe('a', { onMessage: () => undefined });
  broker.expect('SUBSCRIBE 1 a 0').send(granted('suback', 1, 0));
  await subscribing;
  client.publish('b', 'B', { qos: 2 }).catch(() => undefined);
  broker.expect('PUBLISH b QoS 2 id 2 "B"').send(answer('pubrec', 2)).expect('PUBREL 2');
  await broker.cut().accept();
  broker.expect('PUBREL 2', 'SUBSCRIBE 3 a 0').send(answer('pubcomp', 2), granted('suback', 3, 0));
  await client.settled();
});

test('what a connection was about to send when it was lost is not sent by a later one out of turn', async () => {
  const { client, broker } = await connected({ clean: false, clientId: 'me' });
  broker.unread = 2_000_000;
  const lost = client.publish('a', 'A', { qos: 0 });
  void client.publish('b', 'B', { qos: 1 });
  lost.catch(() => undefined);
  broker.expect().cut();
  await assert.rejects(lost, { code: 'connection-lost' });
  await broker.accept(true);
  broker.expect('PUBLISH b QoS 1 id 1 "B"');
});

test('a store that fails ends the client, and whoever waits is told', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ store: 'state' }, broker.parts);
  await broker.accept();
  const client = await connecting;
  const publishing = client.publish('a', 'A', { qos: 1 });
  broker.expect('PUBLISH a QoS 1 id 1 "A"').store('state').announceFailed();
  await assert.rejects(publishing, (error) => error instanceof OperationError && error.code === 'store-failed');
  assert.equal((await client.closed).kind, 'store-failed');
  assert.equal(broker.alarmCount, 0);
});

test('a client that has disconnected while its store fails over what it was told last has not ended in order', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ store: 'state' }, broker.parts);
  await broker.accept();
  const client = await connecting;
  const disconnecting = client.disconnect();
  broker.store('state').announceFailed();
  await disconnecting;
  assert.equal((await client.closed).kind, 'store-failed');
});
