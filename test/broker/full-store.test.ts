// A store without room (a full disk): new messages that it would have to keep are refused before anybody heard yes, all else
// goes on, from a reserve; and when there is room again, so do they.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { type BrokerOptions, type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { kept } from './late-stage.ts';
import { will } from './sample-will.ts';
import { textOf } from './say-packet.ts';
import { memoryStore } from './test-store.ts';

interface Scene {
  readonly broker: TestBroker;
  readonly store: MemoryStore;
  /** A persistent session that is there, subscribed to `kept` and `kept/#` with QoS 2. */
  readonly keeper: TestClient;
  /** A session that ends with its connection and sees everything. */
  readonly observer: TestClient;
}

/** A broker whose store has just become full. */
async function scene(options: BrokerOptions = {}): Promise<Scene> {
  const store = memoryStore();
  const broker = await TestBroker.open({ ...options, store });
  const keeper = broker.connect(kept('keeper'));
  keeper.subscribe('kept/#');
  keeper.subscribe('low', { qos: 0 });
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('#');
  broker.connect(kept('publisher')).cut();
  store.announceFull(true);
  return { broker, store, keeper, observer };
}

/** What is published while the store is full, and whether it is taken. */
const MESSAGES = [
  { what: 'QoS 1 for a persistent session', topic: 'kept', qos: 1, retain: false, isTaken: false },
  { what: 'QoS 2 for a persistent session', topic: 'kept', qos: 2, retain: false, isTaken: false },
  { what: 'QoS 0 for a persistent session', topic: 'kept', qos: 0, retain: false, isTaken: true },
  { what: 'QoS 1 that a persistent session gets as QoS 0', topic: 'low', qos: 1, retain: false, isTaken: true },
  { what: 'QoS 1 for sessions that end with their connections', topic: 'clean', qos: 1, retain: false, isTaken: true },
  { what: 'QoS 1 to be retained', topic: 'clean', qos: 1, retain: true, isTaken: false },
  { what: 'QoS 2 to be retained', topic: 'clean', qos: 2, retain: true, isTaken: false },
] as const;

