import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { checkHistory } from './check/checkers.ts';
import { firstSeed } from './command/first-seed.ts';
import { runChecked } from './command/run-seed.ts';
import { runSeeds } from './command/run-seeds.ts';
import { loadPlan } from './command/saved-plan.ts';
import { sayViolations } from './command/show-failure.ts';
import { makePlan } from './generate/make-plan.ts';
import { runPlan } from './world/run-plan.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const REGRESSIONS = path.join(import.meta.dirname, 'regressions');

const SEEDS = 3_000;
/** What is not run by then is left to the next commit; a machine that is busy with other things is no reason to fail. */
const MILLIS_MAX = 90_000;
const SEEDS_LEAST = 300;

/**
 * The commit says where in here the schedules begin. All of these were clean when they were last run as a whole: a checker that is wrong about one schedule in some ten
 * thousand must not fail a change that has nothing to do with it. `npm run sim` begins anywhere.
 */
const KNOWN = { from: 10_000_000, seeds: 1_000_000 } as const;

test('thousands of schedules, others with each commit, break no rule', async (t) => {
  const { seed: number, reason } = firstSeed(ROOT, Date.now());
  const seed = KNOWN.from + (number % (KNOWN.seeds - SEEDS));
  const { tally, failures } = await runSeeds({
    from: seed,
    seeds: SEEDS,
    scenario: undefined,
    mutant: undefined,
    jobs: availableParallelism(),
    keepGoing: false,
    timeline: false,
    stop: AbortSignal.timeout(MILLIS_MAX),
    onTally: () => undefined,
    onFailure: () => undefined,
    onTimeline: () => undefined,
  });
  t.diagnostic(`${tally.runs} seeds from ${seed} (${reason}), ${tally.compared} of them twice`);
  const [failure] = failures;
  if (failure !== undefined) {
    const sentences = sayViolations(failure.violations).join('\n');
    assert.fail(`seed ${failure.seed}; its timeline: npm run sim -- --from ${failure.seed} --seeds 1\n${sentences}`);
  }
  assert.ok(tally.runs >= SEEDS_LEAST, `only ${tally.runs} seeds in ${MILLIS_MAX / 1000} s`);
  assert.ok(tally.compared >= Math.floor(tally.runs / 200));
});

for (const name of readdirSync(REGRESSIONS).filter((file) => file.endsWith('.json'))) {
  test(`what was mended stays mended: ${name}`, async () => {
    const { sentence, plan } = loadPlan(path.join(REGRESSIONS, name));
    assert.notEqual(sentence, '', 'a regression says what it is about');
    const { violations } = await runChecked(plan);
    assert.deepEqual(violations, [], `${sentence}\nIts timeline: npm run sim -- --plan sim/regressions/${name}`);
  });
}

test('a typical schedule takes a few milliseconds of a processor', async (t) => {
  const running: number[] = [];
  const checking: number[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    // Those on SQLite have a disk to wait for.
    if (seed % 10 === 7) continue;
    const plan = makePlan(seed, 'typical');
    const began = cpuMillis();
    const history = await runPlan(plan);
    const ran = cpuMillis();
    checkHistory(history);
    running.push(ran - began);
    checking.push(cpuMillis() - ran);
  }
  const median = medianOfLast(running);
  t.diagnostic(`${median.toFixed(1)} ms to run, ${medianOfLast(checking).toFixed(1)} ms to check`);
  // Ten on a machine that has nothing else to do. Here it has: other tests.
  assert.ok(median < 100, `${median.toFixed(1)} ms`);
});

function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Of the last two thirds: what comes first is compiled while it runs. */
function medianOfLast(values: readonly number[]): number {
  const last = values.slice(Math.floor(values.length / 3)).toSorted((one, other) => one - other);
  return last[Math.floor(last.length / 2)] ?? Infinity;
}
