// Whose a store is, and what of a client it keeps.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import { millis } from '../base/millis.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { connect } from './connect.ts';
import { answer, publish, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';

/** A broker that has met the client of its store, which has gone again. */
async function afterClient(clientId?: string): Promise<ScriptedBroker> {
  const broker = new ScriptedBroker();
  const connecting = connect({ store: 'state', clientId }, broker.parts);
  await broker.accept();
  await (await connecting).disconnect();
  broker.expect('DISCONNECT');
  return broker;
}

test('a store is that of one client: another client identifier is refused, and the store closed again', async (t) => {
  const broker = await afterClient('me');
  const close = t.mock.method(broker.store('state'), 'close');
  await assert.rejects(connect({ store: 'state', clientId: 'you' }, broker.parts), {
    name: 'UsageError',
    code: 'invalid-option',
    message: /"state" is that of client "me", not of "you"/,
  });
  assert.equal(close.mock.callCount(), 1);
  assert.equal(broker.targets.length, 1);
});

test('the same client identifier, or none, goes on with the store, and the name is that of the store', async () => {
  const broker = await afterClient('me');
  for (const clientId of ['me', '', undefined]) {
    const connecting = connect({ store: 'state', clientId }, broker.parts);
    await broker.accept(true);
    const client = await connecting;
    assert.equal(client.clientId, 'me');
    assert.equal(broker.connect?.clientId, 'me');
    await client.disconnect();
  }
});

test('a client without a name gives itself one at random, on every version, and keeps it with the store', async () => {
  for (const version of [3, 4, 5] as const) {
    const broker = new ScriptedBroker(version);
    const name = 'vouch-0707070707070707';
    for (const isPresent of [false, true]) {
      // Chance has moved on: the second time only the store knows the name.
      const random = { next: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(isPresent ? 9 : 7) };
      const connecting = connect({ store: 'state', version }, { ...broker.parts, random });
      await broker.accept(isPresent && version !== 3);
      await (await connecting).disconnect();
    }
    assert.deepEqual(
      broker.connects.map(({ clientId }) => clientId),
      [name, name],
    );
    // MQTT 3.1 asks for 1 to 23 characters.
    assert.ok(name.length <= 23);
  }
});

test("a broker's data directory is refused, and nothing in it is changed", async () => {
  const store = new MemoryStore();
  await store.open(NOBODY);
  store.saveSession({
    key: 1,
    clientId: 'inbox',
    principal: undefined,
    expiryInterval: millis(1_000),
    disconnectedAt: undefined,
  });
  const broker = new ScriptedBroker();
  broker.stores.set('data', store);
  await assert.rejects(connect({ store: 'data' }, broker.parts), {
    name: 'OperationError',
    code: 'store-unavailable',
    message: /"data" is the data directory of a broker/,
  });
  assert.equal(store.statistics().sessions, 1);
  assert.equal(broker.targets.length, 0);
});

test('a store that cannot be opened is why connect is rejected, and nobody is dialled', async (t) => {
  const broker = new ScriptedBroker();
  const store = broker.store('state');
  const error = new OperationError('store-in-use', 'Another process has it.');
  t.mock.method(store, 'open', () => Promise.reject(error));
  for (const startOffline of [false, true]) {
    await assert.rejects(connect({ store: 'state', startOffline }, broker.parts), error);
  }
  assert.equal(broker.targets.length, 0);
});

test('with a store a session is kept unless `clean` says otherwise, and then the store begins anew with it', async () => {
  const broker = new ScriptedBroker();
  const first = connect({ store: 'state' }, broker.parts);
  await broker.accept();
  const before = await first;
  assert.equal(broker.connect?.clean, false);
  assert.equal(broker.connect?.properties.sessionExpiryInterval, 0xffff_ffff);
  before.publish('released', '', { qos: 2 }).catch(() => undefined);
  before.publish('a', 'A', { qos: 2 }).catch(() => undefined);
  broker.send(answer('pubrec', 1), publish('b', 2, 7));
  await turn();
  broker.expect('PUBLISH released QoS 2 id 1 ""', 'PUBLISH a QoS 2 id 2 "A"', 'PUBREL 1', 'PUBREC 7').crash();

  const second = connect({ store: 'state', clean: true }, broker.parts);
  await broker.accept(false);
  const client = await second;
  assert.equal(broker.connect?.clean, true);
  assert.equal(client.unsettledCount, 1);
  // Of our own, what is not with the broker goes on; what the broker had sent may come under that identifier anew.
  broker
    .expect('PUBLISH a QoS 2 id 2 "A"')
    .send(publish('c', 2, 7))
    .expect('PUBREC 7');
});

test('what was under way when the process ended goes on in the next: identifiers, states and order', async () => {
  const broker = new ScriptedBroker();
  const first = connect({ store: 'state' }, broker.parts);
  await broker.accept(false, { receiveMaximum: 4 });
  const before = await first;
  for (const [topic, qos] of [
    ['a', 2],
    ['b', 2],
    ['c', 1],
    ['d', 2],
    ['e', 1],
    ['f', 2],
  ] as const) {
    before.publish(topic, topic.toUpperCase(), { qos, retain: topic === 'c' }).catch(() => undefined);
  }
  broker.send(answer('pubrec', 4), answer('pubrec', 1));
  await turn();
  broker.expect(
    'PUBLISH a QoS 2 id 1 "A"',
    'PUBLISH b QoS 2 id 2 "B"',
    'PUBLISH c QoS 1 id 3 retain "C"',
    'PUBLISH d QoS 2 id 4 "D"',
    'PUBREL 4',
    'PUBREL 1',
  );
  broker.crash();

  const second = connect({ store: 'state' }, broker.parts);
  await broker.accept(true);
  const client = await second;
  assert.equal(client.unsettledCount, 6);
  broker.expect(
    'PUBREL 4',
    'PUBREL 1',
    'PUBLISH b QoS 2 id 2 dup "B"',
    'PUBLISH c QoS 1 id 3 dup retain "C"',
    'PUBLISH e QoS 1 id 5 "E"',
    'PUBLISH f QoS 2 id 6 "F"',
  );
  const settled = client.settled();
  broker.send(answer('pubcomp', 4), answer('pubcomp', 1), answer('pubrec', 2), answer('pubcomp', 2));
  broker.send(answer('puback', 3), answer('puback', 5), answer('pubrec', 6), answer('pubcomp', 6));
  await settled;
  assert.equal(broker.store('state').statistics().deliveries, 0);
});

test('the properties of a message outlive the process, and so does what is left of its expiry', async (t) => {
  const broker = new ScriptedBroker();
  const first = await connect({ store: 'state', startOffline: true }, broker.parts);
  const properties = { contentType: 'text/plain', userProperties: [['k', 'v']] as const, messageExpiryInterval: 60 };
  first.publish('a', 'A', { qos: 1, properties }).catch(() => undefined);
  await turn();
  broker.crash().pass(20_000);
  const came = t.mock.method(broker, 'came');
  const second = connect({ store: 'state' }, broker.parts);
  await broker.accept(true);
  await second;
  const sent = came.mock.calls.map(({ arguments: [packet] }) => packet).find(({ kind }) => kind === 'publish');
  assert.ok(sent?.kind === 'publish');
  assert.deepEqual(
    [sent.properties.contentType, sent.properties.userProperties, sent.properties.messageExpiryInterval],
    ['text/plain', [['k', 'v']], 40],
  );
});

test('a store that cannot be closed is no obstacle to the end', async (t) => {
  const broker = new ScriptedBroker();
  const connecting = connect({ store: 'state' }, broker.parts);
  await broker.accept();
  t.mock.method(broker.store('state'), 'close', () => Promise.reject(new Error('no disk')));
  const client = await connecting;
  await client.disconnect();
  assert.deepEqual(await client.closed, { kind: 'disconnected' });
});

const NOBODY = {
  restoreRetained: () => undefined,
  opening: () => undefined,
  durable: () => undefined,
  full: () => undefined,
  failed: () => undefined,
};
