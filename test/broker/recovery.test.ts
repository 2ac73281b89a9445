// A broker that is stopped, or killed, and another one that opens the same store: what was durable goes on where it
// was. The store is the one in memory, which is honest about that. The store's own part: test/contract/store.ts. Wills:
// will-restart.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Message } from '../../src/packet/message.ts';
import type { Will } from '../../src/packet/packet.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import type { Recovered } from '../../src/store/contract.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { type BrokerOptions, TestBroker } from './harness.ts';
import { memoryStore } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;
const LASTING = { clean: false, properties: { sessionExpiryInterval: 600 } } as const;

/** The two ways in which a broker ends. */
const ENDS: Readonly<Record<string, (broker: TestBroker) => Promise<void>>> = {
  'a stop': (broker) => broker.broker.close(),
  'a crash': () => Promise.resolve(),
};

/** The next broker on the store. Its clock went on: a store in memory leaves moments as they are. */
function reopen(
  store: MemoryStore,
  previous: TestBroker,
  downMillis = 0,
  options: BrokerOptions = {},
): Promise<TestBroker> {
  const monotonic = previous.monotonicClock + downMillis;
  return TestBroker.open({ ...options, store, monotonic, wall: previous.wallClock + downMillis });
}

function will(choice: Partial<Will> = {}): Will {
  return {
    topic: 'will',
    payload: Buffer.from('w'),
    qos: 1,
    retain: false,
    delayInterval: 0,
    properties: NO_MESSAGE_PROPERTIES,
    ...choice,
  };
}

/** What is in a store. */
async function contents(store: MemoryStore): Promise<Recovered & { readonly retained: readonly Message[] }> {
  const retained: Message[] = [];
  const recovered = await store.open({
    restoreRetained: (messages) => void retained.push(...messages),
    opening: () => {},
    durable: () => {},
    full: () => {},
    failed: (error) => {
      throw error;
    },
  });
  return { ...recovered, retained };
}

