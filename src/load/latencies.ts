// Durations in an HdrHistogram: the one that Node.js has built in, which costs 30 ns a value, has three significant digits from a
// microsecond to two minutes (what takes longer counts as two minutes), and can be handed from thread to thread.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

const LONGEST_MICROS = 120_000_000;

/** What a summary tells of a distribution; in microseconds. */
export interface Percentiles {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** An empty histogram. */
export function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: LONGEST_MICROS, figures: 3 });
}

/** Counts one duration. hot: */
export function recordMicros(histogram: RecordableHistogram, micros: number): void {
  histogram.record(Math.max(1, Math.min(LONGEST_MICROS, Math.round(micros))));
}

/** The summary; `undefined` where nothing was counted. */
export function percentilesOf(histogram: RecordableHistogram): Percentiles | undefined {
  const { count, min, mean, max } = histogram;
  if (count === 0) return undefined;
  const at = (share: number): number => histogram.percentile(share);
  return { count, min, mean, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max };
}

/** Points of the distribution for a plot, each with the share of values that are not longer. */
export function distributionOf(histogram: RecordableHistogram): readonly (readonly [share: number, micros: number])[] {
  return [...histogram.percentiles].map(([share, micros]) => [share, micros] as const);
}
