import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ReceivedMessage } from './received-message.ts';
import { answer, connected, granted, publish, turn } from './scripted-broker.arbitrary.ts';

test('a message is acknowledged when the handler has returned, and its payload is a copy', async () => {
  const messages: ReceivedMessage[] = [];
  const { broker } = await connected({ onMessage: (message) => void messages.push(message) });
  broker.send(
    publish('a', 0),
    publish('b', 1, 4, { retain: true, dup: true, subscriptionIdentifiers: [3] }),
    publish('c', 2, 5),
  );
  broker.expect('PUBACK 4', 'PUBREC 5').send(answer('pubrel', 5)).expect('PUBCOMP 5');
  assert.deepEqual(
    messages.map(({ topic, qos, packetId, retain, dup, payload, subscriptionIdentifiers }) => ({
      topic,
      qos,
      packetId,
      flags: [retain, dup],
      text: new TextDecoder().decode(payload),
      subscriptionIdentifiers,
    })),
    [
      { topic: 'a', qos: 0, packetId: 0, flags: [false, false], text: 'to a', subscriptionIdentifiers: [] },
      { topic: 'b', qos: 1, packetId: 4, flags: [true, true], text: 'to b', subscriptionIdentifiers: [3] },
      { topic: 'c', qos: 2, packetId: 5, flags: [false, false], text: 'to c', subscriptionIdentifiers: [] },
    ],
  );
});

test('a QoS 2 message that comes twice is handed over once', async () => {
  let count = 0;
  const { broker } = await connected({
    onMessage: () => {
      count++;
    },
  });
  broker.send(publish('a', 2, 1), publish('a', 2, 1, { dup: true })).expect('PUBREC 1', 'PUBREC 1');
  assert.equal(count, 1);
});

test('messages for which there is no handler are acknowledged all the same', async () => {
  const { broker } = await connected();
  broker.send(publish('a', 1, 1), publish('b', 2, 2)).expect('PUBACK 1', 'PUBREC 2');
});

test('a promise of the handler is waited for; acknowledgements leave in the order of arrival', async () => {
  const done = new Map<string, () => void>();
  const { broker } = await connected({
    onMessage: ({ topic }) =>
      new Promise((resolve) => {
        done.set(topic, resolve);
      }),
  });
  broker.send(publish('a', 1, 1), publish('b', 2, 2), publish('c', 1, 3)).expect();
  done.get('c')?.();
  done.get('b')?.();
  await turn();
  broker.expect();
  done.get('a')?.();
  await turn();
  broker.expect('PUBACK 1', 'PUBREC 2', 'PUBACK 3');
});

test('a handler that fails leaves its message unacknowledged and ends the connection', async () => {
  const error = new Error('no disk');
  for (const onMessage of [
    () => {
      throw error;
    },
    () => Promise.reject(error),
  ]) {
    const { client, broker } = await connected({ onMessage });
    broker.send(publish('a', 1, 1));
    assert.deepEqual(await client.closed, { kind: 'handler-failed', error });
    broker.expect('DISCONNECT 0x80');
    await assert.rejects(client.publish('a', ''), { code: 'closed', cause: error });
  }
});

test('on 3.x, where DISCONNECT would say that all is well, the connection just ends', async () => {
  const { client, broker } = await connected({ version: 4, onMessage: () => Promise.reject(new Error('no disk')) });
  broker.send(publish('a', 1, 1));
  assert.equal((await client.closed).kind, 'handler-failed');
  broker.expect();
});

test('reading stops while two thousand messages are with the handler, in the middle of a chunk if need be', async () => {
  const done: (() => void)[] = [];
  const { client, broker } = await connected({
    keepAliveSeconds: 10,
    onMessage: () =>
      new Promise((resolve) => {
        done.push(resolve);
      }),
  });
  broker.send(...Array.from({ length: 3_000 }, () => publish('a', 0)));
  assert.equal(done.length, 2_000);
  assert.equal(broker.isPaused, true);
  // The broker is not silent: we are deaf.
  broker.pass(30_000).expect('PINGREQ', 'PINGREQ', 'PINGREQ');
  for (const finish of done.splice(0, 500)) finish();
  await turn();
  assert.equal(broker.isPaused, true);
  done.shift()?.();
  await turn();
  // Below 1,500 reading goes on, and stops again in the chunk that waited.
  assert.equal(done.length, 2_000);
  assert.equal(broker.isPaused, true);
  for (const finish of done.splice(0)) finish();
  await turn();
  assert.equal(done.length, 499);
  assert.equal(broker.isPaused, false);
  await client.disconnect();
});

test('the handler may publish, subscribe and disconnect', async () => {
  const running: Promise<unknown>[] = [];
  let onMessage = (): void => undefined;
  const { client, broker } = await connected({ onMessage: () => onMessage() });
  onMessage = () => {
    running.push(client.publish('b', 'B', { qos: 1 }), client.subscribe([{ filter: 'c' }]));
    running.push(client.disconnect());
  };
  broker.send(publish('a', 1, 9), publish('a', 1, 10));
  broker.expect('PUBLISH b QoS 1 id 1 "B"', 'SUBSCRIBE 2 c 0 identifier 1', 'PUBACK 9', 'DISCONNECT');
  const outcomes = await Promise.allSettled(running);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  );
});

test('a promise of the handler that is kept after the end changes nothing', async () => {
  let finish: (() => void) | undefined;
  const { client, broker } = await connected({
    onMessage: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  });
  broker.send(publish('a', 1, 1));
  await client.disconnect();
  finish?.();
  await turn();
  broker.expect('DISCONNECT');
});

test('a broker that sends more than our Receive Maximum is put up with', async () => {
  const { broker } = await connected({ receiveMaximum: 1, onMessage: () => Promise.resolve() });
  broker.send(publish('a', 1, 1), publish('a', 2, 2));
  await turn();
  broker.expect('PUBACK 1', 'PUBREC 2');
});

test('an alias of the broker stands for its topic', async () => {
  const topics: string[] = [];
  const { broker } = await connected({ onMessage: ({ topic }) => void topics.push(topic) });
  broker.send(publish('a', 0, 0, { topicAlias: 1 }), publish('', 0, 0, { topicAlias: 1 }), granted('suback', 1, 0));
  assert.deepEqual(topics, ['a', 'a']);
});
