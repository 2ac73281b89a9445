// A run of faults in system calls: life after life of a broker on one data directory, under load, each with one call on the store's
// files that fails (meddling.ts), while it starts, runs or stops. It may go on; it may say that it is full, and recover; or it ends, as
// the documentation says (ending.ts). Then it is started without faults, if need be after `vouch store check --accept`,
// and everything that was acknowledged must be there.
//
// A life counts only if the trace shows that a call was made to fail.

import path from 'node:path';

import { EXIT } from '../../src/server/exit-codes.ts';
import { BrokerProcess, type BrokerStart, runVouch } from './broker-process.ts';
import type { Fault } from './checks.ts';
import { Company } from './company.ts';
import { composedBroker, VOUCH } from './data-directory.ts';
import { announcesRefusal, findWrongEnding, type Phase, wantsAcceptance } from './ending.ts';
import type { Ending } from './killable.ts';
import { hasMeddled, KIND_COUNT, type Meddling, meddlingAt, meddlingWith, showMeddling } from './meddling.ts';

/** What is asked of a run. */
export interface FaultRunChoice {
  /** Empty. */
  readonly directory: string;
  readonly seed: number;
  /** How many faults must have come about. */
  readonly cycles: number;
  /** How many lives there may be in all. */
  readonly cyclesMax: number;
  /** After so many of them everything is fetched and checked. */
  readonly cyclesPerReckoning: number;
  /** A life ends after at most so many acknowledgements. */
  readonly acknowledgementsMax: number;
  /** What is meddled with, instead of the walk over all kinds, and what stands in for the broker. */
  readonly only?: { readonly meddling: Meddling; readonly start: BrokerStart } | undefined;
  /** How long nothing at all may happen while everything is fetched. */
  readonly patienceMillis?: number | undefined;
  /** Is told after every life. */
  readonly onProgress: (line: string, totals: FaultTotals) => void;
}

/** What a run came to. */
export interface FaultTotals {
  readonly faults: readonly Fault[];
  /** Lives in which a call failed, and those that never came to it. */
  readonly cycles: number;
  readonly idleCycles: number;
  /** What they came to. */
  readonly outcomes: { readonly [outcome in Outcome]: number };
  readonly messages: number;
  readonly acknowledged: number;
  readonly copies: number;
}

/** What became of a life with a fault in it. */
type Outcome = 'went on' | 'was full' | 'failed' | 'did not start';

/** Longer than SQLite tries again where a lock cannot be had. */
const SILENCE_MILLIS_MAX = 30_000;
/** How long a broker that was full once may take to say that there is room: it looks once a second. */
const RECOVERY_MILLIS_MAX = 30_000;
const ASK_AGAIN_MILLIS = 200;
const CHANCE_OF_STOP = 0.4;
/** In turn; the second one writes its log back all the time. */
const STARTS: readonly BrokerStart[] = [VOUCH, composedBroker('restless')];
/** Finds a reserve that is not what it wants: only then these calls are made. */
const OTHER_RESERVE: BrokerStart = { options: ['--store-reserve-bytes', '2MiB', '--will-restart-grace', '0s'] };
const CALLS_ON_RESERVE = ['write', 'unlink'];

const NOTHING: FaultTotals = {
  faults: [],
  cycles: 0,
  idleCycles: 0,
  outcomes: { 'went on': 0, 'was full': 0, failed: 0, 'did not start': 0 },
  messages: 0,
  acknowledged: 0,
  copies: 0,
};

/** Runs it until enough calls failed, or something is wrong. */
export async function runFaults(choice: FaultRunChoice): Promise<FaultTotals> {
  const run = new FaultRun(choice);
  try {
    return await run.play();
  } catch (error) {
    throw new Error(`With seed ${choice.seed}, ${run.what}. The broker said of late:\n${run.said}`, { cause: error });
  } finally {
    await run.end();
  }
}

