// Scenarios about what client and broker say to each other beside messages: who may connect, Wills, limits, and what came with MQTT 5.0.

import assert from 'node:assert/strict';

import { OperationError } from '../../src/base/errors.ts';
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

const USER = { name: 'alice', password: 'correct' };

/** The table. */
export const TERMS_SCENARIOS: readonly Scenario[] = [
  {
    name: 'password',
    claim: 'a wrong password is refused, with the reason',
    versions: ALL_VERSIONS,
    settings: { user: USER },
    play: async (stage) => {
      await assert.rejects(stage.connect({ userName: USER.name, password: 'wrong' }), (error) => {
        assert.ok(error instanceof OperationError && error.code === 'connection-refused');
        // "Bad User Name or Password" and "Not authorized" of MQTT 5.0; the client speaks of those of 3.1.1 in the same codes.
        assert.ok(error.reasonCode === 0x86 || error.reasonCode === 0x87, String(error.reasonCode));
        return true;
      });
      const client = await stage.connect({ userName: USER.name, password: USER.password });
      assert.equal(client.state, 'connected');
    },
  },
  {
    name: 'credentials',
    claim: 'credentials are asked for before each connection, and refused ones until there are others',
    versions: VERSIONS_4_AND_5,
    settings: { user: USER },
    play: playCredentials,
  },
  {
    name: 'will',
    claim: 'the Will is published when the connection is cut',
    versions: ALL_VERSIONS,
    play: async (stage) => {
      const topic = stage.name('will');
      const collector = await stage.collect(topic);
      const relay = await stage.relay();
      const client = await stage.connect({
        port: relay.port,
        reconnect: false,
        will: { topic, payload: 'gone', qos: 1, retain: true },
      });
      relay.cut();
      assert.equal((await client.closed).kind, 'connection-lost');
      assert.deepEqual(await collector.texts(1), ['gone']);
      assert.deepEqual(await (await stage.collect(topic)).texts(1), ['gone']);
    },
  },
  {
    name: 'no-will',
    claim: 'the Will is not published after DISCONNECT',
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const topic = stage.name('will');
      const collector = await stage.collect(topic);
      const client = await stage.connect({ will: { topic, payload: 'gone', qos: 1 } });
      await client.disconnect();
      await (await stage.connect()).publish(topic, 'here', { qos: 1 });
      assert.deepEqual(await collector.texts(1), ['here']);
    },
  },
  {
    name: 'taken-over',
    claim: 'a client whose name another one uses is told so, and does not come back',
    versions: VERSIONS_4_AND_5,
    play: async (stage) => {
      const clientId = stage.name('twin');
      // Before MQTT 5.0 a broker closes the connection without a word, and the client would come back.
      const first = await stage.connect({ clientId, ...(stage.version === 5 ? {} : { reconnect: false }) });
      const second = await stage.connect({ clientId });
      const end = await first.closed;
      if (stage.version === 5) {
        assert.partialDeepStrictEqual(end, { kind: 'disconnected-by-broker', reasonCode: 0x8e });
      } else {
        assert.equal(end.kind, 'connection-lost');
      }
      assert.equal(second.state, 'connected');
    },
  },
  {
    name: 'properties',
    claim: 'the properties of a message arrive with it',
    versions: VERSION_5,
    play: async (stage) => {
      const topic = stage.name('properties');
      const collector = await stage.collect(topic);
      const properties = {
        payloadFormatIndicator: 1,
        contentType: 'text/plain',
        responseTopic: 'answers',
        correlationData: Uint8Array.of(1, 2, 3),
        userProperties: [
          ['b', '2'],
          ['a', '1'],
          ['b', '3'],
        ],
      } as const;
      await (await stage.connect()).publish(topic, 'x', { qos: 1, properties });
      await collector.texts(1);
      assert.partialDeepStrictEqual(collector.messages[0]?.properties, properties);
    },
  },
  {
    name: 'receive-maximum-out',
    claim: "no more messages are in flight than the broker's Receive Maximum allows",
    versions: VERSION_5,
    settings: { receiveMaximum: 3 },
    play: playReceiveMaximumOut,
  },
  {
    name: 'receive-maximum-in',
    claim: "the broker sends no more than the client's Receive Maximum, and goes on with each acknowledgement",
    versions: VERSION_5,
    play: playReceiveMaximumIn,
  },
  {
    name: 'alias-out',
    claim: 'a topic is written out once and abbreviated then, on each connection anew',
    versions: VERSION_5,
    play: playAliasOut,
  },
  {
    name: 'alias-in',
    claim: 'messages whose topic the broker abbreviates arrive under their topic',
    versions: VERSION_5,
    play: playAliasIn,
  },
  {
    name: 'shared',
    claim: 'of a shared subscription each message goes to one of its clients',
    versions: VERSION_5,
    play: playShared,
  },
  {
    name: 'request',
    claim: 'each request gets its own response, also when they cross',
    versions: VERSION_5,
    play: playRequest,
  },
  {
    name: 'nobody',
    claim: 'a message to nobody is accepted, and the answer says so',
    versions: VERSION_5,
    play: async (stage) => {
      const client = await stage.connect();
      const { reasonCode } = await client.publish(stage.name('nobody'), '', { qos: 1 });
      assert.equal(reasonCode, 0x10);
    },
  },
  {
    name: 'no-local',
    claim: 'with No Local a client does not get what it publishes itself',
    versions: VERSION_5,
    play: async (stage) => {
      const topic = stage.name('local');
      const client = await stage.connect();
      const collector = new Collector();
      await subscribe(client, [{ filter: topic, noLocal: true }], {
        qos: 1,
        onMessage: (message) => collector.take(message),
      });
      await client.publish(topic, 'own', { qos: 1 });
      await (await stage.connect()).publish(topic, 'other', { qos: 1 });
      assert.deepEqual(await collector.texts(1), ['other']);
    },
  },
  {
    name: 'retain-options',
    claim: 'Retain Handling and Retain As Published do what they say',
    versions: VERSION_5,
    play: async (stage) => {
      const topic = stage.name('retain');
      const publisher = await stage.connect();
      await publisher.publish(topic, 'old', { qos: 1, retain: true });
      const collector = await stage.collect([{ filter: topic, retainHandling: 2, retainAsPublished: true }]);
      await publisher.publish(topic, 'new', { qos: 1, retain: true });
      assert.deepEqual(await collector.texts(1), ['new']);
      assert.equal(collector.messages[0]?.retain, true);
    },
  },
];

