// One seed, from its number to what is wrong with what it did.

import { checkHistory } from '../check/checkers.ts';
import type { Violation } from '../check/violation.ts';
import { makePlan } from '../generate/make-plan.ts';
import type { ScenarioName } from '../generate/scenarios.ts';
import type { History } from '../history.ts';
import type { Plan } from '../plan.ts';
import { runPlan } from '../world/run-plan.ts';

/** A plan, what happened, and what is wrong with it. */
export interface Ran {
  readonly plan: Plan;
  readonly history: History;
  readonly violations: readonly Violation[];
}

/** Makes the plan of a seed and runs it. */
export function runSeed(seed: number, options: { readonly scenario?: ScenarioName | undefined } = {}): Promise<Ran> {
  return runChecked(makePlan(seed, options.scenario));
}

/** Runs a plan and checks what happened. */
export async function runChecked(plan: Plan): Promise<Ran> {
  const history = await runPlan(plan);
  return { plan, history, violations: checkHistory(history) };
}
