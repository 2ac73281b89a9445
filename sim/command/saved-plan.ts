// Plans in files: what a run saves of a violation, and the regressions (sim/regressions/), which are such files with a sentence
// about the bug that was behind it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { checkPlan } from '../generate/check-plan.ts';
import type { Plan } from '../plan.ts';

/** A plan, and what about it. */
export interface SavedPlan {
  /** What went wrong with it. */
  readonly sentence: string;
  readonly plan: Plan;
}

/** Writes it where people can read and edit it. */
export function savePlan(file: string, { sentence, plan }: SavedPlan): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ sentence, plan }, null, 2)}\n`);
}

/**
 * Reads what was saved, or a bare plan.
 * @throws {Error} with a sentence: there is no such file, or no plan in it.
 */
export function loadPlan(file: string): SavedPlan {
  // Its form is what checkPlan is for.
  const json = JSON.parse(readFileSync(file, 'utf8')) as SavedPlan | Plan;
  const saved = 'plan' in json ? json : { sentence: '', plan: json };
  checkPlan(saved.plan);
  return saved;
}