class FaultRun {
  private readonly choice: FaultRunChoice;
  private readonly company: Company;
  private readonly data: string;
  private broker: BrokerProcess;
  private totals: FaultTotals;
  /** Of what is going on: the place. */
  what: string;

  constructor(choice: FaultRunChoice) {
    this.choice = choice;
    this.company = new Company(choice.seed, choice.patienceMillis);
    this.data = path.join(choice.directory, 'data');
    this.broker = BrokerProcess.spawn(this.data, VOUCH);
    this.totals = NOTHING;
    this.what = 'at the beginning';
  }

  get said(): string {
    return this.broker.said;
  }

  async end(): Promise<void> {
    await this.broker.kill();
  }

  async play(): Promise<FaultTotals> {
    const { cycles, cyclesMax, cyclesPerReckoning, seed, onProgress } = this.choice;
    await this.company.enrol(await this.broker.port());
    await this.endCalmly();
    for (let step = 0; this.totals.cycles < cycles && step < cyclesMax; step++) {
      const meddling = this.choice.only?.meddling ?? meddlingAt(seed, step);
      this.what = showMeddling(meddling);
      const { outcome, refusesNext } = await this.live(
        meddling,
        path.join(this.choice.directory, `trace${step}`),
        step,
      );
      await this.recover(refusesNext);
      const isLast = step + 1 === cyclesMax || this.totals.cycles >= cycles;
      if ((step + 1) % cyclesPerReckoning === 0 || isLast) await this.reckon();
      onProgress(`${this.what}: ${outcome ?? 'never came to it'}`, this.totals);
      if (this.totals.faults.length > 0) break;
      await this.endCalmly();
    }
    return this.totals;
  }

  /** One life with a fault in it. `outcome` is `undefined` where it never came to it. */
  private async live(
    meddling: Meddling,
    file: string,
    step: number,
  ): Promise<{ readonly outcome: Outcome | undefined; readonly refusesNext: boolean }> {
    const { company, data, choice } = this;
    const { chronicle, random } = company;
    const start = choice.only?.start ?? startFor(meddling, step);
    const broker = BrokerProcess.spawn(data, { ...start, under: meddlingWith(meddling, data, file) });
    this.broker = broker;
    let isOver = false;
    void broker.ended.then(() => {
      isOver = true;
      chronicle.tick();
    });
    const port = await broker.port().catch(() => undefined);
    chronicle.mayBeFull = true;
    const refusedBefore = company.refused;
    if (port !== undefined) await this.work(port, meddling, () => isOver);
    const isEndedByItself = isOver;
    const willStop = random.chance(CHANCE_OF_STOP);
    let ending: Ending;
    if (isOver) ending = await broker.ended;
    else if (willStop) ending = await company.stop(broker);
    else ending = await broker.kill();
    await company.untilAway();
    chronicle.mayBeFull = false;

    const phase: Phase = port === undefined ? 'starting' : isEndedByItself ? 'running' : 'stopping';
    const wasKilled = phase === 'stopping' && !willStop && ending.signal === 'SIGKILL';
    const wrong = wasKilled ? undefined : findWrongEnding(ending, phase, meddling.calls === 'pread64');
    if (wrong !== undefined) chronicle.complain(`${this.what}: ${wrong}`);
    return {
      outcome: this.count(file, outcomeOf(port, ending, company.refused > refusedBefore)),
      refusesNext: announcesRefusal(ending),
    };
  }

  /** Puts the broker under load until it is over, is full, or has done enough. */
  private async work(port: number, { lasts }: Meddling, isOver: () => boolean): Promise<void> {
    const { company, choice } = this;
    const { random, cast, chronicle } = company;
    for (const { subscriber, presence } of cast.parts) {
      if (presence === 'visits' && random.chance(0.6)) subscriber.connect(port);
    }
    const refusedBefore = company.refused;
    const isFull = (): boolean => company.refused > refusedBefore;
    company.load(port);
    const target = company.acknowledged + random.between(choice.acknowledgementsMax / 4, choice.acknowledgementsMax);
    const isDone = (): boolean => isOver() || company.acknowledged >= target;
    await chronicle.until(
      () => isDone() || isFull(),
      () => 'for acknowledgements under load',
      SILENCE_MILLIS_MAX,
    );
    if (!lasts && isFull() && !isDone()) await this.seeRoomAgain(port, isOver);
  }

