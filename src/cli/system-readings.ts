// What a broker says of itself below `$SYS/broker/`, gathered: the latest value of each topic, and how fast its counters grow. A broker says
// only what has changed, all of it at once and then nothing for some seconds; what has come until such a silence is one reading.

/** Where it says so. */
export const SYSTEM_FILTER = '$SYS/broker/#';

const ROOT = '$SYS/broker/';
/** So many topics are remembered; a broker with more has something else below its root. */
const TOPICS_MAX = 10_000;

/** Counters, by what they are called here; whose growth is a rate. */
export const COUNTERS = {
  messagesIn: 'publish/messages/received',
  messagesOut: 'publish/messages/sent',
  bytesIn: 'bytes/received',
  bytesOut: 'bytes/sent',
  dropped: 'publish/messages/dropped',
  commits: 'store/commits',
} as const;

/** What is counted. */
export type CounterName = keyof typeof COUNTERS;

/** The averages over a minute that stand for a rate until two readings make one. */
const AVERAGES: { readonly [Name in CounterName]: string } = {
  messagesIn: 'load/publish/received/1min',
  messagesOut: 'load/publish/sent/1min',
  bytesIn: 'load/bytes/received/1min',
  bytesOut: 'load/bytes/sent/1min',
  dropped: 'load/publish/dropped/1min',
  commits: '',
};

/** What was known at a moment. */
export interface Reading {
  readonly at: Date;
  /** By the topic below `$SYS/broker/`; numbers where the broker wrote one. */
  readonly values: ReadonlyMap<string, string | number>;
  /** Per second, where that is known. */
  readonly rates: ReadonlyMap<CounterName, number>;
}

/** Gathers readings. */
export class SystemReadings {
  private readonly values: Map<string, string | number>;
  private last: Reading | undefined;
  private readingCount: number;

  constructor() {
    this.values = new Map();
    this.last = undefined;
    this.readingCount = 0;
  }

  /** Whether anything has come at all. */
  get isEmpty(): boolean {
    return this.values.size === 0;
  }

  /** Takes a message. */
  receive(topic: string, payload: string): void {
    if (!topic.startsWith(ROOT)) return;
    const name = topic.slice(ROOT.length);
    if (!this.values.has(name) && this.values.size >= TOPICS_MAX) return;
    this.values.set(name, /^-?\d+(\.\d+)?$/.test(payload) ? Number(payload) : payload);
  }

  /** What is known now; rates are since the reading before. */
  read(at: Date): Reading {
    const rates = new Map<CounterName, number>();
    for (const name of Object.keys(COUNTERS)) {
      if (!isCounter(name)) continue;
      const rate = this.rateOf(name, at);
      if (rate !== undefined) rates.set(name, rate);
    }
    this.readingCount++;
    this.last = { at, values: new Map(this.values), rates };
    return this.last;
  }

  /** The first reading is of values that were retained: their moment is that of the broker's clock, not of ours. */
  private secondsSince(last: Reading, at: Date): number {
    const passed = (at.getTime() - last.at.getTime()) / 1000;
    if (this.readingCount > 1) return passed;
    const [now, before] = [this.values, last.values].map((values) => Number.parseInt(String(values.get('uptime')), 10));
    return now === undefined || before === undefined || Number.isNaN(now - before) ? passed : now - before;
  }

  private rateOf(name: CounterName, at: Date): number | undefined {
    const now = this.values.get(COUNTERS[name]);
    const before = this.last?.values.get(COUNTERS[name]);
    if (this.last === undefined || typeof now !== 'number' || typeof before !== 'number') {
      const average = this.values.get(AVERAGES[name]);
      return typeof average === 'number' ? average / 60 : undefined;
    }
    const seconds = this.secondsSince(this.last, at);
    // A counter that is less than it was began anew, with the broker.
    return seconds <= 0 ? undefined : Math.max(0, now - before) / seconds;
  }
}

function isCounter(name: string): name is CounterName {
  return Object.hasOwn(COUNTERS, name);
}
