// `vouch` itself: which command is meant, and what ends it.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { startScript, startVouch } from './vouch-process.ts';

test('--version prints one line', async (context) => {
  const { code, stdout } = await startVouch(context, ['--version']).ended;
  assert.equal(code, 0);
  assert.match(stdout, /^vouch \d+\.\d+\.\d+\S*\n$/);
});

test('--help lists every command with what it does', async (context) => {
  const { code, stdout } = await startVouch(context, ['--help']).ended;
  assert.equal(code, 0);
  for (const name of ['start', 'pub', 'sub', 'store'])
    assert.match(stdout, new RegExp(`^ {2}${name} {2,}[A-Z].*\\.$`, 'm'));
});

test('without a command the same page goes to standard error, with exit code 2', async (context) => {
  const { code, stdout, stderr } = await startVouch(context, []).ended;
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^Usage: vouch COMMAND/);
});

test('"help start" is "start --help"', async (context) => {
  const [one, other] = await Promise.all([
    startVouch(context, ['help', 'start']).ended,
    startVouch(context, ['start', '--help']).ended,
  ]);
  assert.equal(one.stdout, other.stdout);
});

test('an unknown command is refused with the nearest one, and exit code 2', async (context) => {
  const { code, stderr } = await startVouch(context, ['strat']).ended;
  assert.equal(code, 2);
  assert.equal(stderr, 'vouch: "strat" is not a command; did you mean start?\nTry "vouch --help".\n');
});

test('a bug ends the process in that turn with exit code 70, with what was logged before it', async (context) => {
  const { code, stdout, stderr } = await startScript(context, path.join(import.meta.dirname, 'bug.fixture.ts'), [])
    .ended;
  assert.equal(code, 70);
  assert.match(stderr, /^vouch: this is a bug in Vouch .*\nError: cannot happen\n {4}at /);
  for (const sentence of ['first', 'second']) assert(stdout.includes(`"msg":"${sentence}"`), sentence);
});
