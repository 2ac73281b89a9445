// Whether a flood did harm: by what good clients had to suffer, and by what it left behind in the broker.

import type { BrokerState, GoodReport } from './good-clients.ts';
import type { Latency } from './latency.ts';

/** Below this nobody tells a late message from what a busy machine does to any. */
const P99_FLOOR_MILLIS = 10;
/** How much more memory a broker may hold after a flood than before, unless the flood says otherwise. */
export const RESIDENT_GROWTH_MAX: number = 64 * 2 ** 20;

/** One flood as it was measured. */
export interface FloodMeasure {
  readonly name: string;
  readonly sentence: string;
  /** What the flood did, and how often. */
  readonly unit: string;
  readonly count: number;
  readonly seconds: number;
  readonly before: GoodReport;
  readonly during: GoodReport;
  /** What an echo past the broker took meanwhile, on the same machine. */
  readonly echoBefore: Latency;
  readonly echoDuring: Latency;
  /** CPU of the broker, in cores. */
  readonly coresBefore: number;
  readonly coresDuring: number;
  readonly residentBefore: number;
  readonly residentPeak: number;
  readonly residentAfter: number;
  /** How much more it may be than before: what was freed is not given back at once. */
  readonly residentGrowthMax: number;
  readonly stateBefore: BrokerState;
  readonly stateAfter: BrokerState;
  /** What the broker had to hold against the flood, and how often it has; `undefined`: nothing in particular. */
  readonly limit: string | undefined;
  readonly held: number;
  /** The broker ended. */
  readonly isDown: boolean;
}

/** What is wrong with it, a sentence each; none: nothing is. */
export function problemsOf(measure: FloodMeasure): readonly string[] {
  const { before, during, stateBefore, stateAfter } = measure;
  const problems: string[] = [];
  if (measure.isDown) problems.push('the broker ended');
  if (measure.count === 0) problems.push('the flood did nothing');
  if (during.latency.count === 0) problems.push('nothing was measured');
  // A machine that is twice as slow for everybody says nothing about the broker.
  const p99Max = Math.max(2 * before.latency.p99, 2 * measure.echoDuring.p99, P99_FLOOR_MILLIS);
  if (during.latency.p99 > p99Max) {
    problems.push(`p99 of good clients was ${during.latency.p99.toFixed(1)} ms, more than ${p99Max.toFixed(1)} ms`);
  }
  if (during.ended > 0) problems.push(`${during.ended} connections of good clients ended`);
  if (during.lost > 0) problems.push(`${during.lost} messages of good clients never came`);
  const grown = measure.residentAfter - measure.residentBefore;
  if (grown > measure.residentGrowthMax)
    problems.push(`${(grown / 2 ** 20).toFixed(0)} MiB of memory were left behind`);
  if (measure.limit !== undefined && measure.held === 0) problems.push(`the broker has not held ${measure.limit}`);
  for (const name of ['clients', 'subscriptions', 'retained', 'filesShort', 'memoryStep'] as const) {
    if (stateAfter[name] === stateBefore[name]) continue;
    problems.push(`${name}: ${stateBefore[name]} before, ${stateAfter[name]} after`);
  }
  return problems;
}
