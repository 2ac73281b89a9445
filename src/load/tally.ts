// What one thread of a load has found besides the counts on the board: durations, and everything that should not have happened.

import { Durations } from './latencies.ts';

/** So many different sentences about trouble are kept; all trouble is counted. */
const SENTENCES_MAX = 20;

/** Things that should not happen, by what they are called in the result. */
export interface Troubles {
  /** Messages that the broker refused with a Reason Code. */
  readonly refused: number;
  /** Acknowledgements of something that was not in flight, and other packets that had no business there. */
  readonly unexpected: number;
  /** Connections that ended by themselves. */
  readonly disconnects: number;
  /** Connections that did not come about. */
  readonly failures: number;
  /** Messages of somebody else on our topics. */
  readonly foreign: number;
  /** QoS 2 messages that came again before they were released; no harm was done. */
  readonly resent: number;
}

/** The counts of one thread. */
export class Tally {
  /** Since the last sample. */
  readonly latencies: Durations;
  /** How late messages left, since the last sample. */
  readonly lags: Durations;
  refused: number;
  unexpected: number;
  disconnects: number;
  failures: number;
  foreign: number;
  resent: number;
  /** Messages that were due and waited for the broker to acknowledge others. */
  heldUp: number;
  /** Messages that were not acknowledged when their connection was lost. */
  unsure: number;
  /** When the last message came, in microseconds; 0: none has. */
  lastReceivedAt: number;
  private readonly sentences: Map<string, number>;

  constructor() {
    this.latencies = new Durations();
    this.lags = new Durations();
    this.refused = 0;
    this.unexpected = 0;
    this.disconnects = 0;
    this.failures = 0;
    this.foreign = 0;
    this.resent = 0;
    this.heldUp = 0;
    this.unsure = 0;
    this.lastReceivedAt = 0;
    this.sentences = new Map();
  }

  /** Remembers why something went wrong. */
  say(sentence: string): void {
    const count = this.sentences.get(sentence);
    if (count !== undefined || this.sentences.size < SENTENCES_MAX) this.sentences.set(sentence, (count ?? 0) + 1);
  }

  /** What went wrong, in numbers. */
  troubles(): Troubles {
    const { refused, unexpected, disconnects, failures, foreign, resent } = this;
    return { refused, unexpected, disconnects, failures, foreign, resent };
  }

  /** What went wrong, in words, each with how often. */
  complaints(): readonly (readonly [sentence: string, count: number])[] {
    return [...this.sentences];
  }
}
