// A disk that stands still for five seconds (a store that announces nothing meanwhile): what needs it waits, and nothing else.
// Who sends what waits is not read from when it is too much, and is not blamed for the silence.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setStage, type Stage } from './late-stage.ts';
import type { TestClient } from './harness.ts';

const STALL = 5_000;

/** A stage whose disk has just begun to stand still, with a message of somebody's that waits for it. */
async function stalled(limits: Parameters<typeof setStage>[1] = {}): Promise<Stage & { readonly waiting: TestClient }> {
  const stage = await setStage(true, limits);
  stage.keeper();
  const waiting = stage.connect({ clientId: 'waiting', keepAlive: 2 });
  waiting.publish('a', 'x', { qos: 1, id: 1 });
  return { ...stage, waiting };
}

test('PINGRESP comes at once, for the publisher that waits and for others, and nobody is timed out', async () => {
  const { broker, waiting, commit } = await stalled();
  const other = broker.knock({ clientId: 'other', keepAlive: 2 });
  other.expect('connack');
  for (let second = 0; second < STALL / 1000; second++) {
    broker.pass(1_000);
    for (const client of [waiting, other]) {
      client.send({ kind: 'pingreq' });
      assert.deepEqual(client.said(), ['PINGRESP']);
    }
  }
  commit();
  assert.deepEqual(waiting.said(), ['PUBACK 1']);
});

test('messages of every QoS pass between sessions that end with their connections, old ones and new', async () => {
  const { broker } = await stalled();
  for (const clientId of ['one', 'two']) {
    const subscriber = broker.connect({ clientId: `subscriber ${clientId}` });
    subscriber.subscribe('clean/#');
    const publisher = broker.connect({ clientId: `publisher ${clientId}`, version: 4 });
    publisher.publish('clean/0', 'x');
    publisher.publish('clean/1', 'x', { qos: 1, id: 1 });
    const id = publisher.publish('clean/2', 'x', { qos: 2, id: 2 });
    publisher.answer('pubrel', id);
    assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBREC 2', 'PUBCOMP 2']);
    assert.equal(subscriber.acknowledgeAll().length, 3);
    broker.pass(STALL / 2);
  }
});

test('a session that ends with its connection begins and ends, though another one has ended that was stored', async () => {
  const { broker, keeper } = await setStage(true);
  keeper('stored').disconnect(0, { sessionExpiryInterval: 0 });
  const clean = broker.knock({ clientId: 'clean' });
  assert.deepEqual(clean.said(), ['CONNACK']);
});

test('deliveries that need no commit reach persistent sessions, and their acknowledgements are taken', async () => {
  const { broker, keeper } = await setStage(true);
  const subscriber = keeper();
  const publisher = broker.connect();
  for (let second = 0; second < STALL / 1000; second++) {
    publisher.publish('a', 'QoS 0');
    publisher.publish('b', 'QoS 0');
    publisher.publish('a', 'QoS 1', { qos: 1, id: 1 });
    assert.equal(subscriber.acknowledgeAll().length, 2);
    assert.deepEqual(publisher.said(), ['PUBACK 1']);
    broker.pass(1_000);
  }
});

test('an acknowledgement that needs nothing waits behind a durable one of the same publisher, and of no other', async () => {
  const { broker, waiting, commit } = await stalled();
  waiting.publish('nobody', 'x', { qos: 1, id: 2 });
  const other = broker.connect();
  other.publish('nobody', 'x', { qos: 1, id: 3 });
  assert.deepEqual([waiting.said(), other.said()], [[], ['PUBACK 3 0x10']]);
  broker.pass(1_000);
  commit();
  assert.deepEqual(waiting.said(), ['PUBACK 1', 'PUBACK 2 0x10']);
});

test('while too many bytes wait for the disk, those whose they are are not read from, and are when it has caught up', async () => {
  const { broker, waiting, commit } = await stalled({ storeLateBytesMax: 65_536 });
  const [publisher, retaining, other] = ['publisher', 'retaining', 'other'].map((clientId) =>
    broker.connect({ clientId, keepAlive: 2, version: 4 }),
  );
  assert.ok(publisher !== undefined && retaining !== undefined && other !== undefined);
  retaining.publish('r', 'x', { retain: true });
  other.publish('nobody', 'x', { qos: 1 });
  publisher.publish('a', 'x'.repeat(70_000), { qos: 1, id: 1 });
  for (const client of [publisher, waiting, retaining]) client.send({ kind: 'pingreq' });
  other.send({ kind: 'pingreq' });
  assert.deepEqual(other.said(), ['PUBACK 1', 'PINGRESP']);
  // Those that had something late already notice with their next chunk.
  assert.deepEqual(
    [publisher, waiting, retaining].map((client) => [client.isReadFrom, client.said()]),
    [
      [false, []],
      [false, ['PINGRESP']],
      [false, ['PINGRESP']],
    ],
  );
  commit();
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PINGRESP']);
  assert.deepEqual(waiting.said(), ['PUBACK 1']);
  assert.ok([publisher, waiting, retaining].every((client) => client.isReadFrom));
});

test('a client that was not read from is not timed out, and begins anew when it is read from again', async () => {
  const { broker, commit } = await stalled({ storeLateBytesMax: 65_536 });
  const publisher = broker.connect({ clientId: 'publisher', keepAlive: 2 });
  publisher.publish('a', 'x'.repeat(70_000), { qos: 1, id: 1 });
  for (let second = 0; second < 60; second++) broker.pass(1_000);
  assert.equal(publisher.ended, 'not yet');
  broker.pass(999);
  commit();
  assert.deepEqual(publisher.said(), ['PUBACK 1']);
  broker.pass(2_999);
  assert.equal(publisher.ended, 'not yet');
  broker.pass(1);
  publisher.expectEnd(0x8d);
});

test('a connection that ends while it is not read from is forgotten', async () => {
  const { broker, commit, keeper } = await stalled({ storeLateBytesMax: 65_536 });
  const publisher = broker.connect({ clientId: 'publisher' });
  publisher.publish('a', 'x'.repeat(70_000), { qos: 1, id: 1 });
  publisher.cut();
  commit();
  assert.deepEqual(publisher.said(), []);
  keeper('another');
});
