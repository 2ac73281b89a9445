// `vouch completion` knows what the help pages know, and bash completes with it. That zsh and fish take their scripts is seen where they
// are installed.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';

import { skipUnless } from '../require.ts';
import { BARE_ENVIRONMENT } from '../support/bare-environment.ts';
import { isInstalled } from '../support/tool.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
const run = promisify(execFile);
const scripts = new Map<string, string>();

async function vouch(...args: readonly string[]): Promise<string> {
  return (await run(process.execPath, [MAIN, ...args], { env: BARE_ENVIRONMENT })).stdout;
}

before(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) scripts.set(shell, await vouch('completion', shell));
});

/** What bash offers for the last of these words. */
function completed(...words: readonly string[]): readonly string[] {
  const program = `${scripts.get('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vouch; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program, 'bash', 'vouch', ...words], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
}

/** The terms of a help page under a heading, such as commands; or all options, without one. */
function terms(page: string, under?: string): readonly string[] {
  const section = under === undefined ? page : (page.split(`\n${under}\n`)[1]?.split('\n\n')[0] ?? '');
  const pattern = under === undefined ? /^ {2,6}(?:-\w, )?(--[\w-]+|--\[no-\][\w-]+)/gm : /^ {2}(\w[\w-]*)/gm;
  return [...section.matchAll(pattern)].map(([, term = '']) => term.replace('[no-]', ''));
}

test('every command is completed', async () => {
  const commands = terms(await vouch('--help'), 'Commands');
  assert(commands.includes('pub'));
  assert.deepEqual(completed(''), [...commands, 'help', 'version', '--help']);
  for (const command of commands) {
    assert(scripts.get('zsh')?.includes(`_vouch_${command} ;;`), command);
    assert(scripts.get('fish')?.includes(` -a ${command} -d `), command);
  }
});

test('every option of a help page is completed', async () => {
  // One of each sort; all are made in the same way.
  for (const words of [['start'], ['sub'], ['store', 'backup'], ['passwd', 'add']]) {
    const known = completed(...words, '-');
    const options = terms(await vouch(...words, '--help'));
    assert(options.length > 2);
    for (const option of options) {
      assert(known.includes(option), `${words.join(' ')} ${option}`);
      assert(scripts.get('zsh')?.includes(`*${option}[`), option);
      assert(scripts.get('fish')?.includes(`__vouch_begins ${words.join(' ')}`), option);
      assert(scripts.get('fish')?.includes(` -l ${option.slice(2)}`), option);
    }
  }
});

test('a value is one of those that the option takes, a file, or left to the user', () => {
  assert.deepEqual(completed('pub', '--encoding', ''), ['text', 'hex', 'base64', 'json']);
  assert.deepEqual(completed('pub', '--encoding', 'h'), ['hex']);
  assert.deepEqual(completed('start', '--log-level', 'w'), ['warn']);
  assert.deepEqual(completed('pub', '--file', MAIN.slice(0, -1)), [MAIN]);
  assert.deepEqual(completed('pub', '-t', ''), []);
});

test('operands are completed as options are', () => {
  assert.deepEqual(completed('completion', 'f'), ['fish']);
  assert.deepEqual(completed('explain', 'sub'), ['subscribe']);
  assert.deepEqual(completed('passwd', 'add', MAIN.slice(0, -1)), [MAIN]);
  assert.deepEqual(completed('store', 'c'), ['check', 'compact']);
});

for (const shell of ['zsh', 'fish']) {
  const skip = skipUnless('shells', isInstalled(shell, '--version'), `${shell} is not installed`);
  test(`${shell} takes its script`, { skip }, (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vouch-completion-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, shell);
    writeFileSync(file, scripts.get(shell) ?? '');
    const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stderr], [0, '']);
  });
}

test('zsh has every function that its script calls', () => {
  const script = scripts.get('zsh') ?? '';
  const called = script.matchAll(/; (_vouch_\w+) ;;/g);
  const defined = new Set([...script.matchAll(/^(_vouch\w*)\(\) \{$/gm)].map(([, name]) => name));
  assert.deepEqual(
    [...called].map(([, name]) => name).filter((name) => !defined.has(name)),
    [],
  );
});

test('help is completed with the commands that it can tell of', (context) => {
  assert.deepEqual(completed('help', 'ben'), ['bench']);
  if (!isInstalled('fish', '--version')) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-completion-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'vouch.fish');
  writeFileSync(file, scripts.get('fish') ?? '');
  const asked = spawnSync('fish', ['-c', `source ${file}; complete -C 'vouch help ben'`], { encoding: 'utf8' });
  assert.match(asked.stdout, /^bench\b/m);
});

test('another shell is refused with those that there are', async () => {
  await assert.rejects(vouch('completion', 'csh'), { code: 2, stderr: /SHELL is bash, zsh or fish; got "csh"/ });
});
