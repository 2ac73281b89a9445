// A publisher of MQTT 3.1 or 3.1.1 whose message was refused for want of room (0x97 to MQTT 5): it has no word for that, so it
// gets none, and its connection after a while; what else goes on between it and the broker is not disturbed.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../../src/base/millis.ts';
import { type BrokerOptions, type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { kept, setStage } from './late-stage.ts';
import { will } from './sample-will.ts';

/** A broker in which `full` has no room: a persistent session that is away is owed as much as it may be. */
async function brokerWithFullQueue(options: BrokerOptions = {}): Promise<TestBroker> {
  const limits = { sessionQueueMessagesMax: 1, ...options.limits };
  const broker = await TestBroker.open({ ...options, limits });
  const away = broker.connect(kept('away'));
  away.subscribe('full', { qos: 1 });
  away.cut();
  broker.connect().publish('full', 'first', { qos: 1 });
  return broker;
}

function publisherOf(broker: TestBroker, choice: ConnectChoice = {}): TestClient {
  return broker.connect({ version: 4, clientId: 'publisher', keepAlive: 10, ...choice });
}

for (const version of [3, 4] as const) {
  for (const qos of [1, 2] as const) {
    test(`version ${version}, QoS ${qos}: no acknowledgement, and the end of the connection after publisherHoldMillis`, async () => {
      for (const hold of [0, 1_000, 7_000]) {
        const broker = await brokerWithFullQueue({ limits: { publisherHoldMillis: millis(hold) } });
        const publisher = publisherOf(broker, { version });
        publisher.publish('full', 'x', { qos });
        if (hold > 0) broker.pass(hold - 1);
        assert.equal(publisher.ended, 'not yet');
        broker.pass(1);
        publisher.expectEnd(0);
        assert.match(broker.warnings().at(-1) ?? '', /"publisher" .* was disconnected: A QoS . message was refused/);
      }
    });
  }
}

test('what such a publisher sends of QoS 1 and 2 afterwards is neither taken nor acknowledged; QoS 0 is taken', async () => {
  const broker = await brokerWithFullQueue();
  const observer = broker.connect();
  observer.subscribe('#');
  const publisher = publisherOf(broker);
  publisher.publish('before', 'x', { qos: 1, id: 1 });
  publisher.publish('full', 'x', { qos: 1, id: 2 });
  publisher.publish('after', 'x', { qos: 1, id: 3 });
  publisher.publish('after', 'x', { qos: 2, id: 4 });
  publisher.publish('after', 'QoS 0');
  publisher.publish('kept', 'x', { qos: 1, id: 5, retain: true });
  assert.deepEqual(publisher.said(), ['PUBACK 1']);
  assert.deepEqual(observer.messages(), ['before=x', 'after=QoS 0']);
  assert.equal(broker.broker.sizes.retained, 0);
  assert.equal(broker.broker.counters.messagesRefused, 4);
});

test('its handshakes go on: PUBCOMP for what was taken before, its own deliveries, SUBSCRIBE, PINGREQ', async () => {
  const broker = await brokerWithFullQueue();
  const publisher = publisherOf(broker);
  publisher.subscribe('to/publisher');
  const released = publisher.publish('before', 'x', { qos: 2 });
  const other = broker.connect();
  other.publish('to/publisher', 'one', { qos: 1 });
  publisher.publish('full', 'x', { qos: 1 });
  publisher.answer('pubrel', released);
  other.publish('to/publisher', 'two', { qos: 2 });
  publisher.send({ kind: 'pingreq' });
  const said = publisher.said();
  assert.deepEqual(said.slice(1, 4), [
    'PUBLISH to/publisher=one QoS 1 id 1',
    'PUBCOMP 2',
    'PUBLISH to/publisher=two QoS 2 id 2',
  ]);
  assert.equal(said.at(-1), 'PINGRESP');
  publisher.sendBytes('40 02 00 01 50 02 00 02');
  assert.deepEqual(publisher.said(), ['PUBREL 2']);
  publisher.sendBytes('70 02 00 02');
  assert.deepEqual(publisher.subscribe('another'), [2]);
  assert.equal(publisher.ended, 'not yet');
});

test('its Keep Alive is watched meanwhile, and its messages count for it', async () => {
  const broker = await brokerWithFullQueue({ limits: { publisherHoldMillis: millis(60_000) } });
  const [silent, talking] = [publisherOf(broker), publisherOf(broker, { clientId: 'talking' })];
  for (const publisher of [silent, talking]) publisher.publish('full', 'x', { qos: 1 });
  for (const seconds of [5, 5, 4.999]) {
    talking.publish('full', 'x', { qos: 1 });
    broker.pass(seconds * 1000);
  }
  assert.equal(silent.ended, 'not yet');
  broker.pass(1);
  silent.expectEnd(0);
  assert.equal(talking.ended, 'not yet');
  broker.pass(45_000);
  talking.expectEnd(0);
});

test('who comes back is taken at its word again: the same message finds room, or is refused anew', async () => {
  const broker = await brokerWithFullQueue();
  const choice = { version: 4, clientId: 'publisher', clean: false } as const;
  const first = broker.connect(choice);
  first.publish('full', 'second', { qos: 2, id: 7 });
  broker.pass(1_000);
  first.expectEnd(0);
  const second = broker.connect(choice);
  second.publish('full', 'second', { qos: 2, id: 7, dup: true });
  assert.deepEqual(second.said(), []);
  broker.pass(1_000);
  second.expectEnd(0);
  const back = broker.connect(kept('away'));
  const third = broker.connect(choice);
  third.publish('full', 'second', { qos: 2, id: 7, dup: true });
  assert.deepEqual(third.said(), ['PUBREC 7']);
  assert.deepEqual(back.messages(), ['full=first', 'full=second']);
});

test('what was taken from it before is acknowledged first, however late the disk is', async () => {
  const limits = { sessionQueueMessagesMax: 1, publisherHoldMillis: millis(20) };
  const { broker, connect, keeper, commit } = await setStage(true, limits);
  keeper('away').cut();
  const publisher = connect({ version: 4, clientId: 'publisher', clean: false });
  publisher.publish('a', 'fits', { qos: 1, id: 1 });
  publisher.publish('a', 'does not', { qos: 1, id: 2 });
  publisher.requestSubscription(['b']);
  broker.pass(60_000);
  assert.deepEqual(publisher.said(), []);
  assert.equal(publisher.ended, 'not yet');
  commit();
  assert.deepEqual(publisher.said().slice(0, 1), ['PUBACK 1']);
  broker.pass(1);
  publisher.expectEnd(0);
});

test('a refusal that is no want of room ends the connection of 3.x at once', async () => {
  const broker = await brokerWithFullQueue();
  const publisher = publisherOf(broker);
  publisher.publish('$x', 'x', { qos: 1 });
  publisher.expectEnd(0);
});

test('the Will of a held publisher is published when its connection ends', async () => {
  const broker = await brokerWithFullQueue();
  const observer = broker.connect();
  observer.subscribe('will');
  publisherOf(broker, { will: will() }).publish('full', 'x', { qos: 1 });
  assert.deepEqual(observer.messages(), []);
  broker.pass(1_000);
  assert.deepEqual(observer.messages(), ['will=w']);
});

test('MQTT 5 hears 0x97, and goes on', async () => {
  const broker = await brokerWithFullQueue();
  const publisher = broker.connect();
  publisher.publish('full', 'x', { qos: 1, id: 1 });
  publisher.publish('full', 'x', { qos: 2, id: 2 });
  publisher.publish('else', 'x', { qos: 1, id: 3 });
  assert.deepEqual(publisher.said(), ['PUBACK 1 0x97', 'PUBREC 2 0x97', 'PUBACK 3 0x10']);
  broker.pass(1_000_000);
  assert.equal(publisher.ended, 'not yet');
});
