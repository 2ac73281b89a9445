// A thread with one mutant planted in it, or none, which runs seeds until one shows it. It says which seed it is at, so that whoever waits for
// it can tell which one never ends.

import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

import type { HuntOrder, HuntReport } from './hunt.ts';
import { plantMutant } from './planting.ts';

const { mutant, seeds } = workerData as HuntOrder; // What hunt.ts has put there.

// Else two thirds of a short hunt go into compiling what the thread before has compiled. Sources are told apart by what is in them.
enableCompileCache();
const planted = mutant === undefined ? undefined : plantMutant(mutant);
const { runSeed } = await import('../command/run-seed.ts');
const { makePlan, scenarioOf } = await import('../generate/make-plan.ts');

parentPort?.postMessage(await hunt(), []);

async function hunt(): Promise<HuntReport> {
  for (let seed = seeds.first; seed <= seeds.last; seed++) {
    if (seeds.but.has(seed) || !isOfKind(seed)) continue;
    parentPort?.postMessage({ kind: 'at', seed } satisfies HuntReport, []);
    const { violations } = await runSeed(seed);
    const [violation] = violations;
    if (violation === undefined) continue;
    const { checker, sentence } = violation;
    return { kind: 'found', seed, checker, sentence };
  }
  return { kind: 'survived', untouched: planted?.untouched() ?? [] };
}

function isOfKind(seed: number): boolean {
  const { kinds } = seeds;
  if (kinds === undefined || kinds.includes(scenarioOf(seed))) return true;
  return kinds.includes('sqlite') && makePlan(seed).broker.store === 'sqlite';
}
