// Loads against a broker: every kind of load counts right, and what a broker does wrong is found.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { LoadResult } from '../../src/load/load-result.ts';
import { type LoadOptions, planLoad } from '../../src/load/plan-options.ts';
import { type LoadParts, runLoad } from '../../src/load/run-load.ts';
import type { QoS } from '../../src/packet/packet.ts';
import { NODE_RANDOM } from '../../src/server/node-parts.ts';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import { LIES_EVERY, type Lie, startLyingBroker } from './lying-broker.ts';

const QUALITIES: readonly QoS[] = [0, 1, 2];

async function load(
  url: string,
  options: Omit<LoadOptions, 'connect'>,
  parts: Partial<LoadParts> = {},
): Promise<LoadResult> {
  const plan = planLoad({ patienceSeconds: 1, threads: 1, ...options, connect: { url } }, NODE_RANDOM);
  return await runLoad(plan, { stop: new AbortController().signal, progress: () => undefined, ...parts });
}

describe('a load', { timeout: 60_000 }, () => {
  let broker: TestBroker;

  before(async () => {
    broker = await startTestBroker();
  });
  after(() => broker.close());

  for (const qos of QUALITIES) {
    test(`of pairs with QoS ${qos} has every message delivered once and in order`, async () => {
      const result = await load(broker.url, { kind: 'pairs', clients: 4, qos, count: 500, threads: 2 });
      const { sent, acknowledged, received, expected, faults } = result;
      assert.deepEqual(
        { sent, received, expected, faults },
        { sent: 2000, received: 2000, expected: 2000, faults: [] },
      );
      assert.equal(acknowledged, qos === 0 ? 0 : 2000);
      assert.equal(result.latency?.count, 2000);
    });
  }

  test('that fans out has each subscriber get every message, over threads', async () => {
    const result = await load(broker.url, { kind: 'fanout', clients: 6, others: 2, qos: 1, count: 200, threads: 3 });
    assert.deepEqual([result.sent, result.received, result.faults], [400, 2400, []]);
  });

  test('that fans in has one subscriber get the messages of all', async () => {
    const result = await load(broker.url, { kind: 'fanin', clients: 9, qos: 2, count: 50, threads: 2 });
    assert.deepEqual([result.sent, result.received, result.faults], [450, 450, []]);
  });

  test('on a shared subscription has each message get to one of the members', async () => {
    const result = await load(broker.url, { kind: 'fanin', clients: 5, others: 3, isShared: true, qos: 1, count: 100 });
    assert.deepEqual([result.received, result.expected, result.faults], [500, 500, []]);
  });

  test('over MQTT 3.1.1 is the same', async () => {
    const plan = planLoad(
      { kind: 'pairs', clients: 2, qos: 2, count: 100, threads: 1, connect: { url: broker.url, version: 4 } },
      NODE_RANDOM,
    );
    const result = await runLoad(plan, { stop: new AbortController().signal, progress: () => undefined });
    assert.deepEqual([result.version, result.received, result.faults], [4, 200, []]);
  });

  test('of connections opens and holds as many as it should', async () => {
    const result = await load(broker.url, { kind: 'conn', clients: 30, holdSeconds: 0 });
    assert.deepEqual([result.opened, result.latency?.count, result.faults], [30, 30, []]);
  });

  test('at a rate sends as many messages as the rate says, and tells how late they left', async () => {
    const result = await load(broker.url, { kind: 'latency', clients: 3, qos: 1, rate: 200, seconds: 1 });
    // The last one may be due at the very end.
    assert.ok(result.sent >= 200 && result.sent <= 203, `sent ${result.sent}`);
    assert.deepEqual([result.received, result.lag?.count, result.faults], [result.sent, result.sent, []]);
  });

  test('of publishers alone is acknowledged to the end, and says how long that takes', async () => {
    const result = await load(broker.url, { kind: 'pub', clients: 2, qos: 1, count: 300 });
    assert.deepEqual([result.acknowledged, result.latencyOf, result.latency?.count], [600, 'acknowledgement', 600]);
    assert.deepEqual(result.faults, []);
  });

  test('of publishers alone with QoS 0, whom nobody answers, sends everything', async () => {
    const result = await load(broker.url, { kind: 'pub', clients: 1, qos: 0, count: 20_000 });
    assert.deepEqual([result.sent, result.acknowledged, result.faults], [20_000, 0, []]);
  });

  test('of subscribers alone checks what another process publishes', async () => {
    const topic = 'load-test/elsewhere';
    const listening = load(broker.url, { kind: 'sub', clients: 2, qos: 1, seconds: 2, topic });
    const published = await load(broker.url, { kind: 'pub', clients: 2, qos: 1, seconds: 1, rate: 300, topic });
    const heard = await listening;
    assert.ok(published.sent >= 300);
    assert.ok(heard.received > 0 && heard.received <= 2 * published.sent, `heard ${heard.received}`);
    assert.deepEqual(heard.faults, []);
  });

  test('that is stopped ends soon, with what is known by then', async () => {
    const stop = new AbortController();
    const options: Omit<LoadOptions, 'connect'> = { kind: 'pairs', clients: 2, qos: 1, seconds: 60, rate: 500 };
    const result = await load(broker.url, options, { stop: stop.signal, progress: () => stop.abort() });
    assert.ok(result.isStopped && result.elapsedSeconds < 10);
    assert.deepEqual([result.received, result.faults], [result.sent, []]);
  });

  test('of a broker that is not there fails with what is wrong', async () => {
    await assert.rejects(load('mqtt://127.0.0.1:1', { kind: 'pairs' }), { code: 'connection-refused' });
  });
});

