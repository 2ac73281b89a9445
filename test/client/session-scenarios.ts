// Scenarios in which connections end and sessions go on, or do not.

import assert from 'node:assert/strict';

import type { QoS } from '../../src/packet/packet.ts';
import {
  ALL_VERSIONS,
  Collector,
  nextEvent,
  numbers,
  type Scenario,
  type Stage,
  subscribe,
  textOf,
  VERSION_5,
  VERSIONS_4_AND_5,
} from './scenario.ts';

/** After how many bytes each connection is cut in turn: in the handshake, in the middle of packets, late. */
const CUTS = [3, 90, 150, 217, 333, 400, 512, 613, 701, 850, 997, 1_203, 1_500, 1_999, 2_500, 3_333];

/** The table. */
export const SESSION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'resume',
    claim: 'the next client with the same name gets what came for the session meanwhile, once and in order',
    versions: ALL_VERSIONS,
    play: playResume,
  },
  {
    name: 'reconnect',
    claim: 'after a cut the client goes on with its session, and its subscription gets what came meanwhile',
    versions: VERSIONS_4_AND_5,
    play: playReconnect,
  },
  {
    name: 'session-loss',
    claim: 'a broker that has forgotten the session is subscribed to again',
    versions: VERSIONS_4_AND_5,
    play: playSessionLoss,
  },
  ambiguous('resend', 'is sent to the new one'),
  ambiguous('reject', 'is given back, if so asked, and the next one is sent'),
  {
    name: 'offline',
    claim: 'what is published while there is no broker goes out when there is one, in order; QoS 0 is refused',
    versions: VERSIONS_4_AND_5,
    play: playOffline,
  },
  {
    name: 'expiry',
    claim: 'DISCONNECT changes how long the session is kept',
    versions: VERSION_5,
    play: playExpiry,
  },
  {
    name: 'clean',
    claim: 'a clean client finds nothing of the session before, and leaves none',
    versions: VERSIONS_4_AND_5,
    play: playClean,
  },
  cutPublish(1),
  cutPublish(2),
  cutReceive(1),
  cutReceive(2),
  {
    name: 'silent',
    claim: 'a broker that falls silent is left after one and a half times the Keep Alive, and found again',
    versions: VERSIONS_4_AND_5,
    play: playSilent,
  },
];

async function playResume(stage: Stage): Promise<void> {
  const topic = stage.name('kept');
  const lasting = stage.lasting();
  const first = await stage.connect(lasting);
  // MQTT 3.1 does not say.
  if (stage.version !== 3) assert.equal(first.connection?.sessionPresent, false);
  await subscribe(first, topic, { qos: 2 });
  await first.disconnect();
  const publisher = await stage.connect();
  for (const text of ['one', 'two', 'three']) await publisher.publish(topic, text, { qos: 2 });
  const collector = new Collector();
  const second = await stage.connect({ ...lasting, onMessage: (message) => collector.take(message) });
  assert.equal(second.connection?.sessionPresent, true);
  assert.deepEqual(await collector.texts(3), ['one', 'two', 'three']);
}

async function playReconnect(stage: Stage): Promise<void> {
  const topic = stage.name('kept');
  const relay = await stage.relay();
  const subscriber = await stage.connect({ ...stage.lasting(), port: relay.port });
  const collector = new Collector();
  await subscribe(subscriber, topic, { qos: 2, onMessage: (message) => collector.take(message) });
  const lost = nextEvent(subscriber, 'disconnected');
  relay.leadTo(undefined);
  relay.cut();
  const [end] = await lost;
  assert.equal(end.kind, 'connection-lost');
  const publisher = await stage.connect();
  for (const text of numbers(5)) await publisher.publish(topic, text, { qos: 2 });
  const back = nextEvent(subscriber, 'connected');
  relay.leadTo(stage.port);
  const [facts] = await back;
  assert.equal(facts.sessionPresent, true);
  assert.deepEqual(await collector.texts(5), numbers(5));
}

async function playSessionLoss(stage: Stage): Promise<void> {
  const [topic, ended] = [stage.name('again'), stage.name('ended')];
  const relay = await stage.relay();
  const subscriber = await stage.connect({ ...stage.lasting(), port: relay.port });
  const [here, gone] = [new Collector(), new Collector()];
  await subscribe(subscriber, topic, { qos: 1, onMessage: (message) => here.take(message) });
  const over = await subscribe(subscriber, ended, { qos: 1, onMessage: (message) => gone.take(message) });
  await over.end();
  const back = nextEvent(subscriber, 'connected');
  await stage.stopBroker();
  await stage.startBroker();
  relay.leadTo(stage.port);
  const [facts] = await back;
  assert.equal(facts.sessionPresent, false);
  await relay.sent((packets) => packets.filter(({ kind }) => kind === 'subscribe').length === 3);
  // Its SUBACK is behind that of the subscription.
  await subscribe(subscriber, stage.name('barrier'), { qos: 0 });
  const publisher = await stage.connect();
  await publisher.publish(ended, 'nobody', { qos: 1 });
  await publisher.publish(topic, 'again', { qos: 1 });
  assert.deepEqual(await here.texts(1), ['again']);
  assert.equal(gone.messages.length, 0);
}

