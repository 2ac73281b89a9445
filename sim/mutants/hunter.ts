// A thread with one mutant planted in it, or none, which runs seeds until one shows it, or one plan. It says which seed it is at, so that whoever waits for
// it can tell which one never ends.

import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

import type { Violation } from '../check/violation.ts';
import type { HuntOrder, HuntReport } from './hunt.ts';
import { plantMutant, ROOT } from './planting.ts';

const { mutant, seeds, plan } = workerData as HuntOrder; // What hunt.ts has put there.

// Else two thirds of a short hunt go into compiling what the thread before has compiled. Sources are told apart by what is in them.
enableCompileCache();
const planted = mutant === undefined ? undefined : plantMutant(mutant);
const { runChecked, runSeed } = await import('../command/run-seed.ts');
const { loadPlan } = await import('../command/saved-plan.ts');
const { makePlan, scenarioOf } = await import('../generate/make-plan.ts');

parentPort?.postMessage(await hunt(), []);

async function hunt(): Promise<HuntReport> {
  if (plan !== undefined) {
    const { violations } = await runChecked(loadPlan(path.join(ROOT, plan)).plan);
    return foundBy(violations, 0) ?? survived();
  }
  for (let seed = seeds.first; seed <= seeds.last; seed++) {
    if (seeds.but.has(seed) || !isOfKind(seed)) continue;
    parentPort?.postMessage({ kind: 'at', seed } satisfies HuntReport, []);
    const { violations } = await runSeed(seed);
    const found = foundBy(violations, seed);
    if (found !== undefined) return found;
  }
  return survived();
}

function foundBy([violation]: readonly Violation[], seed: number): HuntReport | undefined {
  return violation && { kind: 'found', seed, checker: violation.checker, sentence: violation.sentence };
}

function survived(): HuntReport {
  return { kind: 'survived', untouched: planted?.untouched() ?? [] };
}

function isOfKind(seed: number): boolean {
  const { kinds } = seeds;
  if (kinds === undefined || kinds.includes(scenarioOf(seed))) return true;
  return kinds.includes('sqlite') && makePlan(seed).broker.store === 'sqlite';
}
