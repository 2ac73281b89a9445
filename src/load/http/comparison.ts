// What a comparison of MQTT with HTTP does and finds, as plain data: the scale of its trials, the rows that they yield, and the verdicts.

import type { LinkProfile } from './link.ts';
import { MQTT_EQUAL, RECEIVERS, type Rival, SENDERS } from './rivals.ts';
import type { Rounds } from './rounds.ts';
import { advantageOf, betterOf, isSettled, type Pair, type Terms } from './verdict.ts';

/** How large a comparison is. */
export interface Scale {
  readonly transferRounds: Rounds;
  readonly transfers: readonly { readonly count: number; readonly payloadBytes: number }[];
  readonly burstRounds: Rounds;
  readonly burstCount: number;
  readonly burstMillis: number;
  readonly burstLinks: readonly LinkProfile[];
  /** How long is sent without a pause over each of these: where there are cuts, whole periods of them. */
  readonly streams: readonly { readonly link: LinkProfile; readonly millis: number }[];
  readonly receptionRounds: Rounds;
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
  transferRounds: { min: 9, max: 61 },
  transfers: [
    { count: 1, payloadBytes: 2 },
    { count: 10, payloadBytes: 10 },
    { count: 10, payloadBytes: 50 },
  ],
  // One takes two minutes, and most verdicts are clear by far.
  burstRounds: { min: 1, max: 3 },
  burstCount: 1024,
  burstMillis: 60_000,
  burstLinks: [MOBILE, WIFI],
  streams: [
    { link: MOBILE, millis: 30_000 },
    { link: WIFI, millis: 5_000 },
  ],
  receptionRounds: { min: 2, max: 5 },
  receptionCount: 20,
  receptionBytes: 20,
  receptionGapMillis: [50, 450],
  receptionLinks: [LOOPBACK, { ...MOBILE, cuts: undefined }, WIFI],
};

const QUICK_MOBILE: LinkProfile = { ...MOBILE, roundTripMillis: 60, cuts: { everyMillis: 1_500, lastMillis: 200 } };
/** The same in a few seconds: fewer messages, less time, a shorter round trip. For a look, and for tests. */
export const QUICK_SCALE: Scale = {
  ...FULL_SCALE,
  transferRounds: { min: 5, max: 9 },
  burstCount: 160,
  burstMillis: 2_000,
  burstLinks: [QUICK_MOBILE, WIFI],
  streams: [{ link: QUICK_MOBILE, millis: 1_500 }],
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
  readonly cpuMicrosPerMessage: number;
  readonly bytes: number;
  readonly connections: number;
  readonly retries: number;
  /** When messages came, in seconds, for a plot: every so manyth. */
  readonly curve: readonly (readonly [seconds: number, arrived: number])[];
}

/** Messages sent without a pause, over a link with its cuts: what an hour of it is. */
export interface StreamRow {
  readonly link: string;
  readonly rival: string;
  readonly seconds: number;
  /** Distinct messages that came in that time. */
  readonly arrived: number;
  readonly messagesPerHour: number;
  /** Of the client: user and system time. */
  readonly cpuSecondsPerHour: number;
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
  readonly measure: Measured;
  readonly rival: string;
  /** The medians of the rounds. */
  readonly mqtt: number;
  readonly http: number;
  /** How many times better MQTT is; below 1 it is the rival that is better. */
  readonly factor: number;
  /** Between which factors the truth is. */
  readonly factorRange: readonly [least: number, most: number];
  readonly rounds: number;
  readonly better: 'MQTT' | 'HTTP' | 'even';
}

/** What verdicts are about. */
export type Measured = 'bytes' | 'time' | 'arrived' | 'CPU a message' | 'delay' | 'bytes a message';

/** One quantity of a row. */
export interface Measure<Row> {
  readonly measure: Measured;
  readonly valueOf: (row: Row) => number;
}

/** All of it. */
export interface Comparison {
  readonly seed: number;
  readonly isQuick: boolean;
  readonly isStopped: boolean;
  readonly node: string;
  readonly transfers: readonly TransferRow[];
  readonly bursts: readonly BurstRow[];
  readonly streams: readonly StreamRow[];
  readonly receptions: readonly ReceptionRow[];
  readonly verdicts: readonly Verdict[];
}

/** What is counted is nearly the same every time. */
const COUNTED: Terms = { margin: 1.2, noise: 1.15, differenceMin: 0, isMoreBetter: false };
/** What is clocked is not. */
const CLOCKED: Terms = { margin: 1.5, noise: 1.5, differenceMin: 0, isMoreBetter: false };

