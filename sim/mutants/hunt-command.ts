// `npm run sim -- --hunt`: looks for the first seed that shows each mutant (of a seldom one: among the schedules of some kinds), and writes what it has found where `npm test` and the docs
// look for it. A seed with which something is wrong anyway shows nothing: it is told, and passed over.

import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { mutantNamed, MUTANTS } from './catalogue.ts';
import { hunt, huntAll, type Hunted, onlySeed, type SeedRange } from './hunt.ts';
import { KILLING_SEEDS, type KillingSeed } from './killing-seeds.ts';
import { mutantsPage, PAGE_FILE } from './page.ts';
import { ROOT, sourceOf } from './planting.ts';

/** Each must be found by then. */
const SEEDS_MAX = 10_000;
const SEEDS_FILE = 'sim/mutants/killing-seeds.ts';

/** What to hunt. */
export interface HuntChoice {
  /** None: all. */
  readonly mutants: readonly string[];
  /** `undefined`: as many as each must be found in. */
  readonly seedsMax: number | undefined;
  readonly jobs: number;
}

/**
 * Hunts, says how it goes, a line a mutant, and writes down what it finds as it goes.
 * @returns Whether each was found.
 */
export async function huntMutants(choice: HuntChoice, say: (line: string) => void): Promise<boolean> {
  const shownByChance = MUTANTS.filter(({ shownBy }) => shownBy === undefined).map(({ name }) => name);
  const names = choice.mutants.length > 0 ? choice.mutants : shownByChance;
  const last = choice.seedsMax ?? SEEDS_MAX;
  const known = new Map(KILLING_SEEDS.map((killing) => [killing.mutant, killing]));
  const wrongAnyway = new Set<number>();
  let survivors = 0;
  const orders = names.map((mutant) => ({
    mutant,
    seeds: { first: 1, last, but: wrongAnyway, kinds: mutantNamed(mutant)?.lookIn },
  }));
  await huntAll(
    orders,
    async ({ mutant, seeds }, first) => {
      const hunted = await convicted(mutant, seeds, first, say);
      say(`${mutant}: ${sentenceOf(hunted)}`);
      known.delete(mutant);
      if (hunted.kind === 'survived') survivors++;
      else known.set(mutant, { mutant, seed: hunted.seed, checker: hunted.checker });
      write(MUTANTS.flatMap(({ name }) => known.get(name) ?? []));
    },
    choice.jobs,
  );
  say(`${names.length - survivors} of ${names.length} found.`);
  return survivors === 0;
}

/** The first seed with which nothing is wrong but for the mutant. */
async function convicted(
  mutant: string,
  seeds: SeedRange & { readonly but: Set<number> },
  first: Hunted,
  say: (line: string) => void,
): Promise<Hunted> {
  let hunted = first;
  while (hunted.kind === 'found') {
    const { seed } = hunted;
    const anyway = await hunt(undefined, onlySeed(seed));
    if (anyway.kind === 'survived') break;
    if (!seeds.but.has(seed)) say(`Something is wrong without a mutant: ${sentenceOf(anyway)}`);
    seeds.but.add(seed);
    hunted = await hunt(mutant, { ...seeds, first: seed + 1 });
  }
  return hunted;
}

function sentenceOf(hunted: Hunted): string {
  if (hunted.kind === 'found') return `seed ${hunted.seed}, ${hunted.checker}: ${hunted.sentence.split('\n', 1)[0]}`;
  return `survived${hunted.untouched.length === 0 ? '' : `, and never loaded ${hunted.untouched.join(', ')}`}`;
}

/** @param killingSeeds  In the order of the catalogue. */
function write(killingSeeds: readonly KillingSeed[]): void {
  const rows = killingSeeds.map(
    ({ mutant, seed, checker }) => `  { mutant: '${mutant}', seed: ${seed}, checker: '${checker}' },`,
  );
  const [head] = sourceOf(SEEDS_FILE).split('= [');
  writeFileSync(path.join(ROOT, SEEDS_FILE), `${head}= [\n${rows.join('\n')}\n];\n`);
  writeFileSync(path.join(ROOT, PAGE_FILE), mutantsPage(killingSeeds));
}