async function playCredentials(stage: Stage): Promise<void> {
  const relay = await stage.relay();
  const { promise: asked, resolve: wasAsked } = Promise.withResolvers<void>();
  let count = 0;
  let isRight = true;
  const client = await stage.connect({
    port: relay.port,
    credentials: async () => {
      count++;
      // The second attempt is refused; what comes after it, too, until the password is right again.
      if (count === 3) wasAsked();
      await new Promise(setImmediate);
      return { userName: USER.name, password: isRight ? USER.password : `wrong ${count}` };
    },
  });
  assert.equal(count, 1);
  isRight = false;
  const refused = nextEvent(client, 'disconnected').then(() => nextEvent(client, 'disconnected'));
  relay.cut();
  const [end] = await refused;
  assert.equal(end.kind, 'not-connected');
  await asked;
  const back = nextEvent(client, 'connected');
  isRight = true;
  await back;
}

async function playReceiveMaximumOut(stage: Stage): Promise<void> {
  const topic = stage.name('window');
  const collector = await stage.collect(topic);
  const relay = await stage.relay();
  const publisher = await stage.connect({ port: relay.port });
  assert.equal(publisher.connection?.serverProperties.receiveMaximum, 3);
  await Promise.all(numbers(60).map((text, at) => publisher.publish(topic, text, { qos: at % 2 === 0 ? 1 : 2 })));
  await collector.texts(60);
  assert.ok(relay.inFlightMax <= 3, `${relay.inFlightMax} were in flight`);
}