for (const [name, end] of Object.entries(ENDS)) {
  describe(`after ${name}`, () => {
    // [MQTT-3.1.2-23] [MQTT-4.1.0-1] [MQTT-4.4.0-1]
    test('a session is present, with its subscriptions, what it is owed, and every QoS 2 handshake where it was', async () => {
      for (const version of VERSIONS) {
        const store = memoryStore();
        const first = await TestBroker.open({ store });
        const client = first.connect({ ...LASTING, version, clientId: 'c' });
        client.subscribe('a', { qos: 2 }, version === 5 ? 42 : undefined);
        const publisher = first.connect({ ...LASTING, clientId: 'publisher' });
        publisher.publish('a', 'acknowledged', { qos: 1 });
        client.answer('puback', client.expect('publish').id);
        publisher.publish('a', 'in flight', { qos: 1 });
        publisher.publish('a', 'past PUBREC', { qos: 2 });
        publisher.publish('a', 'before PUBREC', { qos: 2 });
        client.answer('pubrec', client.publishes()[1]?.id);
        publisher.take();
        publisher.publish('from/publisher', 'once', { qos: 2, id: 99 });
        publisher.cut();
        client.cut();
        const another = first.connect({ clientId: 'another' });
        another.publish('a', 'queued', { qos: 1, properties: { contentType: 'x', userProperties: [['k', 'v']] } });
        another.publish('a', 'not kept', { qos: 0 });
        await end(first);

        const second = await reopen(store, first);
        const observer = second.connect({ clientId: 'observer' });
        observer.subscribe('from/publisher');
        const back = second.connect({ ...LASTING, version, clientId: 'c' });
        assert.equal(back.connack?.sessionPresent, version !== 3);
        const forFilter = version === 5 ? ' for 42' : '';
        assert.deepEqual(back.said(), [
          'PUBREL 3',
          `PUBLISH a=in flight QoS 1 id 2 dup${forFilter}`,
          `PUBLISH a=before PUBREC QoS 2 id 4 dup${forFilter}`,
          `PUBLISH a=queued QoS 1 id 1${forFilter}`,
        ]);
        const publisherBack = second.connect({ ...LASTING, clientId: 'publisher' });
        publisherBack.publish('from/publisher', 'once', { qos: 2, id: 99, dup: true });
        assert.deepEqual(publisherBack.said(), ['PUBREC 99']);
        assert.deepEqual(observer.take(), []);
        publisherBack.publish('a', 'new', { qos: 0 });
        assert.deepEqual(back.said(), [`PUBLISH a=new${forFilter}`]);
      }
    });

    test('a session that ends with its connection is gone, and whoever takes its identifier finds nothing', async () => {
      const store = memoryStore();
      const first = await TestBroker.open({ store });
      for (const version of VERSIONS) {
        first.connect({ version, clientId: `c${version}`, clean: true }).subscribe('#', { qos: 1 });
      }
      await end(first);
      const second = await reopen(store, first);
      assert.deepEqual(second.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
      assert.equal(second.broker.nextDeadline(), undefined);
    });

    test('what was unsubscribed, settled, released or cleared does not come back', async () => {
      const store = memoryStore();
      const first = await TestBroker.open({ store });
      const client = first.connect({ ...LASTING, clientId: 'c' });
      client.subscribe('a', { qos: 2 });
      client.subscribe('gone', { qos: 2 });
      client.unsubscribe('gone');
      const publisher = first.connect({ ...LASTING, clientId: 'publisher' });
      for (const qos of [1, 2] as const) publisher.publish('a', 'x', { qos });
      publisher.publish('kept', 'x', { retain: true, qos: 1 });
      publisher.publish('kept', '', { retain: true, qos: 1 });
      publisher.answer('pubrel', publisher.expect('pubrec').id);
      client.acknowledgeAll();
      await end(first);
      const { sessions, retained } = await contents(store);
      assert.deepEqual(retained, []);
      assert.deepEqual(
        sessions.map(({ record, subscriptions, inFlight, queue, exactlyOnceIds }) => [
          record.clientId,
          subscriptions.map((subscription) => subscription.filter),
          inFlight.length + queue.messages,
          exactlyOnceIds.length,
        ]),
        [
          ['c', ['a'], 0, 0],
          ['publisher', [], 0, 0],
        ],
      );
    });

    test('a subscription has its options: No Local, Retain As Published, its identifier, its group', async () => {
      const store = memoryStore();
      const first = await TestBroker.open({ store });
      const client = first.connect({ ...LASTING, clientId: 'c' });
      client.subscribe('own/#', { qos: 1, noLocal: true });
      client.subscribe('flag', { qos: 1, retainAsPublished: true }, 7);
      for (const clientId of ['c', 'd']) {
        first.connect({ ...LASTING, clientId }).subscribe('$share/g/work', { qos: 1 });
      }
      await end(first);
      const second = await reopen(store, first);
      const c = second.connect({ ...LASTING, clientId: 'c' });
      const d = second.connect({ ...LASTING, clientId: 'd' });
      c.publish('own/x', 'not to me', { qos: 0 });
      d.publish('own/x', 'from d', { qos: 0 });
      d.publish('flag', 'kept', { retain: true });
      assert.deepEqual(c.said(), ['PUBLISH own/x=from d', 'PUBLISH flag=kept retain for 7']);
      for (let n = 0; n < 4; n++) second.connect({ clientId: 'p' }).publish('work', `${n}`, { qos: 0 });
      assert.equal(c.messages().length, 2);
      assert.equal(d.messages().length, 2);
    });

    test('retained messages are there, each as it was published last', async () => {
      const store = memoryStore();
      const first = await TestBroker.open({ store });
      const publisher = first.connect({ clientId: 'publisher' });
      const properties = {
        contentType: 'text',
        correlationData: Uint8Array.of(1, 2),
        userProperties: [
          ['b', '1'],
          ['a', '2'],
        ] as const,
      };
      publisher.publish('a', 'old', { retain: true });
      publisher.publish('a', 'new', { retain: true, qos: 1, properties });
      publisher.publish('b/c', 'x', { retain: true });
      await end(first);
      const second = await reopen(store, first);
      const reader = second.connect({ clientId: 'reader' });
      reader.subscribe('#', { qos: 2 });
      const [a, b] = reader.publishes().toSorted((one, other) => one.topic.localeCompare(other.topic));
      assert.deepEqual(
        [a?.topic, a?.qos, a?.retain, a?.properties],
        ['a', 1, true, { ...NO_MESSAGE_PROPERTIES, ...properties }],
      );
      assert.deepEqual([b?.topic, b?.qos, b?.retain], ['b/c', 0, true]);
    });

    test('a session still belongs to its principal', async () => {
      const authenticator: BrokerOptions['authenticator'] = {
        authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }),
      };
      const store = memoryStore();
      const first = await TestBroker.open({ store, authenticator });
      first.connect({ ...LASTING, clientId: 'c', userName: 'alice' });
      await end(first);
      const second = await reopen(store, first, 0, { authenticator });
      assert.equal(second.knock({ ...LASTING, clientId: 'c', userName: 'bob' }).ended, 'end');
      assert.equal(second.knock({ ...LASTING, clientId: 'c' }).ended, 'end');
      assert.equal(second.connect({ ...LASTING, clientId: 'c', userName: 'alice' }).connack?.sessionPresent, true);
    });

    test('new sessions and new messages do not mix with those from before', async () => {
      const store = memoryStore();
      let broker = await TestBroker.open({ store });
      for (let round = 1; round <= 4; round++) {
        const client = broker.connect({ ...LASTING, clientId: `c${round}` });
        client.subscribe('a', { qos: 1 });
        client.cut();
        broker.connect({ clientId: 'p' }).publish('a', `${round}`, { qos: 1 });
        await end(broker);
        broker = await reopen(store, broker);
      }
      for (let round = 1; round <= 4; round++) {
        const client = broker.connect({ ...LASTING, clientId: `c${round}` });
        const expected = [1, 2, 3, 4].filter((n) => n >= round).map((n) => `a=${n}`);
        assert.deepEqual(client.messages(), expected);
      }
    });

    // How a store knows how long the broker was down is its own part: src/store/timeline.ts.
    test('a session ends when it would have, the time that the broker was down included', async () => {
      for (const [downSeconds, leftSeconds] of [
        [0, 500],
        [499, 1],
      ] as const) {
        const store = memoryStore();
        const first = await TestBroker.open({ store });
        first.connect({ ...LASTING, clientId: 'c' }).cut();
        first.pass(100_000);
        await end(first);
        const second = await reopen(store, first, downSeconds * 1000);
        second.pass(leftSeconds * 1000 - 1);
        assert.equal(second.broker.sizes.sessions, 1);
        second.pass(1);
        assert.equal(second.broker.sizes.sessions, 0);
        assert.deepEqual((await contents(store)).sessions, []);
      }
    });

    test('a session whose time ran out while the broker was down is gone, and its Will is published', async () => {
      const store = memoryStore();
      const first = await TestBroker.open({ store });
      const observer = first.connect({
        clean: false,
        properties: { sessionExpiryInterval: 1_000_000 },
        clientId: 'observer',
      });
      observer.subscribe('will', { qos: 1 });
      first.connect({ ...LASTING, clientId: 'c', will: will({ delayInterval: 1_000 }) }).cut();
      await end(first);
      const second = await reopen(store, first, 600_000);
      assert.equal(second.broker.sizes.sessions, 1);
      assert.deepEqual(second.connect({ ...LASTING, clientId: 'observer' }).messages(), ['will=w']);
      assert.equal((await contents(store)).sessions.length, 1);
    });

    test('a session that was connected counts its expiry from the end of its connection', async () => {
      const store = memoryStore();
      const first = await TestBroker.open({ store });
      first.connect({ ...LASTING, clientId: 'c' });
      first.pass(10_000_000);
      await end(first);
      const second = await reopen(store, first);
      second.pass(599_999);
      assert.equal(second.broker.sizes.sessions, 1);
      second.pass(1);
      assert.equal(second.broker.sizes.sessions, 0);
    });

    test('a message expires when it would have, on a clock that went on', async () => {
      const store = memoryStore();
      const first = await TestBroker.open({ store });
      const client = first.connect({ ...LASTING, clientId: 'c' });
      client.subscribe('a', { qos: 1 });
      client.cut();
      const publisher = first.connect({ clientId: 'publisher' });
      publisher.publish('a', 'short', { qos: 1, properties: { messageExpiryInterval: 10 } });
      publisher.publish('a', 'long', { qos: 1, properties: { messageExpiryInterval: 100 } });
      publisher.publish('kept', 'short', { retain: true, properties: { messageExpiryInterval: 10 } });
      await end(first);
      const second = await reopen(store, first);
      second.pass(10_000);
      assert.equal(second.broker.sizes.retained, 0);
      assert.deepEqual(second.connect({ ...LASTING, clientId: 'c' }).said(), ['PUBLISH a=long QoS 1 id 1 expires 90']);
    });
  });
}

