import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** Stands in for a Node.js that warns of SQLite, and of something else at the same moment. */
const PROGRAM = `
  const load = process.getBuiltinModule;
  process.getBuiltinModule = (name) => {
    process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning');
    process.emitWarning('Something else is', 'ExperimentalWarning', 'CODE');
    return load(name);
  };
  const { DatabaseSync } = await import(${JSON.stringify(new URL('./node-sqlite.ts', import.meta.url).href)});
  process.emitWarning('SQLite is an experimental feature, as somebody says later', 'ExperimentalWarning');
  console.log(new DatabaseSync(':memory:').prepare('SELECT 6 * 7 AS answer').get().answer);
`;

test('the warning that SQLite is experimental is not shown while it is loaded; all others are, and afterwards that one, too', () => {
  const args = ['--input-type=module', '--eval', PROGRAM];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(stdout, '42\n');
  assert.deepEqual(
    stderr
      .split('\n')
      .filter((line) => line.includes('Warning'))
      .map((line) => line.replace(/^\(node:\d+\) /, '')),
    [
      '[CODE] ExperimentalWarning: Something else is',
      'ExperimentalWarning: SQLite is an experimental feature, as somebody says later',
    ],
  );
});
