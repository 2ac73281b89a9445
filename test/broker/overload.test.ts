// Memory runs out: what the broker does first, next and last, how it comes back, and that it collects garbage before it does anything.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { type BrokerOptions, TestBroker } from './harness.ts';
import { lateStore } from './test-store.ts';

/** A memory that is as full as the test says. */
class Gauge {
  full = 0;
  garbage = 0;
  collections = 0;

  share(): number {
    return this.full + this.garbage;
  }

  collect(): void {
    this.collections++;
    this.garbage = 0;
  }
}

async function scene(options: BrokerOptions = {}) {
  const gauge = new Gauge();
  const broker = await TestBroker.open({ ...options, memory: gauge });
  const fill = (full: number): void => {
    gauge.full = full;
    broker.pass(1_000);
  };
  return { broker, gauge, fill };
}

describe('at nine tenths of the memory', () => {
  test('new clients are refused with 0x89, return code 3, and those that are there go on', async () => {
    const { broker, fill } = await scene();
    const known = broker.connect({ clientId: 'known' });
    known.subscribe('a');
    fill(0.89);
    broker.connect();
    fill(0.9);
    for (const version of [3, 4, 5] as const) {
      const client = broker.knock({ version, clientId: 'new' });
      assert.equal(client.expect('connack').reasonCode, version === 5 ? 0x89 : 3);
      assert.equal(client.ended, 'end');
    }
    assert.equal(broker.broker.admits('192.0.2.1:1'), true, 'to be told');
    known.publish('a', 'x', { qos: 1 });
    assert.deepEqual(known.said(), ['PUBLISH a=x QoS 1 id 1', 'PUBACK 2']);
    assert.equal(broker.broker.counters.limitsReached.memoryMax, 3);
  });

  test('they are told of another server with 0x9C, if there is one', async () => {
    const { broker, fill } = await scene({ busyRedirect: 'other.example:1884' });
    fill(0.95);
    const connack = broker.knock().expect('connack');
    assert.equal(connack.reasonCode, 0x9c);
    assert.equal(connack.properties.serverReference, 'other.example:1884');
    assert.equal(broker.knock({ version: 4, clientId: 'c' }).expect('connack').reasonCode, 3);
  });

  test('garbage is collected before anybody is refused', async () => {
    const { broker, gauge } = await scene();
    gauge.garbage = 0.95;
    broker.pass(1_000);
    broker.connect();
    assert.equal(gauge.collections, 1);
    assert.deepEqual(broker.warnings(), []);
  });

  test('it goes on until there is some way to it again, and the log says once what begins and what ends', async () => {
    const { broker, gauge, fill } = await scene();
    for (const full of [0.91, 0.89, 0.91, 0.86]) fill(full);
    assert.equal(broker.knock().expect('connack').reasonCode, 0x89);
    fill(0.84);
    broker.connect();
    const lines = broker.log.filter(({ sentence }) => sentence.includes('memoryMax)') && sentence.includes('emory'));
    assert.deepEqual(
      lines
        .filter(({ fields }) => fields['step'] !== undefined)
        .map(({ level, fields }) => `${level} ${String(fields['step'])}`),
      ['warn refusing', 'info calm'],
    );
    assert.equal(gauge.collections, 1);
  });

  test('while it lasts garbage is collected every half minute, since nobody else may do it', async () => {
    const { broker, gauge, fill } = await scene();
    fill(0.92);
    gauge.full = 0.1;
    gauge.garbage = 0.85;
    for (let second = 0; second < 29; second++) broker.pass(1_000);
    assert.equal(broker.knock().expect('connack').reasonCode, 0x89);
    broker.pass(1_000);
    broker.connect();
    assert.equal(gauge.collections, 2);
  });
});

