// What goes on when a connection is lost and the next one comes: what was under way, with and without a session at the broker.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ConnackProperties } from '../packet/properties.ts';
import type { Client } from './client.ts';
import type { ConnectOptions } from './options.ts';
import type { ReceivedMessage } from './received-message.ts';
import { answer, connected, granted, publish, type ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';

interface Scene {
  readonly client: Client;
  readonly broker: ScriptedBroker;
  /** Publishes one message to each topic. */
  readonly say: (topics: string, qos: 1 | 2) => void;
  /** What became of messages, in order: `topic 0`, `topic too-large`, ... */
  readonly outcomes: string[];
}

/** A client that is to have a session for longer than a connection. */
async function scene(options: ConnectOptions = {}, properties: Partial<ConnackProperties> = {}): Promise<Scene> {
  const { client, broker } = await connected({ clientId: 'me', clean: false, ...options }, properties);
  const outcomes: string[] = [];
  const say = (topics: string, qos: 1 | 2): void => {
    for (const topic of topics.split(' ')) {
      client.publish(topic, topic.toUpperCase(), { qos }).then(
        ({ reasonCode }) => outcomes.push(`${topic} ${reasonCode}`),
        (error: unknown) => outcomes.push(`${topic} ${String(Reflect.get(Object(error), 'code'))}`),
      );
    }
  };
  return { client, broker, say, outcomes };
}

// Session Present 1.

test('what is in flight is sent again with DUP under its identifier, PUBREL as it was, each in its order', async () => {
  const { broker, say, outcomes } = await scene();
  say('a b', 2);
  say('c d', 1);
  broker.send(answer('pubrec', 2), answer('puback', 3));
  broker.expect(
    'PUBLISH a QoS 2 id 1 "A"',
    'PUBLISH b QoS 2 id 2 "B"',
    'PUBLISH c QoS 1 id 3 "C"',
    'PUBLISH d QoS 1 id 4 "D"',
    'PUBREL 2',
  );
  await broker.cut().accept(true);
  broker.expect('PUBREL 2', 'PUBLISH a QoS 2 id 1 dup "A"', 'PUBLISH d QoS 1 id 4 dup "D"');
  broker.send(answer('pubcomp', 2), answer('pubrec', 1), answer('puback', 4)).expect('PUBREL 1');
  broker.send(answer('pubcomp', 1));
  await turn();
  assert.deepEqual(outcomes, ['c 0', 'b 0', 'd 0', 'a 0']);
});

test('an answer that came on the lost connection is not waited for again', async () => {
  const { broker, say } = await scene();
  say('a', 1);
  say('b', 2);
  broker.expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH b QoS 2 id 2 "B"');
  broker.send(answer('puback', 1), answer('pubrec', 2), answer('pubcomp', 2)).expect('PUBREL 2');
  await broker.cut().accept(true);
  broker.expect();
});

test('what was published while nobody was connected goes out after what was in flight, with DUP 0', async () => {
  const { client, broker, say } = await scene();
  say('a', 1);
  broker.expect('PUBLISH a QoS 1 id 1 "A"').cut();
  await turn();
  assert.equal(client.state, 'waiting');
  say('b', 1);
  say('c', 2);
  assert.equal(client.unsettledCount, 3);
  await broker.accept(true);
  broker.expect('PUBLISH a QoS 1 id 1 dup "A"', 'PUBLISH b QoS 1 id 2 "B"', 'PUBLISH c QoS 2 id 3 "C"');
});

test('a smaller Receive Maximum on the next connection holds for what is sent again, and new messages wait behind', async () => {
  const { broker, say } = await scene();
  say('a', 2);
  say('b c', 1);
  broker.send(answer('pubrec', 1));
  broker.expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"', 'PUBLISH c QoS 1 id 3 "C"', 'PUBREL 1').cut();
  say('d', 1);
  await broker.accept(true, { receiveMaximum: 2 });
  broker.expect('PUBREL 1', 'PUBLISH b QoS 1 id 2 dup "B"');
  broker.send(answer('puback', 2)).expect('PUBLISH c QoS 1 id 3 dup "C"');
  broker.send(answer('pubcomp', 1)).expect('PUBLISH d QoS 1 id 4 "D"');
});

test('what is too large for the next connection is rejected, whether it was sent or waits; the rest goes on', async () => {
  const { broker, say, outcomes } = await scene({}, { receiveMaximum: 4 });
  say('a', 1);
  say('long/topic/number/one', 1);
  say('long/topic/number/two', 2);
  say('released/long/topic', 2);
  say('long/topic/number/three', 1);
  say('b', 1);
  broker.send(answer('pubrec', 4));
  await turn();
  broker.expect(
    'PUBLISH a QoS 1 id 1 "A"',
    'PUBLISH long/topic/number/one QoS 1 id 2 "LONG/TOPIC/NUMBER/ONE"',
    'PUBLISH long/topic/number/two QoS 2 id 3 "LONG/TOPIC/NUMBER/TWO"',
    'PUBLISH released/long/topic QoS 2 id 4 "RELEASED/LONG/TOPIC"',
    'PUBREL 4',
  );
  await broker.cut().accept(true, { maximumPacketSize: 30 });
  // Number two may be with the broker under its identifier, which is not free before that is finished.
  broker.expect('PUBREL 4', 'PUBREL 3', 'PUBLISH a QoS 1 id 1 dup "A"', 'PUBLISH b QoS 1 id 5 "B"');
  broker.send(answer('puback', 1), answer('pubcomp', 4), answer('pubcomp', 3, 0x92), answer('puback', 5));
  await turn();
  assert.deepEqual(outcomes, [
    'long/topic/number/one too-large',
    'long/topic/number/three too-large',
    'a 0',
    'released/long/topic 0',
    'long/topic/number/two too-large',
    'b 0',
  ]);
});

test('a broker that does not take QoS 2 any more gets none: what was sent or waits is rejected, what is past PUBREC goes on', async () => {
  const { broker, say, outcomes } = await scene({}, { receiveMaximum: 2 });
  say('a b', 2);
  say('c', 1);
  say('d', 2);
  broker.send(answer('pubrec', 1)).expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 2 id 2 "B"', 'PUBREL 1');
  await broker.cut().accept(true, { maximumQoS: 1 });
  broker.expect('PUBREL 1', 'PUBREL 2', 'PUBLISH c QoS 1 id 3 "C"');
  broker.send(answer('pubcomp', 1), answer('pubcomp', 2, 0x92), answer('puback', 3));
  await turn();
  assert.deepEqual(outcomes, ['d rejected', 'a 0', 'b rejected', 'c 0']);
});

test('a connection that is lost before CONNACK changes nothing', async () => {
  const { broker, say } = await scene();
  say('a', 2);
  broker.send(answer('pubrec', 1)).expect('PUBLISH a QoS 2 id 1 "A"', 'PUBREL 1').cut();
  await broker.nextConnect();
  await broker.cut().accept(true);
  broker.expect('PUBREL 1');
});

test('a QoS 2 message is handed over once, also if the connection is lost before its PUBREL', async () => {
  const topics: string[] = [];
  const { broker } = await scene({ onMessage: ({ topic }) => void topics.push(topic) });
  broker.send(publish('a', 2, 7)).expect('PUBREC 7');
  await broker.cut().accept(true);
  broker
    .send(publish('a', 2, 7, { dup: true }))
    .expect('PUBREC 7')
    .send(answer('pubrel', 7))
    .expect('PUBCOMP 7');
  broker.send(publish('b', 2, 7)).expect('PUBREC 7');
  assert.deepEqual(topics, ['a', 'b']);
});

test('a QoS 2 message that the application has in hand while the connection changes is acknowledged on the new one, once it comes again', async () => {
  const messages: ReceivedMessage[] = [];
  const { broker, client } = await scene();
  const subscribing = client.subscribe('a', {
    qos: 2,
    acknowledge: 'manual',
    onMessage: (message) => void messages.push(message),
  });
  broker.expect('SUBSCRIBE 1 a 2 identifier 1');
  broker.send(granted('suback', 1, 2));
  await subscribing;
  broker.send(publish('a', 2, 7), publish('a', 1, 8)).expect();
  await broker.cut().accept(true);
  broker.send(publish('a', 2, 7, { dup: true }), publish('a', 1, 8, { dup: true })).expect();
  assert.deepEqual(
    messages.map(({ qos, dup }) => `${qos} ${dup}`),
    ['2 false', '1 false', '1 true'],
  );
  for (const message of messages) message.ack();
  broker.expect('PUBREC 7', 'PUBACK 8');
});

// Session Present 0: the table of session-state.ts.

test('without a session at the broker, what was not sent waits as before', async () => {
  const { broker, say, outcomes } = await scene({}, { receiveMaximum: 1 });
  say('a b', 1);
  say('c', 2);
  broker.expect('PUBLISH a QoS 1 id 1 "A"').send(answer('puback', 1)).expect('PUBLISH b QoS 1 id 2 "B"');
  broker.send(answer('puback', 2)).expect('PUBLISH c QoS 2 id 3 "C"').send(answer('pubrec', 3)).expect('PUBREL 3');
  broker.cut();
  say('d', 1);
  say('e', 2);
  await broker.accept(false);
  broker.expect('PUBLISH d QoS 1 id 4 "D"', 'PUBLISH e QoS 2 id 5 "E"');
  await turn();
  assert.deepEqual(outcomes, ['a 0', 'b 0', 'c 0']);
});

test('without a session at the broker, QoS 1 that was sent without PUBACK is sent as a new message', async () => {
  for (const onAmbiguous of ['resend', 'reject'] as const) {
    const { broker, say, outcomes } = await scene({ onAmbiguous });
    say('a b', 1);
    broker.expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"');
    await broker.cut().accept(false);
    broker
      .expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"')
      .send(answer('puback', 1), answer('puback', 2));
    await turn();
    assert.deepEqual(outcomes, ['a 0', 'b 0']);
  }
});

test("without a session at the broker, QoS 2 without PUBREC is sent as a new message: 'resend'", async () => {
  const { broker, say, outcomes } = await scene();
  say('a b', 2);
  broker.expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 2 id 2 "B"').cut();
  say('c', 2);
  await broker.accept(false);
  broker.expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 2 id 2 "B"', 'PUBLISH c QoS 2 id 3 "C"');
  broker.send(answer('pubrec', 1), answer('pubcomp', 1)).expect('PUBREL 1');
  await turn();
  assert.deepEqual(outcomes, ['a 0']);
});

test("without a session at the broker, QoS 2 without PUBREC is rejected as ambiguous: 'reject'", async () => {
  const { client, broker, say, outcomes } = await scene({ onAmbiguous: 'reject' });
  say('a', 2);
  say('b', 1);
  broker.expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"').cut();
  say('c', 2);
  await broker.accept(false);
  broker.expect('PUBLISH b QoS 1 id 2 "B"', 'PUBLISH c QoS 2 id 3 "C"');
  await turn();
  assert.deepEqual(outcomes, ['a ambiguous']);
  // Its identifier is free, and the broker is never asked about it.
  broker.send(answer('puback', 2), answer('pubrec', 3), answer('pubcomp', 3)).expect('PUBREL 3');
  await client.settled();
  assert.deepEqual(outcomes, ['a ambiguous', 'b 0', 'c 0']);
});

test("'reject' does not reject what is sent again to a broker that has kept the session", async () => {
  const { broker, say, outcomes } = await scene({ onAmbiguous: 'reject' });
  say('a', 2);
  await broker.expect('PUBLISH a QoS 2 id 1 "A"').cut().accept(true);
  broker.expect('PUBLISH a QoS 2 id 1 dup "A"');
  await turn();
  assert.deepEqual(outcomes, []);
});

test('without a session at the broker, what is past PUBREC is delivered', async () => {
  for (const onAmbiguous of ['resend', 'reject'] as const) {
    const { client, broker, say, outcomes } = await scene({ onAmbiguous });
    say('a b', 2);
    broker.send(answer('pubrec', 2), answer('pubrec', 1));
    broker.expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 2 id 2 "B"', 'PUBREL 2', 'PUBREL 1');
    await broker.cut().accept(false);
    broker.expect();
    assert.deepEqual(outcomes, ['b 0', 'a 0']);
    assert.equal(client.unsettledCount, 0);
  }
});

test('order is kept over a lost session: what was in flight, then what waited, as published', async () => {
  const { broker, say } = await scene({}, { receiveMaximum: 2 });
  say('a b c d', 1);
  broker.expect('PUBLISH a QoS 1 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"');
  await broker.cut().accept(false, { receiveMaximum: 1 });
  broker.expect('PUBLISH a QoS 1 id 1 "A"');
  for (const [id, line] of [
    [1, 'PUBLISH b QoS 1 id 2 "B"'],
    [2, 'PUBLISH c QoS 1 id 3 "C"'],
    [3, 'PUBLISH d QoS 1 id 4 "D"'],
  ] as const) {
    broker.send(answer('puback', id)).expect(line);
  }
});

test('without a session at the broker, what it had sent is forgotten: its identifiers may carry other messages', async () => {
  const topics: string[] = [];
  const { broker } = await scene({ onMessage: ({ topic }) => void topics.push(topic) });
  broker.send(publish('a', 2, 7)).expect('PUBREC 7');
  await broker.cut().accept(false);
  broker.send(publish('b', 2, 7)).expect('PUBREC 7');
  assert.deepEqual(topics, ['a', 'b']);
});

test('without a session at the broker, what is acknowledged late is acknowledged to nobody', async () => {
  const done: (() => void)[] = [];
  const { broker } = await scene({
    onMessage: () =>
      new Promise((resolve) => {
        done.push(resolve);
      }),
  });
  broker.send(publish('a', 2, 7), publish('b', 1, 8)).expect();
  await broker.cut().accept(false);
  for (const resolve of done) resolve();
  await turn();
  broker.expect();
});

test('a session that is lost again while it is being renewed is renewed again', async () => {
  const { broker, say, outcomes } = await scene();
  say('a', 2);
  say('b', 1);
  broker.expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"');
  await broker.cut().accept(false);
  broker.expect('PUBLISH a QoS 2 id 1 "A"', 'PUBLISH b QoS 1 id 2 "B"').send(answer('pubrec', 1)).expect('PUBREL 1');
  await broker.cut().accept(false);
  broker.expect('PUBLISH b QoS 1 id 2 "B"');
  assert.deepEqual(outcomes, ['a 0']);
});

test('a message that was sent does not expire, and is sent again with what is left of its interval, or the least there is', async (t) => {
  const { client, broker } = await scene();
  const came = t.mock.method(broker, 'came');
  const properties = { messageExpiryInterval: 10 };
  const publishing = client.publish('a', 'A', { qos: 1, properties });
  await broker.pass(3_000).cut().accept(true);
  await broker.pass(20_000).cut().accept(true);
  broker.send(answer('puback', 1));
  await publishing;
  const intervals = came.mock.calls.map(({ arguments: [packet] }) =>
    packet.kind === 'publish' ? packet.properties.messageExpiryInterval : undefined,
  );
  assert.deepEqual(
    intervals.filter((interval) => interval !== undefined),
    [10, 7, 1],
  );
});
