// A client with a store: what it has taken on survives the client. The clients here end in order, and leave their store to the next;
// that they may also be killed is shown by test/crash.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';

import type { ConnectOptions } from '../../src/client/options.ts';
import type { ReceivedMessage } from '../../src/client/received-message.ts';
import { Collector, nextEvent, numbers, subscribe, testOnStage, textOf } from './scenario.ts';
import { VOUCH } from './tested-brokers.ts';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'vouch-client-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

let folders = 0;

/** The options of a client with a directory that is not there yet. */
function stored(): ConnectOptions & { readonly clientId: string; readonly store: string } {
  folders++;
  return { clientId: `stored-${folders}`, store: path.join(FOLDER, String(folders)), sessionExpirySeconds: 300 };
}

for (const version of [4, 5] as const) {
  const terms = (): ReturnType<typeof stored> => {
    const { sessionExpirySeconds, ...both } = stored();
    return version === 5 ? { ...both, sessionExpirySeconds } : both;
  };

  testOnStage(
    `what is published without a broker is sent by the next client, once and in order, version ${version}`,
    { kind: VOUCH, version },
    async (stage) => {
      const topic = stage.name('outbox');
      const options = terms();
      const relay = await stage.relay();
      relay.leadTo(undefined);
      const first = await stage.connect({ ...options, port: relay.port, startOffline: true });
      const publishing = numbers(50).map((text) => first.publish(topic, text, { qos: 2 }));
      await Promise.all(publishing.map(({ stored: isStored }) => isStored));
      const rejected = Promise.all(publishing.map((each) => assert.rejects(each, { code: 'closed' })));
      await first.disconnect();
      await rejected;

      const collector = await stage.collect(topic);
      const second = await stage.connect(options);
      assert.equal(second.unsettledCount, 50);
      await second.settled();
      await second.publish(topic, 'end', { qos: 2 });
      assert.deepEqual(await collector.textsBefore('end'), numbers(50));
      await second.disconnect();

      // What was settled is not sent again.
      const third = await stage.connect(options);
      assert.equal(third.unsettledCount, 0);
    },
  );

  testOnStage(
    `messages that were in flight when the client ended arrive exactly once, version ${version}`,
    { kind: VOUCH, version },
    async (stage) => {
      const topic = stage.name('flight');
      const options = { ...terms(), inFlightMax: 5 };
      const collector = await stage.collect(topic);
      const relay = await stage.relay();
      const publish = async (texts: readonly string[], cutAfter: number): Promise<void> => {
        relay.cutAfter([cutAfter]);
        const client = await stage.connect({ ...options, port: relay.port, startOffline: true });
        const lost = nextEvent(client, 'disconnected');
        const publishing = texts.map((text) => client.publish(topic, text, { qos: 2 }));
        // Some of them are settled, the others when the client has gone: either way without a word here.
        for (const each of publishing) each.catch(() => undefined);
        await Promise.all(publishing.map(({ stored: isStored }) => isStored));
        await lost;
        await client.disconnect();
      };
      await publish(numbers(100).slice(0, 50), 300);
      await publish(numbers(100).slice(50), 700);
      const last = await stage.connect(options);
      await last.settled();
      await last.publish(topic, 'end', { qos: 2 });
      assert.deepEqual(await collector.textsBefore('end'), numbers(100));
    },
  );

  testOnStage(
    `a message that was not acknowledged comes again to the next client, with the same key, version ${version}`,
    { kind: VOUCH, version },
    async (stage) => {
      const topic = stage.name('inbox');
      const options = terms();
      const first = await stage.connect(options);
      const earlier = new Collector();
      await subscribe(first, topic, {
        qos: 2,
        acknowledge: 'manual',
        onMessage: (message) => earlier.take(message),
      });
      const publisher = await stage.connect();
      for (const text of numbers(4)) await publisher.publish(topic, text, { qos: 2 });
      await earlier.texts(4);
      earlier.messages[1]?.ack();
      await first.disconnect();

      const later = new Collector();
      const second = await stage.connect({ ...options, onMessage: (message) => later.take(message) });
      await publisher.publish(topic, 'end', { qos: 2 });
      assert.deepEqual(await later.textsBefore('end'), ['0', '2', '3']);
      const keyOf = ({ messages }: Collector, text: string): number | undefined =>
        messages.find((message: ReceivedMessage) => textOf(message) === text)?.key;
      for (const text of ['0', '2', '3']) assert.equal(keyOf(later, text), keyOf(earlier, text));
      assert.ok((keyOf(later, 'end') ?? 0) > (keyOf(earlier, '3') ?? 0));
      await second.disconnect();

      const none = new Collector();
      await stage.connect({ ...options, onMessage: (message) => none.take(message) });
      await publisher.publish(topic, 'end', { qos: 2 });
      assert.deepEqual(await none.textsBefore('end'), []);
    },
  );
}

testOnStage(
  'a message is acknowledged to the broker when it is stored, not when the application is done',
  { kind: VOUCH, version: 5 },
  async (stage) => {
    const topic = stage.name('stored');
    const relay = await stage.relay();
    const subscriber = await stage.connect({ ...stored(), port: relay.port, receiveMaximum: 2 });
    const collector = new Collector();
    await subscribe(subscriber, topic, {
      qos: 2,
      acknowledge: 'manual',
      onMessage: (message) => collector.take(message),
    });
    const publisher = await stage.connect();
    await Promise.all(numbers(10).map((text) => publisher.publish(topic, text, { qos: 2 })));
    assert.deepEqual(await collector.texts(10), numbers(10));
    await relay.sent((packets) => packets.filter(({ kind }) => kind === 'pubcomp').length === 10);
  },
);

testOnStage(
  'a directory that a client uses is refused to another one, until the first has ended',
  { kind: VOUCH, version: 5 },
  async (stage) => {
    const options = stored();
    const first = await stage.connect(options);
    await assert.rejects(stage.connect({ ...options, clientId: 'other' }), { code: 'store-in-use' });
    assert.equal(first.state, 'connected');
    await first.disconnect();
    const second = await stage.connect(options);
    assert.equal(second.state, 'connected');
  },
);

testOnStage(
  'an outbox that is full lets the next message wait until there is room',
  { kind: VOUCH, version: 5 },
  async (stage) => {
    const topic = stage.name('full');
    const relay = await stage.relay();
    relay.leadTo(undefined);
    const client = await stage.connect({ ...stored(), port: relay.port, startOffline: true, outboxMessagesMax: 3 });
    const publishing = numbers(6).map((text) => client.publish(topic, text, { qos: 1 }));
    await Promise.all(publishing.slice(0, 3).map(({ stored: isStored }) => isStored));
    const aborting = new AbortController();
    const given = client.publish(topic, 'never', { qos: 1, signal: aborting.signal });
    aborting.abort(new Error('enough'));
    await assert.rejects(given, { message: 'enough' });
    await assert.rejects(given.stored, { message: 'enough' });
    const collector = await stage.collect(topic);
    relay.leadTo(stage.port);
    await Promise.all(publishing);
    await client.publish(topic, 'end', { qos: 1 });
    assert.deepEqual(await collector.textsBefore('end'), numbers(6));
  },
);
