// A store that fails: nothing becomes durable any more. Nobody is told anything that is not so: what was not
// acknowledged stays so, every connection ends, and all that was to happen is left to the next start.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../../src/base/errors.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { connectPacket, TestBroker } from './harness.ts';
import { kept } from './late-stage.ts';
import { will } from './sample-will.ts';
import { lateStore } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;

interface Scene {
  readonly broker: TestBroker;
  readonly store: MemoryStore;
  readonly commit: (upTo?: number) => void;
  readonly told: unknown[][];
}

/** A broker with a persistent subscriber to `a`, and what its embedder hears. */
async function scene(): Promise<Scene> {
  const { store, commit } = lateStore();
  const told: unknown[][] = [];
  const events = {
    storeFailed: (error: OperationError) => void told.push(['failed', error.code]),
    messagePublished: ({ topic }: { readonly topic: string }) => void told.push(['published', topic]),
    clientDisconnected: (clientId: string) => void told.push(['disconnected', clientId]),
  };
  const broker = await TestBroker.open({ store, events });
  const subscriber = broker.knock(kept('subscriber'));
  commit();
  subscriber.requestSubscription(['a'], { qos: 1 });
  commit();
  return { broker, store, commit, told };
}

for (const version of VERSIONS) {
  test(`version ${version}: what was held is never sent; the connection ends, with DISCONNECT 0x80 if there is one`, async () => {
    const { broker, store, commit } = await scene();
    const publisher = broker.connect({ version, clientId: 'publisher' });
    publisher.publish('a', 'x', { qos: 1 });
    publisher.publish('a', 'x', { qos: 2 });
    store.announceFailed();
    assert.deepEqual(publisher.said(), version === 5 ? ['DISCONNECT 0x80'] : []);
    assert.equal(publisher.ended, 'end');
    publisher.confirmEnd();
    commit();
    broker.pass(1_000_000);
    assert.deepEqual(publisher.said(), []);
  });
}

test('the embedder is told once, first of all; the log says it', async () => {
  const { broker, store, told } = await scene();
  store.announceFailed();
  store.announceFailed();
  assert.deepEqual(told, [
    ['failed', 'store-failed'],
    ['disconnected', 'subscriber'],
  ]);
  const lines = broker.log.filter(({ level }) => level === 'error');
  assert.equal(lines.length, 1);
  assert.match(lines[0]?.sentence ?? '', /^The store failed, nothing is acknowledged any more: /);
});

test('no Will is published for a connection that ends so, no session ends, and nothing more is written', async () => {
  const { broker, store, commit, told } = await scene();
  broker.knock({ clientId: 'c', will: will({ topic: 'a' }) });
  broker.knock({ ...kept('d'), will: will({ topic: 'a' }) });
  commit();
  const before = [store.written, store.statistics().wills];
  store.announceFailed();
  broker.pass(1_000_000_000);
  assert.deepEqual([store.written, store.statistics().wills], before);
  assert.ok(told.every(([kind]) => kind !== 'published'));
});

test('a CONNECT that comes later is refused; one whose session waited is not answered: nobody knows what was stored of it', async () => {
  const { broker, store } = await scene();
  const [waiting, silent] = [broker.knock(kept('c')), broker.dial()];
  store.announceFailed();
  assert.deepEqual(waiting.said(), []);
  const late = broker.knock({ clientId: 'late' });
  assert.deepEqual(late.said(), ['CONNACK 0x88']);
  for (const client of [waiting, late]) assert.equal(client.ended, 'end');
  assert.equal(silent.ended, 'end');
  const old = broker.dial(4);
  old.send(connectPacket({ version: 4, clientId: 'old' }));
  assert.deepEqual(old.said(), ['CONNACK 0x03']);
});

test('what the embedding program publishes is not promised: what waits and what comes later is rejected', async () => {
  const { broker, store } = await scene();
  const message = {
    topic: 'a',
    payload: Buffer.from('x'),
    qos: 1,
    retain: false,
    properties: NO_MESSAGE_PROPERTIES,
  } as const;
  const waiting = broker.broker.publish(message);
  store.announceFailed();
  for (const each of [waiting, broker.broker.publish(message)]) {
    await assert.rejects(each, (error) => error instanceof OperationError && error.code === 'store-failed');
  }
});

test('the broker can still be closed', async () => {
  const { broker, store } = await scene();
  store.announceFailed();
  await broker.broker.close();
  assert.equal(broker.broker.sizes.connections, 0);
});
