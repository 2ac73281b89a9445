import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { checkPlan } from '../generate/check-plan.ts';
import { makePlan } from '../generate/make-plan.ts';
import type { Plan, Step } from '../plan.ts';
import { type ShrinkBounds, type Shrunk, shrink } from './shrink.ts';

const UNBOUNDED: ShrinkBounds = { runsMax: Infinity, isTimeUp: () => false, onProgress: () => undefined };

/** Shrinks by a rule that needs no run: the stand-in for a checker that complains. */
function shrinkBy(plan: Plan, fails: (plan: Plan) => boolean, bounds: Partial<ShrinkBounds> = {}): Promise<Shrunk> {
  const isPlan = (offer: Plan): boolean => {
    try {
      checkPlan(offer);
      return true;
    } catch {
      return false;
    }
  };
  return shrink(plan, (offer) => Promise.resolve(isPlan(offer) && fails(offer)), { ...UNBOUNDED, ...bounds });
}

function kinds({ steps }: Plan): readonly Step['kind'][] {
  return steps.map(({ kind }) => kind);
}

const SEEDS = fc.integer({ min: 0, max: 100_000 });

test('what is left still fails, and is a plan', async () => {
  await fc.assert(
    fc.asyncProperty(SEEDS, fc.integer({ min: 0, max: 8 }), async (seed, needed) => {
      const plan = makePlan(seed);
      const fails = ({ steps, clients }: Plan): boolean => steps.length >= needed && clients.length > 0;
      fc.pre(fails(plan));
      const shrunk = await shrinkBy(plan, fails);
      checkPlan(shrunk.plan);
      assert.ok(fails(shrunk.plan));
      assert.equal(shrunk.plan.steps.length, needed);
      // Each that is left has a step, or is the only one.
      assert.ok(shrunk.plan.clients.length <= Math.max(1, needed));
      assert.ok(shrunk.isSmallest);
    }),
    { numRuns: 40 },
  );
});

test('of two steps that matter together, wherever they are, nothing but these is left', async () => {
  await fc.assert(
    fc.asyncProperty(SEEDS, fc.nat(), fc.nat(), async (seed, one, other) => {
      const plan = makePlan(seed);
      const first = plan.steps[one % plan.steps.length];
      const second = plan.steps[other % plan.steps.length];
      fc.pre(first !== undefined && second !== undefined && first.kind !== second.kind);
      const wanted = [first?.kind, second?.kind];
      const { plan: left } = await shrinkBy(plan, (offer) =>
        wanted.every((kind) => kinds(offer).some((each) => each === kind)),
      );
      assert.deepEqual(kinds(left).toSorted(), wanted.toSorted());
    }),
    { numRuns: 40 },
  );
});

test('values become plain, counts small, and times short', async () => {
  const isLarge = ({ steps }: Plan): boolean => steps.some((step) => step.kind === 'publish' && step.count >= 3);
  const seed = Array.from({ length: 1000 }, (_, index) => index).find((each) => isLarge(makePlan(each)));
  assert.ok(seed !== undefined);
  const { plan } = await shrinkBy(makePlan(seed, 'typical'), isLarge);
  const [step] = plan.steps;
  assert.equal(plan.steps.length, 1);
  assert.ok(step?.kind === 'publish');
  assert.deepEqual(
    { at: step.at, count: step.count, everyMillis: step.everyMillis, payloadBytes: step.payloadBytes },
    { at: 0, count: 3, everyMillis: 0, payloadBytes: 0 },
  );
  assert.deepEqual(plan.broker.limits, {});
  assert.deepEqual(
    plan.clients.map(({ subscriptions, will, store }) => ({ subscriptions, will, store })),
    [{ subscriptions: [], will: undefined, store: 'none' }],
  );
  assert.equal(plan.quietAt, 1);
});

test('no plan is offered twice in a row that is taken, and an end is reached', async () => {
  let taken = 0;
  const { runs, isSmallest } = await shrinkBy(makePlan(7, 'typical'), () => {
    taken++;
    return true;
  });
  assert.ok(isSmallest);
  assert.ok(taken > 0 && runs < 200, `${runs} runs for a plan of which nothing matters`);
});

test('runs and time are bounded, and what was found by then is what there is', async () => {
  const plan = makePlan(7, 'typical');
  const byRuns = await shrinkBy(plan, () => true, { runsMax: 3 });
  assert.equal(byRuns.runs, 3);
  assert.equal(byRuns.isSmallest, false);
  assert.ok(byRuns.plan.steps.length < plan.steps.length);
  let asked = 0;
  const byTime = await shrinkBy(plan, () => true, { isTimeUp: () => ++asked > 5 });
  assert.ok(byTime.runs <= 5);
  assert.equal(byTime.isSmallest, false);
});

test('a plan of which everything matters stays as it is', async () => {
  const plan = makePlan(3);
  const { plan: left, isSmallest } = await shrinkBy(plan, () => false);
  assert.equal(left, plan);
  assert.ok(isSmallest);
});
