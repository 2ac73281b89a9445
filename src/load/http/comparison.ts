// What a comparison of MQTT with HTTP does and finds, as plain data: the scale of its trials, the rows that they yield, and the verdicts.

import type { LinkProfile } from './link.ts';
import { MQTT_EQUAL, RECEIVERS, SENDERS } from './rivals.ts';

/** How large a comparison is. */
export interface Scale {
  /** How often a transfer is measured: the fastest time counts, and the median of the bytes. */
  readonly repeats: number;
  readonly transfers: readonly { readonly count: number; readonly payloadBytes: number }[];
  readonly burstCount: number;
  readonly burstMillis: number;
  readonly burstLinks: readonly LinkProfile[];
  readonly receptionCount: number;
  readonly receptionBytes: number;
  /** How long it is from one message to the next, at least and at most. */
  readonly receptionGapMillis: readonly [least: number, most: number];
  readonly receptionLinks: readonly LinkProfile[];
}

const LOOPBACK: LinkProfile = {
  title: 'loopback',
  roundTripMillis: 0,
  upBits: Number.POSITIVE_INFINITY,
  downBits: Number.POSITIVE_INFINITY,
  cuts: undefined,
};
const MOBILE: LinkProfile = {
  title: 'like 3G',
  roundTripMillis: 200,
  upBits: 750_000,
  downBits: 1_600_000,
  cuts: { everyMillis: 15_000, lastMillis: 2_000 },
};
const WIFI: LinkProfile = {
  title: 'like Wi-Fi',
  roundTripMillis: 5,
  upBits: 30_000_000,
  downBits: 30_000_000,
  cuts: undefined,
};

/** As it was published: a few minutes. */
export const FULL_SCALE: Scale = {
  repeats: 9,
  transfers: [
    { count: 1, payloadBytes: 2 },
    { count: 10, payloadBytes: 10 },
    { count: 10, payloadBytes: 50 },
  ],
  burstCount: 1024,
  burstMillis: 60_000,
  burstLinks: [MOBILE, WIFI],
  receptionCount: 20,
  receptionBytes: 20,
  receptionGapMillis: [50, 450],
  receptionLinks: [LOOPBACK, { ...MOBILE, cuts: undefined }, WIFI],
};

/** The same in a few seconds: fewer messages, less time, a shorter round trip. For a look, and for tests. */
export const QUICK_SCALE: Scale = {
  ...FULL_SCALE,
  repeats: 5,
  burstCount: 160,
  burstMillis: 2_000,
  burstLinks: [{ ...MOBILE, roundTripMillis: 60, cuts: { everyMillis: 1_500, lastMillis: 200 } }, { ...WIFI }],
  receptionCount: 8,
  receptionGapMillis: [20, 120],
  receptionLinks: [{ ...MOBILE, roundTripMillis: 60, cuts: undefined }],
};

/** So many messages, one after the other, over loopback; bytes in both directions, times in milliseconds. */
export interface TransferRow {
  readonly count: number;
  readonly payloadBytes: number;
  readonly rival: string;
  /** To connect, where the connection is kept: part of the sums below. */
  readonly setUpBytes: number;
  readonly setUpMillis: number;
  readonly bytes: number;
  readonly millis: number;
}

/** As many messages as possible in a while, over a link. */
export interface BurstRow {
  readonly link: string;
  readonly rival: string;
  readonly concurrency: number;
  readonly sent: number;
  /** Distinct messages. */
  readonly arrived: number;
  /** Until the last of them came, or the time was up. */
  readonly seconds: number;
  readonly messagesPerHour: number;
  readonly cpuSecondsPerHour: number;
  readonly cpuMicrosPerMessage: number;
  readonly bytes: number;
  readonly connections: number;
  readonly retries: number;
  /** When messages came, in seconds, for a plot: every so manyth. */
  readonly curve: readonly (readonly [seconds: number, arrived: number])[];
}