  /** One call has said that there is no room: soon there is. */
  private async seeRoomAgain(port: number, isOver: () => boolean): Promise<void> {
    const { company } = this;
    const { chronicle } = company;
    const target = company.acknowledged + company.cast.publishers.length;
    const hasRoom = (): boolean => company.acknowledged >= target || isOver();
    const asking = setInterval(() => company.askAgain(port), ASK_AGAIN_MILLIS);
    const limit = AbortSignal.timeout(RECOVERY_MILLIS_MAX);
    await chronicle.until(
      () => hasRoom() || limit.aborted,
      () => 'for room',
      2 * RECOVERY_MILLIS_MAX,
    );
    clearInterval(asking);
    if (!hasRoom()) chronicle.complain(`${this.what}: the broker did not recover from being full`);
  }

  /** Starts it without faults; refused, it must say what to do, and that must help. */
  private async recover(refuses: boolean): Promise<void> {
    const { company, data } = this;
    const { chronicle } = company;
    this.broker = BrokerProcess.spawn(data, VOUCH);
    const port = await this.broker.port().catch(() => undefined);
    if (port !== undefined) {
      if (refuses) chronicle.complain(`${this.what}: the broker started though it had said that it would not`);
      return;
    }
    const refusal = await this.broker.ended;
    if (!wantsAcceptance(refusal)) throw new Error(`It did not start without faults: ${refusal.stderr}`);
    const accepted = runVouch(['store', 'check', '--accept', '--data', data]);
    if (accepted.code !== EXIT.ok) throw new Error(`It was not accepted: ${accepted.stderr}`);
    this.broker = BrokerProcess.spawn(data, VOUCH);
    await this.broker.port();
  }

  /** Ends the broker without faults: sometimes a log is left for the next start to write back. */
  private async endCalmly(): Promise<void> {
    if (this.company.random.chance(0.5)) await this.company.stop(this.broker);
    else await this.broker.kill();
    await this.company.untilAway();
  }

  private async reckon(): Promise<void> {
    const { company, totals } = this;
    const port = await this.broker.port();
    await company.fetch(port);
    const { mortals, parts } = company.cast;
    mortals.forgive((will) => parts.some(({ subscriber }) => subscriber.inboxes.some((inbox) => inbox.has(will))));
    const { faults, messages, acknowledged, copies } = await company.check(port);
    this.totals = {
      ...totals,
      faults: [...totals.faults, ...faults],
      messages: totals.messages + messages,
      acknowledged: totals.acknowledged + acknowledged,
      copies: totals.copies + copies,
    };
  }

  private count(file: string, outcome: Outcome): Outcome | undefined {
    const { totals } = this;
    if (!hasMeddled(file)) {
      this.totals = { ...totals, idleCycles: totals.idleCycles + 1 };
      return undefined;
    }
    const outcomes = { ...totals.outcomes, [outcome]: totals.outcomes[outcome] + 1 };
    this.totals = { ...totals, cycles: totals.cycles + 1, outcomes };
    return outcome;
  }
}

function startFor({ calls }: Meddling, step: number): BrokerStart {
  // Kinds of calls come in turn, too: with each round the starts change places.
  const turn = step + Math.floor(step / KIND_COUNT);
  return CALLS_ON_RESERVE.includes(calls) ? OTHER_RESERVE : (STARTS[turn % STARTS.length] ?? VOUCH);
}

function outcomeOf(port: number | undefined, { code }: Ending, wasFull: boolean): Outcome {
  if (port === undefined) return 'did not start';
  if (code === EXIT.storeFailed) return 'failed';
  return wasFull ? 'was full' : 'went on';
}
