import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answer, connack, connected, goodbye, publish } from './scripted-broker.arbitrary.ts';

test('disconnect sends DISCONNECT, closes, and is done when the network is', async () => {
  const { client, broker } = await connected();
  await client.disconnect();
  broker.expect('DISCONNECT');
  assert.equal(broker.closedWith, 'end');
  assert.deepEqual(await client.closed, { kind: 'disconnected' });
  assert.equal(broker.alarmCount, 0);
  await client.disconnect();
  broker.expect();
});

test('a client that has disconnected does nothing more', async () => {
  const { client, broker } = await connected();
  await client.disconnect();
  await assert.rejects(client.publish('a', ''), { name: 'OperationError', code: 'closed' });
  await assert.rejects(client.subscribe([{ filter: 'a' }]), { code: 'closed' });
  await assert.rejects(client.unsubscribe(['a']), { code: 'closed' });
  await client.ready();
  broker.expect('DISCONNECT');
});

test('DISCONNECT can ask for the Will, and change how long the session is kept', async () => {
  const { client, broker } = await connected({ sessionExpirySeconds: 10 });
  await client.disconnect({ reasonCode: 0x04, sessionExpirySeconds: 20 });
  broker.expect('DISCONNECT 0x04');
});

test('DISCONNECT cannot say what a client may not, nor keep a session that was to end', async () => {
  const { client, broker } = await connected();
  await assert.rejects(client.disconnect({ reasonCode: 0x8e }), { name: 'UsageError' });
  await assert.rejects(client.disconnect({ sessionExpirySeconds: 1 }), { name: 'UsageError' });
  broker.expect();
  const old = await connected({ version: 4 });
  await assert.rejects(old.client.disconnect({ reasonCode: 0 }), { name: 'UsageError' });
});

test('what is not done when the connection ends is rejected, but not what is past PUBREC', async () => {
  const { client, broker } = await connected({ reconnect: false }, { receiveMaximum: 3 });
  const outcomes = Promise.allSettled([
    client.publish('a', '', { qos: 1 }),
    client.publish('b', '', { qos: 2 }),
    client.publish('c', '', { qos: 2 }),
    client.publish('d', '', { qos: 1 }),
    client.subscribe([{ filter: 'a' }]),
    client.unsubscribe(['a']),
  ]);
  const cause = new Error('reset');
  broker.send(answer('pubrec', 2)).cut(cause);
  const [a, b, c, d, ...requests] = await outcomes;
  assert.deepEqual(b, { status: 'fulfilled', value: { reasonCode: 0 } });
  for (const outcome of [a, c, d, ...requests]) {
    assert.ok(outcome?.status === 'rejected');
    assert.equal(Reflect.get(Object(outcome.reason), 'code'), 'connection-lost');
  }
  assert.deepEqual(await client.closed, { kind: 'connection-lost', cause });
});

test("the broker's DISCONNECT is told with its reason", async () => {
  const { client, broker } = await connected();
  const publishing = client.publish('a', '', { qos: 1 });
  broker.send(goodbye(0x8e, 'another one came'));
  await assert.rejects(publishing, { code: 'connection-lost', reasonCode: 0x8e, message: /"another one came"/ });
  assert.deepEqual(await client.closed, {
    kind: 'disconnected-by-broker',
    reasonCode: 0x8e,
    reasonString: 'another one came',
    serverReference: undefined,
  });
  assert.equal(broker.closedWith, 'end');
});

test('a broker that breaks a rule is told which, on MQTT 5.0', async () => {
  for (const [packet, reasonCode] of [
    [connack(), '0x82'],
    [publish('a', 0, 0, { topicAlias: 40 }), '0x94'],
    [answer('pubcomp', 1), '0x82'],
  ] as const) {
    const { client, broker } = await connected();
    const publishing = client.publish('x', 'X', { qos: 1 });
    broker.send(packet).expect('PUBLISH x QoS 1 id 1 "X"', `DISCONNECT ${reasonCode}`);
    await assert.rejects(publishing, { code: 'protocol-error' });
    assert.equal((await client.closed).kind, 'protocol-error');
  }
});

test('bytes that are no packet end the connection, on 3.x without DISCONNECT', async () => {
  const { client, broker } = await connected({ version: 4 });
  broker.sendBytes(Uint8Array.of(0xf0, 0x00)).expect();
  const end = await client.closed;
  assert.equal(end.kind, 'protocol-error');
});

test('nothing of a chunk is handled after what ended the connection', async () => {
  const topics: string[] = [];
  const { client, broker } = await connected({ onMessage: ({ topic }) => void topics.push(topic) });
  broker.send(goodbye(0x8e), publish('a', 0));
  await client.closed;
  assert.deepEqual(topics, []);
});

test('a client pings, and gives up a broker that has fallen silent', async () => {
  const { client, broker } = await connected({ keepAliveSeconds: 10, reconnect: false });
  assert.equal(client.connection?.keepAliveSeconds, 10);
  broker.pass(8_999).expect().pass(1).expect('PINGREQ').send({ kind: 'pingresp' });
  broker.pass(9_000).expect('PINGREQ').pass(8_999);
  const publishing = client.publish('a', 'A', { qos: 1 });
  broker.pass(1).expect('PUBLISH a QoS 1 id 1 "A"');
  await assert.rejects(publishing, { code: 'protocol-error', message: /fallen silent/ });
  const end = await client.closed;
  assert.ok(end.kind === 'protocol-error');
  assert.equal(end.error.kind, 'keep-alive-timeout');
  assert.equal(broker.closedWith, 'destroy');
});

test("the broker's Keep Alive is in force, also when it switches ours off", async () => {
  const { client, broker } = await connected({ keepAliveSeconds: 10 }, { serverKeepAlive: 2 });
  assert.equal(client.connection?.keepAliveSeconds, 2);
  broker.pass(1_800).expect('PINGREQ');
  const never = await connected({ keepAliveSeconds: 10 }, { serverKeepAlive: 0 });
  assert.equal(never.broker.alarmCount, 0);
});

test('the signal that gives up the attempt ends the connection later on', async () => {
  const controller = new AbortController();
  const { client, broker } = await connected({ signal: controller.signal });
  controller.abort();
  broker.expect('DISCONNECT');
  assert.deepEqual(await client.closed, { kind: 'disconnected' });
});
