// The whole cast of a test with client processes: publishers, subscribers and the broker behind its relay, with a reckoning, in
// which everybody finishes what there is, and what became of it is told as a history.

import path from 'node:path';

import { Chronicle } from '../chronicle.ts';
import { VOUCH } from '../data-directory.ts';
import { seededRandom } from '../seeded-random.ts';
import { BrokerMember } from './broker-member.ts';
import { missingMessages } from './checks.ts';
import type { ClientOptions } from './client-process.ts';
import type { History } from './history.ts';
import type { Member } from './member.ts';
import type { PlannedSubscription } from './plan.ts';
import { Publisher } from './publisher.ts';
import { Relay } from './relay.ts';
import { Subscriber } from './subscriber.ts';

/** One client of the cast. */
export interface PartChoice {
  readonly name: string;
  readonly version: 4 | 5;
  /** More options of its process (life.ts). */
  readonly options?: ClientOptions | undefined;
}

/** A subscriber of the cast. */
export interface SubscriberChoice extends PartChoice {
  readonly subscriptions: readonly PlannedSubscription[];
}

/** Who is there. */
export interface CompanyChoice {
  /** Everybody's store is in it. */
  readonly directory: string;
  readonly seed: number;
  readonly publishers: readonly PartChoice[];
  readonly subscribers: readonly SubscriberChoice[];
  /** How long nothing at all may happen while everybody finishes what there is. */
  readonly patienceMillis?: number | undefined;
}

/** So many messages behind everything else: what is still to come twice has come before the last of them. */
const FENCE_MESSAGES = 40;

/** Everybody. */
export class Company {
  readonly chronicle: Chronicle;
  readonly relay: Relay;
  readonly publishers: readonly Publisher[];
  readonly subscribers: readonly Subscriber[];
  readonly broker: BrokerMember;
  readonly members: readonly Member[];
  private readonly patienceMillis: number | undefined;
  /** The latest message of each publisher at the reckoning before. */
  private latestBefore: ReadonlyMap<string, number>;
  private settledTo: ReadonlyMap<string, number>;

  private constructor({ directory, seed, publishers, subscribers, patienceMillis }: CompanyChoice, relay: Relay) {
    const chronicle = new Chronicle();
    this.chronicle = chronicle;
    this.patienceMillis = patienceMillis;
    this.relay = relay;
    let seeds = seed;
    const optionsOf = ({ name, version, options }: PartChoice): ClientOptions => ({
      port: relay.port,
      store: path.join(directory, name),
      version,
      ...options,
    });
    // Processes that are started all the time need not compile everything again.
    const env = { NODE_COMPILE_CACHE: path.join(directory, 'compiled') };
    // Each has chance of its own, so that what one of them does does not depend on when the others do something.
    this.publishers = publishers.map(
      (part) => new Publisher(part.name, optionsOf(part), env, chronicle, seededRandom(++seeds)),
    );
    this.subscribers = subscribers.map(
      (part) => new Subscriber(part.name, part.subscriptions, optionsOf(part), env, chronicle, seededRandom(++seeds)),
    );
    this.broker = new BrokerMember(
      path.join(directory, 'broker'),
      { ...VOUCH, env },
      relay,
      chronicle,
      seededRandom(++seeds),
      () => this.publishers.some(({ isAtStake }) => isAtStake),
    );
    this.members = [...this.publishers, ...this.subscribers, this.broker];
    this.latestBefore = new Map();
    this.settledTo = new Map();
  }

  /** Starts the broker and the subscribers; fulfilled when all subscriptions are in force. Publishers may come now. */
  static async open(choice: CompanyChoice): Promise<Company> {
    const company = new Company(choice, await Relay.start());
    const { broker, subscribers, chronicle } = company;
    try {
      await Promise.all([broker, ...subscribers].map((each) => each.start()));
      await chronicle.until(
        () => subscribers.every(({ isSubscribed }) => isSubscribed),
        () => 'for the subscriptions',
      );
    } catch (error) {
      await company.close();
      throw error;
    }
    return company;
  }

  /** Ends everything, whatever is going on. */
  async close(): Promise<void> {
    this.relay.close();
    await Promise.all(this.members.map((each) => each.kill()));
  }

  /** Messages whose `stored` was fulfilled, since the beginning. */
  get stored(): number {
    return this.publishers.reduce((sum, { counts }) => sum + counts.stored, 0);
  }

  /** Brings everybody up, and waits until what was published is settled, has arrived, and is acknowledged. @returns false: that was in vain. */
  async finish(): Promise<boolean> {
    await Promise.all(this.members.filter(({ isUp }) => !isUp).map((each) => each.start()));
    return (await this.carryOut('rest')) && (await this.carryOut(`burst ${FENCE_MESSAGES}`));
  }

  /** What happened of late, as everybody told it. */
  history(): History {
    return {
      messages: this.publishers.flatMap(({ messages }) => messages),
      settledTo: this.settledTo,
      takers: this.subscribers,
      complaints: this.chronicle.take().complaints,
    };
  }

  /** Whether a message was published after the reckoning before. */
  isRecent({ publisher, number }: { readonly publisher: string; readonly number: number }): boolean {
    return number > (this.latestBefore.get(publisher) ?? -1);
  }

  /** Forgets what was already looked at in the reckoning before this one, and goes on. */
  resume(): void {
    this.settledTo = this.latestBefore;
    this.latestBefore = new Map(this.publishers.map(({ name, latest }) => [name, latest]));
    for (const publisher of this.publishers) publisher.forget(this.settledTo.get(publisher.name) ?? -1);
    for (const subscriber of this.subscribers) subscriber.forget(this.settledTo);
    for (const publisher of this.publishers) publisher.order('go');
  }

  /** Waits until the condition holds, but not longer than this. */
  async within(millis: number, condition: () => boolean): Promise<void> {
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      this.chronicle.tick();
    }, millis);
    await this.chronicle.until(
      () => isLate || condition(),
      () => 'for a moment to pass',
    );
    clearTimeout(limit);
  }

  private async carryOut(order: string): Promise<boolean> {
    const { publishers, subscribers } = this;
    for (const publisher of publishers) publisher.order(order);
    if (!(await this.comesTrue(() => publishers.every(({ isAtRest }) => isAtRest)))) {
      const late = publishers.filter(({ isAtRest }) => !isAtRest).map(({ name }) => name);
      this.chronicle.complain(`${late.join(' and ')} did not get everything settled`);
      return false;
    }
    const messages = publishers.flatMap((publisher) => publisher.messages);
    for (const subscriber of subscribers) {
      const missing = [...missingMessages({ messages }, subscriber)];
      const hasAll = (): boolean => {
        for (let next = missing.at(-1); next !== undefined && subscriber.has(next); next = missing.at(-1))
          missing.pop();
        return missing.length === 0 && subscriber.isSubscribed && !subscriber.isAtStake;
      };
      if (await this.comesTrue(hasAll)) continue;
      if (missing.length === 0) this.chronicle.complain(`${subscriber.name} did not finish what it has`);
      return false;
    }
    return true;
  }

  /** @returns false: nothing happened for long, or somebody ended by himself. */
  private async comesTrue(condition: () => boolean): Promise<boolean> {
    try {
      await this.chronicle.until(condition, () => '', this.patienceMillis);
    } catch {
      this.chronicle.throwFailure();
    }
    return condition();
  }
}
