// The table of commit.ts, row by row: nothing leaves before what it waits for is durable, and it leaves when it is.
// Each row has a control: with a store that calls durable what is not, the same script finds that something left too early.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemoryStore } from '../store/memory/memory-store.ts';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import { answer, publish, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';

/** A client whose store becomes durable when told, or lies about it. */
interface Scene {
  readonly client: Client;
  readonly broker: ScriptedBroker;
  readonly store: MemoryStore;
  /** Keys of the messages that the application was given. */
  readonly handed: string[];
}

/** How one row of the table is seen. */
interface Row {
  readonly leaves: string;
  readonly waitsFor: string;
  /** Brings the client to the point where the packet could leave; whatever it takes to get there is durable. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  /** From here on the packet could leave, and only the latest change is in its way. */
  readonly provoke: (scene: Scene) => void;
  readonly line: string;
}

const ROWS: readonly Row[] = [
  {
    leaves: 'PUBLISH of QoS 2',
    waitsFor: 'the message and its packet identifier are durable',
    provoke: ({ client }) => void client.publish('a', 'A', { qos: 2 }).catch(() => undefined),
    line: 'PUBLISH a QoS 2 id 1 "A"',
  },
  {
    leaves: 'PUBREL',
    waitsFor: 'it is durable that PUBREC came',
    prepare: async (scene) => {
      scene.client.publish('a', 'A', { qos: 2 }).catch(() => undefined);
      await commit(scene);
      scene.broker.expect('PUBLISH a QoS 2 id 1 "A"');
    },
    provoke: ({ broker }) => broker.send(answer('pubrec', 1)),
    line: 'PUBREL 1',
  },
  {
    leaves: 'PUBACK',
    waitsFor: 'the message is durable in the inbox',
    provoke: ({ broker }) => broker.send(publish('a', 1, 7)),
    line: 'PUBACK 7',
  },
  {
    leaves: 'PUBREC',
    waitsFor: 'the message is durable in the inbox, with its packet identifier',
    provoke: ({ broker }) => broker.send(publish('a', 2, 7)),
    line: 'PUBREC 7',
  },
  {
    leaves: 'PUBREC of a PUBLISH that an earlier connection brought',
    waitsFor: 'the first copy is durable',
    prepare: async ({ broker }) => {
      broker.send(publish('a', 2, 7));
      await broker.cut().accept(true);
    },
    provoke: ({ broker }) => broker.send(publish('a', 2, 7, { dup: true })),
    line: 'PUBREC 7',
  },
  {
    leaves: 'PUBCOMP',
    waitsFor: 'it is durable that the packet identifier is free again',
    prepare: async (scene) => {
      scene.broker.send(publish('a', 2, 7));
      await commit(scene);
      scene.broker.expect('PUBREC 7');
      await commit(scene);
    },
    provoke: ({ broker }) => broker.send(answer('pubrel', 7)),
    line: 'PUBCOMP 7',
  },
];

for (const { leaves, waitsFor, prepare, provoke, line } of ROWS) {
  test(`${leaves} leaves only after ${waitsFor}`, async () => {
    const scene = await sceneWith('late');
    const { broker, store } = scene;
    await prepare?.(scene);
    provoke(scene);
    await turn();
    broker.expect();
    const needed = store.written;
    assert.ok(needed > store.durable);
    store.announce(needed - 1);
    await turn();
    broker.expect();
    store.announce(needed);
    broker.expect(line);
  });

  test(`with a store that lies, ${leaves} leaves too early, and this is where it is seen`, async () => {
    const scene = await sceneWith('lying');
    await prepare?.(scene);
    provoke(scene);
    await turn();
    assert.throws(
      () => scene.broker.expect(),
      (error) => error instanceof assert.AssertionError && String(error.actual).split(',').at(-1) === line,
    );
  });
}

