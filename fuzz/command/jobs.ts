// Fuzzing in several threads: who fuzzes what, what they have done together, and what one of them has found. A thread that
// hangs or runs out of memory is a finding like others; its black box has the input.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { BlackBox } from '../engine/black-box.ts';
import { claimOf } from '../engine/escape.ts';
import type { Target, TargetName } from '../engine/target.ts';
import type { JobEscape, JobOrder, JobProgress, JobReport } from './job.ts';
import { targetOf } from './targets.ts';

/** What is to be fuzzed, and for how long. */
export interface FuzzChoice {
  readonly targets: readonly TargetName[];
  readonly seed: number;
  /** Threads in all; every target has at least one. */
  readonly jobs: number;
  readonly millis: number;
  /** How many inputs of each target to execute, all its threads together; `Infinity`: as many as there is time for. */
  readonly executions: { readonly [Name in TargetName]: number };
  readonly onProgress: (sums: readonly TargetSum[]) => void;
}

/** What all threads of a target have done. */
export interface TargetSum {
  readonly target: TargetName;
  readonly executions: number;
  /** The most blocks of code that one of them has run. */
  readonly blocks: number;
  readonly features: number;
}

/** How it went. */
export interface FuzzOutcome {
  readonly sums: readonly TargetSum[];
  /** What was found first; `undefined`: nothing. */
  readonly escape: (JobEscape & { readonly target: TargetName }) | undefined;
  /** Inputs some of which ran code that the corpus does not, by target. */
  readonly kept: ReadonlyMap<TargetName, readonly Uint8Array[]>;
}

const LOOK_MILLIS = 250;
const PROGRESS_MILLIS = 5_000;
const HEAP_MIB_MAX = 1_024;
/** An escape is made small in less. */
const SMALL_MILLIS_MAX = 60_000;

/** Fuzzes until the time is up, the inputs are executed, or something is found. */
export async function fuzzInThreads(choice: FuzzChoice): Promise<FuzzOutcome> {
  const count = Math.max(choice.jobs, choice.targets.length);
  const jobs = Array.from({ length: count }, (_, at) => {
    const target = choice.targets[at % choice.targets.length] ?? 'codec';
    const sharers = Math.floor((count - 1 - (at % choice.targets.length)) / choice.targets.length) + 1;
    return new Job(target, choice.seed + at, Math.ceil(choice.executions[target] / sharers));
  });
  const end = performance.now() + choice.millis;
  let told = performance.now();
  while (jobs.some((job) => job.isRunning)) {
    await sleep(LOOK_MILLIS);
    const now = performance.now();
    if (now > end || jobs.some((job) => job.hasFound)) for (const job of jobs) job.end();
    for (const job of jobs) job.endIfHanging(now);
    if (now - told < PROGRESS_MILLIS) continue;
    told = now;
    choice.onProgress(sumsOf(choice.targets, jobs));
  }
  const finder = jobs.find((job) => job.escape !== undefined);
  return {
    sums: sumsOf(choice.targets, jobs),
    escape: finder?.escape === undefined ? undefined : { ...finder.escape, target: finder.target.name },
    kept: new Map(
      choice.targets.map((name) => [name, jobs.flatMap((job) => (job.target.name === name ? job.kept : []))]),
    ),
  };
}

/** One thread. */
class Job {
  readonly target: Target;
  isRunning: boolean;
  escape: JobEscape | undefined;
  progress: JobProgress;
  kept: readonly Uint8Array[];
  private readonly worker: Worker;
  private readonly blackBox: BlackBox;
  /** How many inputs it had taken up when one was last seen to be new, and when that was. */
  private seen: { readonly executions: number; readonly at: number };

  constructor(name: TargetName, seed: number, executions: number) {
    this.target = targetOf(name);
    this.isRunning = true;
    this.escape = undefined;
    this.progress = { kind: 'progress', executions: 0, blocks: 0, features: 0 };
    this.kept = [];
    this.blackBox = new BlackBox();
    this.seen = { executions: 0, at: performance.now() };
    const order: JobOrder = { target: name, seed, executions, blackBox: this.blackBox.memory };
    this.worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: order,
      // In code that comes from a cache, V8 may count functions where it otherwise counts blocks.
      env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    });
    this.worker.on('message', (report: JobReport) => this.hear(report));
    this.worker.on('error', (error: unknown) => this.fail(claimOf(error), error));
    this.worker.on('exit', () => {
      this.isRunning = false;
    });
  }

  /** It has found something, whatever that is. */
  get hasFound(): boolean {
    return this.escape !== undefined;
  }

  /** It is to end after the batch at hand. */
  end(): void {
    this.blackBox.end();
  }

  /** Ends it if it has been with one input for too long, or with making one small. */
  endIfHanging(now: number): void {
    const { executions } = this.blackBox;
    if (executions !== this.seen.executions) this.seen = { executions, at: now };
    const limit = this.hasFound ? SMALL_MILLIS_MAX : this.target.hangMillis;
    if (!this.isRunning || executions === 0 || now - this.seen.at < limit) return;
    this.fail('every execution ends', `It has not in ${limit} ms.`);
    void this.worker.terminate(); // 'exit' tells when it has.
  }

  private hear(report: JobReport): void {
    switch (report.kind) {
      case 'progress':
        this.progress = report;
        return;
      case 'escape':
        this.escape = report;
        return;
      case 'end':
        this.kept = report.kept;
        return;
      default:
        return report satisfies never;
    }
  }

  /** Something happened that the thread could not tell of itself. */
  private fail(claim: string, error: unknown): void {
    const { input } = this.blackBox;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const description = this.target.describe(input);
    this.escape ??= { kind: 'escape', claim, text, input, bytesAtFirst: input.length, description };
  }
}

function sumsOf(targets: readonly TargetName[], jobs: readonly Job[]): readonly TargetSum[] {
  return targets.map((target) => {
    const theirs = jobs.filter((job) => job.target.name === target).map((job) => job.progress);
    return {
      target,
      executions: theirs.reduce((sum, { executions }) => sum + executions, 0),
      blocks: Math.max(...theirs.map(({ blocks }) => blocks)),
      features: Math.max(...theirs.map(({ features }) => features)),
    };
  });
}
