// The life of a client over its connections: attempts, what ends them, what is told, and how it is ended from every state.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import type { Client } from './client.ts';
import type { ClientEnd } from './endings.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import { answer, connack, connected, goodbye, publish, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';

/** The events of a client that say how it fares, as lines. */
function newsOf(client: Client): string[] {
  const lines: string[] = [];
  client.on('connected', ({ sessionPresent }) => lines.push(`connected ${sessionPresent}`));
  client.on('disconnected', (end, retryMillis) => lines.push(`disconnected ${nameOf(end)} ${retryMillis}`));
  client.on('closed', (end) => lines.push(`closed ${nameOf(end)}`));
  return lines;
}

function nameOf(end: ClientEnd): string {
  return end.kind === 'not-connected' ? end.error.code : end.kind;
}

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

// The first attempt.

test('connect is rejected with why the first attempt failed, however it did, and does not try again', async () => {
  const shut = new ScriptedBroker();
  shut.door = 'shut';
  await assert.rejects(connect({}, shut.parts), { name: 'OperationError', code: 'connection-refused' });

  const silent = new ScriptedBroker();
  silent.door = 'silent';
  const unanswered = connect({ connectTimeoutMillis: 100 }, silent.parts);
  unanswered.catch(() => undefined);
  await silent.nextDial();
  silent.pass(100);
  await assert.rejects(unanswered, { code: 'timed-out' });

  const busy = new ScriptedBroker();
  const refused = connect({}, busy.parts);
  refused.catch(() => undefined);
  await busy.refuse(0x89);
  await assert.rejects(refused, { code: 'connection-refused', reasonCode: 0x89 });

  for (const broker of [shut, silent, busy]) {
    assert.equal(broker.targets.length, 1);
    assert.equal(broker.alarmCount, 0);
  }
});

test('when connect is rejected, its store is closed', async (t) => {
  const broker = new ScriptedBroker();
  broker.door = 'shut';
  const isClosed = closingTakesATurn(t, broker);
  await assert.rejects(connect({ store: 'state' }, broker.parts), { code: 'connection-refused' });
  assert.equal(isClosed(), true);
});

test('when disconnect is fulfilled, the store is closed', async (t) => {
  const broker = new ScriptedBroker();
  const isClosed = closingTakesATurn(t, broker);
  const connecting = connect({ store: 'state' }, broker.parts);
  await broker.accept();
  await (await connecting).disconnect();
  assert.equal(isClosed(), true);
});

test('with `startOffline` connect does not wait, and the first attempt is repeated like any other', async () => {
  const broker = new ScriptedBroker();
  broker.door = 'shut';
  const client = await connect({ startOffline: true }, broker.parts);
  const news = newsOf(client);
  assert.equal(client.state, 'connecting');
  assert.equal(client.connection, undefined);
  const publishing = client.publish('a', 'A', { qos: 1 });
  await assert.rejects(client.publish('b', '', { qos: 0 }), { code: 'not-connected' });
  const subscribing = client.subscribe('c', { onMessage: () => undefined });
  await broker.nextDial();
  await broker.nextDial();
  broker.door = 'open';
  await broker.accept();
  broker.expect('SUBSCRIBE 1 c 0 identifier 1', 'PUBLISH a QoS 1 id 2 "A"').send(answer('puback', 2));
  await publishing;
  assert.deepEqual(news, [
    'disconnected connection-refused 275',
    'disconnected connection-refused 550',
    'connected false',
  ]);
  await client.disconnect();
  await assert.rejects(subscribing, { code: 'closed' });
});

test('with `startOffline`, a refusal that would only come again is told by `closed`, and by what waits', async () => {
  const broker = new ScriptedBroker();
  const client = await connect({ startOffline: true }, broker.parts);
  const publishing = client.publish('a', '', { qos: 1 });
  publishing.catch(() => undefined);
  await broker.refuse(0x85);
  await assert.rejects(publishing, { code: 'connection-refused', reasonCode: 0x85 });
  assert.equal((await client.closed).kind, 'not-connected');
});

// The end, from every state.

test('disconnect while the next attempt is waited for ends the client at once, and nobody is dialled', async () => {
  const { client, broker } = await waiting();
  const news = newsOf(client);
  await client.disconnect();
  assert.equal(broker.alarmCount, 0);
  assert.equal(broker.targets.length, 1);
  assert.deepEqual(news, ['closed disconnected']);
  broker.expect();
});

test('disconnect while the broker is being dialled gives the attempt up', async () => {
  const { client, broker } = await waiting();
  broker.door = 'silent';
  const { signal } = await broker.nextDial();
  assert.equal(client.state, 'connecting');
  await client.disconnect();
  assert.equal(signal.aborted, true);
  assert.equal(broker.alarmCount, 0);
  assert.equal(client.state, 'closed');
});

