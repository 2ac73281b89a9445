// What waits for a shared subscription (MQTT 5.0 section 4.8.2): where it is kept, who gets it when, and what becomes of it
// over crashes and endings. A queue has at most two messages in memory.
// Longer than 400 lines because it is one table of what happens to a group, on one small scene.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { QoS } from '../../src/packet/packet.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { JournalStore } from './journal-store.ts';
import { textOf } from './say-packet.ts';
import { lateStore, memoryStore } from './test-store.ts';

const limits = { queueHeadMessagesMax: 2 };

/** A persistent session. */
function kept(clientId: string, receiveMaximum = 65_535, sessionExpiryInterval = 1000): ConnectChoice {
  return { clientId, clean: false, properties: { sessionExpiryInterval, receiveMaximum } };
}

/** A session that ends with its connection. */
function fleeting(clientId: string, receiveMaximum = 65_535): ConnectChoice {
  return { clientId, properties: { receiveMaximum } };
}

/** Publishes numbered messages to `a`, all of which must be taken. */
function publish(publisher: TestClient, from: number, to: number, qos: QoS = 1): void {
  for (let n = from; n <= to; n++) {
    const id = publisher.publish('a', String(n), { qos });
    if (qos === 2) publisher.answer('pubrel', id);
  }
  for (const packet of publisher.take())
    assert.ok(packet.kind !== 'publish' && !('reasonCode' in packet && packet.reasonCode !== 0));
}

/** A broker whose group `$share/g/a` has a persistent member that is away. */
async function scene(
  store: MemoryStore = memoryStore(),
): Promise<{ broker: TestBroker; publisher: TestClient; store: MemoryStore }> {
  const broker = await TestBroker.open({ store, limits });
  const keeper = broker.connect(kept('keeper'));
  keeper.subscribe('$share/g/a');
  keeper.cut();
  return { broker, publisher: broker.connect(), store };
}

/** Another broker on the store of one that has crashed. */
function restart(store: MemoryStore, { monotonicClock }: TestBroker): Promise<TestBroker> {
  return TestBroker.open({ store, limits, monotonic: monotonicClock });
}

/** Who waits for what, by number. */
function held(store: MemoryStore): readonly [groups: number, messages: number, deliveries: number] {
  const { groups, messages, deliveries } = store.statistics();
  return [groups, messages, deliveries];
}

test('the store keeps a group as long as it has a persistent member with QoS 1 or 2, or messages', async () => {
  const store = memoryStore();
  const broker = await TestBroker.open({ store, limits });
  const groups: number[] = [];
  const note = (): void => void groups.push(store.statistics().groups);
  const [one, two, clean] = [broker.connect(kept('one')), broker.connect(kept('two')), broker.connect()];
  clean.subscribe('$share/g/a');
  note();
  one.subscribe('$share/g/a', { qos: 0 });
  note();
  one.subscribe('$share/g/a', { qos: 1 });
  note();
  two.subscribe('$share/g/a');
  one.unsubscribe('$share/g/a');
  note();
  two.subscribe('$share/g/a', { qos: 0 });
  note();
  two.subscribe('$share/g/a', { qos: 2 });
  two.disconnect(0, { sessionExpiryInterval: 0 });
  note();
  assert.deepEqual(groups, [0, 0, 1, 1, 0, 0]);
});

test('what waits for a group comes back after a crash, and whoever is there first gets it, a page at a time', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 7);
  publish(publisher, 8, 9, 2);
  const second = await restart(store, broker);
  assert.deepEqual(second.broker.queues, { messages: 9, bytes: 9 });
  const [one, two] = [second.connect(kept('one', 3)), second.connect(kept('two', 3))];
  for (const member of [one, two]) member.subscribe('$share/g/a');
  assert.deepEqual(one.messages(), ['a=1', 'a=2', 'a=3']);
  assert.deepEqual(
    two.acknowledgeAll().map((packet) => `${textOf(packet)} ${packet.qos}`),
    ['4 1', '5 1', '6 1', '7 1', '8 2', '9 2'],
  );
  assert.deepEqual(held(store), [1, 3, 3], 'what the first one has not acknowledged is its own');
});

