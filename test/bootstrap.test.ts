// What `npm start` and `npm test` do before anything runs: a copy of scripts/bootstrap.mjs in a small
// checkout of its own, with an npm that writes down what it was asked for.

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

/** An engine that no Node.js satisfies, so that the checkout must bring its own. */
const TOO_NEW = '>=999';

/** Stands in for npm: says what it was asked, then does what NPM_DOES says. */
const NPM = `
  import { appendFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
  if (process.argv[2] === 'config') process.exit(0);
  appendFileSync('npm-calls.txt', process.argv.slice(2).join(' ') + '\\n');
  if (process.env.NPM_DOES === 'fail') {
    console.error('npm error code ENOTFOUND');
    process.exit(1);
  }
  if (process.env.NPM_DOES === 'hang') {
    console.error('npm is waiting');
    setInterval(() => {}, 1000);
  } else {
    rmSync('node_modules', { recursive: true, force: true });
    mkdirSync('node_modules/node/bin', { recursive: true });
    symlinkSync(process.execPath, 'node_modules/node/bin/node');
  }
`;

/** Stands in for the command line of Vouch. */
const MAIN = `
  const [what, ...rest] = process.argv.slice(2);
  if (what === 'exit') process.exit(Number(rest[0]));
  if (what === 'wait') {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(signal.length + 40));
    setInterval(() => {}, 1000);
  }
  if (what === 'die') process.kill(process.pid, 'SIGTERM');
  console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd() }));
`;

/** A checkout with nothing installed. */
class Checkout {
  readonly root: string;

