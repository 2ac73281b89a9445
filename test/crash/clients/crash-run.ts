// A run of the crash harness for clients: publishers, subscribers and the broker, all as processes with stores of their own, in cycles
// of load, SIGKILL and return. Whoever is drawn dies, one of them or some together, while the others go on; some come back at
// once, some after a while, some are killed again before they have begun. Every few cycles a reckoning, in which everybody is up,
// everything is settled, and the history is checked.
//
// A cycle counts only if somebody died with something unfinished in its hands: a publisher with messages that were not settled, a
// subscriber with messages processed and not acknowledged, the broker while a publisher waited for it.
//
// Where somebody lies (lying-store.ts), one of the liars dies in every cycle, a publisher right after it said that something is
// stored which the network has swallowed: what it says is then all that there is, and a few cycles show it on any machine.

import { setTimeout } from 'node:timers/promises';

import { labelKey } from '../label.ts';
import { type SeededRandom, seededRandom } from '../seeded-random.ts';
import { type Fault, findFaults } from './checks.ts';
import { Company } from './company.ts';
import type { Member } from './member.ts';
import { ALL, SOME_DOWNGRADED } from './plan.ts';

/** What is asked of a run. */
export interface ClientRunChoice {
  /** Empty; everybody's store is in it. */
  readonly directory: string;
  readonly seed: number;
  /** How many cycles must count. */
  readonly cycles: number;
  /** How many there may be in all. */
  readonly cyclesMax: number;
  /** After so many cycles there is a reckoning. */
  readonly cyclesPerReckoning: number;
  /** Whose store says too early that something is durable: the run must find it out. */
  readonly liars?: 'publishers' | 'subscribers' | undefined;
  /** How long nothing at all may happen while everybody finishes; what is lost is waited for in vain. */
  readonly patienceMillis?: number | undefined;
  /** Is told after every reckoning. */
  readonly onProgress: (totals: Totals) => void;
}

/** How often something was ended, and how often that was in the middle of something. */
export interface KillCount {
  readonly killed: number;
  readonly atStake: number;
}

/** What a run came to. */
export interface Totals {
  readonly faults: readonly Fault[];
  /** Cycles that counted, and those that did not. */
  readonly cycles: number;
  readonly idleCycles: number;
  readonly kills: { readonly [kind in Member['kind']]: KillCount };
  /** Cycles in which several died. */
  readonly together: number;
  readonly killedStarts: number;
  /** Ends with SIGTERM under load. */
  readonly stops: number;
  /** Cuts of the network. */
  readonly cuts: number;
  /** Messages for which `publish` was called; whose `stored` was fulfilled; of the others those that arrived all the same. */
  readonly tried: number;
  readonly stored: number;
  readonly arrivedUnstored: number;
  /** Messages that the subscribers processed, each counted once for each of them. */
  readonly taken: number;
  /** Processed again after a crash, under the same key. */
  readonly repeatedUnderKey: number;
  /** Processed again under another key, with QoS 1. */
  readonly repeatedOtherwise: number;
}

/** A load lasts until so many messages are stored, or so long. */
const LOAD_MESSAGES_MAX = 400;
const LOAD_MILLIS_MAX = 400;
const SILENCE_MILLIS_MAX = 100;
/** From a cut on; many are back before, and no slow disk (lying-store.ts) has done everything. */
const RETURN_MILLIS_MAX = 100;
/** How long a cycle waits for something to be at stake. */
const STAKE_MILLIS_MAX = 1500;
const AWAY_MILLIS_MAX = 250;
const START_MILLIS_MAX = 400;
/** Whoever was ended comes back with this chance; otherwise another cycle goes on without it. */
const RETURN_CHANCE = 0.85;
const NO_KILLS: KillCount = { killed: 0, atStake: 0 };
const NOTHING: Totals = {
  faults: [],
  cycles: 0,
  idleCycles: 0,
  kills: { publisher: NO_KILLS, subscriber: NO_KILLS, broker: NO_KILLS },
  together: 0,
  killedStarts: 0,
  stops: 0,
  cuts: 0,
  tried: 0,
  stored: 0,
  arrivedUnstored: 0,
  taken: 0,
  repeatedUnderKey: 0,
  repeatedOtherwise: 0,
};

