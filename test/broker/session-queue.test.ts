// What of a session's queue is in memory, and when it is read back from the store.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PageSize } from '../../src/store/contract.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';
import { memoryStore } from './test-store.ts';

/** A persistent session. */
function kept(receiveMaximum = 65_535): ConnectChoice {
  return { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 1000, receiveMaximum } };
}

/** A broker with heads of four messages, and every read of its queues: `after+messages`. */
async function scene(): Promise<{ broker: TestBroker; publisher: TestClient; reads: string[] }> {
  const store = memoryStore();
  const reads: string[] = [];
  const read = store.read.bind(store);
  store.read = (key, after, size: PageSize, onRead) => {
    reads.push(`${after}+${size.messagesMax}`);
    read(key, after, size, onRead);
  };
  const broker = await TestBroker.open({ store, limits: { queueHeadMessagesMax: 4 } });
  broker.connect(kept()).subscribe('#');
  return { broker, publisher: broker.connect(), reads };
}

function publish(publisher: TestClient, from: number, to: number): void {
  for (let n = from; n <= to; n++) publisher.publish('a', String(n), { qos: 1 });
}

test('what waits for a client that is there is sent from memory, and what is beyond that from the store', async () => {
  const { broker, publisher, reads } = await scene();
  const client = broker.connect(kept(1));
  publish(publisher, 1, 5);
  assert.deepEqual(client.acknowledgeAll().map(textOf), ['1', '2', '3', '4', '5']);
  assert.deepEqual(reads, []);
  publish(publisher, 6, 12);
  assert.deepEqual(client.acknowledgeAll().map(textOf), ['6', '7', '8', '9', '10', '11', '12']);
  assert.equal(reads.length, 1);
  publish(publisher, 13, 16);
  assert.equal(client.acknowledgeAll().length, 4);
  assert.equal(reads.length, 1, 'the queue had been read to its end');
});

test('a client that goes leaves nothing of its queue in memory: the next connection reads it from the start', async () => {
  const { broker, publisher, reads } = await scene();
  const client = broker.connect(kept(1));
  publish(publisher, 1, 3);
  client.cut();
  publish(publisher, 4, 4);
  assert.deepEqual(reads, []);
  const back = broker.connect(kept());
  assert.deepEqual(back.said(), [
    'PUBLISH a=1 QoS 1 id 1 dup',
    'PUBLISH a=2 QoS 1 id 2',
    'PUBLISH a=3 QoS 1 id 3',
    'PUBLISH a=4 QoS 1 id 4',
  ]);
  assert.deepEqual(reads, ['0+3']);
});

test('retained messages that a persistent session is owed wait like others, over a disconnection', async () => {
  const { broker, publisher, reads } = await scene();
  for (let n = 1; n <= 9; n++) publisher.publish(`r/${n}`, String(n), { qos: 1, retain: true });
  broker.connect(kept()).acknowledgeAll();
  reads.length = 0;
  const client = broker.connect(kept(2));
  client.requestSubscription(['r/#'], { qos: 1 });
  client.expect('suback');
  assert.equal(client.publishes().length, 2);
  publish(publisher, 10, 10);
  client.cut();
  const back = broker.connect(kept());
  const texts = back.acknowledgeAll().map(textOf);
  assert.deepEqual(
    texts.toSorted((one, other) => Number(one) - Number(other)),
    ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'],
  );
  assert.equal(texts.at(-1), '10');
  assert.deepEqual(broker.broker.queues, { messages: 0, bytes: 0 });
});

test('what a client cannot be sent on this connection is dropped when its turn comes, wherever it waited', async () => {
  const { broker, publisher } = await scene();
  broker.connect(kept()).cut();
  publish(publisher, 1, 6);
  publisher.publish('a', 'x'.repeat(200), { qos: 1 });
  publish(publisher, 7, 8);
  const small = broker.connect({ ...kept(), properties: { sessionExpiryInterval: 1000, maximumPacketSize: 100 } });
  assert.deepEqual(small.acknowledgeAll().map(textOf), ['1', '2', '3', '4', '5', '6', '7', '8']);
  assert.equal(broker.broker.counters.messagesDropped['too-large'], 1);
  assert.deepEqual(broker.broker.queues, { messages: 0, bytes: 0 });
});