async function playReceiveMaximumIn(stage: Stage): Promise<void> {
  const [topic, other] = [stage.name('window'), stage.name('other')];
  const subscriber = await stage.connect({ receiveMaximum: 2 });
  const collector = new Collector();
  await subscribe(subscriber, topic, {
    qos: 2,
    acknowledge: 'manual',
    onMessage: (message) => collector.take(message),
  });
  // QoS 0 has no window: what comes on this one was sent behind whatever else could be.
  const barrier = new Collector();
  await subscribe(subscriber, other, { qos: 0, onMessage: (message) => barrier.take(message) });
  const publisher = await stage.connect();
  for (const text of numbers(6)) await publisher.publish(topic, text, { qos: 2 });
  await publisher.publish(other, 'behind', { qos: 0 });
  await barrier.texts(1);
  assert.deepEqual(await collector.texts(2), numbers(2));
  for (let at = 0; at < 6; at++) {
    await collector.texts(at + 1);
    collector.messages[at]?.ack();
  }
  assert.deepEqual(await collector.texts(6), numbers(6));
}

async function playAliasOut(stage: Stage): Promise<void> {
  const topic = stage.name('alias');
  const collector = await stage.collect(topic);
  const relay = await stage.relay();
  const publisher = await stage.connect({ port: relay.port });
  const topics = (): readonly string[] =>
    relay.fromClients.flatMap((packet) => (packet.kind === 'publish' ? [packet.topic] : []));
  for (const text of numbers(3)) await publisher.publish(topic, text, { qos: 1 });
  assert.deepEqual(topics(), [topic, '', '']);
  const back = nextEvent(publisher, 'connected');
  relay.cut();
  await back;
  await publisher.publish(topic, '3', { qos: 1 });
  await publisher.publish(topic, '4', { qos: 1 });
  assert.deepEqual(topics(), [topic, '', '', topic, '']);
  assert.deepEqual(await collector.texts(5), numbers(5));
  assert.deepEqual(new Set(collector.messages.map((message) => message.topic)), new Set([topic]));
}

async function playAliasIn(stage: Stage): Promise<void> {
  const root = stage.name('alias');
  const relay = await stage.relay();
  const subscriber = await stage.connect({ port: relay.port, topicAliasMaximum: 2 });
  const collector = new Collector();
  await subscribe(subscriber, `${root}/+`, { qos: 1, onMessage: (message) => collector.take(message) });
  const publisher = await stage.connect();
  const topics = numbers(12).map((text) => `${root}/${Number(text) % 3}`);
  for (const topic of topics) await publisher.publish(topic, 'x', { qos: 1 });
  await collector.texts(12);
  assert.deepEqual(
    collector.messages.map(({ topic }) => topic),
    topics,
  );
  assert.ok(relay.fromBroker.some((packet) => packet.kind === 'publish' && packet.topic === ''));
}

async function playShared(stage: Stage): Promise<void> {
  const topic = stage.name('shared');
  const collectors = [await stage.collect(`$share/group/${topic}`), await stage.collect(`$share/group/${topic}`)];
  const publisher = await stage.connect();
  await Promise.all(numbers(40).map((text) => publisher.publish(topic, text, { qos: 1 })));
  const [one, other] = collectors;
  const all = (): readonly string[] => collectors.flatMap(({ messages }) => messages.map(textOf));
  await Promise.race(collectors.map((collector) => collector.until(() => all().length >= 40)));
  assert.deepEqual(all().toSorted(), [...numbers(40)].toSorted());
  assert.ok((one?.messages.length ?? 0) > 0 && (other?.messages.length ?? 0) > 0);
}

async function playRequest(stage: Stage): Promise<void> {
  const topic = stage.name('square');
  const server = await stage.connect();
  await server.respond(topic, async (request) => {
    // Answers overtake each other.
    const number = Number(textOf(request));
    if (number % 2 === 0) await new Promise(setImmediate);
    return String(number * number);
  });
  const client = await stage.connect();
  const answers = await Promise.all(numbers(10).map((text) => client.request(topic, text, { qos: 1 })));
  assert.deepEqual(
    answers.map(textOf),
    numbers(10).map((text) => String(Number(text) ** 2)),
  );
  await assert.rejects(client.request(stage.name('nobody'), '', { timeoutMillis: 1 }), { code: 'timed-out' });
}
