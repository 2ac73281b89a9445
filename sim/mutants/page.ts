// The page docs/testing-mutants.md: each mutant, and the seed that shows it.

import { MUTANTS } from './catalogue.ts';
import type { KillingSeed } from './killing-seeds.ts';
import { filesOf, type Mutant } from './mutant.ts';

/** Where the page is, from the root. */
export const PAGE_FILE = 'docs/testing-mutants.md';

/** The text of the page. */
export function mutantsPage(killingSeeds: readonly KillingSeed[]): string {
  const seeds = killingSeeds.map(({ seed }) => seed).toSorted((one, other) => one - other);
  const median = seeds[Math.floor(seeds.length / 2)] ?? 0;
  return `# Mutants: bugs that the simulator must find

<!-- Made from sim/mutants/ by \`npm run sim -- --hunt\`; edits here are overwritten. -->

Who trusts a checker should have seen it complain. Each of these ${MUTANTS.length} bugs is planted in the source of broker, client or store, in a
process of its own, as the modules are loaded: production code has no switch for any of them. \`npm test\` runs each with the seed below,
the first one, counted from 1, that shows it; where a bug shows seldom, the first one among schedules of the kind that is made for it. Half of the
bugs need no more than ${median} schedules, none more than ${seeds.at(-1) ?? 0}; those that chance does not show in ten thousand have a plan made by hand in place of a seed.

    npm run sim -- --mutant dup-not-set --from 1          # the schedule that shows a mutant, as a timeline
    npm run sim -- --hunt                                 # looks for the seeds again, and writes this page

| mutant | what is wrong | against | in | seed | found by |
|---|---|---|---|--:|---|
${MUTANTS.map((mutant) => rowOf(mutant, killingSeeds)).join('\n')}
`;
}

function planOf({ shownBy }: Mutant): string | undefined {
  return shownBy && `\`${shownBy.plan.replace('sim/', '')}\``;
}

function rowOf(mutant: Mutant, killingSeeds: readonly KillingSeed[]): string {
  const killing = killingSeeds.find((each) => each.mutant === mutant.name);
  const files = filesOf(mutant).map((file) => `\`${file.replace('src/', '')}\``);
  const cells = [
    mutant.name,
    mutant.breaks,
    mutant.against,
    files.join(', '),
    killing?.seed ?? planOf(mutant) ?? '-',
    killing?.checker ?? mutant.shownBy?.checker ?? '-',
  ];
  return `| ${cells.join(' | ')} |`;
}
