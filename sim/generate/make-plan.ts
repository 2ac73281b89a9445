// From a seed to a schedule. The same seed makes the same plan, for ever on one version of these files.

import type { Plan } from '../plan.ts';
import { SeededRandom } from '../seeded-random.ts';
import { checkPlan } from './check-plan.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';

/**
 * Makes the plan of a seed.
 * @param scenario  What kind of plan; default: the seed draws one.
 */
export function makePlan(seed: number, scenario: ScenarioName = scenarioOf(seed)): Plan {
  const plan = SCENARIOS[scenario].draw(new SeededRandom(seed).fork(scenario), seed);
  checkPlan(plan);
  return plan;
}

/** The kind of plan that a seed draws. */
export function scenarioOf(seed: number): ScenarioName {
  const total = Object.values(SCENARIOS).reduce((sum, { weight }) => sum + weight, 0);
  let left = new SeededRandom(seed).fork('scenario').between(1, total);
  for (const [name, { weight }] of Object.entries(SCENARIOS)) {
    left -= weight;
    if (left <= 0 && isScenarioName(name)) return name;
  }
  return 'anything';
}

/** Whether there is such a kind of plan. */
export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}
