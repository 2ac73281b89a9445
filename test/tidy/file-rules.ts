// The rules about a file as a whole: its name, its size, how it opens, what it exports. Each rule takes
// a file and yields a sentence per breach.

import { TABLES } from '../../rooms.ts';
import { isForTests } from './import-rules.ts';
import type { Source } from './source.ts';

const LINES_WITHOUT_REASON_MAX = 400;
const LINES_MAX = 600;
const REASON = 'Longer than 400 lines because';

/** Files and folders are kebab-case. */
export function checkName(source: Source): readonly string[] {
  const words = source.path.split('/').map((part) => part.replace(/\.(ts|mjs)$/, ''));
  if (words.every((word) => /^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(word))) return [];
  return [`${source.path} is not kebab-case: small letters and digits, with hyphens between words.`];
}

/** No file is longer than 600 lines; one over 400 says why. Tables of data are excepted, by name. */
export function checkSize(source: Source): readonly string[] {
  const { path, lineCount, header } = source;
  if (lineCount <= LINES_WITHOUT_REASON_MAX || Object.hasOwn(TABLES, path)) return [];
  if (lineCount > LINES_MAX) {
    return [
      `${path} has ${lineCount} lines; ${LINES_MAX} is the most. Split it by nouns, or, if it is a table of data, name it in TABLES of rooms.ts.`,
    ];
  }
  if (header.includes(REASON)) return [];
  return [
    `${path} has ${lineCount} lines. Over ${LINES_WITHOUT_REASON_MAX} its opening comment must say "${REASON} ...".`,
  ];
}

/** Every file of src/ and scripts/ opens with a comment paragraph. */
export function checkHeader(source: Source): readonly string[] {
  if (source.header !== '' || source.path.endsWith('.test.ts')) return [];
  if (!source.path.startsWith('src/') && !source.path.startsWith('scripts/')) return [];
  return [
    `${source.path} does not open with a // paragraph: what it is, the idea behind it, its invariant, what it does not do.`,
  ];
}

/** Nothing but the public doors passes on what other files export. */
export function checkBarrel(source: Source): readonly string[] {
  if (!source.onlyReexports || source.exported.length > 0 || source.path.startsWith('src/exports/')) return [];
  return [`${source.path} only passes on what other files export. Import a thing from the file that defines it.`];
}

/** A thing has one name everywhere. */
export function checkDefaultExport(source: Source): readonly string[] {
  return source.exported
    .filter((each) => each.isDefault)
    .map(
      (each) =>
        `${source.path}:${each.line} has a default export; give it a name, so that it has the same one everywhere.`,
    );
}

/** Every export of src/ is explained where it is declared. */
export function checkDocstrings(source: Source): readonly string[] {
  if (!source.path.startsWith('src/') || isForTests(source.path)) return [];
  return source.exported
    .filter((each) => !each.hasDocstring && !each.isDefault)
    .map((each) => `${source.path}:${each.line} exports ${each.name} without a /** docstring */ immediately above it.`);
}
