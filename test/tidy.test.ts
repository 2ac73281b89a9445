// tidy: the rules of docs/STYLE.md and rooms.ts that a machine can check, over every file of the project.
// A failure is a list of sentences, each with file and line. The rules are in test/tidy/, and each of
// them has a test there that shows a file it refuses.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { PURE_ROOMS, ROOMS, TABLES } from '../rooms.ts';
import {
  checkBarrel,
  checkDefaultExport,
  checkDocstrings,
  checkHeader,
  checkName,
  checkSize,
} from './tidy/file-rules.ts';
import { checkImports } from './tidy/import-rules.ts';
import type { Source } from './tidy/source.ts';
import { readSource } from './tidy/source.ts';
import { checkClocks, checkConsole, checkPutOff, checkStatements } from './tidy/text-rules.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

const SOURCES = filesOf('{src,test,sim,fuzz,conformance,bench,scripts,examples}/**/*.{ts,mjs}', 'rooms.ts').map(
  (file) => readSource(file, textOf(file)),
);

/** What each rule claims of every source file. */
const RULES: Readonly<Record<string, (source: Source) => readonly string[]>> = {
  'every import stays within what rooms.ts allows its room': checkImports,
  'every file and folder has a kebab-case name': checkName,
  'no file is longer than 600 lines, and none over 400 lacks its reason': checkSize,
  'every source file opens with a paragraph': checkHeader,
  'no file only passes on what others export, but for the public doors': checkBarrel,
  'nothing is a default export': checkDefaultExport,
  'every export has a docstring': checkDocstrings,
  'every statement cited in code exists': checkStatements,
  'only the composition root and the command line read a clock or draw a random number': checkClocks,
  'only the command line uses the console': checkConsole,
  'nothing is put off without an issue': checkPutOff,
};

for (const [claim, rule] of Object.entries(RULES)) {
  test(claim, () => nothing(SOURCES.flatMap(rule)));
}

test('every statement cited in the documentation exists', () => {
  const pages = filesOf('*.md', 'docs/**/*.md').map((file) => ({ path: file, text: textOf(file) }));
  nothing(pages.flatMap(checkStatements));
});

test('the table of rooms lets nobody import upwards', () => {
  const rankOf = new Map<string, number>(ROOMS.map((room) => [room.name, room.rank]));
  for (const room of ROOMS) {
    for (const permission of room.imports) {
      const other = permission.replace(/^(types|contract) of /, '').replace(/^src\/(.*)\/[^/]+$/, '$1');
      assert.ok((rankOf.get(other) ?? Infinity) <= room.rank, `${room.name} must not import ${other}: it is above.`);
    }
  }
});

test('the rooms that the compiler keeps pure are those that rooms.ts calls pure', () => {
  const config: unknown = JSON.parse(textOf('tsconfig.pure.json'));
  assert.ok(typeof config === 'object' && config !== null && 'include' in config && Array.isArray(config.include));
  const folders = ROOMS.filter((room) => PURE_ROOMS.includes(room.name)).map((room) => room.folder);
  const included = config.include.filter((entry: unknown) => typeof entry === 'string' && !entry.endsWith('.ts'));
  assert.deepEqual(new Set(included), new Set(folders));
});

test('every file excepted from the limit of lines exists', () => {
  assert.deepEqual(
    Object.keys(TABLES).filter((file) => filesOf(file).length === 0),
    [],
  );
});

function filesOf(...patterns: string[]): string[] {
  const isForeign = (file: string): boolean => /(^|\/)(node_modules|dist)(\/|$)/.test(file);
  const files = globSync(patterns, { cwd: ROOT, exclude: isForeign });
  return files.map((file) => file.replaceAll(path.sep, '/')).sort();
}

function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

function nothing(breaches: readonly string[]): void {
  assert.ok(breaches.length === 0, `\n${breaches.join('\n')}\n`);
}
