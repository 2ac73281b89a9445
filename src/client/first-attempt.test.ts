// What `connect` is fulfilled or rejected with, with `startOffline` and without.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { connect } from './connect.ts';
import { answer, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { newsOf } from './watching.arbitrary.ts';

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