  constructor(t: TestContext, engine = '>=24', node = process.versions.node) {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'vouch-bootstrap-')));
    t.after(() => rmSync(this.root, { recursive: true }));
    mkdirSync(path.join(this.root, 'src', 'cli'), { recursive: true });
    cpSync(path.resolve(import.meta.dirname, '../scripts'), path.join(this.root, 'scripts'), { recursive: true });
    this.write('npm.mjs', NPM);
    this.write('src/cli/main.ts', MAIN);
    this.write('package-lock.json', '{}');
    this.write(
      'package.json',
      JSON.stringify({ type: 'module', engines: { node: engine }, devDependencies: { node } }),
    );
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.root, file), text);
  }

  /** What npm was asked for so far, a line each. */
  get npmCalls(): readonly string[] {
    const file = path.join(this.root, 'npm-calls.txt');
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }

  get isInstalled(): boolean {
    return existsSync(path.join(this.root, 'node_modules', '.vouch-installed'));
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const { INIT_CWD: _, ...inherited } = process.env;
    const npm = { npm_node_execpath: process.execPath, npm_execpath: path.join(this.root, 'npm.mjs') };
    return spawn(process.execPath, [path.join(this.root, 'scripts', 'bootstrap.mjs'), ...args], {
      cwd: this.root,
      // Each checkout is new: what is compiled of it is of no use to the next one.
      env: { ...inherited, ...npm, NODE_DISABLE_COMPILE_CACHE: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ending> {
    return await endingOf(this.start(args, env));
  }
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function endingOf(child: ChildProcess): Promise<Ending> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

test('the first start installs and runs, the second only runs', async (t) => {
  const checkout = new Checkout(t);

  const first = await checkout.run(['start', '--port', '1884']);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(JSON.parse(first.stdout), { args: ['start', '--port', '1884'], cwd: checkout.root });
  assert.match(first.stderr, /installing its packages \.\.\./);
  assert.equal(checkout.npmCalls.length, 1);
  assert.match(checkout.npmCalls[0] ?? '', /^ci /);

  const second = await checkout.run(['vouch', 'sub', '-t', '#']);
  assert.deepEqual(JSON.parse(second.stdout), { args: ['sub', '-t', '#'], cwd: checkout.root });
  assert.equal(second.stderr, '');
  assert.equal(checkout.npmCalls.length, 1);
});

test('a changed lock file or dependency is installed, other changes of package.json are not', async (t) => {
  const checkout = new Checkout(t);
  await checkout.run(['vouch']);

  checkout.write('package-lock.json', '{ "changed": true }');
  assert.match((await checkout.run(['vouch'])).stderr, /again, since they changed/);
  assert.equal(checkout.npmCalls.length, 2);

  const manifest = { type: 'module', engines: { node: '>=24' }, devDependencies: { node: process.versions.node } };
  checkout.write('package.json', JSON.stringify({ ...manifest, version: '9.9.9' }));
  await checkout.run(['vouch']);
  assert.equal(checkout.npmCalls.length, 2);

  checkout.write('package.json', JSON.stringify({ ...manifest, dependencies: { yaml: '2.9.1' } }));
  await checkout.run(['vouch']);
  assert.equal(checkout.npmCalls.length, 3);
});

test('a machine whose Node.js is new enough is not made to fetch another', async (t) => {
  const own = new Checkout(t, '>=24');
  await own.run(['vouch']);
  assert.match(own.npmCalls[0] ?? '', /--ignore-scripts/);

  const brought = new Checkout(t, TOO_NEW);
  await brought.run(['vouch']);
  assert.doesNotMatch(brought.npmCalls[0] ?? '', /--ignore-scripts/);
});

test('an install that fails says what happened, where and what to do, and is tried again', async (t) => {
  const checkout = new Checkout(t);

  const { code, stdout, stderr } = await checkout.run(['start'], { NPM_DOES: 'fail' });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /`npm ci` ended with code 1 in .*vouch-bootstrap-/);
  assert.match(stderr, /The npm registry cannot be reached from here/);
  assert.match(stderr, /run the same command again/);
  assert.equal(checkout.isInstalled, false);

  assert.equal((await checkout.run(['start'])).code, 0);
  assert.equal(checkout.isInstalled, true);
});

test('an install that is interrupted ends at once, and is done again', async (t) => {
  const checkout = new Checkout(t);
  await checkout.run(['vouch']);
  checkout.write('package-lock.json', '{ "changed": true }');

  const child = checkout.start(['start'], { NPM_DOES: 'hang' });
  const ending = endingOf(child);
  child.stderr?.on('data', (text: string) => {
    if (text.includes('npm is waiting')) child.kill('SIGINT');
  });
  const { code, stderr } = await ending;
  assert.equal(code, 130);
  assert.match(stderr, /interrupted; the next start does it again/);
  assert.equal(checkout.isInstalled, false);
});

test('a Node.js other than the pinned one is refused, with a way out', async (t) => {
  const checkout = new Checkout(t, TOO_NEW, '1.2.3');

  const { code, stderr } = await checkout.run(['start']);
  assert.equal(code, 1);
  assert.match(stderr, /Vouch needs Node\.js 1\.2\.3, which comes as the npm package `node`, but what came is v\d+/);
  assert.match(stderr, /put a Node\.js of version 24 or newer first on PATH/);
  assert.equal(checkout.isInstalled, false);
});

for (const [engine, how] of [
  ['>=24', 'in this process'],
  [TOO_NEW, 'under the Node.js that was brought'],
] as const) {
  test(`the command's exit code is passed on, run ${how}`, async (t) => {
    assert.equal((await new Checkout(t, engine).run(['vouch', 'exit', '42'])).code, 42);
  });

  test(`a signal that ends the command ends the start too, run ${how}`, async (t) => {
    assert.equal((await new Checkout(t, engine).run(['vouch', 'die'])).signal, 'SIGTERM');
  });

  test(`the command hears of SIGINT, SIGTERM and SIGHUP, run ${how}`, async (t) => {
    const checkout = new Checkout(t, engine);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const child = checkout.start(['vouch', 'wait']);
      const ending = endingOf(child);
      child.stdout?.once('data', () => child.kill(signal));
      assert.equal((await ending).code, signal.length + 40);
    }
  });

  test(`paths in a command are meant from where it was typed, run ${how}`, async (t) => {
    const checkout = new Checkout(t, engine);
    const { stdout } = await checkout.run(['vouch', 'sub'], { INIT_CWD: path.join(checkout.root, 'src') });
    assert.deepEqual(JSON.parse(stdout), { args: ['sub'], cwd: path.join(checkout.root, 'src') });
  });
}

test('a command that does not exist is refused, with those that do', async (t) => {
  const { code, stderr } = await new Checkout(t).run(['strat']);
  assert.equal(code, 1);
  assert.match(stderr, /There is no command 'strat'/);
  assert.match(stderr, /start, vouch, test/);
});
