// A run of the crash harness: cycles of load, SIGKILL and restart on one data directory, with the same clients throughout; every
// few cycles a reckoning, in which everybody fetches what it is owed and the history is checked.
//
// A cycle counts only if the broker died over unfinished work: some QoS 1 or 2 message had been sent and was not
// acknowledged, and a witness (witness.ts) had seen some such message. The broker had read, numbered and routed that one,
// so its change was in a batch, and the one thing that its acknowledgement waited for was the commit of that batch. (All
// sockets are read to their end before this is judged: an acknowledgement that was written in time counts as one.
// One subscriber is away and must get every message, so that none can be acknowledged without a commit.)

import { setTimeout } from 'node:timers/promises';

import { BrokerProcess, type BrokerStart } from './broker-process.ts';
import { FICKLE, type Part } from './cast.ts';
import { Company } from './company.ts';
import { type Ext4Image, Knife } from './ext4-image.ts';
import type { SentMessage } from './history.ts';
import type { Reckoned } from './reckoning.ts';
import type { Subscriber } from './subscriber.ts';

/** What is asked of a run. */
export interface CrashRunChoice {
  readonly directory: string;
  readonly seed: number;
  /** How many cycles must count. */
  readonly cycles: number;
  /** How many there may be in all. */
  readonly cyclesMax: number;
  /** After so many cycles there is a reckoning. */
  readonly cyclesPerReckoning: number;
  /** A cycle ends after at most so many acknowledgements. */
  readonly acknowledgementsMax: number;
  readonly start: BrokerStart;
  /** How long nothing at all may happen while everything is fetched; what is lost is waited for in vain. */
  readonly patienceMillis?: number | undefined;
  /** The file system that holds the directory: then its power is cut instead of the process killed. */
  readonly image?: Ext4Image | undefined;
  /** Is told after every reckoning. */
  readonly onProgress: (totals: Totals) => void;
}

/** What a run came to. */
export interface Totals extends Reckoned {
  /** Cycles that counted. */
  readonly cycles: number;
  /** Those in which too little was under way. */
  readonly idleCycles: number;
  /** Restarts that were cut short by another SIGKILL. */
  readonly killedStarts: number;
  /** Stops with SIGTERM under load. */
  readonly stops: number;
  /** Messages that were sent and not acknowledged when the broker died. */
  readonly inFlight: number;
  /** Of these, such as the broker had in hand: their commit was due or under way. */
  readonly uncommitted: number;
  /** Of these, such as were not found on disk: what a SIGKILL before a commit loses, and nobody was promised. */
  readonly gone: number;
}

/** So many acknowledgements it may take until something is under way. */
const UNFINISHED_WITHIN = 100;

const NOTHING: Totals = {
  faults: [],
  messages: 0,
  acknowledged: 0,
  copies: 0,
  repetitions: 0,
  repetitionsWithoutDup: 0,
  cycles: 0,
  idleCycles: 0,
  killedStarts: 0,
  stops: 0,
  inFlight: 0,
  uncommitted: 0,
  gone: 0,
};

/** Runs it until enough cycles counted, or something is wrong. */
export async function runCrashes(choice: CrashRunChoice): Promise<Totals> {
  const run = new CrashRun(choice);
  try {
    return await run.play();
  } catch (error) {
    throw new Error(`With seed ${choice.seed}. The broker said of late:\n${run.said}`, { cause: error });
  } finally {
    await run.end();
  }
}

class CrashRun {
  private readonly choice: CrashRunChoice;
  private readonly company: Company;
  private broker: BrokerProcess;
  private port: number;
  private totals: Totals;
  /** Messages without a second chance: the broker had them in hand when it died, and nobody sends them again. */
  private orphans: SentMessage[];

  constructor(choice: CrashRunChoice) {
    this.choice = choice;
    this.company = new Company(choice.seed, choice.patienceMillis);
    this.broker = this.spawn();
    this.port = 0;
    this.totals = NOTHING;
    this.orphans = [];
  }

  async play(): Promise<Totals> {
    const { cycles, cyclesMax, cyclesPerReckoning, onProgress } = this.choice;
    this.port = await this.broker.port();
    // So that everybody has a session and its subscriptions before the first message.
    await this.reckon();
    for (let played = 0; this.totals.cycles < cycles && played < cyclesMax; played += cyclesPerReckoning) {
      for (let each = 0; each < cyclesPerReckoning; each++) await this.cycle();
      await this.reckon();
      onProgress(this.totals);
      if (this.totals.faults.length > 0) break;
    }
    return this.totals;
  }

  get said(): string {
    return this.broker.said;
  }

  async end(): Promise<void> {
    await this.broker.kill();
  }

  /** Load, an end in the middle of it, and a new start. */
  private async cycle(): Promise<void> {
    const { company, choice } = this;
    const { random, cast } = company;
    const knife = choice.image === undefined ? undefined : await Knife.ready(choice.image);
    company.load(this.port);
    for (const part of cast.parts) if (part.presence === 'visits') this.visit(part);
    const target = random.between(1, choice.acknowledgementsMax);
    const moments = Array.from({ length: random.between(0, 6) }, () => random.between(0, target)).sort((a, b) => a - b);
    const before = company.acknowledged;
    for (const moment of moments) {
      await company.untilAcknowledged(before + moment - company.acknowledged);
      this.disturb();
    }
    await company.untilAcknowledged(before + target - company.acknowledged);
    // Often while something is at stake, else whenever it comes.
    if (random.chance(0.8)) await this.untilUnfinished();
    else await setTimeout(random.next() * 6);
    if (knife === undefined && random.chance(0.06)) await this.stop();
    else await this.crash(knife);
    await this.restart();
  }