test('what a persistent member takes is its own from then on, over crashes', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 1);
  publish(publisher, 2, 2, 2);
  const member = broker.connect(kept('member'));
  member.subscribe('$share/g/a', { retainAsPublished: true }, 5);
  assert.deepEqual(member.said(), ['PUBLISH a=1 QoS 1 id 1 for 5', 'PUBLISH a=2 QoS 2 id 2 for 5']);
  const second = await restart(store, broker);
  const other = second.connect(kept('keeper'));
  assert.deepEqual(other.said(), []);
  assert.deepEqual(second.connect(kept('member')).said(), [
    'PUBLISH a=1 QoS 1 id 1 dup for 5',
    'PUBLISH a=2 QoS 2 id 2 dup for 5',
  ]);
});

test('what a member that ends with its connection was lent is owed to the group until it is acknowledged', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 5);
  const clean = broker.connect(fleeting('clean', 3));
  clean.subscribe('$share/g/a');
  const lent = clean.publishes();
  assert.deepEqual(lent.map(textOf), ['1', '2', '3']);
  assert.deepEqual(held(store), [1, 5, 5]);
  clean.answer('puback', lent[1]?.id);
  assert.deepEqual(clean.messages(), ['a=4']);
  assert.deepEqual(held(store), [1, 4, 4]);
  clean.cut();
  assert.deepEqual(broker.connect(kept('keeper')).acknowledgeAll().map(textOf), ['1', '3', '4', '5']);
  assert.deepEqual(held(store), [1, 0, 0]);
});

test('what was lent is with the group again after a crash', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 3);
  const clean = broker.connect(fleeting('clean', 1));
  clean.subscribe('$share/g/a');
  assert.deepEqual(clean.messages(), ['a=1']);
  const second = await restart(store, broker);
  assert.deepEqual(second.connect(kept('keeper')).acknowledgeAll().map(textOf), ['1', '2', '3']);
});

test('what a member that ends takes back to its group goes to one that is there', async () => {
  const { broker, publisher } = await scene();
  publish(publisher, 1, 4);
  const clean = broker.connect(fleeting('clean', 2));
  clean.subscribe('$share/g/a');
  const other = broker.connect(fleeting('other', 1));
  other.subscribe('$share/g/a');
  assert.deepEqual([clean.messages(), other.messages()], [['a=1', 'a=2'], ['a=3']]);
  clean.cut();
  other.answer('puback', 1 as never);
  assert.deepEqual(other.acknowledgeAll().map(textOf), ['1', '2', '4']);
});

// [MQTT-4.8.2-5]
test('a QoS 2 message that a member was sent which ends with its connection goes to nobody else, not even after a crash', async () => {
  for (const isCrash of [false, true]) {
    const { broker, publisher, store } = await scene();
    publish(publisher, 1, 2, 2);
    const clean = broker.connect(fleeting('clean', 1));
    clean.subscribe('$share/g/a');
    assert.deepEqual(clean.messages(), ['a=1']);
    if (!isCrash) clean.cut();
    const next = isCrash ? await restart(store, broker) : broker;
    assert.deepEqual(next.connect(kept('keeper')).acknowledgeAll().map(textOf), ['2']);
    assert.equal(next.broker.counters.messagesDropped['session-ended'], isCrash ? 0 : 1);
  }
});

