// How fast one client may send and be sent to: it is slowed down, loses nothing of QoS 1 and 2, and keeps its order; who cannot be slowed
// down any more is ended.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { millis } from '../../src/base/millis.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { bytesOf, TestBroker } from './harness.ts';
import { textOf } from './say-packet.ts';

/** Numbers as texts. */
function texts(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => String(from + n));
}

describe('what a client has used up', () => {
  test('it has used up also when it comes back, or takes its own session over, and has again when the time has passed', async () => {
    for (const end of ['disconnect', 'cut', 'takeover'] as const) {
      const broker = await TestBroker.open({ limits: { messageRateIn: 10 } });
      const client = broker.connect({ clientId: 'c' });
      for (const text of texts(1, 100)) client.publish('a', text);
      assert.equal(client.isReadFrom, false);
      if (end === 'cut') client.cut();
      else if (end === 'disconnect') client.hangUp();
      const again = broker.connect({ clientId: 'c' });
      again.publish('a', 'x');
      assert.equal(again.isReadFrom, false, end);
      const other = broker.connect({ clientId: 'other' });
      other.publish('a', 'x');
      assert.equal(other.isReadFrom, true);
      again.cut();
      broker.pass(31_000);
      const rested = broker.connect({ clientId: 'c' });
      for (const text of texts(1, 10)) rested.publish('a', text);
      assert.equal(rested.isReadFrom, true);
    }
  });

  test('is half of rateDebtMax at most for one that was ended for more, which may go on when that is over', async () => {
    const broker = await TestBroker.open({ limits: { byteRateIn: 100, rateDebtMax: millis(10_000) } });
    const client = broker.connect({ clientId: 'c' });
    client.publish('a', 'x'.repeat(2_000));
    client.expectEnd(0x97);
    const again = broker.connect({ clientId: 'c' });
    again.publish('a', 'x');
    assert.equal(again.ended, 'not yet');
    assert.equal(again.isReadFrom, false);
    broker.pass(6_000);
    assert.equal(again.isReadFrom, true);
  });
});

describe('messageRateIn', () => {
  test('slows a client down that sends more: it is not read from, loses nothing, and goes on in time', async () => {
    const broker = await TestBroker.open({ limits: { messageRateIn: 10 } });
    const subscriber = broker.connect();
    subscriber.subscribe('a');
    const client = broker.connect({ clientId: 'fast' });
    for (const text of texts(1, 100)) client.publish('a', text, { qos: 1 });
    assert.equal(client.isReadFrom, false);
    assert.deepEqual(subscriber.acknowledgeAll().map(textOf), texts(1, 11));
    assert.equal(client.ended, 'not yet');
    let passed = 0;
    for (; passed < 20_000 && client.received.length < 100; passed += 250) {
      broker.pass(250);
      subscriber.acknowledgeAll();
    }
    assert.ok(passed >= 8_500 && passed <= 10_000, `${passed} ms for 89 messages`);
    assert.equal(client.take().length, 100);
    broker.pass(1_000);
    assert.equal(client.isReadFrom, true);
    assert.ok(broker.broker.counters.limitsReached.messageRateIn > 10);
    assert.equal(broker.warnings().length, 1);
    assert.match(
      broker.warnings()[0] ?? '',
      /^Client "fast" at .* sends too fast, and is read from more slowly \(messageRateIn\)\.$/,
    );
  });

  test('counts pings and filters, not acknowledgements', async () => {
    const broker = await TestBroker.open({ limits: { messageRateIn: 10 } });
    const pinger = broker.connect();
    for (let n = 0; n < 30; n++) pinger.send({ kind: 'pingreq' });
    assert.equal(pinger.take().length, 11);
    assert.equal(pinger.isReadFrom, false);
    const subscriber = broker.connect();
    subscriber.requestSubscription(texts(1, 11));
    assert.equal(subscriber.isReadFrom, false);
    const other = broker.connect();
    other.subscribe('a');
    const properties = NO_MESSAGE_PROPERTIES;
    for (const text of texts(1, 50)) {
      const message = { topic: 'a', payload: Buffer.from(text), qos: 1, retain: false, properties } as const;
      void broker.broker.publish(message);
    }
    assert.deepEqual(other.acknowledgeAll().map(textOf), texts(1, 50));
    assert.equal(other.isReadFrom, true);
  });

  test('does not time a client out that is not read from', async () => {
    const broker = await TestBroker.open({ limits: { messageRateIn: 1, rateDebtMax: millis(60_000) } });
    const client = broker.connect({ keepAlive: 2 });
    const ping = bytesOf({ kind: 'pingreq' }, 5);
    client.sendBytes(Buffer.concat(Array.from({ length: 20 }, () => ping)));
    for (let second = 0; second < 18; second++) broker.pass(1_000);
    assert.equal(client.ended, 'not yet');
    assert.equal(client.isReadFrom, false);
    broker.pass(1_000);
    assert.equal(client.isReadFrom, true);
  });

  test('ends a client that sends in one piece what it may within longer than rateDebtMax: 0x96, and its Will is published', async () => {
    for (const version of [4, 5] as const) {
      const broker = await TestBroker.open({ limits: { messageRateIn: 10 } });
      const client = broker.connect({ version, clientId: 'c' });
      const ping = bytesOf({ kind: 'pingreq' }, version);
      client.sendBytes(Buffer.concat(Array.from({ length: 700 }, () => ping)));
      client.expectEnd(0x96);
      assert.equal(broker.broker.counters.limitsReached.rateDebtMax, 1);
      assert.match(broker.warnings()[0] ?? '', /what it may send within 69 s \(messageRateIn, rateDebtMax\)/);
    }
  });
});

