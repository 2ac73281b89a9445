// Scenarios in which everything goes well: messages, subscriptions and acknowledgements.

import assert from 'node:assert/strict';

import type { Packet } from '../../src/packet/packet.ts';
import {
  ALL_VERSIONS,
  Collector,
  numbers,
  type Scenario,
  type Stage,
  subscribe,
  textOf,
  VERSIONS_4_AND_5,
} from './scenario.ts';

const QOS = [0, 1, 2] as const;

/** The table. */
export const DELIVERY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'qos',
    claim: 'a message arrives with the lower of the QoS it was published and subscribed with',
    versions: ALL_VERSIONS,
    play: playQos,
  },
  {
    name: 'order',
    claim: 'messages of each QoS arrive once and in the order of the calls',
    versions: ALL_VERSIONS,
    play: playOrder,
  },
  {
    name: 'large',
    claim: 'a message of a million bytes arrives whole',
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const topic = stage.name('large');
      const collector = await stage.collect(topic);
      const payload = new Uint8Array(1_000_000).map((_, index) => index % 251);
      await (await stage.connect()).publish(topic, payload, { qos: 2 });
      await collector.texts(1);
      assert.deepEqual(collector.messages[0]?.payload, payload);
    },
  },
  {
    name: 'wildcards',
    claim: 'filters with wildcards get what they match, and nothing else',
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const root = stage.name('wild');
      const one = await stage.collect(`${root}/+/c`);
      const all = await stage.collect(`${root}/#`);
      const publisher = await stage.connect();
      for (const topic of [root, `${root}/a`, `${root}/b/c`, `${root}/b/c/d`, `${root}/e/c`]) {
        await publisher.publish(topic, topic, { qos: 1 });
      }
      assert.deepEqual(await all.texts(5), [root, `${root}/a`, `${root}/b/c`, `${root}/b/c/d`, `${root}/e/c`]);
      assert.deepEqual(await one.texts(2), [`${root}/b/c`, `${root}/e/c`]);
    },
  },
  {
    name: 'overlap',
    claim: 'of two subscriptions of one client that overlap, each gets the message',
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const root = stage.name('overlap');
      const subscriber = await stage.connect();
      const [exact, wild] = [new Collector(), new Collector()];
      await subscribe(subscriber, `${root}/a`, { qos: 1, onMessage: (message) => exact.take(message) });
      await subscribe(subscriber, `${root}/+`, { qos: 1, onMessage: (message) => wild.take(message) });
      await (await stage.connect()).publish(`${root}/a`, 'both', { qos: 1 });
      assert.equal((await exact.texts(1))[0], 'both');
      assert.equal((await wild.texts(1))[0], 'both');
    },
  },
  {
    name: 'retained',
    claim: 'a retained message greets a new subscriber with its flag, until an empty one removes it',
    versions: ALL_VERSIONS,
    play: playRetained,
  },
  {
    name: 'unsubscribe',
    claim: 'a subscription that was ended gets nothing more, another one of the client does',
    versions: VERSIONS_4_AND_5,
    play: playUnsubscribe,
  },
  {
    name: 'iterator',
    claim:
      'a loop over a subscription gets the messages in order, and a new loop begins with what was not acknowledged',
    versions: VERSIONS_4_AND_5,
    play: playIterator,
  },
  {
    name: 'slow-handler',
    claim: 'a handler that takes its time gets every message once and in order',
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const topic = stage.name('slow');
      const collector = new Collector();
      const subscriber = await stage.connect();
      await subscribe(subscriber, topic, {
        qos: 2,
        onMessage: async (message) => {
          await new Promise(setImmediate);
          collector.take(message);
        },
      });
      const publisher = await stage.connect();
      await Promise.all(numbers(100).map((text) => publisher.publish(topic, text, { qos: 2 })));
      assert.deepEqual(await collector.texts(100), numbers(100));
    },
  },
  {
    name: 'manual-acks',
    claim: 'acknowledgements leave in the order of arrival, whatever the order of the calls',
    versions: VERSIONS_4_AND_5,
    play: playManualAcks,
  },
];

async function playQos(stage: Stage): Promise<void> {
  const publisher = await stage.connect();
  for (const subscribed of QOS) {
    const topic = stage.name('qos');
    const collector = await stage.collect(topic, subscribed);
    for (const published of QOS) await publisher.publish(topic, `${published}`, { qos: published });
    await collector.texts(QOS.length);
    // QoS 0 may pass the others, or be passed by them.
    const found = collector.messages.map((message) => `sent ${textOf(message)}, got ${message.qos}`).toSorted();
    assert.deepEqual(
      found,
      QOS.map((published) => `sent ${published}, got ${Math.min(published, subscribed)}`),
    );
  }
}

