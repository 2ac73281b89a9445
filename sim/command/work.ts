// The work of a worker: it is handed seeds, and answers with what came of them. It knows nothing of the terminal, and ends when the
// command does.

import type { Violation } from '../check/violation.ts';
import { checkPlan } from '../generate/check-plan.ts';
import { featuresOf } from '../generate/features.ts';
import type { Plan } from '../plan.ts';
import { Coverage } from '../report/coverage.ts';
import { shrink } from '../report/shrink.ts';
import { timelineOf } from '../report/timeline.ts';
import { traceHash } from '../report/trace-hash.ts';
import type { Order, Report, ShrinkChoice, Tally } from './messages.ts';
import { type Ran, runChecked, runSeed } from './run-seed.ts';

/** One in so many seeds is run twice. */
const COMPARED_EVERY = 100;
const PROGRESS_MILLIS = 200;

let coverage = new Coverage();
let work: Promise<void> = Promise.resolve();

/** Obeys whatever comes from the command, one order after the other. */
export function obeyOrders(): void {
  // Ctrl-C reaches every process of a terminal. The command decides what becomes of it.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', (order: Order) => {
    work = work.then(() => obey(order));
  });
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'run':
      return runSeeds(order);
    case 'tell-coverage':
      tell({ kind: 'coverage', entries: coverage.entries() });
      coverage = new Coverage();
      return;
    case 'shrink':
      return shrinkPlan(order.plan, order.checker, order.bounds);
    case 'replay':
      return replay(order.plan);
  }
}

async function runSeeds({ seeds, scenario, timeline }: Extract<Order, { readonly kind: 'run' }>): Promise<void> {
  let tally: Tally = { runs: 0, compared: 0, virtualMillis: 0, events: 0 };
  for (const seed of seeds) {
    tell({ kind: 'began', seed });
    const ran = await runSeed(seed, { scenario });
    coverage.addRun(ran.history, featuresOf(ran.plan));
    const isCompared = seed % COMPARED_EVERY === 0;
    const violations = isCompared ? [...ran.violations, ...(await compare(ran))] : ran.violations;
    if (timeline) tell({ kind: 'showed', seed, lines: timelineOf(ran.history, violations) });
    if (violations.length > 0) tell({ kind: 'failed', failure: { seed, plan: ran.plan, violations } });
    const { events } = ran.history;
    tally = {
      runs: tally.runs + 1,
      compared: tally.compared + (isCompared ? 1 : 0),
      virtualMillis: tally.virtualMillis + (events.at(-1)?.at ?? 0),
      events: tally.events + events.length,
    };
  }
  tell({ kind: 'ran', tally });
}

/** Runs it again: the same must happen, event for event. */
async function compare({ plan, history }: Ran): Promise<readonly Violation[]> {
  const again = await runChecked(plan);
  if (traceHash(history) === traceHash(again.history)) return [];
  const one = timelineOf(history, []);
  const other = timelineOf(again.history, []);
  const index = one.findIndex((line, at) => line !== other[at]);
  const sentence = `run twice, it goes another way from event ${index + 1} on: ${one[index] ?? 'nothing'} / ${other[index] ?? 'nothing'}`;
  return [{ checker: 'determinism', sentence, at: history.events[index]?.at ?? 0 }];
}

async function shrinkPlan(plan: Plan, checker: string, { runsMax, millisMax }: ShrinkChoice): Promise<void> {
  const started = performance.now();
  let told = started;
  const shrunk = await shrink(plan, (offer) => fails(offer, checker), {
    runsMax,
    isTimeUp: () => performance.now() - started > millisMax,
    onProgress: (best, runs) => {
      if (performance.now() - told < PROGRESS_MILLIS) return;
      told = performance.now();
      tell({ kind: 'shrinking', best, runs });
    },
  });
  tell({ kind: 'shrunk', ...shrunk });
}

/** Whether the same checker complains about a plan, if it is one. */
async function fails(plan: Plan, checker: string): Promise<boolean> {
  try {
    checkPlan(plan);
  } catch {
    // What was left out was needed.
    return false;
  }
  const ran = await runChecked(plan);
  const violations = checker === 'determinism' ? await compare(ran) : ran.violations;
  return violations.some((violation) => violation.checker === checker);
}

async function replay(plan: Plan): Promise<void> {
  const ran = await runChecked(plan);
  const violations = [...ran.violations, ...(await compare(ran))];
  tell({ kind: 'replayed', violations, lines: timelineOf(ran.history, violations) });
}

function tell(report: Report): void {
  process.send?.(report);
}