describe('of a broker that is slower than the rate', { timeout: 60_000 }, () => {
  const paced = async (ackMillis: (message: number) => number, rate: number): Promise<LoadResult> => {
    const broker = await startLyingBroker('none', ackMillis);
    try {
      return await load(broker.url, { kind: 'latency', clients: 1, qos: 1, window: 10, rate, seconds: 1 });
    } finally {
      await broker.close();
    }
  };
  /** It takes ten messages, thinks for most of the second, and is quick from then on. */
  const thinksFirst = (message: number): number => (message < 10 ? 800 : 0);

  test('what was due is sent, however late, and its latency counts from when it was due', async () => {
    const { sent, received, heldUp, unsent, latency, limits, faults } = await paced(thinksFirst, 200);
    assert.ok(sent >= 200 && sent <= 201 && unsent === 0, `${sent} sent, ${unsent} not`);
    assert.deepEqual([received, faults], [sent, []]);
    assert.ok(heldUp > 100, `${heldUp} held up`);
    assert.ok((latency?.max ?? 0) > 500_000, `${latency?.max} us at most`);
    assert.match(limits.join(' '), /waited for the broker/);
  });

  test('what it does not take in twice the time is told, and was not sent', async () => {
    // 100 ms for ten messages: 200 in two seconds, and 1,000 are due.
    const { sent, unsent, limits } = await paced(() => 100, 1000);
    assert.ok(sent >= 100 && sent <= 220, `${sent} sent`);
    assert.ok(sent + unsent >= 1000 && sent + unsent <= 1001, `${sent} sent, ${unsent} not`);
    assert.match(limits.join(' '), /due and never sent/);
  });

  test('how late messages left counts against the generator only while the broker had room', async () => {
    const { lag } = await paced(thinksFirst, 200);
    assert.ok(lag !== undefined && lag.p50 < 50_000, `${lag?.p50} us`);
  });
});

