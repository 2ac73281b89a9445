// The comparison of MQTT with HTTP in its quick form, twice: it measures everything, and comes to the same verdicts.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { compare } from '../../src/load/http/compare.ts';
import type { Comparison, Scale, Verdict } from '../../src/load/http/comparison.ts';
import { BURST_MEASURES, QUICK_SCALE, verdictsOf } from '../../src/load/http/comparison.ts';
import { comparisonPage, comparisonTables, textTable } from '../../src/load/http/comparison-report.ts';
import { RECEIVERS, SENDERS } from '../../src/load/http/rivals.ts';
import { htmlOf } from '../../src/load/report/html-page.ts';

/** What is counted, and not clocked, is the same on the busiest machine. */
const COUNTED: ReadonlySet<Verdict['measure']> = new Set(['bytes', 'bytes a message']);

/** The quick form, of the transfers one, and as few rounds as can be: how more of them make verdicts sure is shown without a network (verdict.test.ts). */
const ONCE = { min: 1, max: 1 };
const SCALE: Scale = {
  ...QUICK_SCALE,
  transferRounds: ONCE,
  burstRounds: ONCE,
  receptionRounds: ONCE,
  transfers: [{ count: 10, payloadBytes: 10 }],
};

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
    assert.equal(first.streams.length, SENDERS.length);
    assert.equal(first.receptions.length, RECEIVERS.length);
  });

  test('run twice, gives the same verdicts on all that is counted, and contradicts itself nowhere', () => {
    const again = new Map(second.verdicts.map((verdict) => [nameOf(verdict), verdict.better]));
    for (const verdict of first.verdicts) {
      const other = again.get(nameOf(verdict));
      if (COUNTED.has(verdict.measure)) assert.equal(other, verdict.better, nameOf(verdict));
      else assert.ok(other === verdict.better || other === 'even' || verdict.better === 'even', nameOf(verdict));
    }
  });

  test('has everybody go on without a pause, and counts what came in that time', () => {
    for (const { arrived, seconds, messagesPerHour, rival } of [...first.streams, ...second.streams]) {
      assert.ok(arrived > 0 && seconds === 1.5, `${rival}: ${arrived} in ${seconds} s`);
      assert.equal(Math.round(messagesPerHour), Math.round((arrived / seconds) * 3600));
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
      'Without a pause',
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
    retries: 0,
    curve: [],
  };
  const same = { ...burst, seconds: 1, cpuMicrosPerMessage: 10, bytes: 0, connections: 1 };
  const round = [
    { ...same, rival: 'MQTT QoS 1', arrived: 10 },
    { ...same, rival: 'HTTP/2', arrived: 5, cpuMicrosPerMessage: 14 },
    { ...same, rival: 'HTTPS, kept alive', arrived: 10, cpuMicrosPerMessage: 4 },
  ];
  const verdicts = verdictsOf('l', [round, round, round.slice(1)], BURST_MEASURES);
  assert.deepEqual(
    verdicts.map(({ rival, measure, better, rounds }) => `${rival}, ${measure}, of ${rounds}: ${better}`),
    [
      'HTTPS, kept alive, arrived, of 2: even',
      'HTTPS, kept alive, time, of 2: even',
      'HTTPS, kept alive, CPU a message, of 2: HTTP',
      'HTTP/2, arrived, of 2: MQTT',
      'HTTP/2, time, of 2: even',
      'HTTP/2, CPU a message, of 2: even',
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
