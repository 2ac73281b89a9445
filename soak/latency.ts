// How long messages took, in a few numbers.

/** What is told of many durations, in milliseconds. */
export interface Latency {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** Sums durations up; all zero for none. */
export function summarize(durations: readonly number[]): Latency {
  const sorted = Float64Array.from(durations).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: sorted.length, median: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