test('retained messages come back however many they are, and the program that embeds the broker hears how far it is', async () => {
  const store = memoryStore();
  const first = await TestBroker.open({ store });
  const publisher = first.connect();
  for (let n = 0; n < 2_500; n++) publisher.publish(`r/${n}`, `${n}`, { retain: true });
  const shares: number[] = [];
  const events: BrokerOptions['events'] = { storeOpening: (share) => void shares.push(share) };
  const second = await reopen(store, first, 0, { events });
  assert.equal(second.broker.sizes.retained, 2_500);
  assert.ok(shares.length > 1);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );
  assert.equal(shares.at(-1), 1);
  const reader = second.connect();
  reader.subscribe('r/2499');
  assert.deepEqual(reader.messages(), ['r/2499=2499']);
});

test('a session that was left with a DISCONNECT that set its expiry to 0 is out of the store', async () => {
  const store = memoryStore();
  const broker = await TestBroker.open({ store });
  const client = broker.connect({ ...LASTING, clientId: 'c', will: will() });
  client.subscribe('a', { qos: 1 });
  broker.connect({ clientId: 'p' }).publish('a', 'x', { qos: 1 });
  client.disconnect(0, { sessionExpiryInterval: 0 });
  assert.deepEqual((await contents(store)).sessions, []);
});