test('a load shows a broker in time that somebody is there, as its Keep Alive asks', { timeout: 30_000 }, async () => {
  const broker = await startTestBroker();
  try {
    const plan = planLoad(
      { kind: 'conn', clients: 2, holdSeconds: 3, threads: 1, connect: { url: broker.url, keepAliveSeconds: 1 } },
      NODE_RANDOM,
    );
    const { opened, faults } = await runLoad(plan, { stop: new AbortController().signal, progress: () => undefined });
    assert.deepEqual([opened, faults], [2, []]);
  } finally {
    await broker.close();
  }
});

describe('of a broker that lies', { timeout: 60_000 }, () => {
  const found = async (lie: Lie, qos: QoS): Promise<LoadResult> => {
    const broker = await startLyingBroker(lie);
    try {
      return await load(broker.url, { kind: 'pairs', clients: 1, qos, count: 200 });
    } finally {
      await broker.close();
    }
  };
  const lies = 200 / LIES_EVERY;

  test('nothing is said while it does not', async () => {
    const { received, faults } = await found('none', 2);
    assert.deepEqual([received, faults], [200, []]);
  });

  for (const qos of QUALITIES) {
    test(`what it drops with QoS ${qos} is lost`, async () => {
      const { lost, received, faults } = await found('drops', qos);
      assert.deepEqual([lost, received, faults], [lies, 200 - lies, [`${lies} messages were lost`]]);
    });
  }

  test('what it sends twice is a fault with QoS 2', async () => {
    const { duplicates, faults } = await found('doubles', 2);
    assert.deepEqual([duplicates, faults], [lies, [`${lies} messages came again, which QoS 2 rules out`]]);
  });

  test('what it sends twice is told, but allowed, with QoS 1', async () => {
    const { duplicates, faults } = await found('doubles', 1);
    assert.deepEqual([duplicates, faults], [lies, []]);
  });

  test('what it sends out of order is found', async () => {
    const { reordered, lost } = await found('swaps', 1);
    // The very last one is held back for ever.
    assert.deepEqual([reordered, lost], [lies - 1, 1]);
  });

  test('a message that it refuses is told with the reason', async () => {
    const { troubles, complaints } = await found('refuses', 1);
    assert.equal(troubles.refused, lies);
    assert.match(complaints[0]?.[0] ?? '', /refused a message: quota exceeded/i);
  });

  test('what it delivers and never acknowledges is a fault', async () => {
    const { acknowledged, received, faults } = await found('mute', 1);
    assert.deepEqual([acknowledged, received], [200 - lies, 200]);
    assert.deepEqual(faults, [`${lies} messages were never acknowledged`]);
  });

  for (const qos of [1, 2] as const) {
    test(`of a shared subscription, what it gives to all members came more than once, with QoS ${qos}`, async () => {
      const broker = await startLyingBroker('shares with all');
      try {
        // Two members in one thread, and one in another: neither hides what the other one has got.
        const who = { kind: 'fanin', clients: 2, others: 3, isShared: true, threads: 2, qos, count: 100 } as const;
        const { received, lost, duplicates, reordered, faults } = await load(broker.url, who);
        assert.deepEqual([lost, duplicates, reordered], [0, 2 * lies, 0]);
        assert.ok(received >= 200, `${received} received`);
        assert.deepEqual(faults, qos === 1 ? [] : [`${2 * lies} messages came again, which QoS 2 rules out`]);
      } finally {
        await broker.close();
      }
    });
  }

  test('of a shared subscription, what it drops is lost', async () => {
    const broker = await startLyingBroker('drops');
    try {
      const who = { kind: 'fanin', clients: 2, others: 3, isShared: true, qos: 1, count: 100 } as const;
      const { lost, faults } = await load(broker.url, who);
      assert.deepEqual([lost, faults], [lies, [`${lies} messages were lost`]]);
    } finally {
      await broker.close();
    }
  });

  test('a connection that it breaks is told', async () => {
    const { troubles, faults } = await found('disconnects', 1);
    assert.equal(troubles.disconnects, 1);
    assert.ok(faults.includes('1 connection was lost'), faults.join('; '));
  });
});
