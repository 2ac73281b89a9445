// Durations in a histogram of HdrHistogram's form: every microsecond by itself up to two milliseconds, and three significant digits up to two minutes.
// One of our own, since the one that Node.js has built in takes one value at a time and a call out of JavaScript for each: here many messages that came together
// are one addition. Threads hand over what they have counted as plain data.

/** From here on a counter is for several values: 2,048 = 2 ** 11. */
const EXACT_BITS = 11;
const HALF = 2 ** (EXACT_BITS - 1);
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

/** What was counted, as threads hand it over. */
export interface DurationCounts {
  /** By counter, up to the last one that was used. */
  readonly counters: Float64Array;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Durations, counted. */
export class Durations {
  private readonly counters: Float64Array<ArrayBuffer>;
  private sum: number;
  private min: number;
  private max: number;

  constructor() {
    this.counters = new Float64Array(counterOf(LONGEST_MICROS) + 1);
    this.sum = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = 0;
  }

  /** Counts a duration, so many times. What is shorter than a microsecond counts as one. hot: */
  record(micros: number, times = 1): void {
    const value = micros < 1 ? 1 : micros > LONGEST_MICROS ? LONGEST_MICROS : (micros + 0.5) | 0;
    const counter = counterOf(value);
    this.counters[counter] = (this.counters[counter] as number) + times;
    this.sum += value * times;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  /** Adds what another has counted. */
  add({ counters, sum, min, max }: DurationCounts): void {
    for (let counter = 0; counter < counters.length; counter++) {
      this.counters[counter] = (this.counters[counter] as number) + (counters[counter] as number);
    }
    this.sum += sum;
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
  }

  /** What was counted so far, as a copy. */
  counts(): DurationCounts {
    const { sum, min, max } = this;
    const used = max === 0 ? 0 : counterOf(max) + 1;
    return { counters: this.counters.slice(0, used), sum, min, max };
  }

  /** Forgets everything. */
  clear(): void {
    this.counters.fill(0);
    this.sum = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = 0;
  }

  /** The summary; `undefined` where nothing was counted. */
  percentiles(): Percentiles | undefined {
    const count = this.total();
    if (count === 0) return undefined;
    const { sum, min, max } = this;
    const [p50 = 0, p90 = 0, p99 = 0, p999 = 0] = this.at([50, 90, 99, 99.9], count);
    return { count, min, mean: sum / count, p50, p90, p99, p999, max };
  }

  /** Points of the distribution for a plot, each with the share of values that are not longer, in percent: the rest halves from one to the next. */
  distribution(): readonly (readonly [share: number, micros: number])[] {
    const count = this.total();
    if (count === 0) return [];
    const shares: number[] = [0];
    // Each half in two steps, so that a plot has no corners.
    for (let rest = 75; (rest * count) / 100 >= 1; rest *= Math.SQRT1_2) shares.push(100 - rest);
    shares.push(100);
    const micros = this.at(shares, count);
    return shares.map((share, index) => [share, micros[index] ?? this.max] as const);
  }

  private total(): number {
    let sum = 0;
    for (const times of this.counters) sum += times;
    return sum;
  }

  /** The durations below which so many percent lie, which grow. */
  private at(shares: readonly number[], count: number): readonly number[] {
    const found: number[] = [];
    let counter = -1;
    let passed = 0;
    for (const share of shares) {
      const wanted = Math.max(1, Math.round((share / 100) * count));
      while (passed < wanted) passed += this.counters[++counter] ?? Number.POSITIVE_INFINITY;
      found.push(Math.min(this.max, longestOf(counter)));
    }
    return found;
  }
}

/** Which counter a whole number of microseconds belongs to: below 2,048 its own, above by its first eleven bits. hot: */
function counterOf(value: number): number {
  const shift = 32 - EXACT_BITS - Math.clz32(value);
  return shift <= 0 ? value : shift * HALF + (value >>> shift);
}

/** The longest duration of a counter. */
function longestOf(counter: number): number {
  if (counter < 2 * HALF) return counter;
  const shift = Math.floor(counter / HALF) - 1;
  return (counter - shift * HALF + 1) * 2 ** shift - 1;
}