/** Messages received, over a link; delays in milliseconds from when a message was published. */
export interface ReceptionRow {
  readonly link: string;
  readonly rival: string;
  readonly arrived: number;
  readonly count: number;
  readonly delayMean: number;
  readonly delayMax: number;
  readonly bytesPerMessage: number;
  readonly setUpBytes: number;
}

/** Which of two is better at one thing. */
export interface Verdict {
  /** `10 x 50 B`, `like 3G`. */
  readonly trial: string;
  readonly measure: 'bytes' | 'time' | 'arrived' | 'CPU a message' | 'delay' | 'bytes a message';
  readonly rival: string;
  readonly mqtt: number;
  readonly http: number;
  readonly better: 'MQTT' | 'HTTP' | 'even';
}

/** All of it. */
export interface Comparison {
  readonly seed: number;
  readonly isQuick: boolean;
  readonly isStopped: boolean;
  readonly node: string;
  readonly transfers: readonly TransferRow[];
  readonly bursts: readonly BurstRow[];
  readonly receptions: readonly ReceptionRow[];
  readonly verdicts: readonly Verdict[];
}

/** A few milliseconds are the machine's: times over loopback and delays that are shorter are all the same. */
const LOOPBACK_MILLIS_MIN = 20;
const DELAY_MILLIS_MIN = 10;

/** From when on one is better: bytes are the same every time, times are not. */
const MARGINS: { readonly [Measure in Verdict['measure']]: number } = {
  bytes: 1.1,
  'bytes a message': 1.1,
  arrived: 1.1,
  time: 1.5,
  'CPU a message': 1.5,
  delay: 1.2,
};

/** Holds MQTT with QoS 1, whose promise is that of an answer, against every rival in every row. */
export function verdictsOf(rows: Pick<Comparison, 'transfers' | 'bursts' | 'receptions'>): readonly Verdict[] {
  const equal = SENDERS.find(({ name }) => name === MQTT_EQUAL)?.title ?? '';
  const https = new Set([...SENDERS, ...RECEIVERS].filter(({ isMqtt }) => !isMqtt).map(({ title }) => title));
  const verdicts: Verdict[] = [];
  const hold = <Row extends { readonly rival: string }>(
    all: readonly Row[],
    trialOf: (row: Row) => string,
    measures: readonly (readonly [Verdict['measure'], (row: Row) => number])[],
  ): void => {
    for (const row of all) {
      const mqtt = all.find((other) => other.rival === equal && trialOf(other) === trialOf(row));
      if (mqtt === undefined || !https.has(row.rival)) continue;
      for (const [measure, valueOf] of measures) {
        const values = { mqtt: valueOf(mqtt), http: valueOf(row) };
        verdicts.push({ trial: trialOf(row), measure, rival: row.rival, ...values, better: betterOf(measure, values) });
      }
    }
  };
  hold(rows.transfers, transferName, [
    ['bytes', (row) => row.bytes],
    ['time', (row) => Math.max(LOOPBACK_MILLIS_MIN, row.millis)],
  ]);
  hold(rows.bursts, ({ link }) => link, [
    ['arrived', (row) => row.arrived],
    ['time', (row) => row.seconds],
    ['CPU a message', (row) => row.cpuMicrosPerMessage],
  ]);
  hold(rows.receptions, ({ link }) => `receiving, ${link}`, [
    ['delay', (row) => Math.max(DELAY_MILLIS_MIN, row.delayMean)],
    ['bytes a message', (row) => row.bytesPerMessage],
  ]);
  return verdicts;
}

/** What a transfer is called. */
export function transferName({ count, payloadBytes }: Pick<TransferRow, 'count' | 'payloadBytes'>): string {
  return `${count} x ${payloadBytes} B`;
}

function betterOf(measure: Verdict['measure'], { mqtt, http }: Pick<Verdict, 'mqtt' | 'http'>): Verdict['better'] {
  const margin = MARGINS[measure];
  const isMoreBetter = measure === 'arrived';
  if (mqtt > http * margin) return isMoreBetter ? 'MQTT' : 'HTTP';
  if (http > mqtt * margin) return isMoreBetter ? 'HTTP' : 'MQTT';
  return 'even';
}
