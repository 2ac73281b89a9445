import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { makePlan } from '../generate/make-plan.ts';
import { sayPlan } from '../report/say-step.ts';
import { loadPlan, savePlan } from './saved-plan.ts';

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-sim-plan-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('a plan that was saved is read as the same plan, with its sentence', (t) => {
  const file = path.join(directoryFor(t), 'deeper', 'seed-7.json');
  for (let seed = 0; seed < 30; seed++) {
    const plan = makePlan(seed);
    savePlan(file, { sentence: 'something is wrong', plan });
    const loaded = loadPlan(file);
    assert.equal(loaded.sentence, 'something is wrong');
    assert.equal(JSON.stringify(loaded.plan), JSON.stringify(plan));
    assert.deepEqual(sayPlan(loaded.plan), sayPlan(plan));
  }
});

test('a bare plan is read, too', (t) => {
  const file = path.join(directoryFor(t), 'plan.json');
  writeFileSync(file, JSON.stringify(makePlan(3)));
  assert.equal(loadPlan(file).plan.seed, 3);
});

test('what is no plan is refused', (t) => {
  const file = path.join(directoryFor(t), 'plan.json');
  const { steps, ...rest } = makePlan(3);
  writeFileSync(file, JSON.stringify({ ...rest, steps: steps.map((step) => ({ ...step, at: -1 })) }));
  assert.throws(() => loadPlan(file), /Not a plan/);
  writeFileSync(file, 'no JSON');
  assert.throws(() => loadPlan(file));
  assert.throws(() => loadPlan(`${file}.none`), /ENOENT/);
});
