// A broker that is stopped, or killed, and another one that opens the same store: what was durable goes on where it
// was. The store is the one in memory, which is honest about that. The store's own part: test/contract/store.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Will } from '../../src/packet/packet.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import type { Recovered } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { type BrokerOptions, type ConnectChoice, TestBroker } from './harness.ts';

const VERSIONS = [3, 4, 5] as const;
const LASTING = { clean: false, properties: { sessionExpiryInterval: 600 } } as const;

/** The two ways in which a broker ends. */
const ENDS: Readonly<Record<string, (broker: TestBroker) => Promise<void>>> = {
  'a stop': (broker) => broker.broker.close(),
  'a crash': () => Promise.resolve(),
};

/** The next broker on the store, booted anew: its monotonic clock begins elsewhere. */
function reopen(
  store: MemoryStore,
  previous: TestBroker,
  downMillis = 0,
  options: BrokerOptions = {},
): Promise<TestBroker> {
  return TestBroker.open({ ...options, store, monotonic: 77_000, wall: previous.wallClock + downMillis });
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
function contents(store: MemoryStore): Promise<Recovered> {
  return store.open(() => {});
}

for (const [name, end] of Object.entries(ENDS)) {
  describe(`after ${name}`, () => {
    // [MQTT-3.1.2-23] [MQTT-4.1.0-1] [MQTT-4.4.0-1]
    test('a session is present, with its subscriptions, what it is owed, and every QoS 2 handshake where it was', async () => {
      for (const version of VERSIONS) {
        const store = new MemoryStore();
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
      const store = new MemoryStore();
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
      const store = new MemoryStore();
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
        sessions.map(({ record, subscriptions, deliveries, exactlyOnceIds }) => [
          record.clientId,
          subscriptions.map((subscription) => subscription.filter),
          deliveries.length,
          exactlyOnceIds.length,
        ]),
        [
          ['c', ['a'], 0, 0],
          ['publisher', [], 0, 0],
        ],
      );
    });

    test('a subscription has its options: No Local, Retain As Published, its identifier, its group', async () => {
      const store = new MemoryStore();
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
      const store = new MemoryStore();
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
      const store = new MemoryStore();
      const first = await TestBroker.open({ store, authenticator });
      first.connect({ ...LASTING, clientId: 'c', userName: 'alice' });
      await end(first);
      const second = await reopen(store, first, 0, { authenticator });
      assert.equal(second.knock({ ...LASTING, clientId: 'c', userName: 'bob' }).ended, 'end');
      assert.equal(second.knock({ ...LASTING, clientId: 'c' }).ended, 'end');
      assert.equal(second.connect({ ...LASTING, clientId: 'c', userName: 'alice' }).connack?.sessionPresent, true);
    });

    test('new sessions and new messages do not mix with those from before', async () => {
      const store = new MemoryStore();
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

    // Section 4.1: the clock may stand still while the broker is down; ours goes on by the calendar.
    test('a session ends when it would have, the time that the broker was down included', async () => {
      for (const [downSeconds, leftSeconds] of [
        [0, 500],
        [499, 1],
        [-10_000, 500],
      ] as const) {
        const store = new MemoryStore();
        const first = await TestBroker.open({ store });
        first.connect({ ...LASTING, clientId: 'c' }).cut();
        first.pass(100_000);
        await end(first);
        // A calendar that was set back meanwhile does not lengthen it beyond what the client asked for.
        const second = await reopen(store, first, downSeconds * 1000);
        const left = downSeconds < 0 ? 600 : leftSeconds;
        second.pass(left * 1000 - 1);
        assert.equal(second.broker.sizes.sessions, 1);
        second.pass(1);
        assert.equal(second.broker.sizes.sessions, 0);
        assert.deepEqual((await contents(store)).sessions, []);
      }
    });

    test('a session whose time ran out while the broker was down is gone, and its Will is published', async () => {
      const store = new MemoryStore();
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
      const store = new MemoryStore();
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

    // Section 3.1.2.5: publication may be deferred until a restart.
    test('a Will that waits is published when its delay is over, reckoned from the end of its connection, and only once', async () => {
      const store = new MemoryStore();
      const published: string[] = [];
      const events: BrokerOptions['events'] = { messagePublished: ({ topic }) => void published.push(topic) };
      const first = await TestBroker.open({ store, events });
      first.connect({ ...LASTING, clientId: 'c', will: will({ delayInterval: 100 }) }).cut();
      first.pass(40_000);
      await end(first);
      const second = await reopen(store, first, 20_000, { events });
      second.pass(39_999);
      assert.deepEqual(published, []);
      second.pass(1);
      assert.deepEqual(published, ['will']);
      const third = await reopen(store, second, 0, { events });
      third.pass(1_000_000);
      assert.deepEqual(published, ['will']);
    });

    test('a Will whose delay runs is cancelled by its client, and only by it', async () => {
      const store = new MemoryStore();
      const published: string[] = [];
      const events: BrokerOptions['events'] = { messagePublished: ({ topic }) => void published.push(topic) };
      const first = await TestBroker.open({ store, events });
      for (const clientId of ['back', 'away']) {
        first.connect({ ...LASTING, clientId, will: will({ topic: `will/${clientId}`, delayInterval: 100 }) });
      }
      await end(first);
      const second = await reopen(store, first, 0, { events });
      second.pass(99_999);
      second.connect({ ...LASTING, clientId: 'back' }).cut();
      second.pass(1_000_000);
      assert.deepEqual(published, ['will/away']);
    });

    test('a Will that was discarded by DISCONNECT 0x00 stays discarded', async () => {
      const store = new MemoryStore();
      const published: string[] = [];
      const events: BrokerOptions['events'] = { messagePublished: ({ topic }) => void published.push(topic) };
      const first = await TestBroker.open({ store, events });
      first.connect({ ...LASTING, clientId: 'c', will: will() }).disconnect();
      await end(first);
      (await reopen(store, first, 0, { events })).pass(1_000_000);
      assert.deepEqual(published, []);
    });

    test('a message expires when it would have, on a clock that went on', async () => {
      const store = new MemoryStore();
      const first = await TestBroker.open({ store });
      const client = first.connect({ ...LASTING, clientId: 'c' });
      client.subscribe('a', { qos: 1 });
      client.cut();
      const publisher = first.connect({ clientId: 'publisher' });
      publisher.publish('a', 'short', { qos: 1, properties: { messageExpiryInterval: 10 } });
      publisher.publish('a', 'long', { qos: 1, properties: { messageExpiryInterval: 100 } });
      publisher.publish('kept', 'short', { retain: true, properties: { messageExpiryInterval: 10 } });
      await end(first);
      const second = await TestBroker.open({ store, monotonic: 1_000_000, wall: first.wallClock });
      second.pass(10_000);
      assert.equal(second.broker.sizes.retained, 0);
      assert.deepEqual(second.connect({ ...LASTING, clientId: 'c' }).said(), ['PUBLISH a=long QoS 1 id 1 expires 90']);
    });
  });
}

// In whatever order the store gives the sessions back.
test('a Will that is due at the restart reaches every persistent subscriber, before and behind it in the store', async () => {
  const store = new MemoryStore();
  const first = await TestBroker.open({ store });
  const connect = (choice: ConnectChoice): void =>
    void first.connect({ ...LASTING, ...choice }).subscribe('will', { qos: 1 });
  connect({ clientId: 'before' });
  connect({ clientId: 'c', will: will({ retain: true }) });
  connect({ clientId: 'behind' });
  const second = await reopen(store, first);
  for (const clientId of ['before', 'c', 'behind']) {
    assert.deepEqual(second.connect({ ...LASTING, clientId }).messages(), ['will=w'], clientId);
  }
  assert.equal(second.broker.sizes.retained, 1);
});

test('a session that was left with a DISCONNECT that set its expiry to 0 is out of the store', async () => {
  const store = new MemoryStore();
  const broker = await TestBroker.open({ store });
  const client = broker.connect({ ...LASTING, clientId: 'c', will: will() });
  client.subscribe('a', { qos: 1 });
  broker.connect({ clientId: 'p' }).publish('a', 'x', { qos: 1 });
  client.disconnect(0, { sessionExpiryInterval: 0 });
  assert.deepEqual((await contents(store)).sessions, []);
});

test('a session that resumed with an expiry of 0 ends with a crash, too', async () => {
  const store = new MemoryStore();
  const first = await TestBroker.open({ store });
  first.connect({ ...LASTING, clientId: 'c' }).cut();
  first.connect({ clientId: 'c', clean: false });
  const second = await reopen(store, first);
  assert.equal(second.broker.sizes.sessions, 0);
  assert.deepEqual((await contents(store)).sessions, []);
});

test('who was connected at a crash is away since the restart, however often the broker crashes again', async () => {
  const store = new MemoryStore();
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
