// Who of a shared subscription gets a message, by the strategy of the broker. What holds for all of them (each message to one
// member, QoS, what becomes of it when that one goes) is in shared-subscription.test.ts and group-queue.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { SharedSubscriptionStrategy } from '../../src/broker/rules.ts';
import { type BrokerOptions, type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { kept } from './late-stage.ts';
import { will } from './sample-will.ts';
import { textOf } from './say-packet.ts';
import { memoryStore } from './test-store.ts';

const TOPICS = Array.from({ length: 60 }, (_, n) => `t/${n}`);

function options(sharedSubscriptionStrategy: SharedSubscriptionStrategy, more: BrokerOptions = {}): BrokerOptions {
  return { ...more, rules: { sharedSubscriptionStrategy } };
}

/** A member that takes so many messages before it acknowledges. */
function member(broker: TestBroker, clientId: string, receiveMaximum: number, choice: ConnectChoice = {}): TestClient {
  const properties = { ...choice.properties, receiveMaximum };
  const client = broker.connect({ ...choice, clientId, properties });
  if (client.connack?.sessionPresent !== true) client.subscribe('$share/g/#', { qos: 1 });
  return client;
}

/** Publishes a message to each topic with QoS 1; they are taken. */
function publish(publisher: TestClient, topics: readonly string[], payload = 'x'): void {
  for (const topic of topics) publisher.publish(topic, payload, { qos: 1 });
  for (const packet of publisher.take()) assert.ok(packet.kind === 'puback' && packet.reasonCode < 0x80);
}

/** The topics of the messages that came, which are acknowledged. */
function topicsOf(client: TestClient): string[] {
  return client.acknowledgeAll().map(({ topic }) => topic);
}

/** Two of the topics that `of` is tied to, and two of the others. */
function tiedTo(of: TestClient, others: readonly TestClient[], publisher: TestClient): readonly (readonly string[])[] {
  const its: string[] = [];
  const theirs: string[] = [];
  for (const topic of TOPICS) {
    publish(publisher, [topic]);
    its.push(...topicsOf(of));
    theirs.push(...others.flatMap(topicsOf));
  }
  assert.ok(its.length > 2 && theirs.length > 2);
  return [its.slice(0, 2), theirs.slice(0, 2)];
}

describe('least-loaded', () => {
  test('the member with the fewest unacknowledged messages is next; members that are equal take turns', async () => {
    const broker = await TestBroker.open(options('least-loaded'));
    const [one, two, three] = ['1', '2', '3'].map((name) => member(broker, name, 10)) as [
      TestClient,
      TestClient,
      TestClient,
    ];
    const publisher = broker.connect();
    publish(publisher, ['a', 'b', 'c', 'd']);
    assert.deepEqual(
      [one, two, three].map((each) => each.received.length),
      [2, 1, 1],
    );
    topicsOf(three);
    publish(publisher, ['e']);
    assert.deepEqual(topicsOf(three), ['e']);
    publish(publisher, ['f', 'g']);
    assert.deepEqual(
      [one, two, three].map((each) => each.received.length),
      [2, 2, 1],
    );
  });

  test('what a member has to acknowledge of its own subscriptions counts, too', async () => {
    const broker = await TestBroker.open(options('least-loaded'));
    const [busy, idle] = [broker.connect(), broker.connect()];
    for (const each of [busy, idle]) each.subscribe('$share/g/a', { qos: 1 });
    busy.subscribe('own', { qos: 1 });
    publish(broker.connect(), ['own', 'own', 'a', 'a', 'a']);
    assert.deepEqual(
      [topicsOf(busy), topicsOf(idle)],
      [
        ['own', 'own', 'a'],
        ['a', 'a'],
      ],
    );
  });

  test('a member that can take nothing more is passed over, whatever it has', async () => {
    const broker = await TestBroker.open(options('least-loaded'));
    const [narrow, wide] = [member(broker, 'narrow', 1), member(broker, 'wide', 10)];
    publish(broker.connect(), ['a', 'b', 'c', 'd']);
    assert.deepEqual(
      [narrow, wide].map((each) => each.received.length),
      [1, 3],
    );
  });
});

describe('sticky', () => {
  test('by topic: a topic goes to one member as long as that is there, each has some, and when one leaves, only its topics move', async () => {
    const broker = await TestBroker.open(options('sticky-by-topic'));
    const members = ['1', '2', '3'].map((name) => member(broker, name, 100));
    const publishers = [broker.connect(), broker.connect()];
    const owners = (): Map<string, number> => {
      const owned = new Map<string, number>();
      for (const publisher of publishers) publish(publisher, TOPICS);
      for (const [place, each] of members.entries())
        for (const topic of topicsOf(each)) {
          assert.equal(owned.get(topic) ?? place, place, 'the second message of a topic goes where the first went');
          owned.set(topic, place);
        }
      assert.equal(owned.size, TOPICS.length);
      return owned;
    };
    const first = owners();
    for (const place of [0, 1, 2]) assert.ok(Array.from(first.values()).filter((each) => each === place).length > 8);
    assert.deepEqual(owners(), first);
    members[1]?.disconnect();
    for (const [topic, place] of owners()) if (first.get(topic) !== 1) assert.equal(place, first.get(topic));
    members[1] = member(broker, '2', 100);
    assert.deepEqual(owners(), first, 'the client that is back has its topics back');
  });

  test('by publisher: what one client publishes goes to one member, whatever the topic and the connection', async () => {
    const broker = await TestBroker.open(options('sticky-by-publisher'));
    const members = ['1', '2', '3'].map((name) => member(broker, name, 100));
    const found = new Set<number>();
    for (let n = 0; n < 20; n++) {
      for (let connection = 0; connection < 2; connection++) publish(broker.connect({ clientId: `p${n}` }), ['a', 'b']);
      const counts = members.map((each) => topicsOf(each).length);
      assert.deepEqual(
        counts.toSorted((x, y) => x - y),
        [0, 0, 4],
      );
      found.add(counts.indexOf(4));
    }
    assert.equal(found.size, 3);
  });

  test('by publisher: Wills, which nobody publishes, go round', async () => {
    const broker = await TestBroker.open(options('sticky-by-publisher'));
    const members = ['1', '2'].map((name) => member(broker, name, 100));
    for (let n = 0; n < 4; n++) broker.connect({ clientId: 'p', will: will() }).cut();
    assert.deepEqual(
      members.map((each) => topicsOf(each).length),
      [2, 2],
    );
  });

  for (const choice of [{}, kept('')]) {
    const which = choice.clean === false ? 'that outlives its connection' : 'that ends with its connection';
    test(`what is tied to a busy member ${which} waits for it, in order, and holds up nobody else`, async () => {
      const broker = await TestBroker.open(options('sticky-by-topic'));
      const busy = member(broker, 'busy', 1, choice);
      const idle = member(broker, 'idle', 100, choice);
      const publisher = broker.connect();
      const [its, theirs] = tiedTo(busy, [idle], publisher);
      assert.ok(its !== undefined && theirs !== undefined);
      for (const payload of ['1', '2', '3']) publish(publisher, [...its, ...theirs], payload);
      assert.equal(busy.received.length, 1);
      assert.deepEqual(idle.acknowledgeAll().map(textOf), ['1', '1', '2', '2', '3', '3']);
      assert.deepEqual(busy.acknowledgeAll().map(textOf), ['1', '1', '2', '2', '3', '3']);
    });
  }

  test('what waits for a member that goes for good is for the others', async () => {
    const broker = await TestBroker.open(options('sticky-by-topic'));
    const busy = member(broker, 'busy', 1);
    const idle = member(broker, 'idle', 100);
    const publisher = broker.connect();
    const [its] = tiedTo(busy, [idle], publisher);
    for (const payload of ['1', '2', '3']) publish(publisher, its ?? [], payload);
    busy.disconnect();
    assert.deepEqual(idle.acknowledgeAll().map(textOf).toSorted(), ['1', '1', '2', '2', '3', '3']);
  });

  test('what waits for a member that is away waits for its return, over a restart; what comes meanwhile goes to another', async () => {
    const store = memoryStore();
    const broker = await TestBroker.open(options('sticky-by-topic', { store }));
    const busy = member(broker, 'busy', 1, kept(''));
    const idle = member(broker, 'idle', 100, kept(''));
    const publisher = broker.connect();
    const [its] = tiedTo(busy, [idle], publisher);
    publish(publisher, its ?? [], 'before');
    busy.cut();
    publish(publisher, its ?? [], 'meanwhile');
    assert.deepEqual(idle.acknowledgeAll().map(textOf), ['meanwhile', 'meanwhile']);
    const next = await TestBroker.open(options('sticky-by-topic', { store }));
    const back = member(next, 'busy', 1, kept(''));
    assert.deepEqual(back.acknowledgeAll().map(textOf), ['before', 'before']);
  });

  test('what nobody was there for goes to whoever is ready, the one that it is tied to first', async () => {
    const broker = await TestBroker.open(options('sticky-by-topic'));
    const [one, two] = [member(broker, '1', 100, kept('')), member(broker, '2', 100, kept(''))];
    const publisher = broker.connect();
    const [its] = tiedTo(one, [two], publisher);
    for (const each of [one, two]) each.cut();
    publish(publisher, its ?? []);
    const back = member(broker, '2', 100, kept(''));
    assert.deepEqual(topicsOf(back), its);
    publish(publisher, its ?? []);
    assert.deepEqual(topicsOf(back), its);
    const owner = member(broker, '1', 100, kept(''));
    publish(publisher, its ?? []);
    assert.deepEqual([topicsOf(owner), topicsOf(back)], [its, []]);
  });

  test('at the limit of the queue of the member that it is tied to, a message is refused as for any session', async () => {
    const broker = await TestBroker.open(options('sticky-by-topic', { limits: { sessionQueueMessagesMax: 2 } }));
    const only = member(broker, 'only', 1, kept(''));
    const publisher = broker.connect();
    for (const payload of ['sent', 'waits', 'waits', 'refused']) publisher.publish('a', payload, { qos: 1 });
    assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3', 'PUBACK 4 0x97']);
    assert.deepEqual(only.acknowledgeAll().map(textOf), ['sent', 'waits', 'waits']);
  });

  test('a busy member that ends with its connection is passed over where the store keeps what waits for the group', async () => {
    const broker = await TestBroker.open(options('sticky-by-topic'));
    const guest = member(broker, 'guest', 1);
    const keeper = member(broker, 'keeper', 100, kept(''));
    const publisher = broker.connect();
    const [its] = tiedTo(guest, [keeper], publisher);
    for (const payload of ['1', '2', '3']) publish(publisher, its?.slice(0, 1) ?? [], payload);
    assert.deepEqual(
      [guest, keeper].map((each) => each.acknowledgeAll().map(textOf)),
      [['1'], ['2', '3']],
    );
  });

  test('QoS 0 goes to the member that it is tied to, or is dropped if that one is too slow', async () => {
    const broker = await TestBroker.open(options('sticky-by-topic', { limits: { outboxBytesMax: 65_536 } }));
    const [one, two] = [member(broker, '1', 100), member(broker, '2', 100)];
    const publisher = broker.connect();
    const [its] = tiedTo(one, [two], publisher);
    one.stopReading(100_000);
    for (const topic of its ?? []) publisher.publish(topic, 'x');
    assert.deepEqual([one.received.length, two.received.length], [0, 0]);
    assert.equal(broker.broker.counters.messagesDropped['slow-reader'], 2);
    one.readAgain();
    for (const topic of its ?? []) publisher.publish(topic, 'x');
    assert.deepEqual(
      one.publishes().map(({ topic, qos }) => `${topic} ${qos}`),
      its?.map((topic) => `${topic} 0`),
    );
  });
});