// [MQTT-4.8.2-5]
test('such a message leaves only when it is durable that the group has it no more', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store, limits });
  const keeper = broker.knock(kept('keeper'));
  commit();
  keeper.requestSubscription(['$share/g/a']);
  keeper.cut();
  const publisher = broker.connect();
  publisher.publish('a', 'waited', { qos: 2, id: 1 });
  commit();
  const clean = broker.knock(fleeting('clean'));
  clean.expect('connack');
  clean.requestSubscription(['$share/g/a']);
  assert.deepEqual(clean.said(), ['SUBACK 1 0x02']);
  commit();
  assert.deepEqual(clean.said(), ['PUBLISH a=waited QoS 2 id 1']);
  clean.answer('pubrec', clean.nextId());
  publisher.publish('a', 'sent at once', { qos: 2, id: 2 });
  assert.deepEqual(clean.said(), ['PUBREL 2 0x92', 'PUBLISH a=sent at once QoS 2 id 2']);
});

test('a member with QoS 0 takes what waits for good', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 3);
  const member = broker.connect(kept('QoS 0'));
  member.subscribe('$share/g/a', { qos: 0 });
  assert.deepEqual(member.said(), ['PUBLISH a=1', 'PUBLISH a=2', 'PUBLISH a=3']);
  assert.deepEqual(held(store), [1, 0, 0]);
});

test('when the last persistent member leaves, the others get what waits; with the last of it the store forgets the group', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 4);
  const clean = broker.connect(fleeting('clean', 1));
  clean.subscribe('$share/g/a');
  broker.pass(1_000_000);
  assert.equal(broker.broker.sizes.sessions, 2);
  publish(publisher, 5, 5);
  assert.deepEqual(held(store), [1, 5, 5]);
  assert.deepEqual(clean.acknowledgeAll().map(textOf), ['1', '2', '3', '4', '5']);
  assert.deepEqual(held(store), [0, 0, 0]);
  publish(publisher, 6, 7);
  assert.deepEqual(held(store), [0, 0, 0]);
  assert.deepEqual(clean.acknowledgeAll().map(textOf), ['6', '7']);
  const keeper = broker.connect(kept('keeper'));
  keeper.subscribe('$share/g/a');
  keeper.cut();
  clean.unsubscribe('$share/g/a');
  publish(publisher, 8, 8);
  assert.deepEqual(held(store), [1, 1, 1]);
  assert.deepEqual(broker.connect(kept('keeper')).acknowledgeAll().map(textOf), ['8']);
});

test('a group whose last members ended with a crash is over: what waited for them is dropped, counted and said', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 3);
  const clean = broker.connect(fleeting('clean', 1));
  clean.subscribe('$share/g/a');
  broker.pass(1_000_000);
  const second = await restart(store, broker);
  assert.deepEqual(held(store), [0, 0, 0]);
  assert.equal(second.broker.counters.messagesDropped['session-ended'], 3);
  assert.equal(second.broker.sizes.subscriptions, 0);
  assert.deepEqual(second.broker.queues, { messages: 0, bytes: 0 });
});

test('what waited in memory for members that end with their connections is first when a persistent member comes', async () => {
  const store = memoryStore();
  const broker = await TestBroker.open({ store, limits: { ...limits, transientQueueMessagesMax: 3 } });
  const clean = broker.connect(fleeting('clean', 1));
  clean.subscribe('$share/g/a');
  const publisher = broker.connect();
  publish(publisher, 1, 6);
  assert.equal(broker.broker.counters.messagesDropped['queue-full'], 2);
  const keeper = broker.connect({ ...kept('keeper'), properties: { receiveMaximum: 1, sessionExpiryInterval: 1000 } });
  keeper.subscribe('$share/g/a');
  publish(publisher, 7, 9);
  keeper.cut();
  assert.deepEqual(clean.acknowledgeAll().map(textOf), ['1', '3', '4', '7', '8', '9']);
  assert.deepEqual(broker.connect(kept('keeper')).acknowledgeAll().map(textOf), ['2']);
  assert.deepEqual(held(store), [1, 0, 0]);
  assert.deepEqual(broker.broker.queues, { messages: 0, bytes: 0 });
});

