// The message of a Will (section 3.1.3.2 and [MQTT-3.1.2-14]): what of it is published, whom it reaches, and whether it
// may be. When it is published: will.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Action, Identity } from '../../src/auth/contract.ts';
import type { MessageProperties } from '../../src/packet/properties.ts';
import { TestBroker } from './harness.ts';
import { watched, will } from './sample-will.ts';
import { memoryStore } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;

// [MQTT-3.1.2-12] [MQTT-3.1.3-10] and section 3.1.3.2.
test('a Will carries its QoS and all its properties, in their order', async () => {
  const { broker, observer } = await watched();
  const properties: MessageProperties = {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 100,
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Uint8Array.of(1, 2, 3),
    userProperties: [
      ['b', '1'],
      ['__proto__', '2'],
      ['b', '1'],
      ['a', ''],
    ],
  };
  for (const qos of [0, 1, 2] as const) {
    broker.connect({ clientId: 'c', will: will({ qos, properties, delayInterval: 3 }) }).cut();
    const [published] = observer.publishes();
    assert.equal(published?.qos, qos);
    assert.deepEqual(published?.properties, properties);
    if (qos > 0) observer.answer(qos === 1 ? 'puback' : 'pubrec', published?.id);
    observer.take();
  }
});

// Section 3.1.3.2.4: its lifetime begins when it is published.
test("the Will's Message Expiry Interval does not run while its delay does", async () => {
  const { broker, observer } = await watched();
  const properties = { sessionExpiryInterval: 60 };
  const chosen = will({ delayInterval: 50, properties: { messageExpiryInterval: 20 } });
  broker.connect({ clientId: 'c', will: chosen, properties }).cut();
  broker.pass(50_000);
  assert.equal(observer.publishes()[0]?.properties.messageExpiryInterval, 20);
});

// [MQTT-3.8.3-3], docs/decisions/032: at the end of a connection, by a takeover, after a delay and after a restart.
for (const overlappingSubscriptions of ['merge', 'separate'] as const) {
  test(`No Local holds for the Will of the client itself; others get it (overlapping subscriptions: ${overlappingSubscriptions})`, async () => {
    const store = memoryStore();
    const rules = { overlappingSubscriptions };
    const broker = await TestBroker.open({ store, rules });
    const kept = { clean: false, properties: { sessionExpiryInterval: 1_000 } };
    const mine = (delayInterval: number) => ({ ...kept, clientId: 'c', will: will({ delayInterval }) });
    const client = broker.connect(mine(0));
    client.subscribe('will', { qos: 1, noLocal: true });
    client.subscribe('+', { qos: 1, noLocal: true });
    const other = broker.connect({ ...kept, clientId: 'other', will: will() });
    other.subscribe('will', { qos: 1, noLocal: true });
    const heard = (): number => other.acknowledgeAll().length;
    client.cut();
    assert.equal(heard(), 1);
    const again = broker.connect(mine(0));
    const taking = broker.connect(mine(10));
    assert.equal(heard(), 1);
    taking.cut();
    broker.pass(10_000);
    assert.equal(heard(), 1);
    const last = broker.connect(mine(0));
    assert.deepEqual([again.said(), taking.said(), last.said()], [['DISCONNECT 0x8e'], [], []]);
    last.subscribe('#', { qos: 1 }, 7);
    const next = await TestBroker.open({ store, rules, monotonic: broker.monotonicClock });
    const another = next.connect({ ...kept, clientId: 'other' });
    next.pass(100_000);
    assert.equal(another.acknowledgeAll().length, 1);
    const back = next.connect({ ...kept, clientId: 'c' }).acknowledgeAll();
    assert.deepEqual(
      back.map(({ subscriptionIdentifiers }) => subscriptionIdentifiers),
      [[7]],
      'without No Local it comes',
    );
  });
}

// [MQTT-3.1.2-14] [MQTT-3.1.2-15]; MQTT 3.1.1 [MQTT-3.1.2-16] [MQTT-3.1.2-17].
test('a Will is retained if it says so, and not if not', async () => {
  for (const version of VERSIONS) {
    for (const retain of [true, false]) {
      const { broker, observer } = await watched();
      broker.connect({ version, clientId: 'c', will: will({ retain }) }).cut();
      assert.equal(observer.publishes()[0]?.retain, false, 'for those who are subscribed it is a message like others');
      const late = broker.connect({ clientId: 'late' });
      late.subscribe('will');
      assert.deepEqual(
        late.publishes().map((packet) => packet.retain),
        retain ? [true] : [],
      );
    }
  }
});

test('a retained Will replaces the retained message, and an empty one removes it', async () => {
  const broker = await TestBroker.open();
  broker.connect({ clientId: 'p' }).publish('will', 'alive', { retain: true });
  broker.connect({ clientId: 'c', will: will({ retain: true }) }).cut();
  const reader = broker.connect({ clientId: 'reader' });
  reader.subscribe('will');
  assert.deepEqual(reader.messages(), ['will=w']);
  broker.connect({ clientId: 'c', will: will({ retain: true, payload: new Uint8Array(0) }) }).cut();
  assert.equal(broker.broker.sizes.retained, 0);
});

test('a Will reaches the persistent sessions that are away, its own among them', async () => {
  const broker = await TestBroker.open();
  const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } };
  for (const clientId of ['c', 'away']) {
    const client = broker.connect({ ...lasting, clientId });
    client.subscribe('will', { qos: 1 });
    client.cut();
  }
  broker.connect({ ...lasting, clientId: 'c', will: will() }).cut();
  for (const clientId of ['c', 'away']) {
    assert.deepEqual(broker.connect({ ...lasting, clientId }).messages(), ['will=w']);
  }
});

test('the right to publish a Will is asked for at CONNECT, and once more when it is published', async () => {
  const asked: [Identity, Action, string, number, boolean][] = [];
  let allowed = true;
  const authorizer = {
    allowsAll: false,
    allows: (identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean): boolean => {
      if (action === 'will') asked.push([identity, action, topic, qos, retain]);
      return action !== 'will' || allowed;
    },
  };
  const broker = await TestBroker.open({ authorizer });
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will');
  broker.connect({ clientId: 'c', will: will({ qos: 2, retain: true }) }).cut();
  assert.deepEqual(observer.messages(), ['will=w']);
  const nobodySaid = { certificate: undefined, groups: undefined, rights: undefined };
  const identity = { principal: undefined, clientId: 'c', remote: 'test:2', ...nobodySaid };
  assert.deepEqual(
    asked,
    Array.from({ length: 2 }, () => [identity, 'will', 'will', 2, true]),
  );

  const revoked = broker.connect({ clientId: 'c', will: will({ topic: 'will', payload: Buffer.from('no') }) });
  allowed = false;
  revoked.cut();
  assert.deepEqual(observer.take(), []);
  assert.deepEqual(broker.warnings(), [
    'The Will of client "c" for topic "will" was not published: not authorized (0x87). The client may not publish it.',
  ]);
  assert.equal(broker.broker.counters.messagesRefused, 1);
  assert.equal(broker.broker.sizes.sessions, 1);
});

test('a Will for which a persistent subscriber has no room is refused as a message would be, and said', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 1 } });
  const full = broker.connect({ clientId: 'full', properties: { sessionExpiryInterval: 60 } });
  full.subscribe('will', { qos: 1 });
  full.cut();
  for (const clientId of ['1', '2']) broker.connect({ clientId, will: will() }).cut();
  assert.deepEqual(broker.warnings(), [
    'The Will of client "2" for topic "will" was not published: quota exceeded (0x97).',
  ]);
});