test('disconnect between CONNECT and CONNACK closes without a word', async () => {
  const { client, broker } = await waiting();
  await broker.nextConnect();
  await client.disconnect();
  assert.equal(broker.closedWith, 'destroy');
  broker.expect();
  assert.equal(broker.alarmCount, 0);
});

test('a client that is dialled while it is being ended closes what comes of it', async () => {
  const { client, broker } = await waiting();
  // The network does not heed the signal: the connection is there in spite of it.
  const target = broker.nextDial();
  const disconnecting = target.then(() => client.disconnect());
  await disconnecting;
  await turn();
  broker.expect();
  assert.equal(client.state, 'closed');
});

test('disconnect from inside `disconnected` is the end, whatever was to come', async () => {
  const { client, broker } = await connected();
  const news = newsOf(client);
  client.on('disconnected', () => void client.disconnect());
  broker.cut();
  assert.deepEqual(await client.closed, { kind: 'disconnected' });
  assert.equal(broker.alarmCount, 0);
  assert.deepEqual(news, ['disconnected connection-lost 275', 'closed disconnected']);
});

test('disconnect from inside a handler is carried out when the packet is handled', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ onMessage: () => void client?.disconnect() }, broker.parts);
  await broker.accept();
  const client = await connecting;
  broker.send(publish('a', 1, 1), publish('b', 1, 2)).expect('PUBACK 1', 'DISCONNECT');
  await client.closed;
});

test('the signal of connect gives up: before the attempt, while dialling, between CONNECT and CONNACK', async () => {
  const reason = new Error('enough');
  const before = new ScriptedBroker();
  await assert.rejects(connect({ signal: AbortSignal.abort(reason) }, before.parts), reason);
  assert.equal(before.targets.length, 0);

  const dialling = new ScriptedBroker();
  dialling.door = 'silent';
  const one = new AbortController();
  const unanswered = connect({ signal: one.signal }, dialling.parts);
  await dialling.nextDial();
  one.abort(reason);
  await assert.rejects(unanswered, reason);
  assert.equal(dialling.targets[0]?.signal.aborted, true);

  const silent = new ScriptedBroker();
  const other = new AbortController();
  const unaccepted = connect({ signal: other.signal }, silent.parts);
  await silent.nextConnect();
  other.abort(reason);
  await assert.rejects(unaccepted, reason);
  assert.equal(silent.closedWith, 'destroy');

  for (const broker of [before, dialling, silent]) assert.equal(broker.alarmCount, 0);
});

test('the signal of connect gives up while the store opens, also with `startOffline`', async () => {
  for (const startOffline of [false, true]) {
    const reason = new Error('enough');
    const broker = new ScriptedBroker();
    const controller = new AbortController();
    const connecting = connect({ signal: controller.signal, store: 'state', startOffline }, broker.parts);
    controller.abort(reason);
    await assert.rejects(connecting, reason);
    assert.equal(broker.targets.length, 0);
  }
});

test('the signal of connect ends the client later on, while it waits and while it dials', async () => {
  for (const isDialling of [false, true]) {
    const controller = new AbortController();
    const { client, broker } = await waiting({ signal: controller.signal });
    broker.door = 'silent';
    if (isDialling) await broker.nextDial();
    const outcome = client.publish('a', '', { qos: 1 }).catch((error: unknown) => error);
    controller.abort();
    assert.equal(Reflect.get(Object(await outcome), 'code'), 'closed');
    assert.deepEqual(await client.closed, { kind: 'disconnected' });
    assert.equal(broker.alarmCount, 0);
  }
});

test('a signal that is aborted after the end does nothing', async () => {
  const controller = new AbortController();
  const { client, broker } = await connected({ signal: controller.signal });
  await client.disconnect();
  broker.expect('DISCONNECT');
  controller.abort();
  await turn();
  broker.expect();
});

test('a handler that fails ends the client for good, and its message stays unacknowledged', async () => {
  const error = new Error('no disk');
  const { client, broker } = await connected({
    onMessage: () => {
      throw error;
    },
  });
  const news = newsOf(client);
  broker.send(publish('a', 1, 1), publish('b', 1, 2)).expect('DISCONNECT 0x80');
  assert.deepEqual(await client.closed, { kind: 'handler-failed', error });
  assert.equal(broker.alarmCount, 0);
  assert.deepEqual(news, ['disconnected handler-failed undefined', 'closed handler-failed']);
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

/** The store of this broker's client takes a while to close; says whether it has. */
function closingTakesATurn(t: TestContext, broker: ScriptedBroker): () => boolean {
  const store = broker.store('state');
  let isClosed = false;
  const close = store.close.bind(store);
  t.mock.method(store, 'close', async () => {
    await turn();
    await close();
    isClosed = true;
  });
  return () => isClosed;
}
