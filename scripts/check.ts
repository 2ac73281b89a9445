// Every check of the project, in one place: `npm test` runs them all, `npm run check` all but the slow
// tests. A failing step does not hide the next one. The tests come last and say the last word, so that
// their summary is what one sees; what failed before them is repeated below it.
//   npm run check -- lint types        only these steps
//   npm run check -- src/session       only the tests below a path

import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const BINARIES = path.join(ROOT, 'node_modules', '.bin');
/**
 * Where Node.js keeps what it has compiled, types stripped: a test run starts more than a thousand processes, and half of what a small one
 * costs is compiling what others have compiled. Sources are told apart by what is in them, so nothing in there is ever stale.
 */
const COMPILE_CACHE = path.join(ROOT, '.cache', 'compiled');

const TESTS = ['{src,test,sim,fuzz,soak,conformance,bench}/**/*.test.ts'];
/** A step of its own, before the other tests: it is fast, and what it finds is quickly mended. */
const TIDY = ['test/tidy.test.ts', 'test/tidy/*.test.ts'];
/** Left out of `npm run check`: they start other programs or install packages. */
const SLOW = [
  'test/package.test.ts',
  'test/bootstrap.test.ts',
  'test/interop/**/*.test.ts',
  'test/browser/*.test.ts',
  'test/crash/{crash,power-cut,disk-full,*-strace}.test.ts',
  'test/crash/clients/{crash,session-lost}.test.ts',
  'test/crash/damage/damage.test.ts',
  'test/examples.test.ts',
  'sim/sim.test.ts',
  'sim/command/command.test.ts',
  'sim/mutants/mutants.test.ts',
  'fuzz/**/*.test.ts',
  'soak/floods.test.ts',
];

/** One more than there are cores: a file that waits for a disk, a process or a moment leaves its core to another. */
const FILES_AT_ONCE = availableParallelism() + 1;

/** Every step takes a fraction of this. Past it, something hangs. */
const STEP_MINUTES_MAX = 20;

/** What runs before the tests: a name to ask for it, and the command. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  format: ['biome', 'format', '--reporter=summary', '.'],
  lint: ['oxlint', '--deny-warnings', '--format=unix'],
  types: ['tsc', '-p', 'tsconfig.json'],
  'types-pure': ['tsc', '-p', 'tsconfig.pure.json'],
  'types-browser': ['tsc', '-p', 'tsconfig.browser.json'],
  unused: ['knip'],
  tidy: testCommand(['--test-reporter=dot', ...globSync(TIDY, { cwd: ROOT })]),
};

const asked = process.argv.slice(2).filter((arg) => arg !== '--all');
const steps = asked.filter((arg) => arg === 'tests' || Object.hasOwn(STEPS, arg));
const paths = asked.filter((arg) => !steps.includes(arg));
const runsAll = process.argv.includes('--all') || asked.length > 0;

const failed: string[] = [];
for (const [name, command] of Object.entries(STEPS)) {
  if (asked.length > 0 && !steps.includes(name)) continue;
  if (!(await runStep(name, command))) failed.push(name);
}
const testsAsked = asked.length === 0 || paths.length > 0 || steps.includes('tests');
if (testsAsked && !(await runTests())) failed.push('tests');
if (failed.some((name) => name !== 'tests')) {
  console.log(`\nFailed: ${failed.join(', ')}. One of them alone: npm run check -- ${failed[0] ?? ''}`);
}
process.exitCode = failed.length > 0 ? 1 : 0;

/** Runs a step and tells how it went; what it printed is shown only if it failed. */
async function runStep(name: string, command: readonly string[]): Promise<boolean> {
  const started = performance.now();
  const { code, output } = await run(command, 'pipe');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name.padEnd(15)}${code === 0 ? 'ok    ' : 'FAILED'}  ${seconds} s`);
  if (code !== 0) console.log(`\n${output.trimEnd()}\n\n  This step alone: npm run check -- ${name}\n`);
  return code === 0;
}

async function runTests(): Promise<boolean> {
  const isAsked = (file: string): boolean => paths.length === 0 || paths.some((start) => file.startsWith(start));
  const leftOut = new Set(globSync(paths.length > 0 ? [] : [...TIDY, ...(runsAll ? [] : SLOW)], { cwd: ROOT }));
  const tests = globSync(TESTS, { cwd: ROOT, exclude: (file) => /(^|\/)node_modules$/.test(file) });
  const files = tests.filter((file) => isAsked(file) && !leftOut.has(file));
  if (files.length === 0) {
    console.log(`No test is below ${paths.join(', ')}.`);
    return false;
  }
  console.log(`${'tests'.padEnd(15)}${files.length} files${runsAll ? '' : ', without the slow ones of npm test'}\n`);
  return (await run(testCommand(files.sort()), 'inherit')).code === 0;
}

function testCommand(args: readonly string[]): readonly string[] {
  // The limit is for a test that hangs; none takes that long.
  return [process.execPath, '--test', `--test-concurrency=${FILES_AT_ONCE}`, '--test-timeout=120000', ...args];
}

/** Runs a command of node_modules, or one with a path, in the root of the checkout. */
function run(
  [name = '', ...args]: readonly string[],
  stdio: 'pipe' | 'inherit',
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const file = path.isAbsolute(name) ? name : path.join(BINARIES, name);
    const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env };
    const child = spawn(file, args, { cwd: ROOT, env, stdio: ['ignore', stdio, stdio] });
    let output = '';
    const hear = (text: string): void => void (output += text);
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr?.setEncoding('utf8').on('data', hear);
    // node:test answers SIGINT with the names of the files that it waits for.
    const limit = setTimeout(() => {
      console.log(
        `\nEnded after ${STEP_MINUTES_MAX} minutes. A test that failed may have left a listener, socket or timer open:`,
      );
      child.kill('SIGINT');
    }, STEP_MINUTES_MAX * 60_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve({ code, output });
    });
  });
}