describe('while the store is full', () => {
  for (const { what, topic, qos, retain, isTaken } of MESSAGES) {
    for (const version of [4, 5] as const) {
      test(`${what} is ${isTaken ? 'taken' : 'refused'}, version ${version}`, async () => {
        const { broker, observer, store } = await scene();
        const publisher = broker.connect({ version, clientId: 'p' });
        const before = store.written;
        publisher.publish(topic, 'x', { qos, retain, id: 1 });
        assert.equal(store.written, before, 'nothing is written');
        assert.equal(observer.acknowledgeAll().length, isTaken ? 1 : 0);
        const reasonCode = isTaken ? '' : ' 0x97';
        const answers = qos === 0 ? [] : [`${qos === 1 ? 'PUBACK' : 'PUBREC'} 1${reasonCode}`];
        assert.deepEqual(publisher.said(), version === 4 && !isTaken ? [] : answers);
        const { messagesRefused, messagesRefusedStoreFull } = broker.broker.counters;
        assert.deepEqual([messagesRefused, messagesRefusedStoreFull], isTaken ? [0, 0] : [1, 1]);
        broker.pass(1_000);
        assert.equal(publisher.ended, version === 4 && !isTaken ? 'end' : 'not yet');
      });
    }
  }

  test('QoS 2 is refused to a persistent publisher, whose identifier would have to be remembered', async () => {
    const { broker } = await scene();
    const lasting = broker.connect(kept('publisher'));
    const clean = broker.connect();
    for (const publisher of [lasting, clean]) publisher.publish('clean', 'x', { qos: 2, id: 7 });
    assert.deepEqual([lasting.said(), clean.said()], [['PUBREC 7 0x97'], ['PUBREC 7']]);
    lasting.publish('clean', 'x', { qos: 1, id: 8 });
    assert.deepEqual(lasting.said(), ['PUBACK 8']);
  });

  test('QoS 0 to be retained is delivered and not kept: its topic then has no retained message', async () => {
    const { broker, store, observer } = await scene();
    store.announceFull(false);
    const publisher = broker.connect();
    publisher.publish('clean', 'old', { retain: true });
    store.announceFull(true);
    publisher.publish('clean', 'new', { retain: true });
    assert.deepEqual(observer.messages(), ['clean=old', 'clean=new']);
    assert.deepEqual([broker.broker.sizes.retained, store.statistics().retained], [0, 0]);
    assert.equal(broker.broker.counters.messagesNotRetained, 1);
  });

  test('a retained message can be cleared', async () => {
    const { broker, store } = await scene();
    store.announceFull(false);
    const publisher = broker.connect();
    publisher.publish('clean', 'x', { retain: true });
    store.announceFull(true);
    publisher.publish('clean', '', { retain: true, qos: 1, id: 1 });
    assert.deepEqual(publisher.said(), ['PUBACK 1']);
    assert.equal(store.statistics().retained, 0);
  });

  test('what is owed is delivered and acknowledged, handshakes of both directions go on', async () => {
    const { broker, store, keeper } = await scene();
    store.announceFull(false);
    const publisher = broker.connect(kept('publisher'));
    const id = publisher.publish('kept', 'begun', { qos: 2 });
    keeper.cut();
    for (const payload of ['1', '2', '3']) publisher.publish('kept', payload, { qos: 1 });
    publisher.take();
    store.announceFull(true);
    publisher.answer('pubrel', id);
    assert.deepEqual(publisher.said(), ['PUBCOMP 1']);
    const back = broker.connect(kept('keeper'));
    assert.equal(back.connack?.sessionPresent, true);
    assert.deepEqual(back.acknowledgeAll().map(textOf), ['begun', '1', '2', '3']);
    assert.equal(store.statistics().deliveries, 0);
  });

  test('sessions, subscriptions and Wills are taken: they are small', async () => {
    const { broker, store } = await scene();
    const client = broker.connect({ ...kept('new'), will: will() });
    assert.deepEqual(client.subscribe('new/#'), [2]);
    assert.deepEqual(client.unsubscribe('new/#'), [0]);
    assert.equal(store.statistics().wills, 1);
    client.disconnect();
    assert.equal(store.statistics().sessions, 3);
  });

  test('a subscription is refused whose retained messages would have to be stored, and that one alone', async () => {
    for (const version of [4, 5] as const) {
      const { broker, store } = await scene();
      store.announceFull(false);
      const publisher = broker.connect();
      publisher.publish('kept/1', 'x', { qos: 1, retain: true });
      publisher.publish('other', 'x', { retain: true });
      store.announceFull(true);
      const lasting = broker.connect({ ...kept('lasting'), version });
      lasting.requestSubscription(['kept/1', 'other', 'none'], { qos: 1 });
      assert.deepEqual(lasting.said(), [
        `SUBACK 1 ${version === 5 ? '0x97' : '0x80'} 0x01 0x01`,
        'PUBLISH other=x retain',
      ]);
      assert.deepEqual(lasting.subscribe('kept/1', { qos: 0 }), [0]);
      assert.deepEqual(lasting.messages(), ['kept/1=x']);
      const clean = broker.connect({ version, clientId: 'clean' });
      assert.deepEqual(clean.subscribe('kept/1', { qos: 1 }), [1]);
    }
  });

  test('a Will that would have to be stored waits in the store, which is said, and is published once there is room', async () => {
    const { broker, observer, store, keeper } = await scene();
    broker.connect({ clientId: 'c', will: will({ topic: 'kept' }) }).cut();
    broker.connect({ clientId: 'd', will: will({ topic: 'clean' }) }).cut();
    const sayTopics = (client: TestClient): string[] => client.acknowledgeAll().map(({ topic }) => topic);
    assert.deepEqual(sayTopics(observer), ['clean']);
    assert.match(broker.warnings().at(-1) ?? '', /^The Will of client "c" .* waits for room in the store\.$/);
    assert.equal(store.statistics().wills, 1);
    broker.pass(1_000_000);
    assert.deepEqual(sayTopics(observer), []);
    store.announceFull(false);
    broker.pass(1);
    assert.deepEqual([observer, keeper].map(sayTopics), [['kept'], ['kept']]);
    assert.equal(store.statistics().wills, 0);
    store.announceFull(true);
    store.announceFull(false);
    broker.pass(1);
    assert.deepEqual([observer, keeper].map(sayTopics), [[], []]);
  });

  test('a Will that waits is published though its client is back, with another one, and though the store was full again', async () => {
    const { broker, observer, store } = await scene();
    const choice = { ...kept('c'), will: will({ topic: 'kept', payload: Buffer.from('first') }) };
    broker.connect(choice).cut();
    const back = broker.connect({ ...choice, will: will({ topic: 'kept', payload: Buffer.from('second') }) });
    assert.equal(back.connack?.sessionPresent, true);
    assert.equal(store.statistics().wills, 2);
    store.announceFull(false);
    store.announceFull(true);
    broker.pass(1);
    assert.deepEqual(observer.said(), []);
    store.announceFull(false);
    broker.pass(1);
    assert.deepEqual(observer.acknowledgeAll().map(textOf), ['first']);
    back.cut();
    assert.deepEqual(observer.acknowledgeAll().map(textOf), ['second']);
    assert.equal(store.statistics().wills, 0);
  });

  test('a Will that waits is still there after a restart', async () => {
    const { broker, store } = await scene();
    broker.connect({ ...kept('c'), will: will({ topic: 'kept' }) }).cut();
    const { monotonicClock: monotonic, wallClock: wall } = broker;
    const next = await TestBroker.open({ store, monotonic, wall });
    store.announceFull(false);
    next.pass(20_000);
    assert.deepEqual(
      next
        .connect(kept('keeper'))
        .acknowledgeAll()
        .map(({ topic }) => topic),
      ['kept'],
    );
    assert.equal(store.statistics().wills, 0);
  });

  test('the embedding program hears 0x97', async () => {
    const { broker } = await scene();
    const message = {
      topic: 'kept',
      payload: Buffer.from('x'),
      qos: 1,
      retain: false,
      properties: NO_MESSAGE_PROPERTIES,
    } as const;
    assert.equal(await broker.broker.publish(message), 0x97);
    assert.equal(await broker.broker.publish({ ...message, topic: 'clean' }), 0);
  });
});