async function playOrder(stage: Stage): Promise<void> {
  const topic = stage.name('order');
  const collector = await stage.collect(topic);
  const publisher = await stage.connect();
  await Promise.all(numbers(600).map((text, at) => publisher.publish(topic, text, { qos: QOS[at % 3] })));
  await collector.texts(600);
  // The order is kept for each QoS [MQTT-4.6.0-5].
  for (const qos of QOS) {
    assert.deepEqual(
      collector.messages.filter((message) => message.qos === qos).map(textOf),
      numbers(600).filter((_, at) => at % 3 === qos),
    );
  }
}

async function playRetained(stage: Stage): Promise<void> {
  const topic = stage.name('retained');
  const publisher = await stage.connect();
  await publisher.publish(topic, 'kept', { qos: 1, retain: true });
  const greeted = await stage.collect(topic);
  assert.deepEqual(await greeted.texts(1), ['kept']);
  assert.equal(greeted.messages[0]?.retain, true);
  await publisher.publish(topic, '', { qos: 1, retain: true });
  await greeted.texts(2);
  assert.equal(greeted.messages[1]?.retain, false);
  const late = await stage.collect(topic);
  await publisher.publish(topic, 'fresh', { qos: 1 });
  assert.deepEqual(await late.texts(1), ['fresh']);
}

async function playUnsubscribe(stage: Stage): Promise<void> {
  const [ended, kept] = [stage.name('ended'), stage.name('kept')];
  const subscriber = await stage.connect();
  const [gone, here] = [new Collector(), new Collector()];
  const first = await subscribe(subscriber, ended, { qos: 1, onMessage: (message) => gone.take(message) });
  await subscribe(subscriber, kept, { qos: 1, onMessage: (message) => here.take(message) });
  const publisher = await stage.connect();
  await publisher.publish(ended, 'before', { qos: 1 });
  assert.deepEqual(await gone.texts(1), ['before']);
  await first.end();
  await publisher.publish(ended, 'after', { qos: 1 });
  await publisher.publish(kept, 'after', { qos: 1 });
  assert.deepEqual(await here.texts(1), ['after']);
  assert.equal(gone.messages.length, 1);
  assert.deepEqual(await subscriber.unsubscribe([kept, stage.name('never')]), await answers(stage));
}

/** What UNSUBACK says of a filter that was there and one that was not; before MQTT 5.0 it says nothing. */
async function answers({ version }: Stage): Promise<readonly number[]> {
  return version === 5 ? [0x00, 0x11] : [0x00, 0x00];
}

async function playIterator(stage: Stage): Promise<void> {
  const topic = stage.name('loop');
  const subscriber = await stage.connect();
  const subscription = await subscribe(subscriber, topic, { qos: 1 });
  const publisher = await stage.connect();
  await Promise.all(numbers(10).map((text) => publisher.publish(topic, text, { qos: 1 })));
  const seen: string[] = [];
  for await (const message of subscription) {
    seen.push(textOf(message));
    if (seen.length === 5) break;
  }
  assert.deepEqual(seen, numbers(5));
  const again: string[] = [];
  for await (const message of subscription) {
    again.push(textOf(message));
    if (again.length === 6) {
      message.ack();
      break;
    }
  }
  assert.deepEqual(again, numbers(10).slice(4));
  await publisher.publish(topic, 'last', { qos: 1 });
  for await (const message of subscription) {
    assert.equal(textOf(message), 'last');
    await subscription.end();
  }
}

async function playManualAcks(stage: Stage): Promise<void> {
  const topic = stage.name('acks');
  const relay = await stage.relay();
  const subscriber = await stage.connect({ port: relay.port });
  const collector = new Collector();
  await subscribe(subscriber, topic, {
    qos: 2,
    acknowledge: 'manual',
    onMessage: (message) => collector.take(message),
  });
  const publisher = await stage.connect();
  for (const [at, text] of numbers(6).entries()) {
    await publisher.publish(topic, text, { qos: at % 2 === 0 ? 1 : 2 });
  }
  await collector.texts(6);
  const isAck = ({ kind }: Packet): boolean => kind === 'puback' || kind === 'pubrec';
  assert.equal(relay.fromClients.filter(isAck).length, 0);
  for (const at of [3, 0, 5, 1, 4, 2]) collector.messages[at]?.ack();
  await relay.sent((packets) => packets.filter(isAck).length === 6);
  // [MQTT-4.6.0-2] [MQTT-4.6.0-3]
  const arrived = relay.fromBroker.flatMap((packet) => (packet.kind === 'publish' ? [packet.id] : []));
  const acknowledged = relay.fromClients.flatMap((packet) =>
    packet.kind === 'puback' || packet.kind === 'pubrec' ? [packet.id] : [],
  );
  assert.deepEqual(acknowledged, arrived);
}