/** Runs it until enough cycles counted, or something is wrong. */
export async function runClientCrashes(choice: ClientRunChoice): Promise<Totals> {
  const { directory, seed, patienceMillis, liars } = choice;
  const lying = { manner: 'lies' };
  const publishing = liars === 'publishers' ? lying : undefined;
  const subscribing = liars === 'subscribers' ? lying : undefined;
  const company = await Company.open({
    directory,
    seed,
    patienceMillis,
    publishers: [
      { name: 'p5', version: 5, options: publishing },
      { name: 'p4', version: 4, options: publishing },
    ],
    subscribers: [
      { name: 's5', version: 5, options: subscribing, subscriptions: ALL },
      { name: 's4', version: 4, options: subscribing, subscriptions: SOME_DOWNGRADED },
    ],
  });
  try {
    return await new ClientCrashRun(choice, company).play();
  } catch (error) {
    throw new Error(`With seed ${seed}. The broker said of late:\n${company.broker.said}`, { cause: error });
  } finally {
    await company.close();
  }
}

class ClientCrashRun {
  private readonly choice: ClientRunChoice;
  private readonly company: Company;
  private readonly random: SeededRandom;
  private totals: Totals;

  constructor(choice: ClientRunChoice, company: Company) {
    this.choice = choice;
    this.company = company;
    this.random = seededRandom(choice.seed);
    this.totals = NOTHING;
  }

  async play(): Promise<Totals> {
    const { cycles, cyclesMax, cyclesPerReckoning, onProgress } = this.choice;
    for (let played = 0; this.totals.cycles < cycles && played < cyclesMax; played += cyclesPerReckoning) {
      for (let each = 0; each < cyclesPerReckoning; each++) await this.cycle();
      await this.reckon();
      onProgress(this.totals);
      if (this.totals.faults.length > 0) break;
    }
    return this.totals;
  }

  /** Load, some ends in the middle of it, and new beginnings. */
  private async cycle(): Promise<void> {
    const { random, company } = this;
    await Promise.all(company.members.filter(({ isUp }) => !isUp).map((each) => this.revive(each)));
    await this.load();
    const victims = this.drawVictims();
    // Mostly while each of them has something in its hands, else whenever it comes.
    if (random.chance(0.8)) {
      await company.within(STAKE_MILLIS_MAX, () => victims.every(({ isAtStake }) => isAtStake));
    }
    const isTempted = this.choice.liars === 'publishers';
    if (isTempted) {
      await this.tempt(victims);
    } else if (random.chance(0.2)) {
      // Some have just come back then, and go on with what the last connection began.
      company.relay.cut();
      this.count('cuts');
      await company.within(random.between(1, RETURN_MILLIS_MAX), () => false);
    }
    const wereAtStake = await Promise.all(victims.map((each) => this.endLife(each)));
    // Those that live would wait long for what was swallowed.
    if (isTempted) company.relay.cut();
    this.count(wereAtStake.includes(true) ? 'cycles' : 'idleCycles');
    if (victims.length > 1) this.count('together');
    await Promise.all(victims.map((each) => this.revive(each)));
  }

  /** Lets them work for a while, on a network that may fail. */
  private async load(): Promise<void> {
    const { random, company } = this;
    const target = company.stored + random.between(1, LOAD_MESSAGES_MAX);
    if (random.chance(0.3)) {
      await company.within(random.between(1, LOAD_MILLIS_MAX), () => false);
      if (random.chance(0.5)) {
        // Both ends go on for a while as if all were well.
        company.relay.swallow();
        await company.within(random.between(1, SILENCE_MILLIS_MAX), () => false);
      }
      company.relay.cut();
      this.count('cuts');
    }
    await company.within(LOAD_MILLIS_MAX, () => company.stored >= target);
  }

