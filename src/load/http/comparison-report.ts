// A comparison for people: tables beside the figures that others have published, for a terminal and for a page, and the plots of the page.

import type { Chart, HtmlPage, HtmlTable } from '../report/html-page.ts';
import { type BurstRow, type Comparison, TERMS, transferName, type Verdict } from './comparison.ts';
import { PUBLISHED_BURSTS, PUBLISHED_TRANSFERS } from './published.ts';

/** A table with its name, and what to know about it. */
export interface ReportTable extends HtmlTable {
  readonly heading: string;
  readonly sentences: readonly string[];
}

const CURVE_STEPS = 240;

/** All tables, those of trials that did not take place left out. */
export function comparisonTables(comparison: Comparison): readonly ReportTable[] {
  const tables = [
    transferTable(comparison),
    burstTable(comparison),
    streamTable(comparison),
    receptionTable(comparison),
    verdictTable(comparison.verdicts),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** The page. */
export function comparisonPage(comparison: Comparison): HtmlPage {
  const [transfers, bursts, ...others] = comparisonTables(comparison);
  const withCharts: readonly (readonly [ReportTable | undefined, readonly Chart[]])[] = [
    [transfers, transferCharts(comparison)],
    [bursts, burstCharts(comparison)],
    ...others.map((table) => [table, []] as const),
  ];
  return {
    title: 'MQTT and HTTP, measured',
    sentence: conditions(comparison),
    sections: withCharts.flatMap(([table, charts]) =>
      table === undefined ? [] : [{ heading: table.heading, sentences: table.sentences, table, charts }],
    ),
  };
}

/** Under which conditions it was measured. */
export function conditions({ node, seed, isQuick, isStopped }: Comparison): string {
  const scale = isQuick ? 'The quick form: fewer messages, shorter round trips; for a look only.' : 'The full form.';
  return `Node.js ${node}, TLS 1.3 everywhere, seed ${seed}. ${scale}${isStopped ? ' Stopped before its end.' : ''}`;
}

/** A table as lines of text. */
export function textTable({ columns, rows }: HtmlTable): readonly string[] {
  const all = [columns, ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function transferTable({ transfers }: Comparison): ReportTable {
  const rows = transfers.map((row) => [
    `${transferName(row)}, ${row.rival}`,
    number(row.bytes),
    row.setUpBytes === 0 ? 'in each' : number(row.setUpBytes),
    millis(row.millis),
    row.setUpBytes === 0 ? 'in each' : millis(row.setUpMillis),
    publishedTransfer(row.count, row.payloadBytes, row.rival, 'bytes'),
    publishedTransfer(row.count, row.payloadBytes, row.rival, 'millis'),
  ]);
  return {
    heading: 'Bytes and time of a few messages',
    sentences: [
      'Over loopback, one message after the other; bytes of both directions as TCP carries them, set-up and end of the connection counted in. ' +
        'Published: through AWS IoT Core over the internet, MQTT QoS 0 and HTTPS.',
    ],
    columns: ['', 'bytes', 'of which set-up', 'time', 'of which set-up', 'published', 'published'],
    rows,
  };
}

function publishedTransfer(count: number, payloadBytes: number, rival: string, what: 'bytes' | 'millis'): string {
  const found = PUBLISHED_TRANSFERS.find((row) => row.count === count && row.payloadBytes === payloadBytes);
  if (found === undefined) return '';
  if (rival === 'MQTT QoS 0') return what === 'bytes' ? number(found.mqttBytes) : millis(found.mqttMillis);
  if (rival === 'HTTPS, a connection each')
    return what === 'bytes' ? number(found.httpBytes) : millis(found.httpMillis);
  return '';
}

function burstTable({ bursts }: Comparison): ReportTable {
  const rows = bursts.map((row) => [
    `${row.link}, ${row.rival}`,
    `${number(row.arrived)} of ${number(row.sent)}`,
    `${row.seconds.toFixed(2)} s`,
    `${number(row.cpuMicrosPerMessage)} µs`,
    number(row.bytes),
    publishedBurst(row, (found) => `${number(found.arrived)} of 1,024`),
  ]);
  return {
    heading: 'As many messages as possible',
    sentences: ['Messages of one byte, over an emulated network; whoever loses a connection tries again.'],
    columns: ['', 'arrived', 'within', 'CPU/message', 'bytes', 'published'],
    rows,
  };
}

function streamTable({ streams }: Comparison): ReportTable {
  return {
    heading: 'Without a pause',
    sentences: [
      'Messages of one byte, one after the other without end, for whole periods of cuts: what an hour of it is. ' +
        'CPU time of the client stands for the battery of a telephone, and is not the same: a radio that is on costs more than a CPU.',
    ],
    columns: ['', 'arrived', 'in', 'messages/h', 'CPU/h', 'published', 'battery/h'],
    rows: streams.map((row) => [
      `${row.link}, ${row.rival}`,
      number(row.arrived),
      `${row.seconds.toFixed(1)} s`,
      number(row.messagesPerHour),
      `${number(row.cpuSecondsPerHour)} s`,
      publishedBurst(row, (found) => number(found.messagesPerHour)),
      publishedBurst(row, (found) => `${found.batteryPercentPerHour} %`),
    ]),
  };
}

function publishedBurst(
  row: Pick<BurstRow, 'link' | 'rival'>,
  show: (found: (typeof PUBLISHED_BURSTS)[number]) => string,
): string {
  const rival = row.rival === 'MQTT QoS 1' ? 'MQTT' : row.rival === 'HTTPS, a connection each' ? 'HTTPS' : undefined;
  const found = PUBLISHED_BURSTS.find((each) => each.link === row.link && each.rival === rival);
  return found === undefined ? '' : show(found);
}

function receptionTable({ receptions }: Comparison): ReportTable {
  return {
    heading: 'Receiving',
    sentences: [
      'Messages published at irregular intervals, the same for all: how long each took to the client, and bytes of both directions for each.',
    ],
    columns: ['', 'arrived', 'delay, mean', 'longest', 'bytes/message'],
    rows: receptions.map((row) => [
      `${row.link}, ${row.rival}`,
      `${row.arrived} of ${row.count}`,
      millis(row.delayMean),
      millis(row.delayMax),
      row.bytesPerMessage.toFixed(0),
    ]),
  };
}

function verdictTable(verdicts: readonly Verdict[]): ReportTable {
  return {
    heading: 'Verdicts',
    sentences: [
      'MQTT with QoS 1, whose promise is that of an answer, against each rival, in rounds: the median, and between which factors it lies with a ' +
        'confidence of 99 %. One is better where that is clear of the margin; what is less, or too close to call, is even.',
    ],
    columns: ['', 'MQTT QoS 1', 'rival', 'MQTT is better', 'between', 'margin', 'rounds', 'better'],
    rows: verdicts.map(({ trial, measure, rival, mqtt, http, factor, factorRange: [low, high], rounds, better }) => [
      `${trial}: ${measure}, ${rival}`,
      precise(mqtt),
      precise(http),
      times(factor),
      `${times(low)} and ${times(high)}`,
      times(TERMS[measure].margin),
      number(rounds),
      better,
    ]),
  };
}

function transferCharts({ transfers }: Comparison): readonly Chart[] {
  const names = [...new Set(transfers.map(transferName))];
  return names.map((name) => {
    const rows = transfers.filter((row) => transferName(row) === name);
    return {
      title: `${name}: bytes in all`,
      kind: 'bars',
      xLabel: '',
      yLabel: 'bytes',
      x: rows.map((_, index) => index),
      // In two lines where it is long.
      names: rows.map((row) => row.rival.replace(', ', ',\n')),
      isLogarithmic: false,
      series: [{ name: 'bytes', values: rows.map((row) => row.bytes) }],
    };
  });
}

/** How many had come by when: one line a rival, on one grid of moments. */
function burstCharts({ bursts }: Comparison): readonly Chart[] {
  const links = [...new Set(bursts.map(({ link }) => link))];
  return links.map((link) => {
    const rows = bursts.filter((row) => row.link === link);
    const end = Math.max(...rows.map(({ seconds }) => seconds));
    const x = Array.from({ length: CURVE_STEPS + 1 }, (_, step) => (end * step) / CURVE_STEPS);
    return {
      title: `${link}: messages that have arrived`,
      kind: 'steps',
      xLabel: 'seconds',
      yLabel: 'messages',
      x,
      names: [],
      isLogarithmic: false,
      series: rows.map((row) => ({
        name: row.rival,
        values: x.map((moment) => row.curve.findLast(([seconds]) => seconds <= moment)?.[1] ?? 0),
      })),
    };
  });
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function millis(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function precise(value: number): string {
  return value < 100 ? value.toPrecision(3) : number(value);
}

/** A factor: `2.31 x`. */
function times(factor: number): string {
  return `${Number.isFinite(factor) ? precise(factor) : '∞'} x`;
}