// [MQTT-4.8.2-6]
test('what a member refuses that had borrowed it goes to nobody else', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 1);
  const clean = broker.connect(fleeting('clean'));
  clean.subscribe('$share/g/a');
  clean.answer('puback', clean.expect('publish').id, 0x83);
  assert.deepEqual(held(store), [1, 0, 0]);
  assert.deepEqual(broker.connect(kept('keeper')).said(), []);
});

test('a message that is too large for the member whose turn it is is dropped for the group', async () => {
  const { broker, publisher, store } = await scene();
  publish(publisher, 1, 1);
  publisher.publish('a', 'x'.repeat(200), { qos: 1 });
  publish(publisher, 2, 2);
  const small = broker.connect({ clientId: 'small', properties: { maximumPacketSize: 100 } });
  small.subscribe('$share/g/a');
  assert.deepEqual(small.acknowledgeAll().map(textOf), ['1', '2']);
  assert.equal(broker.broker.counters.messagesDropped['too-large'], 1);
  assert.deepEqual(held(store), [1, 0, 0]);
});

test('one message for a group and for the sessions beside it is stored once', async () => {
  const { broker, publisher, store } = await scene();
  for (const clientId of ['one', 'two']) {
    const client = broker.connect(kept(clientId));
    client.subscribe('a');
    client.cut();
  }
  publish(publisher, 1, 1);
  assert.deepEqual(held(store), [1, 1, 3]);
});

test('a message is handed to a member and taken from its group in one turn: a crash finds it with one of them', async () => {
  const store = new JournalStore(false);
  const broker = await TestBroker.open({ store, limits });
  const commit = (): void => store.commit(Number.POSITIVE_INFINITY);
  const keeper = broker.knock(kept('keeper'));
  commit();
  keeper.requestSubscription(['$share/g/a']);
  keeper.cut();
  const publisher = broker.connect();
  publisher.publish('a', '1', { qos: 2, id: 1 });
  publisher.publish('a', '2', { qos: 2, id: 2 });
  commit();
  const member = broker.knock(kept('member'));
  commit();
  member.requestSubscription(['$share/g/a']);
  for (const turns of [0, 1]) {
    store.commit(turns);
    const crashed = store.crash();
    const second = await TestBroker.open({ store: crashed, limits });
    const both = ['keeper', 'member'].map((clientId) => second.knock(kept(clientId)));
    crashed.commit(Number.POSITIVE_INFINITY);
    for (const client of both) client.expect('connack');
    const texts: string[] = [];
    for (let isBusy = true; isBusy; ) {
      crashed.commit(Number.POSITIVE_INFINITY);
      const packets = both.flatMap((client) => client.acknowledgeAll());
      isBusy = packets.length > 0 || crashed.late > 0;
      texts.push(...packets.map(textOf));
    }
    assert.deepEqual(texts.toSorted(), ['1', '2']);
  }
});

test('a QoS 1 message that goes to a fleeting member at once is lent: PUBACK waits for the disk, and a crash leaves it to the others', async () => {
  const store = new JournalStore(false);
  const commit = (): void => store.commit(Number.POSITIVE_INFINITY);
  const broker = await TestBroker.open({ store, limits });
  const keeper = broker.knock(kept('keeper'));
  commit();
  keeper.requestSubscription(['$share/g/a'], { qos: 1 });
  commit();
  keeper.cut();
  commit();
  const member = broker.connect(fleeting('member'));
  member.subscribe('$share/g/a', { qos: 1 });
  const publisher = broker.connect();
  publisher.publish('a', '1', { qos: 1, id: 1 });
  assert.deepEqual(member.publishes().map(textOf), ['1']);
  assert.deepEqual(publisher.said(), []);
  commit();
  assert.deepEqual(publisher.said(), ['PUBACK 1']);

  const crashed = store.crash();
  const second = await TestBroker.open({ store: crashed, limits });
  const back = second.knock(kept('keeper'));
  crashed.commit(Number.POSITIVE_INFINITY);
  back.expect('connack');
  assert.deepEqual(back.acknowledgeAll().map(textOf), ['1']);
});