/** On which terms each quantity is judged. */
export const TERMS: { readonly [Name in Measured]: Terms } = {
  bytes: COUNTED,
  'bytes a message': COUNTED,
  arrived: { ...COUNTED, isMoreBetter: true },
  time: CLOCKED,
  'CPU a message': CLOCKED,
  // A delay is mostly the network's, which is the same for all; a few milliseconds are the machine's.
  delay: { margin: 1.2, noise: 1.3, differenceMin: 5, isMoreBetter: false },
};

/** What is judged of a transfer. */
export const TRANSFER_MEASURES: readonly Measure<TransferRow>[] = [
  { measure: 'bytes', valueOf: (row) => row.bytes },
  { measure: 'time', valueOf: (row) => row.millis },
];

/** What is judged of a burst. */
export const BURST_MEASURES: readonly Measure<BurstRow>[] = [
  { measure: 'arrived', valueOf: (row) => row.arrived },
  { measure: 'time', valueOf: (row) => row.seconds },
  { measure: 'CPU a message', valueOf: (row) => row.cpuMicrosPerMessage },
];

/** What is judged of a reception. */
export const RECEPTION_MEASURES: readonly Measure<ReceptionRow>[] = [
  { measure: 'delay', valueOf: (row) => row.delayMean },
  { measure: 'bytes a message', valueOf: (row) => row.bytesPerMessage },
];

/** Holds MQTT with QoS 1, whose promise is that of an answer, against every rival of a trial: in each round against the rival of that round. */
export function verdictsOf<Row extends { readonly rival: string }>(
  trial: string,
  rounds: readonly (readonly Row[])[],
  measures: readonly Measure<Row>[],
): readonly Verdict[] {
  const https = [...SENDERS, ...RECEIVERS].filter(({ isMqtt }) => !isMqtt);
  return https.flatMap(({ title: rival }) =>
    measures.flatMap(({ measure, valueOf }) => {
      const pairs = rounds.flatMap((rows) => pairOf(rows, rival, valueOf));
      if (pairs.length === 0) return [];
      const terms = TERMS[measure];
      const advantage = advantageOf(pairs, terms);
      return {
        trial,
        measure,
        rival,
        mqtt: median(pairs.map(({ mqtt }) => mqtt)),
        http: median(pairs.map(({ http }) => http)),
        factor: advantage.median,
        factorRange: [advantage.low, advantage.high] as const,
        rounds: pairs.length,
        better: betterOf(advantage, terms),
      };
    }),
  );
}

/** Whom another round can say more about: those with a verdict that is not clear, and MQTT against them. */
export function undecidedOf<Name>(
  rivals: readonly Rival<Name>[],
  verdicts: readonly Verdict[],
): readonly Rival<Name>[] {
  const open = verdicts.filter(
    ({ measure, factor, factorRange: [low, high] }) => !isSettled({ median: factor, low, high }, TERMS[measure]),
  );
  if (open.length === 0) return [];
  return rivals.filter(({ name, title }) => name === MQTT_EQUAL || open.some(({ rival }) => rival === title));
}

/** A transfer as it usually is. */
export function usualTransfer(rows: readonly TransferRow[]): readonly TransferRow[] {
  const [first] = rows;
  if (first === undefined) return [];
  const usual = (pick: (row: TransferRow) => number): number => median(rows.map(pick));
  return [
    {
      ...first,
      setUpBytes: usual((row) => row.setUpBytes),
      setUpMillis: usual((row) => row.setUpMillis),
      bytes: usual((row) => row.bytes),
      millis: usual((row) => row.millis),
    },
  ];
}

/** The row of the round that was neither fast nor slow: a row as it was, which fits in itself. */
export function middleRow<Row>(rows: readonly Row[], pick: (row: Row) => number): readonly Row[] {
  const sorted = [...rows].sort((a, b) => pick(a) - pick(b));
  const at = (sorted.length - 1) >> 1;
  return sorted.slice(at, at + 1);
}

/** What a transfer is called. */
export function transferName({ count, payloadBytes }: Pick<TransferRow, 'count' | 'payloadBytes'>): string {
  return `${count} x ${payloadBytes} B`;
}

/** The two values of a round, where it has both. */
function pairOf<Row extends { readonly rival: string }>(
  rows: readonly Row[],
  rival: string,
  valueOf: (row: Row) => number,
): readonly Pair[] {
  const equal = SENDERS.find(({ name }) => name === MQTT_EQUAL)?.title;
  const mqtt = rows.find((row) => row.rival === equal);
  const http = rows.find((row) => row.rival === rival);
  return mqtt === undefined || http === undefined ? [] : [{ mqtt: valueOf(mqtt), http: valueOf(http) }];
}

/** The middle one; of an even number the lower one of two, so that it is one that was measured. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}
