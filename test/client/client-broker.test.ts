// The client against a running broker over TCP; VOUCH_TEST_URL names another one than ours.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';

import { SILENT_LOG } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { connect as connectWith } from '../../src/client/connect.ts';
import type { ConnectOptions } from '../../src/client/options.ts';
import type { ReceivedMessage } from '../../src/client/received-message.ts';
import { nodeClientParts } from '../../src/server/client-parts.ts';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';

let broker: TestBroker;
const clients: Client[] = [];

before(async () => {
  broker = await startTestBroker();
});

after(async () => {
  await Promise.all(clients.map((client) => client.disconnect()));
  await broker.close();
});

async function connect(options: ConnectOptions = {}): Promise<Client> {
  const { host, port } = broker;
  const client = await connectWith({ host, port, ...options }, nodeClientParts(SILENT_LOG));
  clients.push(client);
  return client;
}

/** A client that collects what it is sent. */
async function listen(filter: string, options: ConnectOptions = {}): Promise<Collector> {
  const collector = new Collector();
  const client = await connect({ ...options, onMessage: (message) => collector.take(message) });
  const { version } = options;
  const [granted] = await client.subscribe([{ filter, qos: 2, ...(version === 5 ? { retainAsPublished: true } : {}) }]);
  assert.equal(granted, 2);
  return collector;
}

function textOf({ payload }: ReceivedMessage): string {
  return new TextDecoder().decode(payload);
}

class Collector {
  readonly messages: ReceivedMessage[];
  private waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor() {
    this.messages = [];
    this.waiting = undefined;
  }

  take(message: ReceivedMessage): void {
    this.messages.push(message);
    if (this.waiting?.count === this.messages.length) this.waiting.resolve();
  }

  /** The payloads, once there are so many. */
  async texts(count: number): Promise<readonly string[]> {
    if (this.messages.length < count) {
      await new Promise<void>((resolve) => {
        this.waiting = { count, resolve };
      });
    }
    return this.messages.map(textOf);
  }
}

for (const version of [3, 4, 5] as const) {
  test(`messages of each QoS arrive in order, version ${version}`, async () => {
    const topic = unique('order');
    const collector = await listen(topic, { version });
    const publisher = await connect({ version });
    const sent = Array.from({ length: 300 }, (_, index) => String(index));
    await Promise.all(
      sent.map((text, index) => publisher.publish(topic, text, { qos: ([0, 1, 2] as const)[index % 3] })),
    );
    await collector.texts(sent.length);
    // The order is kept for each QoS [MQTT-4.6.0-5].
    for (const qos of [0, 1, 2]) {
      const texts = collector.messages.filter((message) => message.qos === qos).map(textOf);
      assert.deepEqual(
        texts,
        sent.filter((_, index) => index % 3 === qos),
      );
    }
  });

  test(`a session that is kept gets what came meanwhile, once, version ${version}`, async () => {
    const topic = unique('kept');
    const session: ConnectOptions = {
      version,
      clientId: unique('kept'),
      clean: false,
      ...(version === 5 ? { sessionExpirySeconds: 60 } : {}),
    };
    const first = await connect(session);
    assert.equal(first.sessionPresent, false);
    await first.subscribe([{ filter: topic, qos: 2 }]);
    await first.disconnect();
    const publisher = await connect({ version });
    for (const text of ['one', 'two', 'three']) await publisher.publish(topic, text, { qos: 2 });
    const collector = new Collector();
    const second = await connect({ ...session, onMessage: (message) => collector.take(message) });
    // MQTT 3.1 does not tell.
    assert.equal(second.sessionPresent, version !== 3);
    assert.deepEqual(await collector.texts(3), ['one', 'two', 'three']);
    await second.disconnect();
    await (
      await connect({ ...session, clean: true, ...(version === 5 ? { sessionExpirySeconds: 0 } : {}) })
    ).disconnect();
  });
}

