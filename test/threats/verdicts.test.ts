// The threat table says what is so: every row has its test or its reason, and no test names a row that is not there.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { FAULTS, THREATS } from './verdicts.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The rows that the name of some test begins with. */
function rowsWithTests(): ReadonlySet<number> {
  const rows = new Set<number>();
  for (const file of globSync('{src,test,fuzz,soak,sim}/**/*.test.ts', { cwd: ROOT })) {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, list = ''] of text.matchAll(/["'`]threat (\d+(?:, \d+)*): /g)) {
      for (const row of list.split(', ')) rows.add(Number(row));
    }
  }
  return rows;
}

test('the rows are numbered from 1 without a gap', () => {
  assert.deepEqual(
    THREATS.map(({ row }) => row),
    THREATS.map((_, n) => n + 1),
  );
});

test('every row has a test that names it, or a reason why it has none, and not both', () => {
  const rows = new Set(rowsWithTests());
  for (const { row, notHere } of THREATS) {
    assert.equal(rows.has(row), notHere === undefined, `threat ${row}`);
    rows.delete(row);
  }
  assert.deepEqual([...rows], [], 'tests name rows that are not in the table');
});

test('every fault has a test that is there', () => {
  for (const { fault, shownBy } of FAULTS) {
    if (shownBy === undefined) continue;
    const [file, name] = shownBy;
    assert.ok(readFileSync(path.join(ROOT, file), 'utf8').includes(name), `${fault}: ${file} has no test "${name}"`);
  }
});

test('a cell of the table is one line without a bar, which would end it', () => {
  const cells = [
    ...THREATS.flatMap(({ seen, attack, verdict, notHere }) => [seen, attack, verdict, notHere ?? '']),
    ...FAULTS.flatMap(({ fault, verdict }) => [fault, verdict]),
  ];
  for (const cell of cells) assert.doesNotMatch(cell, /[|\n]/);
});
