// More messages than the head of the outbox holds: what is on disk alone goes out in its order, in this process or the next.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import type { Packet } from '../packet/packet.ts';
import type { PublishOptions } from './client.ts';
import { connect } from './connect.ts';
import { answer, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { CLIENT_TUNING } from './tuning.ts';
import { stateOf } from './watching.arbitrary.ts';

const QOS_1: PublishOptions = { qos: 1 };

/** Answers every PUBLISH of QoS 1 as it comes; says which payloads came, in order. */
function acknowledging(
  t: TestContext,
  broker: ScriptedBroker,
): { readonly payloads: string[]; readonly all: () => Promise<void> } {
  const payloads: string[] = [];
  let answers: Packet[] = [];
  t.mock.method(broker, 'came', (packet: Packet) => {
    if (packet.kind === 'connect') broker.connects.push(packet);
    if (packet.kind !== 'publish' || packet.id === undefined) return;
    payloads.push(new TextDecoder().decode(packet.payload));
    answers.push(answer('puback', packet.id));
  });
  const all = async (): Promise<void> => {
    for (let idle = 0; idle < 3; idle++) {
      if (answers.length > 0) idle = 0;
      const packets = answers;
      answers = [];
      broker.send(...packets);
      await turn();
    }
  };
  return { payloads, all };
}

/** `number` as the payload of message `number`. */
function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

const MANY = CLIENT_TUNING.head.queueHeadMessagesMax + 700;

test('more messages than the head holds are read back from the store, a page at a time, and go out in order', async (t) => {
  const broker = new ScriptedBroker();
  const store = broker.store('state');
  const read = t.mock.method(store, 'read');
  const client = await connect({ store: 'state', startOffline: true }, broker.parts);
  for (const number of numbers(MANY)) void client.publish('a', number, QOS_1);
  assert.equal(client.unsettledCount, MANY);
  const settled = client.settled();
  const { payloads, all } = acknowledging(t, broker);
  await broker.accept();
  void client.publish('a', String(MANY), QOS_1);
  await all();
  assert.deepEqual(payloads, numbers(MANY + 1));
  await settled;
  await client.settled();
  assert.equal(client.unsettledCount, 0);
  assert.ok(read.mock.callCount() > 0, 'not all was kept in memory');
  for (const {
    arguments: [, , { messagesMax }],
  } of read.mock.calls) {
    assert.ok(messagesMax <= CLIENT_TUNING.head.queueHeadMessagesMax);
  }
  assert.equal(store.statistics().deliveries, 0);
});

test('every promise is settled, also of what was on disk alone, and what was given up there is not sent', async (t) => {
  const broker = new ScriptedBroker();
  const client = await connect({ store: 'state', startOffline: true }, broker.parts);
  const controller = new AbortController();
  const outcomes = numbers(MANY).map((number) => {
    const isLast = number === String(MANY - 1);
    return client.publish('a', number, isLast ? { qos: 1, signal: controller.signal } : QOS_1);
  });
  const settled = Promise.allSettled(outcomes);
  controller.abort(new Error('enough'));
  const { payloads, all } = acknowledging(t, broker);
  await broker.accept();
  await all();
  const states = (await settled).map(({ status }) => status);
  assert.equal(states.pop(), 'rejected');
  assert.ok(states.every((state) => state === 'fulfilled'));
  assert.deepEqual(payloads, numbers(MANY - 1));
});

test('what an earlier process has left goes first, in order, and counts as unsettled', async (t) => {
  const broker = new ScriptedBroker();
  const first = await connect({ store: 'state', startOffline: true }, broker.parts);
  for (const number of numbers(MANY)) void first.publish('a', number, QOS_1);
  await turn();
  broker.crash();

  const client = await connect({ store: 'state', startOffline: true, outboxMessagesMax: MANY }, broker.parts);
  assert.equal(client.unsettledCount, MANY);
  const ready = client.ready();
  const settled = client.settled();
  void client.publish('a', String(MANY), QOS_1);
  assert.equal(await stateOf(ready), 'pending');
  const { payloads, all } = acknowledging(t, broker);
  await broker.accept(true);
  await all();
  assert.deepEqual(payloads, numbers(MANY + 1));
  await Promise.all([ready, settled]);
  assert.equal(client.unsettledCount, 0);
});

test('a client that ends with more on disk than in memory tells everybody, and keeps it', async (t) => {
  const broker = new ScriptedBroker();
  const first = await connect({ store: 'state', startOffline: true }, broker.parts);
  const outcomes = Promise.allSettled(numbers(MANY).map((number) => first.publish('a', number, QOS_1)));
  await first.disconnect();
  assert.ok((await outcomes).every(({ status }) => status === 'rejected'));

  const { payloads, all } = acknowledging(t, broker);
  const again = connect({ store: 'state' }, broker.parts);
  await broker.accept(true);
  await again;
  await all();
  assert.deepEqual(payloads, numbers(MANY));
});