describe('byteRateIn', () => {
  test('slows a client down by what it sends, in whatever packets', async () => {
    const broker = await TestBroker.open({ limits: { byteRateIn: 1_000 } });
    const client = broker.connect({ clientId: 'c' });
    client.publish('a', 'x'.repeat(2_000), { qos: 1 });
    assert.equal(client.take().length, 1);
    assert.equal(client.isReadFrom, false);
    broker.pass(900);
    assert.equal(client.isReadFrom, false);
    broker.pass(200);
    assert.equal(client.isReadFrom, true);
  });

  test('ends a client with 0x97 whose bytes would take longer than rateDebtMax', async () => {
    const broker = await TestBroker.open({ limits: { byteRateIn: 1_000, rateDebtMax: millis(10_000) } });
    const client = broker.connect({ clientId: 'c' });
    client.publish('a', 'x'.repeat(12_000));
    client.expectEnd(0x97);
  });
});

describe('messageRateOut', () => {
  test('sends no faster, keeps the order over QoS 1 and 2, and drops QoS 0 as for a slow reader: counted and said', async () => {
    const broker = await TestBroker.open({ limits: { messageRateOut: 10 } });
    const slow = broker.connect({ clientId: 'slow' });
    slow.subscribe('a');
    const publisher = broker.connect();
    for (const text of texts(1, 60)) publisher.publish('a', text, { qos: Number(text) % 2 === 0 ? 1 : 2 });
    publisher.publish('a', 'dropped');
    assert.deepEqual(slow.acknowledgeAll().map(textOf), texts(1, 11));
    const got: string[] = [];
    for (let passed = 0; passed < 5_250; passed += 250) {
      broker.pass(250);
      got.push(...slow.acknowledgeAll().map(textOf));
    }
    assert.deepEqual(got, texts(12, 60));
    assert.equal(broker.broker.counters.messagesDropped['rate-limit'], 1);
    assert.match(broker.warnings().join('\n'), /"slow" is sent as much as it may be: QoS 0/);
    assert.equal(broker.broker.counters.messagesDropped['slow-reader'], 0);
  });

  test('holds nobody else up', async () => {
    const broker = await TestBroker.open({ limits: { byteRateOut: 1_000 } });
    const [loud, quiet] = [broker.connect(), broker.connect()];
    loud.subscribe('loud');
    quiet.subscribe('quiet');
    const publisher = broker.connect();
    for (let n = 0; n < 10; n++) publisher.publish('loud', 'x'.repeat(500), { qos: 1 });
    publisher.publish('quiet', 'x', { qos: 1 });
    assert.equal(quiet.acknowledgeAll().length, 1);
    assert.equal(loud.acknowledgeAll().length, 2);
    assert.equal(publisher.isReadFrom, true);
    for (let second = 0; second < 6; second++) broker.pass(1_000);
    assert.equal(loud.acknowledgeAll().length, 8);
  });
});