test('a session that resumed with an expiry of 0 ends with a crash, too', async () => {
  const store = memoryStore();
  const first = await TestBroker.open({ store });
  first.connect({ ...LASTING, clientId: 'c' }).cut();
  first.connect({ clientId: 'c', clean: false });
  const second = await reopen(store, first);
  assert.equal(second.broker.sizes.sessions, 0);
  assert.deepEqual((await contents(store)).sessions, []);
});

test('who was connected at a crash is away since the restart, however often the broker crashes again', async () => {
  const store = memoryStore();
  const first = await TestBroker.open({ store });
  first.connect({ ...LASTING, clientId: 'c', will: will({ delayInterval: 300 }) });
  first.connect({ ...LASTING, clientId: 'observer' }).subscribe('will');
  const second = await reopen(store, first);
  second.connect({ ...LASTING, clientId: 'observer' });
  second.pass(200_000);
  const third = await reopen(store, second);
  const observer = third.connect({ ...LASTING, clientId: 'observer' });
  third.pass(99_999);
  assert.deepEqual(observer.messages(), []);
  third.pass(1);
  assert.deepEqual(observer.messages(), ['will=w']);
  const fourth = await reopen(store, third);
  fourth.pass(299_999);
  assert.equal(fourth.broker.sizes.sessions, 2);
  fourth.pass(1);
  assert.equal(fourth.broker.sizes.sessions, 1);
});

test('a broker that is closed while it opens its store puts nothing back, and leaves what is due to the next one', async () => {
  const store = memoryStore();
  const first = await TestBroker.open({ store });
  first.connect({ ...LASTING, clientId: 'observer' }).subscribe('will');
  const mortal = {
    ...LASTING,
    clientId: 'c',
    will: will({ delayInterval: 600 }),
    properties: { sessionExpiryInterval: 1 },
  };
  first.connect(mortal).cut();
  const published: string[] = [];
  const second = TestBroker.make({
    store,
    monotonic: first.monotonicClock + 5_000,
    events: { messagePublished: ({ topic }) => void published.push(topic) },
  });
  const opening = second.broker.open();
  await second.broker.close();
  await opening;
  assert.deepEqual(published, []);
  assert.deepEqual(second.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
  const third = await reopen(store, second);
  assert.deepEqual(third.connect({ ...LASTING, clientId: 'observer' }).messages(), ['will=w']);
});
