// Readings of a broker as people look at them: a page of a few sections, each row with its name, its value, and, for what flows, a line of
// its last rates; or one line. What a broker does not say has no row.

import { styleText } from 'node:util';

import { withoutControls } from './message-format.ts';
import { roughSize } from './store-options.ts';
import type { CounterName, Reading } from './system-readings.ts';

/** How a page is laid out. */
export interface PageForm {
  readonly columns: number;
  readonly rows: number;
  readonly isColored: boolean;
}

/** So many rates stand in a line. */
export const RATES_SHOWN = 40;

const BARS = '▁▂▃▄▅▆▇█';
const NAME_WIDTH = 13;
const VALUE_WIDTH = 24;
const DROPS = 'drops/';
const LEGEND = 'Ctrl-C ends this.';

/** What flows: its name, its counter, and how a rate is shown. */
const FLOWS: readonly (readonly [name: string, counter: CounterName, isBytes: boolean])[] = [
  ['Messages in', 'messagesIn', false],
  ['Messages out', 'messagesOut', false],
  ['Bytes in', 'bytesIn', true],
  ['Bytes out', 'bytesOut', true],
  ['Dropped', 'dropped', false],
  ['Commits', 'commits', false],
];

/**
 * The page, one text a line.
 * @param readings  The latest ones, oldest first; at least one.
 * @param broker  Where it is, for the heading.
 */
export function statsPage(readings: readonly Reading[], broker: string, form: PageForm): readonly string[] {
  const latest = readings.at(-1);
  if (latest === undefined) return [];
  const paint = (style: 'bold' | 'dim' | 'cyan' | 'yellow', text: string): string =>
    form.isColored ? styleText(style, text, { validateStream: false }) : text;
  const version = textOf(latest, 'version');
  const head = [broker, version, uptimeText(latest), clock(latest.at)].filter((part) => part !== '');
  const lines = [paint('bold', cut(head.join('  '), form.columns)), ''];
  const add = (name: string, value: string, rest = '', isWarning = false): void => {
    if (value === '') return;
    const plain = `${name.padEnd(NAME_WIDTH)} ${value.padEnd(rest === '' ? 0 : VALUE_WIDTH)}`;
    const bars = cut(rest, Math.max(0, form.columns - plain.length - 1));
    lines.push(`${isWarning ? paint('yellow', plain) : plain}${bars === '' ? '' : ` ${paint('cyan', bars)}`}`);
  };
  for (const [name, value] of countRows(latest)) add(name, value);
  lines.push('');
  for (const [name, counter, isBytes] of FLOWS) {
    const rate = latest.rates.get(counter);
    if (rate === undefined) continue;
    const history = readings.map((reading) => reading.rates.get(counter) ?? 0);
    add(
      name,
      `${rateText(rate, isBytes)}/s`,
      sparkline(history.slice(-RATES_SHOWN)),
      counter === 'dropped' && rate > 0,
    );
  }
  const drops = dropRows(latest);
  if (drops.length > 0) lines.push('');
  for (const [name, value] of drops) add(name, value, '', true);
  lines.push('', paint('dim', LEGEND));
  return lines.slice(0, Math.max(1, form.rows - 1));
}

/** The most important of it on one line, for what is no terminal. */
export function statsLine({ at, values, rates }: Reading): string {
  const rate = (counter: CounterName): string => {
    const known = rates.get(counter);
    return known === undefined ? '' : `${rateText(known, false)}/s`;
  };
  const parts: readonly (readonly [string, string])[] = [
    ['clients', numberOf(values.get('clients/connected'))],
    ['in', rate('messagesIn')],
    ['out', rate('messagesOut')],
    ['queued', numberOf(values.get('queues/messages'))],
    ['dropped', numberOf(values.get('publish/messages/dropped'))],
    ['stored', sizeOf(values.get('store/bytes'))],
    ['commits', rate('commits')],
  ];
  const told = parts.filter(([, value]) => value !== '').map(([name, value]) => `${name} ${value}`);
  return `${clock(at)}  ${told.join('  ')}`;
}

