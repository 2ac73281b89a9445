// One job for one worker of its own, which has run nothing else before: what does not repeat there depends on more than its plan.

import type { Violation } from '../check/violation.ts';
import type { Plan } from '../plan.ts';
import type { Order, Report, ShrinkChoice } from './messages.ts';
import { WorkerProcess } from './worker-process.ts';

/** What happened when a plan was run. */
export interface Replay {
  readonly violations: readonly Violation[];
  readonly lines: readonly string[];
}

/** What became of a plan. */
export interface Shrinking {
  readonly plan: Plan;
  readonly runs: number;
  readonly isSmallest: boolean;
}

/** Runs a plan, twice, in a process of its own. */
export async function replayAlone(plan: Plan, mutant: string | undefined): Promise<Replay> {
  let replay: Replay | undefined;
  const why = await workAlone({ kind: 'replay', plan }, mutant, (report) => {
    if (report.kind === 'replayed') replay = report;
    return report.kind === 'replayed';
  });
  return replay ?? { violations: [{ checker: 'the simulator itself', sentence: why, at: 0 }], lines: [] };
}

/** How a plan is shrunk. */
export interface ShrinkAloneChoice {
  readonly mutant: string | undefined;
  readonly bounds: ShrinkChoice;
  /** What it has found by then is what there is. */
  readonly stop: AbortSignal;
  /** Now and then. */
  readonly onProgress: (best: Plan, runs: number) => void;
}

/**
 * Shrinks a plan as long as a checker complains, in a process of its own. If that is lost, what it had found by then is what there is.
 */
export async function shrinkAlone(
  plan: Plan,
  checker: string,
  { mutant, bounds, stop, onProgress }: ShrinkAloneChoice,
): Promise<Shrinking> {
  let best: Shrinking = { plan, runs: 0, isSmallest: false };
  const isLast = (report: Report): boolean => {
    if (report.kind === 'shrinking') {
      best = { plan: report.best, runs: report.runs, isSmallest: false };
      onProgress(report.best, report.runs);
    }
    if (report.kind === 'shrunk') best = report;
    return report.kind === 'shrunk';
  };
  await workAlone({ kind: 'shrink', plan, checker, bounds }, mutant, isLast, stop);
  return best;
}

/** Until `isLast` says so of a report. Answers why it ended before. */
async function workAlone(
  order: Order,
  mutant: string | undefined,
  isLast: (report: Report) => boolean,
  stop?: AbortSignal,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const worker = new WorkerProcess(mutant, {
    onReport: (report) => {
      if (isLast(report)) resolve('');
    },
    onLost: resolve,
  });
  const onStop = (): void => resolve('it was told to stop');
  stop?.addEventListener('abort', onStop);
  worker.order(order);
  const why = await promise;
  stop?.removeEventListener('abort', onStop);
  await worker.end();
  return why;
}
