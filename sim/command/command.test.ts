import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as npm does. @param meanwhile  Called with the process when it has said something. */
async function sim(
  args: readonly string[],
  meanwhile?: (pid: number) => void,
  more: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const env = { ...process.env, INIT_CWD: ROOT, ...more };
  const child = spawn(process.execPath, ['sim/main.ts', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  child.stdout.once('data', () => {
    if (child.pid !== undefined) meanwhile?.(child.pid);
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

test('--help says what there is', async () => {
  const { code, stdout } = await sim(['--help']);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: npm run sim -- /);
});

test('what makes no sense is refused with code 2, in a line', async () => {
  for (const args of [
    ['--sedes', '3'],
    ['--scenario', 'none-such'],
    ['--mutant', 'none-such'],
    ['--hunt', 'none-such'],
    ['--plan', 'none-such.json'],
  ]) {
    const { code, stdout, stderr } = await sim(args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^sim: .+\n$/);
  }
});

test('scenarios and mutants are listed with a sentence each', async () => {
  assert.match((await sim(['--scenario', 'help'])).stdout, /^typical +Five clients/m);
  assert.match((await sim(['--mutant', 'help'])).stdout, /^dup-not-set +A PUBLISH that is sent again has DUP 0/m);
});

test('a known bug is found, shrunk, shown, saved, and repeated from the file by the command that it names', async () => {
  const mutant = ['--mutant', 'dup-not-set'];
  const { code, stdout } = await sim(['--seeds', '200', '--from', '1', ...mutant]);
  assert.equal(code, 1, stdout);
  assert.match(
    stdout,
    /^The smallest schedule that shows it: \d+ clients? and \d+ steps? of \d+ clients and \d+ steps/m,
  );
  assert.match(stdout, /^ +\d+\.\d{3} s {2}!!! +packet-ids: .+, without DUP/m);
  assert.match(stdout, /^ {2}npm run sim -- --from \d+ --seeds 1 --mutant dup-not-set$/m);
  const file = /--plan (\S+) --mutant dup-not-set$/m.exec(stdout)?.[1] ?? '';
  const repeated = await sim(['--plan', file, ...mutant]);
  assert.equal(repeated.code, 1);
  assert.match(repeated.stdout, /^ {2}packet-ids: .+, without DUP/m);
  const withoutBug = await sim(['--plan', file]);
  assert.equal(withoutBug.code, 0, withoutBug.stdout);
  assert.match(withoutBug.stdout, /^Nothing is wrong with it\.$/m);
});

test('Ctrl-C ends it in order, with what was done by then', async () => {
  const started = performance.now();
  const { code, stdout } = await sim(['--minutes', '5', '--scenario', 'nothing-breaks', '--keep-going'], (pid) => {
    process.kill(pid, 'SIGINT');
  });
  assert.equal(code, 130, stdout);
  assert.match(stdout, /^\d+ seeds? in \d+ s: .*nothing wrong$/m);
  assert.ok(performance.now() - started < 60_000);
});

test('workers that cannot even begin end the run, with what became of them', async () => {
  // Loaded by every process, and the end of those that have somebody to report to.
  const hook = 'data:text/javascript,if(process.send)process.exit(7)';
  const { code, stderr } = await sim(['--seeds', '3'], undefined, { NODE_OPTIONS: `--import=${hook}` });
  assert.equal(code, 1);
  assert.equal(stderr, 'sim: the process that ran it ended with code 7\n');
});
