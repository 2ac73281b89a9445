import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan, Step } from '../plan.ts';
import { checkPlan } from './check-plan.ts';
import { FEATURES, featuresOf } from './features.ts';
import { isScenarioName, makePlan, scenarioOf } from './make-plan.ts';
import { SCENARIOS } from './scenarios.ts';

const SEEDS = Array.from({ length: 2_000 }, (_, seed) => seed);
const PLANS = SEEDS.map((seed) => makePlan(seed));
/** Every kind, as `faultOf` names them. */
const FAULTS = [
  ...['broker', 'client'].flatMap((who) => [
    ...['stop', 'disk slow', 'disk full', 'disk failing'].map((fault) => `${who} ${fault}`),
    ...['crash', 'machine crash', 'crash-at', 'machine crash-at'].map((fault) => `${who} ${fault}`),
  ]),
  'cut',
  'half-open',
  'stall',
  'unreachable',
  'intruder',
  'wall-clock',
];
const SCENARIO_NAMES = Object.keys(SCENARIOS).filter(isScenarioName);

test('every plan of 2,000 seeds is one', () => {
  for (const plan of PLANS) checkPlan(plan);
});

test('a plan is plain data: JSON holds all of it', () => {
  for (const plan of PLANS.slice(0, 300)) {
    const text = JSON.stringify(plan);
    assert.equal(JSON.stringify(JSON.parse(text)), text);
  }
});

test('the same seed makes the same plan, another one another', () => {
  const texts = SEEDS.slice(0, 300).map((seed) => JSON.stringify(makePlan(seed)));
  assert.deepEqual(
    texts,
    PLANS.slice(0, 300).map((plan) => JSON.stringify(plan)),
  );
  const withoutSeed = PLANS.map((plan) => JSON.stringify({ ...plan, seed: 0 }));
  assert.ok(new Set(withoutSeed).size >= SEEDS.length - 2);
});

test('seeds may be negative and larger than 32 bits', () => {
  for (const seed of [-1, -7, 2 ** 31, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) assert.equal(makePlan(seed).seed, seed);
});

test('every scenario makes plans for 50 seeds, and is drawn in 2,000', () => {
  const drawn = new Set(SEEDS.map(scenarioOf));
  for (const name of SCENARIO_NAMES) {
    for (let seed = 0; seed < 50; seed++) assert.equal(makePlan(seed, name).seed, seed);
    assert.ok(drawn.has(name), `${name} is never drawn`);
    assert.match(SCENARIOS[name].sentence, /^[A-Z].*\.$/);
  }
});

test('every feature occurs in at least 20 of 2,000 plans', () => {
  const counts = countEach(PLANS, featuresOf);
  for (const feature of FEATURES)
    assert.ok((counts.get(feature) ?? 0) >= 20, `${feature}: ${counts.get(feature) ?? 0}`);
});

test('every kind of fault occurs in at least 10 of 2,000 plans', () => {
  const counts = countEach(PLANS, ({ steps }) => steps.flatMap(faultOf));
  for (const fault of FAULTS) assert.ok((counts.get(fault) ?? 0) >= 10, `${fault}: ${counts.get(fault) ?? 0}`);
});

test('a tenth of the seeds run with SQLite, in every scenario', () => {
  for (const name of SCENARIO_NAMES) {
    const plans = SEEDS.slice(0, 100).map((seed) => makePlan(seed, name));
    assert.equal(plans.filter(({ broker }) => broker.store === 'sqlite').length, 10, name);
  }
});

test('a typical plan has five clients, 200 messages and five faults or a little more', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { clients, steps } = makePlan(seed, 'typical');
    const messages = steps.reduce((sum, step) => sum + (step.kind === 'publish' ? step.count : 0), 0);
    assert.equal(clients.length, 5);
    assert.ok(messages >= 150 && messages <= 500, `${messages} messages`);
  }
});

test('most plans are small', () => {
  const sizes = PLANS.map(({ steps }) => steps.reduce((sum, one) => sum + (one.kind === 'publish' ? one.count : 0), 0));
  assert.ok(sizes.filter((messages) => messages <= 70).length >= 0.85 * sizes.length);
});

test('in "nothing-breaks" nothing does', () => {
  for (let seed = 0; seed < 50; seed++) {
    assert.deepEqual(makePlan(seed, 'nothing-breaks').steps.flatMap(faultOf), []);
  }
});

/** In how many plans each occurs. */
function countEach(plans: readonly Plan[], namesOf: (plan: Plan) => readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const plan of plans) for (const name of new Set(namesOf(plan))) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** What a step breaks, if anything. */
function faultOf(step: Step): readonly string[] {
  switch (step.kind) {
    case 'publish':
    case 'subscribe':
    case 'unsubscribe':
    case 'start':
      return [];
    case 'stop':
      return [`${sideOf(step.who)} stop`];
    case 'crash':
    case 'crash-at':
      return [`${sideOf(step.who)} ${step.machine ? 'machine ' : ''}${step.kind}`];
    case 'disk':
      return [`${sideOf(step.who)} disk ${step.fault}`];
    default:
      return [step.kind];
  }
}

function sideOf(who: string): string {
  return who === 'broker' ? 'broker' : 'client';
}
