// The result of a load for people: rows for a terminal, and a page with plots of throughput and latency over time.

import { versionName } from '../../packet/protocol-version.ts';
import type { Percentiles } from '../latencies.ts';
import { type LoadResult, praiseOf, type Stretch } from '../load-result.ts';
import type { Chart, HtmlPage } from './html-page.ts';

/** What the latencies are called. */
const LATENCY_NAMES = {
  delivery: 'Delivery, from when a message was due',
  acknowledgement: 'Until a message was acknowledged',
  connection: 'Until a connection was accepted',
  nothing: 'Latency',
} as const;

/** The result as rows of a name and a value. */
export function loadRows(result: LoadResult): readonly (readonly [name: string, value: string])[] {
  const rows: (readonly [string, string])[] = [
    ['Broker', `${result.broker}, ${versionName(result.version)}`],
    ['Load', loadSentence(result)],
    ['Duration', `${seconds(result.elapsedSeconds)}${result.isStopped ? ', stopped' : ''}`],
  ];
  if (result.kind === 'conn') {
    rows.push([
      'Connections',
      `${count(result.opened)} of ${count(result.connections)}, ${rate(result.openedPerSecond)}`,
    ]);
  }
  if (result.publishers > 0) rows.push(['Sent', `${count(result.sent)}, ${rate(result.sentPerSecond)}`]);
  if (result.publishers > 0 && result.qos > 0)
    rows.push(['Acknowledged', `${count(result.acknowledged)}, ${rate(result.acknowledgedPerSecond)}`]);
  if (result.subscribers > 0) {
    const { expected } = result;
    const of = expected === undefined ? '' : ` of ${count(expected)}`;
    rows.push(['Received', `${count(result.received)}${of}, ${rate(result.receivedPerSecond)}`]);
    rows.push(
      ['Lost', count(result.lost)],
      ['Twice', count(result.duplicates)],
      ['Out of order', count(result.reordered)],
    );
  }
  if (result.latency !== undefined) {
    rows.push([LATENCY_NAMES[result.latencyOf], percentileText(result.latency)]);
  }
  if (result.lag !== undefined) rows.push(['Sent too late by', percentileText(result.lag)]);
  const rarities: readonly (readonly [string, number])[] = [
    ['Waited for the broker', result.heldUp],
    ['Due, never sent', result.unsent],
    ['Given up waiting for', result.forgiven],
    ['Of somebody else', result.troubles.foreign],
  ];
  for (const [name, value] of rarities) if (value > 0) rows.push([name, count(value)]);
  rows.push([
    'Generator',
    `${result.cpuSeconds.toFixed(1)} s of CPU, busiest thread ${Math.round(result.busy * 100)} %`,
  ]);
  return rows;
}

/**
 * The result as a page.
 * @param measured  When and on which machine, in a sentence.
 */
export function loadPage(result: LoadResult, measured: string): HtmlPage {
  return {
    title: `vouch bench ${result.kind}`,
    sentence: `${result.broker}: ${loadSentence(result)}. ${measured}`,
    sections: [
      {
        heading: result.faults.length === 0 ? praiseOf(result) : 'Faults',
        sentences: [
          ...result.faults.map((fault) => `${fault}.`),
          ...result.complaints.map(([sentence, times]) => `${sentence}${times > 1 ? ` (${count(times)} times)` : ''}`),
          ...result.limits,
        ],
        table: { columns: ['', ''], rows: loadRows(result) },
        charts: [],
      },
      { heading: 'Over time', sentences: [], table: undefined, charts: timeCharts(result) },
      ...(result.latency === undefined
        ? []
        : [
            {
              heading: 'Distribution',
              sentences: ['Each point says how many in a hundred were as fast or faster.'],
              table: undefined,
              charts: [distributionChart(result)],
            },
          ]),
    ],
  };
}

