import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { Session } from '../../src/session/session.ts';
import { MUTANTS } from './catalogue.ts';
import { huntAll, NO_SEEDS, onlySeed } from './hunt.ts';
import { KILLING_SEEDS } from './killing-seeds.ts';
import { filesOf, mutate, UnfitMutantError } from './mutant.ts';
import { mutantsPage, PAGE_FILE } from './page.ts';
import { flagsToPlant, plantMutant, sourceOf } from './planting.ts';

const run = promisify(execFile);
/** For all of them, on a busy machine; usually it is half a minute. Each has a limit of its own (hunt.ts). */
const TIMEOUT_MILLIS = 300_000;
const SESSION = new URL('../../src/session/session.ts', import.meta.url).href;

test('every mutant fits the source, and changes it', () => {
  const problems: string[] = [];
  for (const mutant of MUTANTS) {
    for (const file of filesOf(mutant)) {
      const source = sourceOf(file);
      try {
        if (mutate(mutant, file, source) === source) problems.push(`${mutant.name} changes nothing in ${file}`);
      } catch (error) {
        problems.push(error instanceof UnfitMutantError ? error.message : String(error));
      }
    }
  }
  assert.deepEqual(problems, []);
});

test('every mutant has a name of its own, in kebab-case, and says in a sentence what is wrong', () => {
  const names = MUTANTS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, breaks, against } of MUTANTS) {
    assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.match(breaks, /^[A-Z].*\.$/, name);
    assert.notEqual(against, '', name);
  }
});

test('a text that is to be replaced and does not occur, or occurs twice, is told with the name of the mutant', () => {
  const mutant = {
    name: 'some-bug',
    breaks: '',
    against: '',
    patches: [{ file: 'src/a.ts', find: 'x', replace: 'y' }],
  } as const;
  assert.throws(() => mutate(mutant, 'src/a.ts', 'z'), /some-bug: this does not occur in src\/a\.ts: "x"/);
  assert.throws(() => mutate(mutant, 'src/a.ts', 'xx'), /some-bug: this occurs more than once in src\/a\.ts: "x"/);
  assert.equal(mutate(mutant, 'src/a.ts', 'axa'), 'aya');
  assert.equal(mutate(mutant, 'src/b.ts', 'xx'), 'xx');
});

test('a planted mutant is in the modules of its process, and nowhere else', async () => {
  const program = `import(${JSON.stringify(SESSION)}).then(({ Session }) => console.log(Session.toString()))`;
  const flags = ['--disable-warning=ExperimentalWarning', '--eval', program];
  const mutated = await run(process.execPath, [...flagsToPlant('dup-not-set'), ...flags]);
  const usual = await run(process.execPath, flags);
  assert.match(mutated.stdout, /const dup = false;/);
  assert.match(usual.stdout, /const dup = !this\.inFlight\.isNew\(id\);/);
});

test('a mutant that is planted when its module is there already is told as untouched', () => {
  const planted = plantMutant('dup-not-set');
  assert.deepEqual(planted.untouched(), [SESSION]);
  assert.match(Session.toString(), /const dup = !this\.inFlight\.isNew\(id\);/);
});

test('every mutant is found by the seed that is known to show it', { timeout: TIMEOUT_MILLIS }, async () => {
  const ofChance = MUTANTS.filter(({ shownBy }) => shownBy === undefined);
  const unknown = ofChance.filter(({ name }) => !KILLING_SEEDS.some(({ mutant }) => mutant === name));
  const survivors = unknown.map(({ name }) => `${name}: no seed is known`);
  const orders = KILLING_SEEDS.map(({ mutant, seed }) => ({ mutant, seeds: onlySeed(seed) }));
  await huntAll(orders, ({ mutant, seeds }, hunted) => {
    const killing = KILLING_SEEDS.find((each) => each.mutant === mutant);
    if (hunted.kind === 'survived') survivors.push(`${mutant} survives seed ${seeds.first}`);
    else if (hunted.checker !== killing?.checker)
      survivors.push(`${mutant} is found by ${hunted.checker}, not ${killing?.checker}`);
  });
  assert.deepEqual(survivors, [], 'npm run sim -- --hunt [NAME ...] looks for them again');
});

test('a mutant that chance does not show is found by its plan, with which nothing is wrong otherwise', async () => {
  const shown = MUTANTS.flatMap(({ name, shownBy }) => (shownBy === undefined ? [] : [{ name, ...shownBy }]));
  assert.notEqual(shown.length, 0);
  const orders = shown.flatMap(({ name, plan, checker }) => [
    { mutant: name, seeds: NO_SEEDS, plan, checker },
    { mutant: undefined, seeds: NO_SEEDS, plan, checker: undefined },
  ]);
  await huntAll(orders, ({ mutant, plan, checker }, hunted) => {
    assert.equal(hunted.kind === 'found' ? hunted.checker : undefined, checker, `${mutant ?? 'no mutant'}, ${plan}`);
  });
});

test('the page of mutants says what is known', () => {
  assert.equal(sourceOf(PAGE_FILE), mutantsPage(KILLING_SEEDS), 'npm run sim -- --hunt NAME writes it');
});