  /** Waits until the broker has something in hand that is not acknowledged; but not long, for with some brokers nothing ever is. */
  private async untilUnfinished(): Promise<void> {
    const { company } = this;
    const enough = company.acknowledged + UNFINISHED_WITHIN;
    await company.chronicle.until(
      () => company.hasUnfinishedWork || company.acknowledged > enough,
      () => 'for acknowledgements under load',
    );
  }

  private async crash(knife: Knife | undefined): Promise<void> {
    const { company, totals } = this;
    const connected = company.cast.publishers.filter(({ isConnected }) => isConnected);
    if (knife === undefined) await this.broker.kill();
    else await this.cutPower(knife);
    await company.untilAway();
    const unanswered = connected.flatMap((publisher) =>
      publisher.unanswered.map((message) => ({ publisher, message })),
    );
    const known = unanswered.filter(({ message }) => company.cast.witness.hasSeen(message));
    this.orphans.push(...known.filter(({ publisher }) => !publisher.isPersistent).map(({ message }) => message));
    this.totals = {
      ...totals,
      cycles: totals.cycles + (known.length > 0 ? 1 : 0),
      idleCycles: totals.idleCycles + (known.length > 0 ? 0 : 1),
      inFlight: totals.inFlight + unanswered.length,
      uncommitted: totals.uncommitted + known.length,
    };
  }

  /**
   * From the moment of the cut on nobody hears of the broker any more, as it is when a machine has lost its power. (A sync that
   * runs at that moment may return without error, and what it lets out would be words from beyond the grave.)
   */
  private async cutPower(knife: Knife): Promise<void> {
    const { broker } = this;
    broker.expectEnd();
    this.company.turnDeaf();
    await knife.cut();
    await broker.kill();
    this.choice.image?.unmount();
    this.choice.image?.mount();
  }

  /** SIGTERM under load: it says goodbye, and ends with code 0. */
  private async stop(): Promise<void> {
    const { code } = await this.company.stop(this.broker);
    if (code !== 0) this.company.chronicle.complain(`SIGTERM ended with code ${code}: ${this.broker.said}`);
    this.totals = { ...this.totals, stops: this.totals.stops + 1 };
  }

  private async restart(): Promise<void> {
    const { directory, start } = this.choice;
    const { random } = this.company;
    while (random.chance(0.1)) {
      const broker = BrokerProcess.spawn(directory, start);
      await setTimeout(random.between(100, 600));
      await broker.kill();
      this.totals = { ...this.totals, killedStarts: this.totals.killedStarts + 1 };
    }
    this.broker = this.spawn();
    this.port = await this.broker.port();
  }

  /** Starts a broker that may end only when it is told to. */
  private spawn(): BrokerProcess {
    const broker = BrokerProcess.spawn(this.choice.directory, this.choice.start);
    void broker.ended.then(({ code }) => {
      if (!broker.isToldToEnd) this.company.chronicle.fail(new Error(`The broker ended by itself, with code ${code}.`));
    });
    return broker;
  }

  private async reckon(): Promise<void> {
    const { company } = this;
    await company.fetch(this.port);
    const { inboxes } = company.cast.archive;
    const gone = this.orphans.filter((message) => !inboxes.some((inbox) => inbox.has(message)));
    this.orphans = [];
    const reckoned = await company.check(this.port);
    const { totals } = this;
    this.totals = {
      ...totals,
      faults: [...totals.faults, ...reckoned.faults],
      messages: totals.messages + reckoned.messages,
      acknowledged: totals.acknowledged + reckoned.acknowledged,
      copies: totals.copies + reckoned.copies,
      repetitions: totals.repetitions + reckoned.repetitions,
      repetitionsWithoutDup: totals.repetitionsWithoutDup + reckoned.repetitionsWithoutDup,
      gone: totals.gone + gone.length,
    };
  }

  /** Brings one to the load, or not. */
  private visit({ subscriber }: Part): void {
    const comes = this.company.random.chance(0.6);
    if (comes && subscriber.isAway) subscriber.connect(this.port);
    if (!comes && !subscriber.isAway) subscriber.cut();
  }

  /** Somebody comes or goes, or changes its mind. */
  private disturb(): void {
    const { random, cast } = this.company;
    const { publishers, parts, fickle } = cast;
    const part = parts[random.between(0, parts.length - 1)];
    const publisher = publishers[random.between(0, publishers.length - 1)];
    switch (random.pick(['part', 'part', 'publisher', 'fickle', 'fickle'])) {
      case 'part':
        if (part !== undefined && part.presence !== 'away') this.disturbSubscriber(part.subscriber);
        return;
      case 'publisher':
        if (random.chance(0.5)) publisher?.cut();
        publisher?.connect(this.port);
        return;
      default:
        this.disturbFickle(fickle);
    }
  }

  private disturbSubscriber(subscriber: Subscriber): void {
    const { random } = this.company;
    if (subscriber.isAway) return subscriber.connect(this.port);
    switch (random.pick(['cut', 'leave', 'return', 'take over'])) {
      case 'cut':
        return subscriber.cut();
      case 'leave':
        return subscriber.leave();
      case 'return':
        subscriber.cut();
        return subscriber.connect(this.port);
      default:
        return subscriber.connect(this.port);
    }
  }

  private disturbFickle(fickle: Subscriber): void {
    const { random } = this.company;
    if (fickle.isAway) return fickle.connect(this.port);
    if (random.chance(0.2)) return fickle.renew(this.port);
    const choice = random.pick(FICKLE);
    if (!fickle.isConnected || !fickle.isAtRest) return;
    if (fickle.isSubscribed(choice.filter)) fickle.unsubscribe(choice.filter);
    else fickle.subscribe(choice);
  }
}
