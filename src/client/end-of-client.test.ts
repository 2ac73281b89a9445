// The end of a client from every state that it can be in: by `disconnect`, by its signal, by its own handler.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import { connected, publish, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { newsOf } from './watching.arbitrary.ts';

/** A client that has its CONNACK and then loses its connection; the next attempt is waited for. */
async function waiting(options: ConnectOptions = {}): Promise<{ client: Client; broker: ScriptedBroker }> {
  const { client, broker } = await connected(options);
  broker.cut();
  await turn();
  assert.equal(client.state, 'waiting');
  return { client, broker };
}

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