/** A QoS 2 message of which the broker may have had all or nothing, when it forgets everything. */
function ambiguous(onAmbiguous: 'resend' | 'reject', what: string): Scenario {
  return {
    name: `ambiguous-${onAmbiguous}`,
    claim: `a message of QoS 2 of which nobody knows whether the lost broker had it ${what}`,
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const topic = stage.name('ambiguous');
      const relay = await stage.relay();
      // Enough for the handshake, not for the message.
      relay.cutAfter([500]);
      const client = await stage.connect({ ...stage.lasting(), port: relay.port, onAmbiguous });
      relay.leadTo(undefined);
      const lost = nextEvent(client, 'disconnected');
      const publishing = client.publish(topic, 'x'.repeat(1_000), { qos: 2 });
      const outcome = onAmbiguous === 'reject' ? assert.rejects(publishing, { code: 'ambiguous' }) : publishing;
      await lost;
      await stage.stopBroker();
      await stage.startBroker();
      const collector = await stage.collect(topic);
      relay.leadTo(stage.port);
      await outcome;
      await client.publish(topic, 'end', { qos: 2 });
      const expected = onAmbiguous === 'reject' ? [] : ['x'.repeat(1_000)];
      assert.deepEqual(await collector.textsBefore('end'), expected);
    },
  };
}

async function playOffline(stage: Stage): Promise<void> {
  const topic = stage.name('offline');
  const relay = await stage.relay();
  const publisher = await stage.connect({ ...stage.lasting(), port: relay.port });
  const lost = nextEvent(publisher, 'disconnected');
  relay.leadTo(undefined);
  relay.cut();
  await lost;
  const publishing = numbers(20).map((text) => publisher.publish(topic, text, { qos: 2 }));
  await Promise.all(publishing.map(({ stored }) => stored));
  await assert.rejects(publisher.publish(topic, 'lost', { qos: 0 }), { code: 'not-connected' });
  assert.equal(publisher.unsettledCount, 20);
  const collector = await stage.collect(topic);
  relay.leadTo(stage.port);
  await publisher.settled();
  await Promise.all(publishing);
  assert.deepEqual(await collector.texts(20), numbers(20));
}

async function playExpiry(stage: Stage): Promise<void> {
  const lasting = stage.lasting();
  const first = await stage.connect(lasting);
  await first.disconnect({ sessionExpirySeconds: 60 });
  const second = await stage.connect(lasting);
  assert.equal(second.connection?.sessionPresent, true);
  await second.disconnect({ sessionExpirySeconds: 0 });
  const third = await stage.connect(lasting);
  assert.equal(third.connection?.sessionPresent, false);
}

async function playClean(stage: Stage): Promise<void> {
  const lasting = stage.lasting();
  const first = await stage.connect(lasting);
  await subscribe(first, stage.name('lost'), { qos: 1 });
  await first.disconnect();
  const clean = await stage.connect({ clientId: lasting.clientId, clean: true });
  assert.equal(clean.connection?.sessionPresent, false);
  await clean.disconnect();
  const last = await stage.connect(lasting);
  assert.equal(last.connection?.sessionPresent, false);
}

function cutPublish(qos: 1 | 2): Scenario {
  return {
    name: `cut-publish-${qos}`,
    claim: `messages of QoS ${qos} that are published over a line that is cut again and again arrive ${howOften(qos)}, in order`,
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const topic = stage.name('cut');
      const collector = await stage.collect(topic);
      const relay = await stage.relay();
      const publisher = await stage.connect({ ...stage.lasting(), port: relay.port, inFlightMax: 10 });
      // Without a subscription aedes keeps no session at all, against [MQTT-3.1.2-4].
      await subscribe(publisher, stage.name('unused'), {});
      relay.cutAfter(CUTS);
      relay.cut();
      await Promise.all(numbers(200).map((text) => publisher.publish(topic, text, { qos })));
      await (await stage.connect()).publish(topic, 'end', { qos });
      checkArrived(await collector.textsBefore('end'), qos);
    },
  };
}

function cutReceive(qos: 1 | 2): Scenario {
  return {
    name: `cut-receive-${qos}`,
    claim: `messages of QoS ${qos} that come over a line that is cut again and again arrive ${howOften(qos)}, in order`,
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const topic = stage.name('cut');
      const relay = await stage.relay();
      const subscriber = await stage.connect({ ...stage.lasting(), port: relay.port });
      const collector = new Collector();
      await subscribe(subscriber, topic, { qos, onMessage: (message) => collector.take(message) });
      relay.cutAfter(CUTS);
      relay.cut();
      const publisher = await stage.connect();
      await Promise.all(numbers(200).map((text) => publisher.publish(topic, text, { qos })));
      await publisher.publish(topic, 'end', { qos });
      await collector.until(() => new Set(collector.messages.map(textOf)).size === 201);
      const texts = collector.messages.map(textOf).filter((text) => text !== 'end');
      checkArrived(stage.isOrdered ? texts : texts.toSorted((one, other) => Number(one) - Number(other)), qos);
    },
  };
}

function howOften(qos: QoS): string {
  return qos === 2 ? 'exactly once' : 'at least once';
}

/** QoS 2: each once. QoS 1: each, and none for the first time behind a later one. */
function checkArrived(texts: readonly string[], qos: QoS): void {
  assert.deepEqual(qos === 2 ? texts : [...new Set(texts)], numbers(200));
}

async function playSilent(stage: Stage): Promise<void> {
  const topic = stage.name('silent');
  const relay = await stage.relay();
  const client = await stage.connect({ ...stage.lasting(), port: relay.port, keepAliveSeconds: 1 });
  const collector = new Collector();
  await subscribe(client, topic, { qos: 1, onMessage: (message) => collector.take(message) });
  const lost = nextEvent(client, 'disconnected');
  relay.fallSilent();
  const [end] = await lost;
  assert.ok(end.kind === 'protocol-error');
  assert.equal(end.error.kind, 'keep-alive-timeout');
  const back = nextEvent(client, 'connected');
  relay.speak();
  await back;
  await (await stage.connect()).publish(topic, 'heard', { qos: 1 });
  await collector.until(() => collector.messages.some((message) => textOf(message) === 'heard'));
}
