// The client against Vouch over TCP: every scenario, and what only a broker of our own shows.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { SILENT_LOG } from '../../src/base/log.ts';
import { connect } from '../../src/client/connect.ts';
import { nodeClientParts } from '../../src/server/client-parts.ts';
import { Collector, numbers, playAll, subscribe, testOnStage } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { VOUCH } from './tested-brokers.ts';

playAll(VOUCH, SCENARIOS);

testOnStage(
  'ten thousand messages go through one pipeline, and each is acknowledged',
  { kind: VOUCH, version: 5 },
  async (stage) => {
    const topic = stage.name('many');
    const collector = await stage.collect(topic);
    const publisher = await stage.connect();
    const publishing: Promise<unknown>[] = [];
    for (const text of numbers(10_000)) {
      await publisher.ready();
      publishing.push(publisher.publish(topic, text, { qos: 1 }));
    }
    await publisher.settled();
    assert.equal(publisher.unsettledCount, 0);
    await Promise.all(publishing);
    assert.deepEqual(await collector.texts(10_000), numbers(10_000));
  },
);

testOnStage(
  'the Will is published when a client that disconnects asks for it',
  { kind: VOUCH, version: 5 },
  async (stage) => {
    const topic = stage.name('will');
    const collector = await stage.collect(topic);
    const client = await stage.connect({ will: { topic, payload: 'gone', qos: 1 } });
    await client.disconnect({ reasonCode: 0x04 });
    assert.deepEqual(await collector.texts(1), ['gone']);
  },
);

testOnStage(
  'of two subscriptions that overlap, each gets the message exactly once',
  { kind: VOUCH, version: 5 },
  async (stage) => {
    const root = stage.name('overlap');
    const subscriber = await stage.connect();
    const [exact, wild] = [new Collector(), new Collector()];
    await subscribe(subscriber, `${root}/a`, { qos: 1, onMessage: (message) => exact.take(message) });
    await subscribe(subscriber, `${root}/+`, { qos: 2, onMessage: (message) => wild.take(message) });
    const publisher = await stage.connect();
    for (const text of numbers(50)) await publisher.publish(`${root}/a`, text, { qos: 2 });
    await publisher.publish(`${root}/b`, 'end', { qos: 2 });
    assert.deepEqual(await wild.textsBefore('end'), numbers(50));
    assert.deepEqual(await exact.texts(50), numbers(50));
  },
);

test('where nobody listens the error says where, and what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { port } = address;
  server.close();
  await once(server, 'close');
  await assert.rejects(connect({ host: '127.0.0.1', port }, nodeClientParts(SILENT_LOG)), {
    code: 'connection-refused',
    message: `Nothing listens on 127.0.0.1, port ${port}. Is the broker running there?`,
  });
});
