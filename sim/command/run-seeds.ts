// Many seeds, in several processes: hands out small batches until there is nothing left to do, adds up what comes back. A worker that is
// lost is a finding about the seed that it was at; another one takes its place. It writes nothing to the terminal.

import type { ScenarioName } from '../generate/scenarios.ts';
import { unreachable } from '../../src/base/assert.ts';
import { Coverage } from '../report/coverage.ts';
import type { Failure, Report, Tally } from './messages.ts';
import { WorkerProcess } from './worker-process.ts';

/** So many seeds are handed out at once; a fraction of a second. */
const BATCH_SEEDS = 20;

/** What to run, and who hears of it. */
export interface RunChoice {
  readonly from: number;
  /** `undefined`: until it is stopped. */
  readonly seeds: number | undefined;
  readonly scenario: ScenarioName | undefined;
  /** The name of a known bug to plant in the processes that do the work. */
  readonly mutant: string | undefined;
  readonly jobs: number;
  readonly keepGoing: boolean;
  readonly timeline: boolean;
  /** What has begun is finished; what has not is left. */
  readonly stop: AbortSignal;
  readonly onTally: (sum: Tally) => void;
  readonly onFailure: (failure: Failure) => void;
  readonly onTimeline: (seed: number, lines: readonly string[]) => void;
}

/** What came of it. */
export interface RunOutcome {
  readonly tally: Tally;
  readonly coverage: Coverage;
  /** By seed. */
  readonly failures: readonly Failure[];
}

/** The workers cannot even begin. */
export class WorkersFailedError extends Error {
  override readonly name = 'WorkersFailedError';
}

/** @throws {WorkersFailedError} */
export function runSeeds(choice: RunChoice): Promise<RunOutcome> {
  return new Promise((resolve, reject) => {
    const run = new SeedsRun(choice, resolve, reject);
    run.start();
  });
}

class SeedsRun {
  private readonly choice: RunChoice;
  private readonly resolve: (outcome: RunOutcome) => void;
  private readonly reject: (error: Error) => void;
  private readonly workers: Set<Member>;
  private readonly coverage: Coverage;
  private readonly failures: Failure[];
  private tally: Tally;
  private nextSeed: number;
  /** Of workers that were lost. */
  private readonly leftOver: number[];
  private isStopping: boolean;

  constructor(choice: RunChoice, resolve: (outcome: RunOutcome) => void, reject: (error: Error) => void) {
    this.choice = choice;
    this.resolve = resolve;
    this.reject = reject;
    this.workers = new Set();
    this.coverage = new Coverage();
    this.failures = [];
    this.tally = { runs: 0, compared: 0, virtualMillis: 0, events: 0 };
    this.nextSeed = choice.from;
    this.leftOver = [];
    this.isStopping = false;
  }

  start(): void {
    const { jobs, seeds, stop } = this.choice;
    if (stop.aborted) this.isStopping = true;
    stop.addEventListener('abort', () => void (this.isStopping = true));
    const count = Math.min(jobs, Math.ceil((seeds ?? Infinity) / BATCH_SEEDS));
    for (let i = 0; i < count; i++) this.hire();
  }

  private hire(): void {
    const member: Member = new Member(this.choice.mutant, {
      onReport: (report) => this.hear(member, report),
      onLost: (why) => this.lose(member, why),
    });
    this.workers.add(member);
    this.assign(member);
  }

  private assign(member: Member): void {
    const { scenario, timeline } = this.choice;
    const seeds = this.isStopping ? [] : this.takeSeeds();
    member.seeds = seeds;
    member.process.order(seeds.length === 0 ? { kind: 'tell-coverage' } : { kind: 'run', seeds, scenario, timeline });
  }

  private takeSeeds(): number[] {
    const { from, seeds = Infinity } = this.choice;
    const batch = this.leftOver.splice(0, BATCH_SEEDS);
    while (batch.length < BATCH_SEEDS && this.nextSeed < from + seeds) batch.push(this.nextSeed++);
    return batch;
  }

  private hear(member: Member, report: Report): void {
    switch (report.kind) {
      case 'began':
        member.seed = report.seed;
        member.seeds = member.seeds.filter((seed) => seed !== report.seed);
        return undefined;
      case 'showed':
        return this.choice.onTimeline(report.seed, report.lines);
      case 'failed':
        return this.fail(report.failure);
      case 'ran':
        member.seed = undefined;
        this.tally = sum(this.tally, report.tally);
        this.choice.onTally(this.tally);
        return this.assign(member);
      case 'coverage':
        this.coverage.addAll(report.entries);
        return this.dismiss(member);
      // Nobody was asked.
      case 'shrinking':
      case 'shrunk':
      case 'replayed':
        return undefined;
      default:
        return unreachable(report);
    }
  }

  private lose(member: Member, why: string): void {
    const { seed, seeds } = member;
    if (seed === undefined && this.tally.runs === 0) {
      this.isStopping = true;
      this.reject(new WorkersFailedError(why));
    }
    if (seed !== undefined) {
      this.fail({ seed, plan: undefined, violations: [{ checker: 'the simulator itself', sentence: why, at: 0 }] });
    }
    this.leftOver.push(...seeds);
    this.dismiss(member);
    if (!this.isStopping) this.hire();
  }

  private fail(failure: Failure): void {
    this.failures.push(failure);
    if (!this.choice.keepGoing) this.isStopping = true;
    this.choice.onFailure(failure);
  }

  private dismiss(member: Member): void {
    this.workers.delete(member);
    // A process that has nothing to do any more.
    void member.process.end();
    if (this.workers.size > 0) return;
    const failures = this.failures.toSorted((one, other) => one.seed - other.seed);
    this.resolve({ tally: this.tally, coverage: this.coverage, failures });
  }
}

/** A worker, and where it is. */
class Member {
  readonly process: WorkerProcess;
  /** The one that it is at. */
  seed: number | undefined;
  /** Those that it has not begun. */
  seeds: readonly number[];

  constructor(mutant: string | undefined, listener: ConstructorParameters<typeof WorkerProcess>[1]) {
    this.process = new WorkerProcess(mutant, listener);
    this.seed = undefined;
    this.seeds = [];
  }
}

function sum(one: Tally, other: Tally): Tally {
  return {
    runs: one.runs + other.runs,
    compared: one.compared + other.compared,
    virtualMillis: one.virtualMillis + other.virtualMillis,
    events: one.events + other.events,
  };
}
