// The whole cast with its chronicle and its reckonings: what a test needs to put a broker under load, look at what became of it,
// and have everything fetched and checked, on this broker or on the next one.

import type { Actor } from './actor.ts';
import type { BrokerProcess } from './broker-process.ts';
import { type Cast, makeCast } from './cast.ts';
import { Chronicle } from './chronicle.ts';
import type { Ending } from './killable.ts';
import { type Reckoned, Reckoner } from './reckoning.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

/** Everybody, on whatever broker they are sent to. */
export class Company {
  readonly random: SeededRandom;
  readonly chronicle: Chronicle;
  readonly cast: Cast;
  private readonly reckoner: Reckoner;

  /** @param patienceMillis  How long nothing at all may happen while everything is fetched. */
  constructor(seed: number, patienceMillis?: number) {
    this.random = seededRandom(seed);
    this.chronicle = new Chronicle();
    this.cast = makeCast(this.chronicle, this.random);
    this.reckoner = new Reckoner(this.cast, this.chronicle, patienceMillis);
  }

  /** How many messages were acknowledged since the beginning. */
  get acknowledged(): number {
    return this.cast.publishers.reduce((sum, publisher) => sum + publisher.acknowledged, 0);
  }

  /** How many messages were refused for want of room since the beginning. */
  get refused(): number {
    return this.cast.publishers.reduce((sum, publisher) => sum + publisher.refused, 0);
  }

  /** Everybody gets a session and its subscriptions. */
  async enrol(port: number): Promise<void> {
    await this.fetch(port);
    await this.check(port);
  }

  /** Publishers begin to publish, and do not end; subscribers that stay come. */
  load(port: number): void {
    for (const publisher of this.cast.publishers) {
      publisher.connect(port);
      publisher.allow(Number.POSITIVE_INFINITY);
    }
    this.cast.mortals.bear(port);
    this.cast.witness.watch(port);
    for (const { subscriber, presence } of this.cast.parts) {
      if (presence === 'stays' && subscriber.isAway) subscriber.connect(port);
    }
  }

  /** Those who were refused, or sent away, try again. */
  askAgain(port: number): void {
    for (const publisher of this.cast.publishers) {
      if (publisher.isAway) publisher.connect(port);
      publisher.allow(Number.POSITIVE_INFINITY);
    }
  }

  /** Whether the broker has some message in hand that is not acknowledged. */
  get hasUnfinishedWork(): boolean {
    const { publishers, witness } = this.cast;
    return publishers.some((publisher) => publisher.pending.some((message) => witness.hasSeen(message)));
  }

  /** Waits for so many more acknowledgements. */
  async untilAcknowledged(more: number): Promise<void> {
    const target = this.acknowledged + more;
    await this.chronicle.until(
      () => this.acknowledged >= target,
      () => 'for acknowledgements under load',
    );
  }

  /** Waits until everybody's connection has ended and been read to its end. Nobody begins anything new. */
  async untilAway(): Promise<void> {
    for (const publisher of this.cast.publishers) publisher.allow(0);
    await this.chronicle.until(
      () => this.actors.every(({ isAway }) => isAway),
      () => 'for the connections to end',
    );
  }

  /** Nobody hears anything more of the broker, though it may go on. */
  turnDeaf(): void {
    for (const publisher of this.cast.publishers) publisher.allow(0);
    for (const actor of this.actors) actor.turnDeaf();
    this.cast.mortals.turnDeaf();
    this.cast.witness.turnBlind();
  }

  /** Ends a broker with SIGTERM: it says goodbye to everybody. */
  async stop(broker: BrokerProcess): Promise<Ending> {
    this.chronicle.isBrokerStopping = true;
    broker.signal('SIGTERM');
    const ending = await broker.ended;
    await this.untilAway();
    this.chronicle.isBrokerStopping = false;
    return ending;
  }

  /** Has everybody come and fetch everything. */
  async fetch(port: number): Promise<void> {
    await this.reckoner.fetch(port);
  }

  /** Checks all that was fetched; those that are away at other times go. */
  async check(port: number): Promise<Reckoned> {
    const reckoned = await this.reckoner.check(port);
    for (const { subscriber, presence } of this.cast.parts) if (presence === 'away') subscriber.cut();
    return reckoned;
  }

  private get actors(): readonly Actor[] {
    return [...this.cast.publishers, ...this.cast.parts.map(({ subscriber }) => subscriber)];
  }
}
