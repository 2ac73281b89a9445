// What a load has found, as plain data: what is printed, written as JSON and drawn. And the verdict: what MQTT does not allow to happen.

import type { QoS } from '../packet/packet.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import type { Durations, Percentiles } from './latencies.ts';
import type { LoadKind, LoadPlan } from './plan.ts';
import type { FlowFindings } from './flow.ts';
import type { Troubles } from './tally.ts';

/** What happened in one stretch of a run. */
export interface Stretch {
  /** When it ended, in seconds from the start. */
  readonly at: number;
  readonly seconds: number;
  readonly sent: number;
  readonly received: number;
  readonly acknowledged: number;
  /** Connections that were open at its end. */
  readonly open: number;
  readonly latency: Percentiles | undefined;
  readonly lag: Percentiles | undefined;
}

/** What a run has found. */
export interface LoadResult {
  readonly kind: LoadKind;
  readonly broker: string;
  readonly version: ProtocolVersion;
  readonly publishers: number;
  readonly subscribers: number;
  readonly connections: number;
  readonly qos: QoS;
  readonly payloadBytes: number;
  readonly rate: number | undefined;
  readonly window: number;
  readonly threads: number;
  /** From the first message to the end of all, in seconds. */
  readonly elapsedSeconds: number;
  /** It was ended before its time. */
  readonly isStopped: boolean;
  readonly sent: number;
  readonly acknowledged: number;
  readonly received: number;
  /** How many copies subscribers should have got; `undefined`: only others know. */
  readonly expected: number | undefined;
  readonly opened: number;
  readonly sentPerSecond: number;
  readonly acknowledgedPerSecond: number;
  readonly receivedPerSecond: number;
  readonly openedPerSecond: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly reordered: number;
  readonly forgiven: number;
  /** With a rate: messages that were due and never sent, since the run was over. */
  readonly unsent: number;
  /** With a rate: messages that were due and waited until the broker had acknowledged, or delivered, others. */
  readonly heldUp: number;
  readonly troubles: Troubles;
  readonly complaints: readonly (readonly [sentence: string, count: number])[];
  /** What the latencies are of. */
  readonly latencyOf: 'delivery' | 'acknowledgement' | 'connection' | 'nothing';
  readonly latency: Percentiles | undefined;
  readonly lag: Percentiles | undefined;
  /** The distribution, for a plot. */
  readonly latencyDistribution: readonly (readonly [share: number, micros: number])[];
  readonly timeline: readonly Stretch[];
  /** User and system time of the generator, all threads. */
  readonly cpuSeconds: number;
  /** How busy the busiest thread was, from 0 to 1. */
  readonly busy: number;
  /** Why the figures may be those of the generator and not of the broker. */
  readonly limits: readonly string[];
  /** What should not have happened; empty: all is well. */
  readonly faults: readonly string[];
}

/** Above this a thread has nothing left to give. */
const BUSY_MAX = 0.9;
/** Messages that leave so late are the generator's doing, in microseconds. */
const LAG_MICROS_MAX = 2_000;

/** What the latencies of a kind of load are of. */
export function latencyOf({ kind, qos }: Pick<LoadPlan, 'kind' | 'qos'>): LoadResult['latencyOf'] {
  if (kind === 'conn') return 'connection';
  if (kind === 'pub') return qos === 0 ? 'nothing' : 'acknowledgement';
  return kind === 'sub' ? 'nothing' : 'delivery';
}

/** What a run is judged by. */
export interface Findings {
  readonly plan: Pick<LoadPlan, 'kind' | 'qos'>;
  readonly flows: FlowFindings;
  readonly troubles: Troubles;
  readonly sent: number;
  readonly acknowledged: number;
  readonly received: number;
}

/** What MQTT does not allow, or a broker should not do: a sentence each. */
export function faultsOf({ plan, flows, troubles, sent, acknowledged, received }: Findings): readonly string[] {
  const { lost, duplicates, reordered } = flows;
  const { qos } = plan;
  const unacknowledged = qos === 0 || plan.kind === 'sub' ? 0 : sent - acknowledged;
  const rows: (readonly [number, string])[] = [
    [unacknowledged, `${many(unacknowledged, 'message was', 'messages were')} never acknowledged`],
    [plan.kind === 'sub' && received === 0 ? 1 : 0, 'Nothing came: there was nothing to check'],
    [lost, `${many(lost, 'message was', 'messages were')} lost`],
    // Section 4.3: with QoS 1 a message may come again, with the others not.
    [qos === 1 ? 0 : duplicates, `${many(duplicates, 'message', 'messages')} came again, which QoS ${qos} rules out`],
    // [MQTT-4.6.0-6]
    [reordered, `${many(reordered, 'message', 'messages')} came after later ones of the same publisher`],
    [troubles.refused, `${many(troubles.refused, 'message was', 'messages were')} refused by the broker`],
    [troubles.unexpected, `${many(troubles.unexpected, 'packet', 'packets')} came that nobody waited for`],
    [troubles.disconnects, `${many(troubles.disconnects, 'connection was', 'connections were')} lost`],
    [troubles.failures, `${many(troubles.failures, 'connection', 'connections')} did not come about`],
  ];
  return rows.filter(([count]) => count > 0).map(([, sentence]) => sentence);
}

/** The verdict where there are no faults. */
export function praiseOf({ kind, subscribers }: Pick<LoadResult, 'kind' | 'subscribers'>): string {
  if (subscribers > 0) return 'Nothing was lost, came twice or came out of order.';
  return kind === 'conn'
    ? 'Every connection was accepted, and held.'
    : 'Nothing was refused, and no connection was lost.';
}

/** Why the figures may be the generator's, and what to know of a timetable that was not kept. */
export function limitsOf(
  plan: LoadPlan,
  busy: number,
  { lag, heldUp, unsent }: Pick<LoadResult, 'lag' | 'heldUp' | 'unsent'>,
): readonly string[] {
  const limits: string[] = [];
  // A thread that keeps a timetable to the microsecond never rests.
  if (busy > BUSY_MAX && plan.kind !== 'latency') {
    limits.push(
      `A thread of the generator was busy ${Math.round(busy * 100)} % of the time: it may be the limit, not the broker. Try --threads.`,
    );
  }
  if (lag !== undefined && lag.p99 > LAG_MICROS_MAX) {
    limits.push(
      `1 % of the ${plan.kind === 'conn' ? 'connections were begun' : 'messages left'} more than ${(lag.p99 / 1000).toFixed(1)} ms late: the generator cannot keep this rate.`,
    );
  }
  if (heldUp > 0) {
    limits.push(
      `${many(heldUp, 'message', 'messages')} waited for the broker, which had not yet answered as many as a publisher may be ahead (--window, --ahead). Latencies count from when they were due.`,
    );
  }
  if (unsent > 0) {
    limits.push(
      `${many(unsent, 'message was', 'messages were')} due and never sent: the broker did not take this rate. The latencies would be longer still.`,
    );
  }
  return limits;
}

/** The durations of a result. */
export function durationsOf(
  latencies: Durations,
  lags: Durations,
): Pick<LoadResult, 'latency' | 'lag' | 'latencyDistribution'> {
  return {
    latency: latencies.percentiles(),
    lag: lags.percentiles(),
    latencyDistribution: latencies.distribution(),
  };
}

function many(count: number, one: string, several: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : several}`;
}
