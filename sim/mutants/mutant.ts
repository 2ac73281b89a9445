// A mutant: a known bug, as a few exact replacements in the text of the source. Production code has no switch for bugs in it; a mutant
// is planted in the modules of one thread, as they are loaded (planting.ts), and shows whether the simulator can see such a bug.
// A text that is to be replaced occurs exactly once in its file. When the source moves on, a test names the mutants that do not
// fit any more; they are to be moved along, not dropped.

import type { ScenarioName } from '../generate/scenarios.ts';

/** A kind of schedules: of one scenario, or on the real engine. */
export type ScheduleKind = ScenarioName | 'sqlite';

/** One replacement. */
export interface Patch {
  readonly file: `src/${string}.ts`;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** One known bug. */
export interface Mutant {
  /** In kebab-case. */
  readonly name: string;
  /** What is wrong, in a sentence. */
  readonly breaks: string;
  /** Which row of a table, or which statement, says that it must not be. */
  readonly against: string;
  /** In order, where a file has several. */
  readonly patches: readonly Patch[];
  /** For a bug that shows seldom: which schedules a hunt looks at; all, unless told otherwise. */
  readonly lookIn?: readonly ScheduleKind[];
  /** For a bug that does not show in ten thousand schedules: a plan made by hand that shows it, and the checker that sees it. No hunt looks for it. */
  readonly shownBy?: { readonly plan: `sim/${string}.json`; readonly checker: string };
}

/** Why a mutant cannot be planted in a source. */
export class UnfitMutantError extends Error {}

/**
 * The source of a file with a mutant in it.
 * @throws {UnfitMutantError} The source is not the one that the mutant was made for.
 */
export function mutate(mutant: Mutant, file: string, source: string): string {
  let text = source;
  for (const patch of mutant.patches) {
    if (patch.file !== file) continue;
    const at = text.indexOf(patch.find);
    if (at < 0 || text.includes(patch.find, at + 1)) {
      const times = at < 0 ? 'does not occur' : 'occurs more than once';
      throw new UnfitMutantError(`${mutant.name}: this ${times} in ${file}: ${JSON.stringify(patch.find)}`);
    }
    text = `${text.slice(0, at)}${patch.replace}${text.slice(at + patch.find.length)}`;
  }
  return text;
}

/** The files that a mutant changes. */
export function filesOf({ patches }: Mutant): readonly string[] {
  return Array.from(new Set(patches.map(({ file }) => file)));
}
