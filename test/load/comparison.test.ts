// The comparison of MQTT with HTTP in its quick form, twice: it measures everything, and comes to the same verdicts.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { compare } from '../../src/load/http/compare.ts';
import type { Comparison, Scale, Verdict } from '../../src/load/http/comparison.ts';
import { QUICK_SCALE, verdictsOf } from '../../src/load/http/comparison.ts';
import { comparisonPage, comparisonTables, textTable } from '../../src/load/http/comparison-report.ts';
import { RECEIVERS, SENDERS } from '../../src/load/http/rivals.ts';
import { htmlOf } from '../../src/load/report/html-page.ts';

/** What is counted, and not clocked, is the same on the busiest machine. */
const COUNTED: ReadonlySet<Verdict['measure']> = new Set(['bytes', 'bytes a message']);

/** A few milliseconds over loopback are the machine's, when others work on it. */
function isLoopbackTime({ trial, measure }: Verdict): boolean {
  return measure === 'time' && / x \d+ B$/.test(trial);
}

/** The quick form, and of the transfers one. */
const SCALE: Scale = { ...QUICK_SCALE, repeats: 1, transfers: [{ count: 10, payloadBytes: 10 }] };

const run = (stop: AbortSignal): Promise<Comparison> =>
  compare({ isQuick: true, scale: SCALE, seed: 7, stop, progress: () => undefined });

const nameOf = ({ trial, measure, rival }: Verdict): string => `${trial}, ${measure}, ${rival}`;

describe('the comparison', { timeout: 180_000 }, () => {
  let first: Comparison;
  let second: Comparison;

  before(async () => {
    const { signal } = new AbortController();
    first = await run(signal);
    second = await run(signal);
  });

  test('has a row for every rival in every trial', () => {
    assert.equal(first.transfers.length, SENDERS.length);
    assert.equal(first.bursts.length, 2 * SENDERS.length);
    assert.equal(first.receptions.length, RECEIVERS.length);
  });

  test('run twice, gives the same verdicts on all that is counted, and contradicts itself nowhere', () => {
    const again = new Map(second.verdicts.map((verdict) => [nameOf(verdict), verdict.better]));
    for (const verdict of first.verdicts) {
      if (isLoopbackTime(verdict)) continue;
      const other = again.get(nameOf(verdict));
      if (COUNTED.has(verdict.measure)) assert.equal(other, verdict.better, nameOf(verdict));
      else assert.ok(other === verdict.better || other === 'even' || verdict.better === 'even', nameOf(verdict));
    }
  });

  test('has everybody receive everything, and none of MQTT 1 and 2 lost over a network that breaks', () => {
    for (const { receptions, bursts } of [first, second]) {
      assert.deepEqual(
        receptions.filter(({ arrived, count }) => arrived !== count),
        [],
      );
      const kept = bursts.filter(({ rival }) => rival === 'MQTT QoS 1' || rival === 'MQTT QoS 2');
      assert.deepEqual(
        kept.filter(({ arrived, sent }) => arrived !== sent),
        [],
      );
    }
  });

  test('finds a connection for each message to cost several times the bytes', () => {
    const [mqtt, https] = ['MQTT QoS 1', 'HTTPS, a connection each'].map(
      (rival) => first.transfers.find((row) => row.rival === rival && row.count === 10)?.bytes ?? 0,
    );
    assert.ok((https ?? 0) > 4 * (mqtt ?? 0), `${https} and ${mqtt} bytes`);
  });

  test('is told in tables and as a page with a plot for each size and each link', () => {
    const headings = comparisonTables(first).map(({ heading }) => heading);
    assert.deepEqual(headings, [
      'Bytes and time of a few messages',
      'As many messages as possible',
      'Receiving',
      'Verdicts',
    ]);
    const page = comparisonPage(first);
    assert.equal(page.sections.flatMap(({ charts }) => charts).length, 3);
    assert.match(htmlOf(page), /14,605/);
  });
});

test('a comparison that is stopped tells what it has', async () => {
  const result = await run(AbortSignal.abort());
  assert.deepEqual([result.isStopped, result.transfers, result.verdicts], [true, [], []]);
});

test('a verdict needs a margin, and more arrivals are better while more bytes are worse', () => {
  const burst = {
    link: 'l',
    concurrency: 1,
    sent: 10,
    messagesPerHour: 0,
    cpuSecondsPerHour: 0,
    retries: 0,
    curve: [],
  };
  const same = { ...burst, seconds: 1, cpuMicrosPerMessage: 10, bytes: 0, connections: 1 };
  const verdicts = verdictsOf({
    transfers: [],
    bursts: [
      { ...same, rival: 'MQTT QoS 1', arrived: 10 },
      { ...same, rival: 'HTTP/2', arrived: 5, cpuMicrosPerMessage: 14 },
      { ...same, rival: 'HTTPS, kept alive', arrived: 10, cpuMicrosPerMessage: 4 },
    ],
    receptions: [],
  });
  assert.deepEqual(
    verdicts.map(({ rival, measure, better }) => `${rival}, ${measure}: ${better}`),
    [
      'HTTP/2, arrived: MQTT',
      'HTTP/2, time: even',
      'HTTP/2, CPU a message: even',
      'HTTPS, kept alive, arrived: even',
      'HTTPS, kept alive, time: even',
      'HTTPS, kept alive, CPU a message: HTTP',
    ],
  );
});

test('a table of text has its columns under each other', () => {
  const lines = textTable({
    columns: ['', 'a'],
    rows: [
      ['long name', '1'],
      ['x', '22'],
    ],
  });
  assert.deepEqual(lines, ['            a', 'long name   1', 'x          22']);
});