  /** One or more of those that live, a liar among them if there is one. */
  private drawVictims(): readonly Member[] {
    const { random, company } = this;
    const living = company.members.filter(({ isUp }) => isUp);
    const drawn = living.filter(() => random.chance(0.25));
    const liars = living.filter(({ kind }) => `${kind}s` === this.choice.liars);
    if (drawn.length > 0 && liars.length === 0) return drawn;
    const candidates = liars.length > 0 ? liars : living;
    const one = candidates[random.between(0, candidates.length - 1)];
    return one === undefined ? drawn : [...new Set([...drawn, one])];
  }

  /** Has those that lie say that messages are stored which cannot get out. */
  private async tempt(victims: readonly Member[]): Promise<void> {
    const { company } = this;
    company.relay.swallow();
    this.count('cuts');
    const liars = company.publishers.filter((each) => victims.includes(each));
    const enough = new Map(liars.map((each) => [each, each.counts.stored + 1]));
    await company.within(STAKE_MILLIS_MAX, () => liars.every((each) => each.counts.stored >= (enough.get(each) ?? 0)));
  }

  /** @returns whether it was killed with something in its hands. */
  private async endLife(member: Member): Promise<boolean> {
    const { random, kind } = member;
    // Some at the same moment, some shortly after each other.
    if (random.chance(0.5)) await setTimeout(random.next() * 20);
    if (random.chance(0.1)) {
      await member.stop();
      this.count('stops');
      return false;
    }
    await member.kill();
    const { isAtStake } = member;
    const { killed, atStake } = this.totals.kills[kind];
    const count: KillCount = { killed: killed + 1, atStake: atStake + (isAtStake ? 1 : 0) };
    this.totals = { ...this.totals, kills: { ...this.totals.kills, [kind]: count } };
    return isAtStake;
  }

  /** Begins its next life, after a while, perhaps in several attempts; or does not yet. */
  private async revive(member: Member): Promise<void> {
    const { random } = member;
    if (!random.chance(RETURN_CHANCE)) return;
    if (random.chance(0.7)) await setTimeout(random.next() * AWAY_MILLIS_MAX);
    while (random.chance(0.1)) {
      const start = member.start();
      await setTimeout(random.next() * START_MILLIS_MAX);
      await member.kill();
      await start;
      this.count('killedStarts');
    }
    await member.start();
  }

  /** Has everybody finish what there is, and checks it. */
  private async reckon(): Promise<void> {
    const { company } = this;
    await company.finish();
    const { publishers, subscribers } = company;
    const taken = new Set(subscribers.flatMap(({ takings }) => takings.map(labelKey)));
    const unstored = publishers
      .flatMap(({ messages }) => messages)
      .filter((each) => !each.isStored && company.isRecent(each));
    const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
    this.totals = {
      ...this.totals,
      faults: findFaults(company.history()),
      tried: sum(publishers.map(({ counts }) => counts.tried)),
      stored: company.stored,
      arrivedUnstored: this.totals.arrivedUnstored + unstored.filter((each) => taken.has(labelKey(each))).length,
      taken: sum(subscribers.map(({ counts }) => counts.taken)),
      repeatedUnderKey: sum(subscribers.map(({ counts }) => counts.repeatedUnderKey)),
      repeatedOtherwise: sum(subscribers.map(({ counts }) => counts.repeatedOtherwise)),
    };
    company.resume();
  }

  private count(what: 'cycles' | 'idleCycles' | 'together' | 'killedStarts' | 'stops' | 'cuts'): void {
    this.totals = { ...this.totals, [what]: this.totals[what] + 1 };
  }
}
