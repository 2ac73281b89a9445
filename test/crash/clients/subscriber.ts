// A subscriber as the harness knows it: a process that is killed and comes back, and what its application has processed.

import type { Chronicle } from '../chronicle.ts';
import type { Environment } from '../killable.ts';
import { type Label, labelKey } from '../label.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { ClientOptions } from './client-process.ts';
import type { Taker, Taking } from './history.ts';
import { Lives, type Member } from './member.ts';
import type { PlannedSubscription } from './plan.ts';
import type { Report, TakenMessage } from './report.ts';

/** How much a subscriber has told, since the beginning. */
interface SubscriberCounts {
  /** Messages, each once. */
  taken: number;
  /** Processed again under the same key: it was killed, or ended, before it had acknowledged them. */
  repeatedUnderKey: number;
  /** Processed again under another key. */
  repeatedOtherwise: number;
}

/** A subscriber, over all its lives. */
export class Subscriber implements Member, Taker {
  readonly kind = 'subscriber';
  readonly name: string;
  readonly random: SeededRandom;
  readonly subscriptions: readonly PlannedSubscription[];
  readonly counts: SubscriberCounts;
  takings: readonly Taking[];
  keyBefore: number;
  /** In this life its subscriptions are in force. */
  isSubscribed: boolean;
  private latest: Taking[];
  private readonly chronicle: Chronicle;
  private readonly options: ClientOptions;
  private readonly lives: Lives;
  /** The first key of each message among `takings`. */
  private readonly keys: Map<string, number>;
  /** Processed in this life, and not acknowledged. */
  private readonly inHand: Set<number>;

  /** @param options  Where to connect to, and where the store is. */
  constructor(
    name: string,
    subscriptions: readonly PlannedSubscription[],
    options: ClientOptions,
    env: Environment,
    chronicle: Chronicle,
    random: SeededRandom,
  ) {
    this.name = name;
    this.subscriptions = subscriptions;
    this.counts = { taken: 0, repeatedUnderKey: 0, repeatedOtherwise: 0 };
    this.latest = [];
    this.takings = this.latest;
    this.keyBefore = -1;
    this.isSubscribed = false;
    this.chronicle = chronicle;
    this.random = random;
    const wanted = subscriptions.map(({ filter, qos }) => `${filter}=${qos}`).join(',');
    this.options = { name, subscriptions: wanted, ...options };
    this.lives = new Lives('subscriber', name, env, chronicle);
    this.keys = new Map();
    this.inHand = new Set();
  }

  get isUp(): boolean {
    return this.lives.isUp;
  }

  get isAtStake(): boolean {
    return this.inHand.size > 0;
  }

  /** Whether it has processed the message, of late. */
  has(label: Label): boolean {
    return this.keys.has(labelKey(label));
  }

  async start(): Promise<void> {
    const { random } = this;
    this.inHand.clear();
    this.isSubscribed = false;
    const options = {
      seed: random.between(1, 1_000_000),
      taking: random.pick(['manual', 'automatic', 'iterated']),
      early: random.pick(['yes', 'no']),
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

  /** Forgets messages of each publisher up to a number. */
  forget(upTo: ReadonlyMap<string, number>): void {
    const isOld = ({ publisher, number }: Label): boolean => number <= (upTo.get(publisher) ?? -1);
    for (const each of this.latest) {
      if (!isOld(each)) continue;
      this.keyBefore = Math.max(this.keyBefore, each.key);
      this.keys.delete(labelKey(each));
    }
    this.latest = this.latest.filter((each) => !isOld(each));
    this.takings = this.latest;
  }

  private hear(report: Report): void {
    switch (report.kind) {
      case 'taken':
        this.take(report.message);
        break;
      case 'done':
        this.inHand.delete(report.key);
        break;
      case 'subscribed':
        this.isSubscribed = true;
        break;
      case 'over':
        this.complain(`is over: ${report.how}`);
        break;
      default:
    }
    this.chronicle.tick();
  }

  private take({ label, topic, qos, key }: TakenMessage): void {
    this.inHand.add(key);
    if (label === undefined) return this.complain(`got something on ${topic} that nobody published`);
    this.latest.push({ ...label, topic, qos, key, life: this.lives.count });
    const name = labelKey(label);
    const before = this.keys.get(name);
    this.keys.set(name, before ?? key);
    if (before === undefined) this.counts.taken++;
    else if (before === key) this.counts.repeatedUnderKey++;
    else this.counts.repeatedOtherwise++;
  }

  private complain(sentence: string): void {
    this.chronicle.complain(`${this.name} ${sentence}`);
  }
}