test('when there is room again messages are taken, under the identifiers under which they were refused', async () => {
  for (const choice of [{ clientId: 'p' }, kept('publisher')] satisfies ConnectChoice[]) {
    const { broker, store, keeper } = await scene();
    const publisher = broker.connect(choice);
    const publish = (): void => {
      publisher.publish('kept', 'x', { qos: 1, id: 1 });
      publisher.publish('kept', 'x', { qos: 2, id: 2 });
    };
    publish();
    store.announceFull(false);
    publish();
    assert.deepEqual(publisher.said(), ['PUBACK 1 0x97', 'PUBREC 2 0x97', 'PUBACK 1', 'PUBREC 2']);
    assert.equal(keeper.acknowledgeAll().length, 2);
  }
});

test('it is told and said once when the store becomes full, and once when it has room, with the count', async () => {
  const told: boolean[] = [];
  const { broker, store } = await scene({ events: { storeFull: (isFull) => void told.push(isFull) } });
  const publisher = broker.connect();
  for (let n = 0; n < 25; n++) publisher.publish('kept', 'x', { qos: 1 });
  store.announceFull(true);
  store.announceFull(false);
  store.announceFull(false);
  store.announceFull(true);
  store.announceFull(false);
  assert.deepEqual(told, [true, false, true, false]);
  const said = broker.log.filter(({ level }) => level === 'warn' || level === 'error').map(({ sentence }) => sentence);
  const full =
    'The store is full: messages for persistent sessions and retained messages are refused until there is room. Deliveries go on.';
  assert.deepEqual(said, [
    full,
    'The store has room again. While it was full, 25 messages were refused.',
    full,
    'The store has room again. While it was full, 0 messages were refused.',
  ]);
});