test('a message goes to the application only when it is durable; with a store that lies, too early', async () => {
  const scene = await sceneWith('late');
  scene.broker.send(publish('a', 1, 7), publish('b', 2, 8));
  await turn();
  assert.deepEqual(scene.handed, []);
  scene.store.announce(scene.store.durable + 1);
  assert.deepEqual(scene.handed, ['a']);
  await commit(scene);
  assert.deepEqual(scene.handed, ['a', 'b']);

  const lying = await sceneWith('lying');
  lying.broker.send(publish('a', 1, 7));
  await turn();
  assert.deepEqual(lying.handed, ['a']);
});

test('PUBLISH of QoS 0 and 1 wait for nothing, and pass what does', async () => {
  const { client, broker } = await sceneWith('late');
  client.publish('a', 'A', { qos: 2 }).catch(() => undefined);
  client.publish('b', 'B', { qos: 1 }).catch(() => undefined);
  await client.publish('c', 'C', { qos: 0 });
  broker.expect('PUBLISH b QoS 1 id 2 "B"', 'PUBLISH c QoS 0 "C"');
});

test('SUBSCRIBE and pings wait for nothing', async () => {
  const { client, broker } = await sceneWith('late', { keepAliveSeconds: 10 });
  client.publish('a', 'A', { qos: 2 }).catch(() => undefined);
  client.subscribe('b').catch(() => undefined);
  broker.expect('SUBSCRIBE 2 b 0 identifier 1').pass(9_000).expect('PINGREQ');
});

test('deliveries leave in the order in which they were to: a PUBREL waits for the PUBLISH before it', async () => {
  const scene = await sceneWith('late');
  const { client, broker, store } = scene;
  client.publish('a', 'A', { qos: 2 }).catch(() => undefined);
  await commit(scene);
  broker.expect('PUBLISH a QoS 2 id 1 "A"');
  client.publish('b', 'B', { qos: 2 }).catch(() => undefined);
  const forPublish = store.written;
  broker.send(answer('pubrec', 1));
  client.publish('c', 'C', { qos: 2 }).catch(() => undefined);
  store.announce(forPublish - 1);
  broker.expect();
  store.announce(forPublish);
  broker.expect('PUBLISH b QoS 2 id 2 "B"');
  store.announce(forPublish + 1);
  broker.expect('PUBREL 1');
  await commit(scene);
  broker.expect('PUBLISH c QoS 2 id 3 "C"');
});

test('answers leave in the order in which the messages came, each with its batch, all with the last one', async () => {
  const scene = await sceneWith('late');
  const { broker, store } = scene;
  broker.send(publish('a', 2, 1), publish('b', 1, 2), publish('c', 2, 3));
  const first = store.durable + 1;
  store.announce(first);
  broker.expect('PUBREC 1');
  // Its batch is later than those of the two before it.
  broker.send(answer('pubrel', 1));
  await commit(scene);
  broker.expect('PUBACK 2', 'PUBREC 3', 'PUBCOMP 1');
});

test('an answer that waits for nothing of its own waits for those before it', async () => {
  const scene = await sceneWith('late');
  scene.broker.send(publish('a', 1, 1), answer('pubrel', 9)).expect();
  await commit(scene);
  scene.broker.expect('PUBACK 1', 'PUBCOMP 9 0x92');
});

test('what is held dies with its connection: it leaves neither late nor twice, but anew and when it is durable', async () => {
  const scene = await sceneWith('late');
  const { client, broker, store } = scene;
  client.publish('done', 'D', { qos: 2 }).catch(() => undefined);
  await commit(scene);
  client.publish('a', 'A', { qos: 2 }).catch(() => undefined);
  broker.expect('PUBLISH done QoS 2 id 1 "D"');
  broker
    .send(answer('pubrec', 1), publish('b', 1, 7), publish('c', 2, 8))
    .expect()
    .cut();
  const needed = store.written;
  await turn();
  store.announce(needed - 3);
  broker.expect();
  await broker.accept(true);
  broker.expect();
  broker.send(publish('b', 1, 7, { dup: true }), publish('c', 2, 8, { dup: true })).expect();
  store.announce(needed);
  broker.expect('PUBREL 1', 'PUBLISH a QoS 2 id 2 dup "A"');
  await commit(scene);
  broker.expect('PUBACK 7', 'PUBREC 8');
  await commit(scene);
  broker.expect();
});