test('what a fleeting member has acknowledged is settled for its group', async () => {
  const { broker, publisher, store } = await scene();
  const member = broker.connect(fleeting('member'));
  member.subscribe('$share/g/a', { qos: 1 });
  publish(publisher, 1, 1);
  assert.deepEqual(held(store), [1, 1, 1]);
  assert.deepEqual(member.acknowledgeAll().map(textOf), ['1']);
  assert.deepEqual(held(store), [1, 0, 0]);
});

test('a window kept for a copy that turned out too large is given to what waits for the group', async () => {
  const broker = await TestBroker.open({ limits: { inFlightMax: 1 } });
  const member = broker.connect({
    ...kept('member'),
    properties: { sessionExpiryInterval: 1000, maximumPacketSize: 40 },
  });
  member.subscribe('a', { qos: 1 }, 123_456);
  member.subscribe('$share/g/a', { qos: 1 });
  const payload = 'x'.repeat(30);
  broker.connect().publish('a', payload, { qos: 1 });
  assert.deepEqual(member.acknowledgeAll().map(textOf), [payload]);
});

test('what waits when the last member unsubscribes is gone, counted and said', async () => {
  for (const choice of [{}, kept('last')]) {
    const broker = await TestBroker.open({ limits: { inFlightMax: 1 } });
    const last = broker.connect(choice);
    last.subscribe('$share/g/a');
    publish(broker.connect(), 1, 3);
    last.unsubscribe('$share/g/a');
    assert.equal(broker.broker.counters.messagesDropped['session-ended'], 2);
    assert.ok(broker.log.some(({ sentence }) => sentence.includes('"$share/g/a" left 2 messages undelivered')));
    assert.deepEqual(last.acknowledgeAll().map(textOf), ['1']);
    last.subscribe('$share/g/a');
    assert.deepEqual(last.said(), []);
    assert.deepEqual(broker.broker.queues, { messages: 0, bytes: 0 });
  }
});

test('a full queue of a shared subscription refuses its messages, and those of other subscriptions pass', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 2 } });
  const member = broker.connect(kept('one'));
  member.subscribe('$share/g/a');
  member.subscribe('b');
  member.cut();
  const publisher = broker.connect();
  for (const payload of ['1', '2', '3']) publisher.publish('a', payload, { qos: 1 });
  for (const payload of ['1', '2', '3']) publisher.publish('b', payload, { qos: 1 });
  const acks = ['PUBACK 1', 'PUBACK 2', 'PUBACK 3 0x97', 'PUBACK 4', 'PUBACK 5', 'PUBACK 6 0x97'];
  assert.deepEqual(publisher.said(), acks);
  assert.deepEqual(broker.connect(kept('one')).messages(), ['b=1', 'b=2', 'a=1', 'a=2']);
});

test('the same recipients are told to the store with the same array, message after message', async () => {
  const { broker, publisher, store } = await scene();
  for (const clientId of ['one', 'two']) {
    const client = broker.connect(kept(clientId));
    client.subscribe('b');
    client.cut();
  }
  const told: (readonly unknown[])[] = [];
  const append = store.append.bind(store);
  store.append = (id, message, recipients, origin) => {
    told.push(recipients);
    return append(id, message, recipients, origin);
  };
  for (const topic of ['a', 'b', 'a', 'b']) publisher.publish(topic, 'x', { qos: 1 });
  publisher.publish('b', 'x', { qos: 2 });
  assert.deepEqual(
    told.map((recipients) => recipients.length),
    [1, 2, 1, 2, 2],
  );
  assert.equal(told[0], told[2]);
  assert.equal(told[1], told[3]);
  assert.notEqual(told[1], told[4]);
});