test('with a twentieth left the door is shut, and clients whose messages wait for the disk are not read from until it has caught up', async () => {
  const { store, commit } = lateStore();
  const { broker, fill } = await scene({ store });
  const keeper = broker.knock({ clientId: 'k', clean: false, properties: { sessionExpiryInterval: 10 } });
  commit();
  keeper.requestSubscription(['a']);
  const [publisher, other] = [broker.connect({ clientId: 'publisher' }), broker.connect({ clientId: 'other' })];
  commit();
  fill(0.94);
  publisher.publish('a', 'x', { qos: 1 });
  assert.equal(publisher.isReadFrom, true);
  assert.equal(broker.broker.admits('192.0.2.1:1'), true);
  fill(0.95);
  assert.equal(broker.broker.admits('192.0.2.1:1'), false);
  for (const client of [publisher, other]) client.send({ kind: 'pingreq' });
  assert.deepEqual([publisher.isReadFrom, other.isReadFrom], [false, true]);
  commit();
  assert.equal(publisher.isReadFrom, true);
  assert.deepEqual(publisher.said(), ['PINGRESP', 'PUBACK 1']);
});

test('with a twentieth left no retained message is taken that needs more room: 0x97; others may be replaced and cleared', async () => {
  const { broker, fill } = await scene();
  const client = broker.connect({ clientId: 'c' });
  client.publish('a', 'xx', { retain: true, qos: 1 });
  fill(0.95);
  client.publish('b', 'x', { retain: true, qos: 1 });
  client.publish('a', 'xxx', { retain: true, qos: 1 });
  client.publish('a', 'yy', { retain: true, qos: 1 });
  client.publish('a', '', { retain: true, qos: 1 });
  client.publish('b', 'not retained', { qos: 1 });
  assert.deepEqual(client.said(), [
    'PUBACK 1 0x10',
    'PUBACK 2 0x97',
    'PUBACK 3 0x97',
    'PUBACK 4 0x10',
    'PUBACK 5 0x10',
    'PUBACK 6 0x10',
  ]);
});

test('at the limit the connections end for which most is kept, with 0x97: of the larger half of it, and five seconds later all if that was in vain', async () => {
  const { broker, gauge, fill } = await scene();
  const clients = [10_000_000, 200_000, 8_000_000, 0].map((bytes, index) => {
    const client = broker.connect({ clientId: `c${index}` });
    client.stopReading(bytes);
    return client;
  });
  const ends = (): string[] => clients.map(({ ended }) => ended);
  fill(0.99);
  assert.deepEqual(ends(), ['not yet', 'not yet', 'not yet', 'not yet']);
  gauge.full = 1;
  for (let second = 0; second < 5; second++) broker.pass(1_000);
  assert.deepEqual(ends(), ['destroy', 'not yet', 'not yet', 'not yet']);
  assert.equal(clients[0]?.expect('disconnect').reasonCode, 0x97);
  for (let second = 0; second < 5; second++) broker.pass(1_000);
  assert.deepEqual(ends(), ['destroy', 'destroy', 'destroy', 'not yet']);
  assert.match(broker.warnings().join('\n'), /"c0" at .*10000000 bytes were kept for it/);
});

test('memory that grows fast is not left to grow for five seconds: connections end each second until it does not', async () => {
  const { broker, gauge, fill } = await scene();
  const clients = [4_000_000, 3_000_000, 2_000_000].map((bytes, index) => {
    const client = broker.connect({ clientId: `c${index}` });
    client.stopReading(bytes);
    return client;
  });
  const left = (): number => clients.filter(({ ended }) => ended === 'not yet').length;
  fill(0.92);
  assert.deepEqual([gauge.collections, left()], [1, 3]);
  fill(1.01);
  assert.deepEqual([gauge.collections, left()], [1, 3], 'it may be garbage, and will not be much in five seconds');
  fill(1.03);
  assert.deepEqual([gauge.collections, left()], [2, 1]);
  fill(1.2);
  assert.deepEqual([gauge.collections, left()], [3, 0]);
});

test('no connection ends for garbage, however much of it there is', async () => {
  const { broker, gauge } = await scene();
  const client = broker.connect();
  client.stopReading(10_000_000);
  for (let second = 0; second < 30; second++) {
    gauge.garbage = 1.2;
    broker.pass(1_000);
  }
  assert.equal(client.ended, 'not yet');
});

test('a broker whose memory nobody measures has nothing to do for it', async () => {
  const broker = await TestBroker.open();
  assert.equal(broker.broker.nextDeadline(), undefined);
});
