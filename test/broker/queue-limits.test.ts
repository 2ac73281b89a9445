// What becomes of a message for which a queue has no room, policy by policy; the queues have at most two messages in memory.
// `reject`, the default, is in limits.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { BrokerLimits, QueuePolicy } from '../../src/broker/limits.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { JournalStore } from './journal-store.ts';
import { will } from './sample-will.ts';
import { textOf } from './say-packet.ts';
import { endTurn, memoryStore } from './test-store.ts';

const SMALL_HEAD = { queueHeadMessagesMax: 2 };

/** A persistent session. */
function kept(clientId: string, version: 4 | 5 = 5, receiveMaximum = 65_535): ConnectChoice {
  return { clientId, version, clean: false, properties: { sessionExpiryInterval: 1000, receiveMaximum } };
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

describe('drop-oldest', () => {
  const policy = { sessionQueueMessagesPolicy: 'drop-oldest', sessionQueueBytesPolicy: 'drop-oldest' } as const;

  test('the oldest messages of an absent client give way, all of which are in the store alone', async () => {
    const broker = await open({ sessionQueueMessagesMax: 3, ...policy });
    away(broker, 'away');
    publish(broker.connect(), 'a', 1, 12);
    assert.equal(broker.broker.counters.messagesDropped.displaced, 9);
    assert.deepEqual(broker.broker.queues, { messages: 3, bytes: 6 });
    assert.match(broker.warnings()[0] ?? '', /"away", topic "a": its queue is full, and newer messages came/);
    assert.deepEqual(got(broker, 'away'), ['10', '11', '12']);
    publish(broker.connect(), 'a', 13, 14);
  });

  test('the oldest messages of a client whose window is full give way, and not what was sent', async () => {
    for (const sessionQueueMessagesMax of [1, 2, 5]) {
      const broker = await open({ sessionQueueMessagesMax, inFlightMax: 1, ...policy });
      const slow = broker.connect(kept('slow'));
      slow.subscribe('a');
      publish(broker.connect(), 'a', 1, 9);
      const waiting = [2, 3, 4, 5, 6, 7, 8, 9].slice(-sessionQueueMessagesMax).map(String);
      assert.deepEqual(slow.acknowledgeAll().map(textOf), ['1', ...waiting]);
      assert.equal(broker.broker.counters.messagesDropped.displaced, 8 - sessionQueueMessagesMax);
    }
  });

  test('as many give way as make room for the bytes, and a message that would not fit an empty queue is left out', async () => {
    const broker = await open({ sessionQueueBytesMax: 100, ...policy });
    away(broker, 'away');
    const publisher = broker.connect();
    publish(publisher, 'a', 1, 4, 30);
    publish(publisher, 'a', 5, 5, 70);
    publish(publisher, 'a', 6, 6, 101);
    const { displaced, 'queue-full': full } = broker.broker.counters.messagesDropped;
    assert.deepEqual([displaced, full], [3, 1]);
    assert.deepEqual(
      got(broker, 'away').map((text) => Number.parseInt(text, 10)),
      [4, 5],
    );
  });

  test('what arrives while the oldest are read back is counted rightly', async () => {
    const answers: (() => void)[] = [];
    const store = new MemoryStore({ later: (answer) => answers.push(answer) });
    const broker = await TestBroker.open({ store, limits: { ...SMALL_HEAD, sessionQueueMessagesMax: 3, ...policy } });
    away(broker, 'away');
    const publisher = broker.connect();
    publish(publisher, 'a', 1, 10);
    assert.deepEqual(broker.broker.queues, { messages: 3, bytes: 11 }, 'what is to give way counts no more');
    const back = broker.connect(kept('away'));
    while (answers.length > 0) answers.shift()?.();
    assert.deepEqual(back.acknowledgeAll().map(textOf), ['8', '9', '10']);
    assert.equal(broker.broker.counters.messagesDropped.displaced, 7);
  });

  test('a shared subscription gives up its oldest, too', async () => {
    const broker = await open({ sessionQueueMessagesMax: 2, ...policy });
    away(broker, 'away', '$share/g/a');
    publish(broker.connect(), 'a', 1, 7);
    assert.match(broker.warnings()[0] ?? '', /shared subscription "\$share\/g\/a", topic "a"/);
    assert.deepEqual(got(broker, 'away'), ['6', '7']);
  });
});

describe('drop-newest', () => {
  const policy = { sessionQueueMessagesPolicy: 'drop-newest', sessionQueueBytesPolicy: 'drop-newest' } as const;

  test('a full queue goes without the message; everybody else gets it', async () => {
    const broker = await open({ sessionQueueMessagesMax: 2, ...policy });
    for (const clientId of ['away', 'gone']) away(broker, clientId);
    away(broker, 'member', '$share/g/#');
    const others = [broker.connect(), broker.connect(kept('here'))];
    for (const other of others) other.subscribe('a');
    publish(broker.connect(), 'a', 1, 3);
    assert.deepEqual(got(broker, 'gone'), ['1', '2']);
    publish(broker.connect(), 'a', 4, 4);
    for (const other of others) assert.deepEqual(other.acknowledgeAll().map(textOf), ['1', '2', '3', '4']);
    assert.deepEqual(got(broker, 'away'), ['1', '2']);
    assert.deepEqual(got(broker, 'gone'), ['4']);
    assert.deepEqual(got(broker, 'member'), ['1', '2']);
    assert.equal(broker.broker.counters.messagesDropped['queue-full'], 5);
    assert.ok(
      broker.warnings().some((line) => line.includes('"away", topic "a": its queue is full (sessionQueueMessagesMax)')),
    );
  });

  test('a QoS 2 publisher is answered as ever when nobody takes its message', async () => {
    const broker = await open({ sessionQueueMessagesMax: 1, ...policy });
    away(broker, 'away');
    const publisher = broker.connect(kept('publisher'));
    for (const id of [1, 2]) publisher.publish('a', String(id), { qos: 2, id });
    publisher.publish('a', '2', { qos: 2, id: 2, dup: true });
    publisher.answer('pubrel', publisher.expect('pubrec').id);
    assert.deepEqual(publisher.said(), ['PUBREC 2', 'PUBREC 2', 'PUBCOMP 1']);
    assert.deepEqual(got(broker, 'away'), ['1']);
  });
});

describe('end-session', () => {
  const policy = { sessionQueueMessagesPolicy: 'end-session', sessionQueueBytesPolicy: 'end-session' } as const;

  test('the queue of an absent client goes as a whole, and its client finds no session', async () => {
    const store = memoryStore();
    const drops: string[] = [];
    const broker = await TestBroker.open({
      store,
      limits: { ...SMALL_HEAD, sessionQueueMessagesMax: 3, ...policy },
      events: {
        messageDropped: (clientId, topic, reason) => drops.push(`${clientId} ${topic} ${reason}`),
        messagesDropped: (clientId, count, reason) => drops.push(`${clientId} ${count} ${reason}`),
      },
    });
    away(broker, 'away');
    publish(broker.connect(), 'a', 1, 5);
    assert.deepEqual(broker.broker.queues, { messages: 0, bytes: 0 }, 'what is to go counts no more');
    broker.pass(0);
    assert.equal(broker.broker.sizes.sessions, 1);
    const inMemory = 'away a session-ended';
    assert.deepEqual(drops, ['away a queue-full', 'away a queue-full', inMemory, inMemory, 'away 1 session-ended']);
    assert.equal(broker.broker.counters.messagesDropped['session-ended'], 3);
    assert.ok(
      broker
        .warnings()
        .includes('3 messages that wait for client "away" are dropped: sessionQueueMessagesMax (end-session).'),
    );
    assert.deepEqual([store.statistics().deliveries, store.statistics().sessions], [0, 0]);
    const back = broker.connect(kept('away'));
    assert.equal(back.connack?.sessionPresent, false);
    assert.deepEqual(back.said(), []);
  });

  test('a connected client is told with 0x97, 3.x without a word; its Will is published', async () => {
    for (const version of [4, 5] as const) {
      const broker = await open({ sessionQueueMessagesMax: 1, inFlightMax: 1, ...policy });
      const observer = broker.connect();
      observer.subscribe('will');
      const slow = broker.connect({ ...kept('slow', version), will: will({ topic: 'will', qos: 0 }) });
      slow.subscribe('a');
      publish(broker.connect(), 'a', 1, 4);
      broker.pass(0);
      assert.equal(slow.received.filter(({ kind }) => kind === 'publish').length, 1);
      slow.expectEnd(0x97);
      assert.equal(observer.messages().length, 1);
      assert.equal(broker.connect(kept('slow', version)).connack?.sessionPresent, false);
    }
  });

  test('a client that fills its own queue is disconnected when its packet is done with', async () => {
    for (const version of [4, 5] as const) {
      const broker = await open({ sessionQueueMessagesMax: 1, inFlightMax: 1, ...policy });
      const client = broker.connect(kept('self', version));
      client.subscribe('a');
      for (const id of [1, 2, 3]) client.publish('a', String(id), { qos: 2, id });
      broker.pass(0);
      client.expectEnd(0x97);
      assert.equal(broker.connect(kept('self', version)).connack?.sessionPresent, false);
      assert.deepEqual(broker.broker.queues, { messages: 0, bytes: 0 });
    }
  });

  test('the Wills of sessions that end may end further sessions, each once', async () => {
    const broker = await open({ sessionQueueMessagesMax: 1, ...policy });
    const published: string[] = [];
    const observer = broker.connect();
    observer.subscribe('t/#', { qos: 0 });
    const count = 50;
    for (let n = 0; n < count; n++) {
      const farewell = will({ topic: `t/${(n + 1) % count}`, qos: 1, delayInterval: 500 });
      const client = broker.connect({ ...kept(`c${n}`), will: farewell });
      client.subscribe(`t/${n}`);
      client.cut();
    }
    const publisher = broker.connect();
    for (let n = 0; n < count; n++) publish(publisher, `t/${n}`, n + 1, n + 1);
    assert.equal(broker.broker.sizes.sessions, count + 2);
    observer.take();
    publish(publisher, 't/7', 100, 100);
    broker.pass(0);
    assert.equal(broker.broker.sizes.sessions, 2);
    published.push(...observer.messages());
    assert.equal(published.length, 1 + count);
    assert.deepEqual(broker.broker.queues, { messages: 0, bytes: 0 });
  });

  test('what waits for a shared subscription is dropped, and the subscription goes on', async () => {
    const broker = await open({ sessionQueueMessagesMax: 3, ...policy });
    away(broker, 'away', '$share/g/a');
    publish(broker.connect(), 'a', 1, 6);
    assert.deepEqual(broker.broker.queues, { messages: 2, bytes: 2 });
    assert.deepEqual(got(broker, 'away'), ['5', '6']);
    const { displaced, 'queue-full': full } = broker.broker.counters.messagesDropped;
    assert.deepEqual([displaced, full], [3, 1]);
  });

  test('a client that is back before its session has ended finds none, connected or not', async () => {
    for (const isConnected of [false, true]) {
      const broker = await open({ sessionQueueMessagesMax: 1, inFlightMax: 1, ...policy });
      const client = broker.connect(kept('c'));
      client.subscribe('a');
      if (!isConnected) client.cut();
      publish(broker.connect(), 'a', 1, 4);
      assert.equal(broker.connect(kept('c')).connack?.sessionPresent, false);
      publish(broker.connect(), 'a', 5, 5);
      broker.pass(0);
      assert.equal(broker.broker.sizes.sessions, 3);
    }
  });

  test('a session that ended is not back after a crash, if the message that ended it is', async () => {
    const store = new JournalStore(false);
    const limits = { sessionQueueMessagesMax: 1, ...policy };
    const broker = await TestBroker.open({ store, limits });
    const commit = (): void => store.commit(Number.POSITIVE_INFINITY);
    for (const clientId of ['full', 'other']) {
      const client = broker.knock(kept(clientId));
      commit();
      client.requestSubscription([clientId === 'full' ? '#' : 'b']);
      commit();
      client.cut();
    }
    const publisher = broker.connect();
    publisher.publish('a', '1', { qos: 1, id: 1 });
    publisher.publish('b', '2', { qos: 1, id: 2 });
    commit();
    assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2']);
    const second = await TestBroker.open({ store: store.crash(), limits });
    assert.equal(second.broker.sizes.sessions, 1);
    assert.deepEqual(second.broker.queues, { messages: 1, bytes: 1 });
    endTurn();
  });
});

describe('where two limits meet', () => {
  test('reject goes before all else, then end-session, drop-newest, drop-oldest', async () => {
    const order: readonly QueuePolicy[] = ['reject', 'end-session', 'drop-newest', 'drop-oldest'];
    for (const messages of order) {
      for (const bytes of order) {
        const broker = await open({
          sessionQueueMessagesMax: 1,
          sessionQueueMessagesPolicy: messages,
          sessionQueueBytesMax: 1,
          sessionQueueBytesPolicy: bytes,
        });
        away(broker, 'away');
        const publisher = broker.connect();
        for (const id of [1, 2]) publisher.publish('a', String(id), { qos: 1, id });
        const holds = order.find((policy) => policy === messages || policy === bytes);
        const answer = publisher.said()[1];
        assert.equal(answer, holds === 'reject' ? 'PUBACK 2 0x97' : 'PUBACK 2');
        assert.deepEqual(got(broker, 'away'), holds === 'end-session' ? [] : holds === 'drop-oldest' ? ['2'] : ['1']);
      }
    }
  });

  test('a message that one queue refuses does nothing to another one that would give way', async () => {
    const broker = await open({
      sessionQueueMessagesMax: 1,
      sessionQueueMessagesPolicy: 'drop-oldest',
      queuesMessagesMax: 2,
      queuesMessagesPolicy: 'reject',
    });
    for (const clientId of ['one', 'two', 'three']) away(broker, clientId, clientId === 'three' ? 'b' : '#');
    const publisher = broker.connect();
    publish(publisher, 'a', 1, 1);
    publisher.publish('b', '2', { qos: 1, id: 2 });
    assert.deepEqual(publisher.said(), ['PUBACK 2 0x97']);
    assert.deepEqual([got(broker, 'one'), got(broker, 'two'), got(broker, 'three')], [['1'], ['1'], []]);
    assert.equal(broker.broker.counters.messagesDropped.displaced, 0);
  });
});

test('retained messages for a new subscription obey the limits of its queue, and no publisher is there to be refused', async () => {
  for (const [policy, expected] of [
    ['reject', 2],
    ['drop-newest', 2],
    ['drop-oldest', 2],
  ] as const) {
    const broker = await open({ sessionQueueMessagesMax: 2, sessionQueueMessagesPolicy: policy });
    const publisher = broker.connect();
    for (const topic of ['r/1', 'r/2', 'r/3', 'r/4']) publisher.publish(topic, topic, { qos: 1, retain: true });
    const client = broker.connect(kept('c'));
    client.subscribe('r/#', { qos: 1 });
    assert.equal(client.acknowledgeAll().length, expected, policy);
    const { displaced, 'queue-full': full } = broker.broker.counters.messagesDropped;
    assert.equal(displaced + full, 2, policy);
  }
});

test('for retained messages that do not fit no session ends: its client would subscribe again, and end again, for ever', async () => {
  const broker = await open({ sessionQueueMessagesMax: 2, sessionQueueMessagesPolicy: 'end-session' });
  const publisher = broker.connect();
  for (const topic of ['r/1', 'r/2', 'r/3', 'r/4']) publisher.publish(topic, topic, { qos: 1, retain: true });
  const client = broker.connect(kept('c'));
  client.subscribe('r/#', { qos: 1 });
  broker.pass(0);
  assert.equal(client.acknowledgeAll().length, 2);
  assert.equal(broker.broker.counters.messagesDropped['queue-full'], 2);
  client.cut();
  assert.equal(broker.connect(kept('c')).connack?.sessionPresent, true);
});

test('a queue that grows past ten thousand messages says so once', async () => {
  const broker = await open({});
  away(broker, 'away');
  away(broker, 'member', '$share/g/a');
  const publisher = broker.connect();
  for (let n = 0; n < 10_500; n++) publisher.publish('a', '', { qos: 1, id: 1 });
  assert.deepEqual(broker.warnings().toSorted(), [
    '10000 messages wait for client "away".',
    '10000 messages wait for shared subscription "$share/g/a".',
  ]);
  const back = broker.connect(kept('away'));
  assert.equal(back.acknowledgeAll().length, 10_500);
});
