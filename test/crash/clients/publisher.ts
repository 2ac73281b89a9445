// A publisher as the harness knows it: a process that is killed and goes on with the next number, and what it told about each
// message.

import type { Chronicle } from '../chronicle.ts';
import type { Environment } from '../killable.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { ClientOptions } from './client-process.ts';
import type { PublishedMessage } from './history.ts';
import { Lives, type Member } from './member.ts';
import { planMessage } from './plan.ts';
import type { Report } from './report.ts';

/** A message that learns what becomes of it. */
interface LiveMessage extends PublishedMessage {
  isStored: boolean;
}

/** How much a publisher has told, since the beginning. */
interface PublisherCounts {
  tried: number;
  stored: number;
  settled: number;
  /** Messages given up, of which nobody knows whether they have arrived. */
  ambiguous: number;
}

/** A publisher, over all its lives. */
export class Publisher implements Member {
  readonly kind = 'publisher';
  readonly name: string;
  readonly random: SeededRandom;
  readonly counts: PublisherCounts;
  /** It has carried out the latest order: everything is settled. */
  isAtRest: boolean;
  private readonly chronicle: Chronicle;
  private readonly options: ClientOptions;
  private readonly lives: Lives;
  /** Those that are not too old, by number. */
  private readonly published: Map<number, LiveMessage>;
  private nextNumber: number;
  /** Tried and not settled in this life. */
  private readonly unsettled: Set<number>;

  /** @param options  Where to connect to, and where the store is. */
  constructor(name: string, options: ClientOptions, env: Environment, chronicle: Chronicle, random: SeededRandom) {
    this.name = name;
    this.counts = { tried: 0, stored: 0, settled: 0, ambiguous: 0 };
    this.isAtRest = false;
    this.chronicle = chronicle;
    this.random = random;
    this.options = { name, ...options };
    this.lives = new Lives('publisher', name, env, chronicle);
    this.published = new Map();
    this.nextNumber = 0;
    this.unsettled = new Set();
  }

  get isUp(): boolean {
    return this.lives.isUp;
  }

  get isAtStake(): boolean {
    return this.unsettled.size > 0;
  }

  /** The number of the latest message; -1: there is none. */
  get latest(): number {
    return this.nextNumber - 1;
  }

  /** Those that it has not forgotten, in order. */
  get messages(): readonly PublishedMessage[] {
    return [...this.published.values()];
  }

  async start(): Promise<void> {
    this.unsettled.clear();
    this.isAtRest = false;
    const { random } = this;
    const options = {
      first: this.nextNumber,
      seed: random.between(1, 1_000_000),
      manner: random.pick(['tight', 'late', 'plain', 'plain']),
      ...this.options,
    };
    this.lives.begin(options, {
      hear: (report) => this.hear(report),
      hearNoise: (line) => this.complain(`said: ${line}`),
    });
  }

  async kill(): Promise<void> {
    await this.lives.kill();
  }

  async stop(): Promise<void> {
    await this.lives.stop();
  }

  /** `rest`, `burst N` or `go`. */
  order(line: string): void {
    this.isAtRest = false;
    this.lives.tell(line);
  }

  /** Forgets messages up to this number. */
  forget(number: number): void {
    for (const each of this.published.keys()) if (each <= number) this.published.delete(each);
  }

  private hear(report: Report): void {
    switch (report.kind) {
      case 'trying':
        this.counts.tried++;
        this.publish(report.number);
        break;
      case 'stored': {
        const message = this.published.get(report.number);
        if (message !== undefined) message.isStored = true;
        this.counts.stored++;
        break;
      }
      case 'settled':
        this.counts.settled++;
        this.unsettled.delete(report.number);
        break;
      case 'failed':
        this.unsettled.delete(report.number);
        this.fail(report.code, `${report.number}`);
        break;
      case 'undelivered':
        this.fail(report.code, 'of an earlier life');
        break;
      case 'at-rest':
        this.isAtRest = true;
        break;
      case 'over':
        this.complain(`is over: ${report.how}`);
        break;
      default:
    }
    this.chronicle.tick();
  }

  private publish(number: number): void {
    if (number !== this.nextNumber) this.complain(`went on with ${number} instead of ${this.nextNumber}`);
    this.nextNumber = number + 1;
    const { topic, qos } = planMessage({ publisher: this.name, number });
    this.published.set(number, { publisher: this.name, number, topic, qos, isStored: false });
    this.unsettled.add(number);
  }

  private fail(code: string, which: string): void {
    // Its process was ended in order: the message stays in the outbox.
    if (code === 'closed') return;
    if (code === 'ambiguous') this.counts.ambiguous++;
    else this.complain(`could not deliver message ${which}: ${code}`);
  }

  private complain(sentence: string): void {
    this.chronicle.complain(`${this.name} ${sentence}`);
  }
}