test('what became durable between two connections is not waited for again', async () => {
  const scene = await sceneWith('late');
  const { broker } = scene;
  broker.send(publish('a', 2, 7)).cut();
  await commit(scene);
  await broker.accept(true);
  broker.send(publish('a', 2, 7, { dup: true })).expect('PUBREC 7');
  assert.deepEqual(scene.handed, ['a']);
});

test('a message that is sent as new to a broker that has lost the session waits as it did at first', async () => {
  const scene = await sceneWith('late');
  const { client, broker } = scene;
  client.publish('a', 'A', { qos: 2 }).catch(() => undefined);
  await broker.cut().accept(false);
  broker.expect();
  await commit(scene);
  broker.expect('PUBLISH a QoS 2 id 1 "A"');
});

test("what was held, and had never left, is not ambiguous: 'reject' sends it", async () => {
  const scene = await sceneWith('late', { onAmbiguous: 'reject' });
  const { client, broker } = scene;
  client.publish('sent', 'S', { qos: 2 }).catch(() => undefined);
  await commit(scene);
  broker.expect('PUBLISH sent QoS 2 id 1 "S"');
  client.publish('held', 'H', { qos: 2 }).catch(() => undefined);
  await broker.cut().accept(false);
  await commit(scene);
  broker.expect('PUBLISH held QoS 2 id 2 "H"');
  assert.equal(client.unsettledCount, 1);
});

test('an identifier that a lost session leaves behind is forgotten on disk before its next message is acknowledged', async () => {
  const scene = await sceneWith('late');
  const { broker, store } = scene;
  broker.send(publish('a', 2, 7));
  await commit(scene);
  await commit(scene);
  broker.expect('PUBREC 7');
  await broker.cut().accept(false);
  const released = store.written;
  assert.ok(released > store.durable);
  broker.send(publish('b', 2, 7));
  store.announce(released);
  broker.expect();
  await commit(scene);
  broker.expect('PUBREC 7');
  assert.deepEqual(scene.handed, ['a', 'b']);
});

test('the new name of a client is durable before it is sent', async () => {
  const broker = new ScriptedBroker();
  const store = new MemoryStore({ announces: 'when-told' });
  broker.stores.set('state', store);
  const connecting = connect({ store: 'state' }, broker.parts);
  await turn();
  assert.equal(broker.targets.length, 0);
  store.announce(store.written);
  await broker.accept();
  await connecting;
  assert.match(broker.connect?.clientId ?? '', /^vouch-/);
});

/** Everything that was changed is durable. */
async function commit({ store }: Scene): Promise<void> {
  if (store.durable < store.written) store.announce(store.written);
  await turn();
}

/** A client that has its CONNACK. */
async function sceneWith(how: 'late' | 'lying', options: ConnectOptions = {}): Promise<Scene> {
  const broker = new ScriptedBroker();
  const store = new MemoryStore({ announces: 'when-told' });
  if (how === 'lying') {
    Object.defineProperty(store, 'durable', { get: () => Number.POSITIVE_INFINITY });
  }
  broker.stores.set('state', store);
  const handed: string[] = [];
  const onMessage = ({ topic }: { readonly topic: string }): void => void handed.push(topic);
  const connecting = connect({ store: 'state', onMessage, ...options }, broker.parts);
  await turn();
  if (how === 'late') store.announce(store.written);
  await broker.accept();
  return { client: await connecting, broker, store, handed };
}