/** One object, for programs: values as the broker has them, rates per second. */
export function statsJson({ at, values, rates }: Reading): string {
  const rounded = Array.from(rates, ([name, rate]) => [name, Math.round(rate * 1000) / 1000] as const);
  return JSON.stringify({
    time: at.toISOString(),
    rates: Object.fromEntries(rounded),
    values: Object.fromEntries(values),
  });
}

/** Rates as bars, the highest of them as high as it gets. */
export function sparkline(rates: readonly number[]): string {
  const highest = Math.max(...rates);
  if (highest <= 0) return BARS.charAt(0).repeat(rates.length);
  return rates.map((rate) => BARS.charAt(Math.round((rate / highest) * (BARS.length - 1)))).join('');
}

function countRows({ values }: Reading): readonly (readonly [string, string])[] {
  const of = (name: string): string => numberOf(values.get(name));
  const beside = (first: string, second: string, word: string): string =>
    first === '' || second === '' ? first : `${first}, ${second} ${word}`;
  const queued = beside(of('queues/messages'), sizeOf(values.get('queues/bytes')), 'of payload');
  const disconnected = beside(of('clients/connected'), of('clients/disconnected'), 'sessions wait for theirs');
  const store = beside(sizeOf(values.get('store/bytes')), sizeOf(values.get('store/log/bytes')), 'of it log');
  const slowest = values.get('store/commit-millis/maximum');
  const commit = values.get('store/commit-millis/last');
  return [
    ['Clients', disconnected],
    ['Subscriptions', beside(of('subscriptions/count'), of('shared_subscriptions/count'), 'shared besides')],
    ['Retained', of('retained messages/count')],
    ['Waiting', queued],
    ['Stored', beside(of('store/messages/count'), of('store/deliveries'), 'deliveries')],
    ['Store', `${store}${values.get('store/full') === 1 ? ', FULL' : ''}`],
    [
      'Last commit',
      typeof commit === 'number' && typeof slowest === 'number' ? `${commit} ms, ${slowest} ms at most` : '',
    ],
    ['Memory', sizeOf(values.get('heap/current'))],
  ];
}

/** Why messages did not reach subscribers, where that has happened. */
function dropRows({ values }: Reading): readonly (readonly [string, string])[] {
  return Array.from(values).flatMap(([name, value]) => {
    if (!name.startsWith(DROPS) || typeof value !== 'number' || value === 0) return [];
    return [['Dropped', `${value.toLocaleString('en')} ${withoutControls(name.slice(DROPS.length))}`] as const];
  });
}

function uptimeText(reading: Reading): string {
  const seconds = Number.parseInt(textOf(reading, 'uptime'), 10);
  if (Number.isNaN(seconds)) return '';
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `up ${days} d ${hours} h`;
  if (hours > 0) return `up ${hours} h ${minutes} min`;
  return minutes > 0 ? `up ${minutes} min` : `up ${seconds} s`;
}

/** What the broker wrote, with nothing in it that a terminal obeys. */
function textOf({ values }: Reading, name: string): string {
  return withoutControls(String(values.get(name) ?? ''));
}

function numberOf(value: string | number | undefined): string {
  return typeof value === 'number' ? value.toLocaleString('en') : '';
}

function sizeOf(value: string | number | undefined): string {
  return typeof value === 'number' ? roughSize(value) : '';
}

function rateText(rate: number, isBytes: boolean): string {
  if (isBytes) return roughSize(Math.round(rate));
  return rate >= 10 ? Math.round(rate).toLocaleString('en') : String(Math.round(rate * 10) / 10);
}

function clock(at: Date): string {
  return at.toTimeString().slice(0, 8);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : text.slice(0, width);
}
