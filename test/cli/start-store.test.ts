// What `vouch start` does with its data directory, as its users meet it: what it keeps, what it refuses, and how it ends
// when the disk fails. That nothing acknowledged is ever lost is shown in test/crash/.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { ClientProcess } from './client-process.ts';
import { portsOf, startVouch, type VouchProcess } from './vouch-process.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');

/** A temporary directory, and in it the path of a data directory that is not there yet. */
function dataPath(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-data-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'data');
}

function startOn(context: TestContext, data: string): VouchProcess {
  // The reserve is written at the first start; a small one is written sooner.
  return startVouch(context, ['start', '-p', '0', '--data', data, '--store-reserve-bytes', '1 MiB']);
}

async function client(context: TestContext, broker: VouchProcess, ...args: readonly string[]): Promise<ClientProcess> {
  const [port] = await portsOf(broker);
  const [command = '', ...options] = args;
  return new ClientProcess(context, [command, '-p', String(port), ...options]);
}

/** Runs `vouch pub` or `vouch sub` to its end, and gives what it printed. */
async function run(context: TestContext, broker: VouchProcess, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await (await client(context, broker, ...args)).end();
  assert.deepEqual([code, stderr], [0, '']);
  return stdout.toString();
}

const SUBSCRIBE = ['sub', '-c', '-i', 'archive', '-t', 'greetings/#', '-q', '1', '-v'];
const PUBLISH = ['pub', '-q', '1', '-t', 'greetings/world', '-m'];

test('what was acknowledged is there after kill -9, and the next start says what it found and where', async (context) => {
  const data = dataPath(context);
  const first = startOn(context, data);
  await run(context, first, ...SUBSCRIBE, '-E');
  await run(context, first, ...PUBLISH, 'still here');
  await run(context, first, ...PUBLISH, 'for everybody', '-r');
  first.signal('SIGKILL');
  await first.ended;
  const second = startOn(context, data);
  const line = await second.line('Vouch is listening');
  assert.match(line, /"sessionsFound":1,"messagesFound":2,"retainedFound":1,/);
  assert(line.includes(`"data":${JSON.stringify(data)}`));
  const received = await run(context, second, ...SUBSCRIBE, '-C', '2');
  assert.equal(received, 'greetings/world still here\ngreetings/world for everybody\n');
});

test('--store memory keeps nothing, makes no directory, and says so', async (context) => {
  const broker = startVouch(context, ['start', '-p', '0', '--store', 'memory']);
  assert.match(await broker.line('Vouch is listening'), /"store":"memory: everything is lost when the process ends/);
  assert(!existsSync(path.join(broker.folder, 'data')));
});

test('a data directory is for one broker at a time: the second one is refused, the first one goes on', async (context) => {
  const data = dataPath(context);
  const first = startOn(context, data);
  await portsOf(first);
  const { code, stdout, stderr } = await startOn(context, data).ended;
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^vouch start: The data directory \S+\/data is in use by another process\. .*another directory\.\n$/,
  );
  await run(context, first, ...PUBLISH, 'still served');
});

const REFUSALS: readonly { readonly what: string; readonly make: (data: string) => void; readonly said: RegExp }[] = [
  {
    what: 'a data directory whose disk failed is refused, with the command that accepts it',
    make(data) {
      mkdirSync(data);
      writeFileSync(path.join(data, 'failed'), '2026-01-01T00:00:00.000Z the disk gave up.\n');
    },
    said: /the disk gave up\.\nvouch start: .*vouch store check --accept --data \S+\/data\n$/,
  },
  {
    what: 'a data directory that is a file is refused, with what to do',
    make: (data) => writeFileSync(data, ''),
    said: /^vouch start: Cannot use the data directory \S+\/data: a file of that name is there; .*\n$/,
  },
  {
    what: 'a database that is none is refused as damaged, with the command that looks at it',
    make(data) {
      mkdirSync(data);
      writeFileSync(path.join(data, 'vouch.db'), 'This is no database, but it is long enough to be one. '.repeat(100));
    },
    said: /^vouch start: \S+\/data\/vouch\.db is damaged\. .*\nvouch start: Run: vouch store check --data \S+\/data\n$/,
  },
];

for (const { what, make, said } of REFUSALS) {
  test(what, async (context) => {
    const data = dataPath(context);
    make(data);
    const { code, stdout, stderr } = await startOn(context, data).ended;
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, said);
  });
}

test('a disk that fails ends the broker with exit code 74 and one clear line, and the next start refuses', async (context) => {
  const data = dataPath(context);
  // To write past the size that the system allows is an error like any other of the disk, for which nobody needs to be root.
  const options = ['start', '-p', '0', '--data', data, '--store-reserve-bytes', '1 MiB'];
  const limited = ['ulimit -f 4096; exec "$@"', 'sh', process.execPath, MAIN, ...options];
  const broker = spawn('sh', ['-c', ...limited], { stdio: ['ignore', 'pipe', 'pipe'] });
  context.after(() => broker.kill('SIGKILL'));
  let stderr = '';
  broker.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(broker, 'close');
  const [line] = (await once(broker.stdout.setEncoding('utf8'), 'data')) as [string];
  const port = /mqtt:\/\/\S+:(\d+)/.exec(line)?.[1] ?? '';
  broker.stdout.resume();
  const address = ['-p', port];
  await new ClientProcess(context, ['sub', ...address, ...SUBSCRIBE.slice(1), '-E']).end();
  const lines = `${'x'.repeat(10_000)}\n`.repeat(1000);
  new ClientProcess(context, ['pub', ...address, '-q', '1', '-t', 'greetings/x', '-l']).input(lines);
  await ended;

  assert.equal(broker.exitCode, 74);
  assert.equal(stderr.split('\n').length, 2, stderr);
  assert.match(stderr, /^vouch start: The disk of \S+\/data failed: .*I\/O error/);
  assert(stderr.includes('What was not acknowledged is not promised.'), stderr);
  assert(stderr.includes(`vouch store check --data ${data}`), stderr);
  assert.match(stderr, /the next start refuses until .* --accept /);
  assert.match(readFileSync(path.join(data, 'failed'), 'utf8'), /I\/O error/);
  const next = await startOn(context, data).ended;
  assert.equal(next.code, 1);
  assert(next.stderr.includes(`vouch store check --accept --data ${data}`), next.stderr);
});
