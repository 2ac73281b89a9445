import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { type CompletedCommand, completionScript } from './completion-scripts.ts';
import { oneOf, switchOption, valueOption } from './option-table.ts';

function command(path: string, ...parts: readonly string[]): CompletedCommand {
  return {
    path,
    sentence: "What it's for.",
    options: [
      ['deep', switchOption({ group: 'G', sentence: 'S.' })],
      [
        'form',
        valueOption({ short: 'f', metavar: 'FORM', group: 'G', sentence: "It's [one]: of two." }, oneOf(['a', 'b'])),
      ],
    ],
    operands: [],
    commands: parts.map((name) => ({ name, sentence: "What it's for." })),
  };
}

const NESTED = [
  command('', 'ctl', 'pub'),
  command('pub'),
  command('ctl', 'list', 'kept'),
  command('ctl list'),
  command('ctl kept', 'show'),
  command('ctl kept show'),
];

function completed(...words: readonly string[]): readonly string[] {
  const program = `${completionScript('bash', NESTED)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vouch; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program, 'bash', 'vouch', ...words], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
}

test('commands of commands of commands are completed', () => {
  assert.deepEqual(completed('c'), ['ctl']);
  assert.deepEqual(completed('ctl', 'k'), ['kept']);
  assert.deepEqual(completed('ctl', 'kept', 's'), ['show']);
  assert.deepEqual(completed('ctl', 'kept', 'show', '--d'), ['--deep']);
  assert.deepEqual(completed('ctl', 'kept', 'show', '--form', ''), ['a', 'b']);
  assert.deepEqual(completed('ctl', 'list', 'kept', '-f', 'b'), ['b']);
});

test('what a sentence holds is quoted', () => {
  assert.match(completionScript('zsh', NESTED), /It'\\''s \\\[one\\\]/);
});