test('ten thousand messages go through one pipeline, and each is acknowledged', async () => {
  const topic = unique('many');
  const collector = await listen(topic);
  const publisher = await connect();
  const publishing: Promise<unknown>[] = [];
  for (let number = 0; number < 10_000; number++) {
    await publisher.ready();
    publishing.push(publisher.publish(topic, String(number), { qos: 1 }));
  }
  await Promise.all(publishing);
  const texts = await collector.texts(10_000);
  assert.deepEqual(
    texts,
    Array.from({ length: 10_000 }, (_, index) => String(index)),
  );
});

test('a message of five million bytes arrives whole', async () => {
  const topic = unique('large');
  const collector = await listen(topic);
  const payload = new Uint8Array(5_000_000).map((_, index) => index % 251);
  await (await connect()).publish(topic, payload, { qos: 1 });
  await collector.texts(1);
  assert.deepEqual(collector.messages[0]?.payload, payload);
});

test('a handler that takes its time gets every message, in order', async () => {
  const topic = unique('slow');
  const texts: string[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const subscriber = await connect({
    receiveMaximum: 3,
    onMessage: async ({ payload }) => {
      await new Promise(setImmediate);
      texts.push(new TextDecoder().decode(payload));
      if (texts.length === 50) resolve();
    },
  });
  await subscriber.subscribe([{ filter: topic, qos: 2 }]);
  const publisher = await connect();
  const sent = Array.from({ length: 50 }, (_, index) => String(index));
  await Promise.all(sent.map((text) => publisher.publish(topic, text, { qos: 2 })));
  await all;
  assert.deepEqual(texts, sent);
});

test('properties of a message arrive with it', async () => {
  const topic = unique('properties');
  const collector = await listen(topic, { version: 5 });
  const properties = {
    payloadFormatIndicator: 1,
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Uint8Array.of(1, 2, 3),
    userProperties: [
      ['b', '2'],
      ['a', '1'],
    ],
  } as const;
  await (await connect()).publish(topic, 'x', { qos: 1, properties });
  await collector.texts(1);
  assert.partialDeepStrictEqual(collector.messages[0]?.properties, properties);
});

test('a retained message comes with its flag, and an unsubscribed topic no more', async () => {
  const topic = unique('retained');
  const publisher = await connect();
  await publisher.publish(topic, 'kept', { qos: 1, retain: true });
  const collector = new Collector();
  const subscriber = await connect({ onMessage: (message) => collector.take(message) });
  await subscriber.subscribe([{ filter: topic }]);
  assert.deepEqual(await collector.texts(1), ['kept']);
  assert.equal(collector.messages[0]?.retain, true);
  assert.deepEqual(await subscriber.unsubscribe([topic]), [0]);
  await publisher.publish(topic, '', { qos: 1, retain: true });
  assert.equal(collector.messages.length, 1);
});

test('a message that nobody is subscribed to says so', async () => {
  const { reasonCode } = await (await connect()).publish(unique('nobody'), '', { qos: 1 });
  assert.equal(reasonCode, 0x10);
});

test('the will is published when a client asks for it', async () => {
  const topic = unique('will');
  const collector = await listen(topic);
  const client = await connect({ will: { topic, payload: 'gone', qos: 1 } });
  await client.disconnect({ reasonCode: 0x04 });
  assert.deepEqual(await collector.texts(1), ['gone']);
});

const IS_OURS = (process.env['VOUCH_TEST_URL'] ?? '') === '';

test('a client whose session is taken over is told so', { skip: !IS_OURS }, async () => {
  const clientId = unique('twin');
  const first = await connect({ clientId });
  await connect({ clientId });
  const end = await first.closed;
  assert.partialDeepStrictEqual(end, { kind: 'disconnected-by-broker', reasonCode: 0x8e });
});

test('where nobody listens the error says where, and what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { port } = address;
  server.close();
  await once(server, 'close');
  await assert.rejects(connectWith({ host: '127.0.0.1', port }, nodeClientParts(SILENT_LOG)), {
    code: 'connection-refused',
    message: `Nothing listens on 127.0.0.1, port ${port}. Is the broker running there?`,
  });
});
