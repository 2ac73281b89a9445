import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import type { LoadedFile } from './load-file.ts';
import { loadFile, parseFile } from './load-file.ts';
import { showProblem } from './problem.ts';

function problemsOf(file: LoadedFile): readonly string[] {
  return file.problems.map(showProblem);
}

test('every value knows its line and column', () => {
  const { root, problems } = parseFile('f.yaml', '# a comment\nport: 1883\nlisteners:\n  - host: "::1"\n    port: 1\n');
  assert.deepEqual(problems, []);
  assert.deepEqual(root.entries[0], {
    key: 'port',
    keyPlace: { path: 'f.yaml', line: 2, column: 1 },
    node: { kind: 'scalar', place: { path: 'f.yaml', line: 2, column: 7 }, value: 1883, source: '1883' },
  });
  const list = root.entries[1]?.node;
  assert(list?.kind === 'list');
  const item = list.items[0];
  const host = item?.kind === 'map' ? item.entries[0] : undefined;
  assert.deepEqual(host?.node.place, { path: 'f.yaml', line: 4, column: 11 });
});

test('an empty file, or one of comments, holds nothing and is no mistake', () => {
  for (const text of ['', '\n', '# nothing yet\n', '---\n', '\u{feff}# with a byte order mark\n']) {
    const { root, problems } = parseFile('f.yaml', text);
    assert.deepEqual([root.entries, problems], [[], []], JSON.stringify(text));
  }
});

test('a file with Windows line ends is read, and its lines are counted', () => {
  const { root } = parseFile('f.yaml', 'port: 1\r\nhost: a\r\n');
  assert.equal(root.entries[1]?.keyPlace.line, 2);
});

test('what is wrong with the YAML is said with its place and what to do', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['port: 1\nport: 2\n', ['f.yaml:2:1: "port" stands twice, first at f.yaml:1:1: keep one of them.']],
    ['a:\n\t- x\n', ['f.yaml:2:1: a tab cannot indent in YAML: use spaces.']],
    ['port 1883\nhost: x\n', ['f.yaml:1:1: a line of the form "name: value" is expected here: is a colon missing?']],
    ['port 1883\n', ['f.yaml:1:1: the file must hold lines of the form "name: value".']],
    ['- port\n', ['f.yaml:1:1: the file must hold lines of the form "name: value".']],
    ['a: b: c\n', ['f.yaml:1:4: there is a second ": " in this line: put quotes around the value, or break the line.']],
    ['a: 1\n---\nb: 2\n', ['f.yaml:2:1: a second document begins here: only one is read, remove the "---".']],
    ['host: @x\n', ['f.yaml:1:7: a value cannot begin with this character: put quotes around it.']],
    ['a: &x 1\nb: *x\n', ['f.yaml:2:4: aliases are not read: write the value of *x out here.']],
    ['a: !secret 1\n', ['f.yaml:1:4: this is not valid YAML: Unresolved tag: !secret.']],
    ['a: "x\n', ['f.yaml:2:1: this is not valid YAML: Missing closing "quote.']],
    [
      '? [a]\n: 1\n1: 2\n',
      ['f.yaml:1:3: a key must be the name of an option.', 'f.yaml:3:1: a key must be the name of an option.'],
    ],
  ];
  for (const [text, expected] of cases) assert.deepEqual(problemsOf(parseFile('f.yaml', text)), expected, text);
});

test('keys named like properties of objects are ordinary keys', () => {
  const { root, problems } = parseFile('f.yaml', '__proto__: 1\nconstructor: 2\n__proto__: 3\n');
  assert.deepEqual(
    root.entries.map((entry) => entry.key),
    ['__proto__', 'constructor'],
  );
  assert.equal(problems.length, 1);
});

test('nesting without end is a mistake like others', () => {
  const problems = problemsOf(parseFile('f.yaml', `a: ${'['.repeat(50)}${']'.repeat(50)}\n`));
  assert.deepEqual(problems, ['f.yaml:1:20: this is nested deeper than any option.']);
  assert.notDeepEqual(problemsOf(parseFile('f.yaml', `a: ${'['.repeat(20_000)}`)), []);
});

test('a file that cannot be read says why', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'vouch-config-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const missing = join(folder, 'missing.yaml');
  const latin = join(folder, 'latin.yaml');
  const huge = join(folder, 'huge.yaml');
  writeFileSync(latin, Uint8Array.of(0x61, 0x3a, 0x20, 0xe9));
  writeFileSync(huge, '#'.repeat(1024 * 1024 + 1));
  assert.deepEqual(problemsOf(loadFile(missing)), [`${missing}:1:1: the file cannot be read: there is no such file.`]);
  assert.deepEqual(problemsOf(loadFile(folder)), [`${folder}:1:1: the file cannot be read: it is a directory.`]);
  assert.deepEqual(problemsOf(loadFile(latin)), [`${latin}:1:1: the file is not UTF-8 text.`]);
  assert.deepEqual(problemsOf(loadFile(huge)), [
    `${huge}:1:1: the file is larger than 1 MiB: this is no configuration.`,
  ]);
});
