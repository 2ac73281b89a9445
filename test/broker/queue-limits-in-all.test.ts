// What becomes of a message for which all queues together have no room, policy by policy; a queue has at most two messages in
// memory. The limits of one queue are in queue-limits.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { BrokerLimits, QueuePolicy } from '../../src/broker/limits.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

const SMALL_HEAD = { queueHeadMessagesMax: 2 };

/** A persistent session. */
function kept(clientId: string): ConnectChoice {
  return { clientId, clean: false, properties: { sessionExpiryInterval: 1000 } };
}

function open(limits: Partial<BrokerLimits>): Promise<TestBroker> {
  return TestBroker.open({ limits: { ...SMALL_HEAD, ...limits } });
}

/** A persistent session that has subscribed, and left. */
function away(broker: TestBroker, clientId: string, filter = 'a'): void {
  const client = broker.connect(kept(clientId));
  client.subscribe(filter);
  client.cut();
}

/** Publishes numbered messages with QoS 1, all of which must be taken. */
function publish(publisher: TestClient, topic: string, from: number, to: number, bytes = 1): void {
  for (let n = from; n <= to; n++) publisher.publish(topic, String(n).padEnd(bytes, '.'), { qos: 1, id: n });
  for (let n = from; n <= to; n++) assert.ok(publisher.expect('puback').reasonCode < 0x80);
}

/** What a client gets when it is back. */
function got(broker: TestBroker, clientId: string): string[] {
  return broker.connect(kept(clientId)).acknowledgeAll().map(textOf);
}

/** Two absent clients, to `a` and to `b`, of whom the first is owed four messages of ten bytes. */
async function scene(limits: Partial<BrokerLimits>): Promise<{ broker: TestBroker; publisher: TestClient }> {
  const broker = await open(limits);
  for (const name of ['a', 'b']) away(broker, name, `${name}/#`);
  const publisher = broker.connect();
  publish(publisher, 'a/x', 1, 4, 10);
  return { broker, publisher };
}

for (const limit of ['queuesMessagesMax', 'queuesBytesMax'] as const) {
  const at = (policy: QueuePolicy): Partial<BrokerLimits> =>
    limit === 'queuesMessagesMax'
      ? { queuesMessagesMax: 5, queuesMessagesPolicy: policy }
      : { queuesBytesMax: 50, queuesBytesPolicy: policy };

  test(`${limit}, reject: what would have to wait is refused, what need not is taken`, async () => {
    const { broker, publisher } = await scene(at('reject'));
    publisher.publish('b/x', 'xxxxxxxxxx', { qos: 1, id: 1 });
    publisher.publish('b/x', 'xxxxxxxxxx', { qos: 1, id: 2 });
    const here = broker.connect(kept('here'));
    here.subscribe('c');
    publisher.publish('c', 'sent at once', { qos: 1, id: 3 });
    assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2 0x97', 'PUBACK 3']);
    assert.ok(broker.warnings().some((line) => line.includes(limit)));
    assert.equal(got(broker, 'a').length, 4);
    publish(publisher, 'b/x', 4, 7, 10);
  });

  test(`${limit}, drop-newest: the queues go without the message`, async () => {
    const { broker, publisher } = await scene(at('drop-newest'));
    publish(publisher, 'b/x', 5, 7, 10);
    assert.equal(broker.broker.counters.messagesDropped['queues-full'], 2);
    assert.ok(broker.warnings().some((line) => line.includes(`all queues together are full (${limit})`)));
    assert.deepEqual([got(broker, 'a').length, got(broker, 'b').length], [4, 1]);
  });

  test(`${limit}, drop-oldest: each queue gives up its own oldest, or goes without`, async () => {
    const { broker, publisher } = await scene({ ...at('drop-oldest') });
    publish(publisher, 'a/x', 5, 7, 10);
    publish(publisher, 'b/x', 8, 8, 10);
    const { displaced, 'queues-full': full } = broker.broker.counters.messagesDropped;
    assert.deepEqual([displaced, full], [2, 1]);
    assert.deepEqual(
      got(broker, 'a').map((text) => Number.parseInt(text, 10)),
      [3, 4, 5, 6, 7],
    );
    assert.deepEqual(got(broker, 'b'), []);
  });

  test(`${limit}, end-session: the longest queue ends`, async () => {
    const { broker, publisher } = await scene(at('end-session'));
    publish(publisher, 'b/x', 5, 7, 10);
    broker.pass(0);
    assert.equal(broker.broker.counters.messagesDropped['session-ended'], 4);
    assert.equal(broker.connect(kept('a')).connack?.sessionPresent, false);
    assert.deepEqual(
      got(broker, 'b').map((text) => Number.parseInt(text, 10)),
      [5, 6, 7],
    );
  });
}

test('a shared subscription with the longest queue is emptied', async () => {
  const broker = await open({ queuesMessagesMax: 5, queuesMessagesPolicy: 'end-session' });
  away(broker, 'member', '$share/g/a');
  away(broker, 'b', 'b');
  const publisher = broker.connect();
  publish(publisher, 'a', 1, 4);
  publish(publisher, 'b', 5, 7);
  assert.deepEqual(got(broker, 'b'), ['5', '6', '7']);
  assert.deepEqual(got(broker, 'member'), []);
  assert.equal(broker.broker.counters.messagesDropped.displaced, 4);
});
