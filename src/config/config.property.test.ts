// Properties of the configuration: whatever stands in a file or a variable, reading it gives a configuration that keeps its
// own bounds, or problems that say where; nothing is thrown. Files are made of any bytes, of YAML that means something
// here, and of good files in which something was changed.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';

import { parseFile } from './load-file.ts';
import { showProblem } from './problem.ts';
import { type ConfigOutcome, readConfig } from './read-config.ts';
import { OPTION_NAMES, ROWS, showValue } from './schema.ts';
import { environmentNameOf } from './spelling.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'vouch-config-'));
const FILE = join(FOLDER, 'f.yaml');
after(() => rmSync(FOLDER, { recursive: true }));

/** Words of YAML, of options and of values, by which lines come near to something that is meant. */
const anyWord: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...OPTION_NAMES, 'host', 'type', '__proto__', 'constructor'),
  fc.constantFrom(
    ': ',
    ':',
    '- ',
    '\n',
    '\n  ',
    '\n\t',
    '  ',
    '#',
    '---\n',
    '...\n',
    '? ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '"',
    "'",
  ),
  fc.constantFrom(
    '&x',
    '*x',
    '!!str ',
    '!t ',
    '|\n',
    '>-\n',
    '%YAML 1.1\n',
    '<<',
    '~',
    '\r\n',
    '\u2028',
    '\ufeff',
    '\u0085',
    '@',
    '`',
  ),
  fc.constantFrom(
    '1883',
    '0',
    '-1',
    '1e3',
    '0x10',
    '0o7',
    '.nan',
    '-.inf',
    '1.5',
    '9007199254740993',
    '1_000',
    '00:10',
  ),
  fc.constantFrom(
    'true',
    'no',
    'null',
    'info',
    '1 MiB',
    '10 s',
    '0.5 KiB',
    '::1',
    '[::1]',
    '127.0.0.1',
    'tcp',
    'sqlite',
    '2024-01-01',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

const anyText: fc.Arbitrary<string> = fc.array(anyWord, { maxLength: 40, size: 'max' }).map((words) => words.join(''));

/** A file without a mistake: some options at their defaults, and a list of listeners or none. */
const anyGoodFile: fc.Arbitrary<string> = fc
  .tuple(
    fc.subarray(OPTION_NAMES.filter((name) => !['listeners', 'host', 'port', 'data', 'store'].includes(name))),
    fc.boolean(),
  )
  .map(([names, hasList]) => {
    const lines = names.map((name) => `${name}: ${showValue(name, ROWS[name].default)}`);
    if (hasList) lines.push('listeners:', '  - host: "::1"', '    port: 1884', '  - host: 127.0.0.1', '    port: 1883');
    return lines.map((line) => `${line}\n`).join('');
  });

/** Something inserted, removed or repeated somewhere. */
interface Change {
  readonly at: number;
  readonly count: number;
  readonly text: string;
}
const anyChange: fc.Arbitrary<Change> = fc.record({
  at: fc.nat({ max: 2_000 }),
  count: fc.nat({ max: 6 }),
  text: anyWord,
});

function changed(text: string, changes: readonly Change[]): string {
  return changes.reduce((before, { at, count, text: inserted }) => {
    const start = at % (before.length + 1);
    return before.slice(0, start) + inserted + before.slice(start + count);
  }, text);
}

/** Reads what a file holds, and claims of the outcome what must hold of every one. */
function read(contents: string | Uint8Array, environment: { readonly [name: string]: string } = {}): ConfigOutcome {
  writeFileSync(FILE, contents);
  const outcome = readConfig({ path: FILE, flags: new Map(), environment });
  if (outcome.kind === 'valid') {
    assert.ok(outcome.config.listeners.length > 0);
    for (const name of OPTION_NAMES) {
      const value: unknown = outcome.settings[name].value;
      if (name === 'listeners') continue;
      // What was read can be written as it is shown, and is within its own bounds.
      assert.deepEqual(ROWS[name].read(showValue(name, value)), value, name);
    }
    return outcome;
  }
  assert.ok(outcome.problems.length > 0);
  const lines = (typeof contents === 'string' ? contents : Buffer.from(contents).toString()).split(/\r\n|\n|\r/).length;
  for (const problem of outcome.problems) {
    assert.match(showProblem(problem), /^[^\n]+[.?]$/, 'a problem is one line');
    if (problem.origin.kind !== 'file') continue;
    const { path, line, column } = problem.origin.place;
    // The file of rules that this one names is another file, with other lines.
    if (path !== FILE) continue;
    assert.ok(line >= 1 && line <= lines && column >= 1, `line ${line} of ${lines}, column ${column}`);
  }
  return outcome;
}

test('a file of any bytes is a configuration or a list of problems with their lines', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), (bytes) => void read(bytes)),
    { numRuns: 300 },
  );
});

test('a file of words that mean something in YAML is a configuration or a list of problems with their lines', () => {
  fc.assert(
    fc.property(anyText, (text) => void read(text)),
    { numRuns: 1_500 },
  );
});

test('a good file in which something was changed is a configuration or a list of problems with their lines', () => {
  fc.assert(
    fc.property(anyGoodFile, fc.array(anyChange, { maxLength: 4, size: 'max' }), (text, changes) => {
      const outcome = read(changed(text, changes));
      if (changes.length === 0) assert.equal(outcome.kind, 'valid');
    }),
    { numRuns: 800 },
  );
});

test('variables with any text are taken or are problems, and the file never makes the difference', () => {
  const anyVariable = fc.tuple(fc.constantFrom(...OPTION_NAMES).map(environmentNameOf), fc.oneof(anyWord, anyText));
  fc.assert(
    fc.property(fc.array(anyVariable, { maxLength: 5 }), (variables) => {
      const environment = Object.fromEntries(variables);
      assert.equal(read('', environment).kind, read('# nothing\n', environment).kind);
    }),
    { numRuns: 400 },
  );
});

test('the tree of a file holds every key once, each value at its place, and no deeper than options nest', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { root, problems } = parseFile('f.yaml', text);
      const keys = root.entries.map(({ key }) => key);
      assert.equal(new Set(keys).size, keys.length);
      const lines = text.split(/\r\n|\n|\r/).length;
      for (const { keyPlace, node } of root.entries) {
        for (const { line, column } of [keyPlace, node.place]) assert.ok(line >= 1 && line <= lines && column >= 1);
      }
      assert.ok(problems.every((problem) => problem.origin.kind === 'file'));
    }),
    { numRuns: 1_500 },
  );
});