/** One stretch, while a run goes on. */
export function progressLine(stretch: Stretch): string {
  const parts = [`${stretch.at.toFixed(0).padStart(4)} s`];
  const perSecond = (amount: number): string => rate(amount / stretch.seconds);
  if (stretch.sent > 0) parts.push(`sent ${perSecond(stretch.sent)}`);
  if (stretch.received > 0) parts.push(`received ${perSecond(stretch.received)}`);
  if (stretch.sent === 0 && stretch.received === 0) parts.push(`${count(stretch.open)} connections`);
  if (stretch.latency !== undefined)
    parts.push(`p50 ${duration(stretch.latency.p50)}, p99 ${duration(stretch.latency.p99)}`);
  return parts.join('  ');
}

function loadSentence(result: LoadResult): string {
  if (result.kind === 'conn') return `${count(result.connections)} connections, held`;
  const people = [
    result.publishers > 0 ? many(result.publishers, 'publisher') : '',
    result.subscribers > 0 ? many(result.subscribers, 'subscriber') : '',
  ];
  const paced = result.rate === undefined ? '' : `, ${count(result.rate)} messages/s`;
  return `${people.filter((part) => part !== '').join(', ')}, QoS ${result.qos}, ${count(result.payloadBytes)} bytes${paced}`;
}

function timeCharts(result: LoadResult): readonly Chart[] {
  const { timeline } = result;
  const x = timeline.map(({ at }) => at);
  const base = { x, names: [], xLabel: 'seconds' };
  const charts: Chart[] = [];
  const moving = [
    { name: 'sent', values: timeline.map((each) => each.sent / each.seconds) },
    { name: 'received', values: timeline.map((each) => each.received / each.seconds) },
    { name: 'acknowledged', values: timeline.map((each) => each.acknowledged / each.seconds) },
  ].filter(({ values }) => values.some((value) => value > 0));
  if (moving.length > 0) {
    const title = 'Messages per second';
    charts.push({ ...base, title, kind: 'lines', yLabel: 'messages/s', isLogarithmic: false, series: moving });
  }
  if (result.kind === 'conn') {
    const series = [{ name: 'open', values: timeline.map(({ open }) => open) }];
    const title = 'Open connections';
    charts.push({ ...base, title, kind: 'lines', yLabel: 'connections', isLogarithmic: false, series });
  }
  const latency = (pick: (percentiles: Percentiles) => number, from: 'latency' | 'lag') =>
    timeline.map((each) => (each[from] === undefined ? null : pick(each[from]) / 1000));
  if (result.latency !== undefined) {
    const series = [
      { name: 'p50', values: latency(({ p50 }) => p50, 'latency') },
      { name: 'p99', values: latency(({ p99 }) => p99, 'latency') },
      { name: 'max', values: latency(({ max }) => max, 'latency') },
      ...(result.lag === undefined ? [] : [{ name: 'sent too late, p99', values: latency(({ p99 }) => p99, 'lag') }]),
    ];
    const title = LATENCY_NAMES[result.latencyOf];
    charts.push({ ...base, title, kind: 'lines', yLabel: 'ms', isLogarithmic: true, series });
  }
  return charts;
}

/** Over 1 / (1 - share), as HdrHistogram's own plots are: each decade is a nine more. */
function distributionChart({ latencyDistribution }: LoadResult): Chart {
  const points = latencyDistribution.filter(([share]) => share < 100);
  return {
    title: 'Latency by share',
    kind: 'lines',
    xLabel: 'nines: 1 is 90 %, 2 is 99 %, 3 is 99.9 %',
    yLabel: 'ms',
    x: points.map(([share]) => -Math.log10(1 - share / 100)),
    names: [],
    isLogarithmic: true,
    series: [{ name: 'latency', values: points.map(([, micros]) => micros / 1000) }],
  };
}

function percentileText({ p50, p90, p99, p999, max }: Percentiles): string {
  const parts = [`p50 ${duration(p50)}`, `p90 ${duration(p90)}`, `p99 ${duration(p99)}`, `p99.9 ${duration(p999)}`];
  return [...parts, `max ${duration(max)}`].join(', ');
}

function duration(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1e6) return `${(micros / 1000).toFixed(micros < 1e5 ? 1 : 0)} ms`;
  return seconds(micros / 1e6);
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function many(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? '' : 's'}`;
}

function rate(value: number): string {
  return `${Math.round(value).toLocaleString('en')}/s`;
}
