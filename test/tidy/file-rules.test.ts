// What the rules about whole files refuse, in the words that somebody will read, and what they let pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkBarrel, checkDefaultExport, checkDocstrings, checkHeader, checkName, checkSize } from './file-rules.ts';
import { readSource } from './source.ts';

test('a name that is not kebab-case is refused', () => {
  for (const path of ['src/topic/filterTrie.ts', 'src/topic/filter_trie.ts', 'src/Topic/trie.ts']) {
    assert.deepEqual(checkName(readSource(path, '')), [
      `${path} is not kebab-case: small letters and digits, with hyphens between words.`,
    ]);
  }
  assert.deepEqual(checkName(readSource('src/packet/utf8-text.property.test.ts', '')), []);
});

test('a file over 400 lines needs its reason, and one over 600 has none', () => {
  const lines = (count: number, header = 'A file.'): string => `// ${header}\n${'\n'.repeat(count - 1)}`;
  const check = (text: string, path = 'src/topic/x.ts'): readonly string[] => checkSize(readSource(path, text));

  assert.deepEqual(check(lines(400)), []);
  assert.deepEqual(check(lines(401)), [
    'src/topic/x.ts has 401 lines. Over 400 its opening comment must say "Longer than 400 lines because ...".',
  ]);
  assert.deepEqual(check(lines(401, 'A file. Longer\n// than 400 lines because it is one table.')), []);
  assert.deepEqual(check(lines(601, 'Longer than 400 lines because it is one table.')), [
    'src/topic/x.ts has 601 lines; 600 is the most. Split it by nouns, or, if it is a table of data, name it in TABLES of rooms.ts.',
  ]);
  assert.deepEqual(check(lines(601), 'conformance/requirements.ts'), []);
});

test('a file of src/ that does not open with a paragraph is refused', () => {
  const check = (text: string, path = 'src/topic/x.ts'): readonly string[] => checkHeader(readSource(path, text));

  assert.deepEqual(check('/** A thing. */\nexport const a = 1;\n'), [
    'src/topic/x.ts does not open with a // paragraph: what it is, the idea behind it, its invariant, what it does not do.',
  ]);
  assert.equal(check('import "./a.ts";\n// Too late.\n').length, 1);
  assert.deepEqual(check('// A file.\nexport const a = 1;\n'), []);
  assert.deepEqual(check('#!/usr/bin/env node\n// A file.\nexport const a = 1;\n'), []);
  assert.deepEqual(check('export const a = 1;\n', 'src/topic/x.test.ts'), [], 'tests say it in their names');
});

test('a barrel is refused, except for the public doors', () => {
  const text = `// All.\nexport { a } from './a.ts';\nexport * from './b.ts';\n`;
  assert.deepEqual(checkBarrel(readSource('src/topic/all.ts', text)), [
    'src/topic/all.ts only passes on what other files export. Import a thing from the file that defines it.',
  ]);
  assert.equal(checkBarrel(readSource('src/topic/all.ts', `import { a } from './a.ts';\nexport { a };\n`)).length, 1);
  assert.deepEqual(checkBarrel(readSource('src/exports/packet.ts', text)), []);
  assert.deepEqual(checkBarrel(readSource('src/topic/a.ts', `${text}export const own = 1;\n`)), []);
});

test('a default export is refused', () => {
  for (const text of [
    'export default 1;',
    'const a = 1; export { a as default };',
    `export { a as default } from './a.ts';`,
  ]) {
    assert.deepEqual(checkDefaultExport(readSource('src/topic/x.ts', text)), [
      'src/topic/x.ts:1 has a default export; give it a name, so that it has the same one everywhere.',
    ]);
  }
});

test('an export without a docstring immediately above it is refused', () => {
  const check = (text: string, path = 'src/topic/x.ts'): readonly string[] => checkDocstrings(readSource(path, text));

  const kinds = {
    a: 'export function a(): void {}',
    B: 'export class B {}',
    C: 'export interface C {}',
    D: "export type D = 'd';",
    e: 'export const e = 1;',
    f: 'export async function f(): Promise<void> {}',
  };
  for (const [name, text] of Object.entries(kinds)) {
    assert.deepEqual(check(`// Header.\n\n${text}\n`), [
      `src/topic/x.ts:3 exports ${name} without a /** docstring */ immediately above it.`,
    ]);
    assert.deepEqual(check(`// Header.\n\n/** Says what it is. */\n${text}\n`), []);
    assert.equal(check(`/** Of something else. */\n\n${text}\n`).length, 1, 'an empty line parts them');
    assert.equal(check(`// Not a docstring.\n${text}\n`).length, 1);
  }
  assert.deepEqual(
    check(
      '/** Both. */\nexport function a(x: 1): 1;\nexport function a(x: 2): 2;\nexport function a(x: number): number { return x; }\n',
    ),
    [],
  );
  assert.deepEqual(check(kinds.a, 'src/topic/x.test.ts'), []);
  assert.deepEqual(check(kinds.a, 'test/x.ts'), []);
});
