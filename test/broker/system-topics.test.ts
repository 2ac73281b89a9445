// `$SYS/broker/...`: what the broker says of itself, to whom, and when.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authorizer } from '../../src/auth/contract.ts';
import { millis } from '../../src/base/millis.ts';
import { type BrokerOptions, type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

const INTERVAL = 10_000;

/** A persistent session. */
const KEPT: ConnectChoice = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 1000 } };

function open(options: BrokerOptions = {}): Promise<TestBroker> {
  return TestBroker.open({ ...options, limits: { systemTopicsInterval: millis(INTERVAL), ...options.limits } });
}

/** What came, by topic without its root. */
function values(client: TestClient): Map<string, string> {
  return new Map(client.publishes().map((packet) => [packet.topic.slice('$SYS/broker/'.length), textOf(packet)]));
}

/** What a client that subscribes now is sent. */
function read(broker: TestBroker, filter = '$SYS/broker/#'): Map<string, string> {
  const client = broker.connect();
  client.subscribe(filter);
  const found = values(client);
  client.disconnect();
  return found;
}

test('whoever subscribes gets every value, retained and of QoS 0, under the names that users of Mosquitto know', async () => {
  const broker = await open();
  const client = broker.connect();
  client.subscribe('$SYS/broker/#');
  const packets = client.publishes();
  assert.ok(packets.length > 60);
  assert.ok(packets.every(({ qos, retain }) => qos === 0 && retain));
  const names = packets.map(({ topic }) => topic);
  for (const name of ['version', 'uptime', 'clients/connected', 'messages/received', 'retained messages/count']) {
    assert.ok(names.includes(`$SYS/broker/${name}`), name);
  }
  assert.ok(names.includes('$SYS/broker/load/publish/received/15min'));
  assert.ok(names.includes('$SYS/broker/drops/queue-full'));
});

test('the values are those of the last interval', async () => {
  const broker = await open();
  const kept = broker.connect(KEPT);
  kept.subscribe('t');
  kept.disconnect();
  const publisher = broker.connect();
  publisher.publish('t', 'four', { qos: 1 });
  publisher.publish('kept', 'x', { retain: true });
  assert.equal(read(broker).get('publish/messages/received'), '0', 'not yet');
  broker.pass(INTERVAL);
  const found = read(broker);
  assert.equal(found.get('uptime'), '10 seconds');
  assert.equal(found.get('clients/connected'), '1');
  assert.equal(found.get('clients/disconnected'), '1');
  assert.equal(found.get('clients/total'), '2');
  assert.equal(found.get('publish/messages/received'), '2');
  assert.equal(found.get('publish/bytes/received'), '5');
  assert.equal(found.get('store/messages/count'), '1');
  assert.equal(found.get('queues/messages'), '1');
  assert.equal(found.get('queues/bytes'), '4');
  assert.equal(found.get('retained messages/count'), '1', "the broker's own are not counted");
  assert.equal(found.get('subscriptions/count'), '1');
  assert.ok(Number(found.get('load/publish/received/1min')) > 1);
  assert.ok(Number(found.get('bytes/sent')) > 0);
});

test('a subscriber is sent what has changed, and nothing else', async () => {
  const broker = await open();
  const watcher = broker.connect();
  watcher.subscribe('$SYS/broker/publish/messages/#');
  watcher.take();
  broker.pass(INTERVAL);
  assert.deepEqual(values(watcher).get('publish/messages/received'), undefined);
  broker.connect().publish('t', 'x');
  broker.pass(INTERVAL - 1);
  assert.deepEqual(watcher.take(), []);
  broker.pass(1);
  const packets = watcher.publishes().filter(({ topic }) => topic.endsWith('received'));
  assert.deepEqual(
    packets.map((packet) => [packet.topic, textOf(packet), packet.retain]),
    [['$SYS/broker/publish/messages/received', '1', false]],
  );
});

test('drops and refusals are told by their reasons', async () => {
  const broker = await open({ limits: { transientQueueMessagesMax: 100, inFlightMax: 1 } });
  const reader = broker.connect();
  reader.subscribe('t');
  const publisher = broker.connect();
  for (let count = 0; count < 103; count++) publisher.publish('t', 'x', { qos: 1 });
  publisher.publish('$SYS/broker/version', 'x', { qos: 1 });
  broker.pass(INTERVAL);
  const found = read(broker);
  assert.equal(found.get('drops/queue-full'), '2');
  assert.equal(found.get('publish/messages/dropped'), '2');
  assert.equal(found.get('publish/messages/refused'), '1');
});

test('a session that nobody came back to is counted', async () => {
  const broker = await open();
  broker.connect({ ...KEPT, properties: { sessionExpiryInterval: 5 } }).disconnect();
  broker.pass(INTERVAL);
  broker.pass(INTERVAL);
  assert.equal(read(broker).get('clients/expired'), '1');
});

// [MQTT-4.7.2-1]
test('wildcards at the beginning of a filter do not match them', async () => {
  const broker = await open();
  assert.equal(read(broker, '#').size, 0);
  assert.equal(read(broker, '+/broker/uptime').size, 0);
  assert.equal(read(broker, '$SYS/broker/uptime').size, 1);
  assert.equal(read(broker, '$SYS/+/uptime').size, 1);
});

test('only those get them whom the Authorizer allows', async () => {
  const authorizer: Authorizer = {
    allowsAll: false,
    allows: ({ clientId }, action, topic) => {
      if (!topic.startsWith('$SYS')) return true;
      return clientId === 'operator' || (clientId === 'half' && (action === 'subscribe' || topic.endsWith('uptime')));
    },
  };
  const broker = await open({ authorizer });
  const stranger = broker.connect({ clientId: 'stranger' });
  assert.deepEqual(stranger.subscribe('$SYS/#'), [0x87]);
  const half = broker.connect({ clientId: 'half' });
  half.subscribe('$SYS/#');
  assert.deepEqual([...values(half).keys()], ['uptime']);
  const operator = broker.connect({ clientId: 'operator' });
  operator.subscribe('$SYS/#');
  assert.ok(values(operator).size > 60);
});

test('a shared subscription gets them as well, each once', async () => {
  const broker = await open();
  const members = [broker.connect(), broker.connect()];
  for (const member of members) member.subscribe('$share/g/$SYS/broker/uptime');
  for (let count = 0; count < 4; count++) broker.pass(INTERVAL);
  assert.deepEqual(
    members.map((member) => member.publishes().length),
    [2, 2],
  );
});

test('with an interval of 0 there are none', async () => {
  const broker = await open({ limits: { systemTopicsInterval: millis(0) } });
  broker.pass(INTERVAL);
  assert.equal(read(broker).size, 0);
});
