// `vouch store`: each tool as a process, on what a real broker wrote, while it runs, when it was killed, and after harm.

import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';

import type { CheckResult } from '../../src/store/sqlite/check.ts';
import { DatabaseSync } from '../../src/store/sqlite/node-sqlite.ts';
import type { StoreSummary } from '../../src/store/sqlite/statistics.ts';
import { ClientProcess } from './client-process.ts';
import { type Ended, portsOf, startVouch, type VouchProcess } from './vouch-process.ts';

/** What the tests have in common. */
interface Stores {
  /** A store that a broker wrote and closed: a retained message, and a session that is owed two messages. */
  readonly sample: string;
  /** The same as a crash left it: most of it is in the log. */
  readonly crashed: string;
}

let root: string;
let made: Promise<Stores> | undefined;

before(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vouch-cli-'));
});
after(() => rm(root, { recursive: true, force: true }));

/** The stores, made by the first test that asks for them. */
function stores(context: TestContext): Promise<Stores> {
  made ??= makeStores(context);
  return made;
}

async function makeStores(context: TestContext): Promise<Stores> {
  const [sample, crashed] = [path.join(root, 'sample'), path.join(root, 'crashed')];
  const { broker, port } = await startBroker(context, sample);
  await run(context, 'sub', '-p', port, '-i', 'away', '-c', '-q', '1', '-t', 'news/#', '-E');
  for (const message of ['one', 'two'])
    await run(context, 'pub', '-p', port, '-q', '1', '-t', 'news/today', '-m', message);
  await run(context, 'pub', '-p', port, '-q', '1', '-t', 'kept', '-m', 'for later', '-r');
  cpSync(sample, crashed, { recursive: true });
  broker.signal('SIGTERM');
  assert.equal((await broker.ended).code, 0);
  return { sample, crashed };
}

/** A copy of a store, for the test to do with as it likes. */
async function copyOf(store: string): Promise<string> {
  const directory = await mkdtemp(path.join(root, 'copy-'));
  cpSync(store, directory, { recursive: true });
  return directory;
}

async function startBroker(context: TestContext, data: string): Promise<{ broker: VouchProcess; port: string }> {
  const broker = startVouch(context, ['start', '-p', '0', '--data', data, '--store-reserve-bytes', '1 MiB']);
  const [port] = await portsOf(broker);
  return { broker, port: String(port) };
}

/** Runs a command that works. */
async function run(context: TestContext, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await startVouch(context, args).ended;
  assert.equal(code, 0, stderr);
  return stdout;
}

function tool(context: TestContext, name: string, data: string, ...args: readonly string[]): Promise<Ended> {
  return startVouch(context, ['store', name, '--data', data, ...args]).ended;
}

/** The lines of standard error, without who says them. */
function said({ stderr }: Ended): readonly string[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^vouch store( \w+)?: /, ''));
}

function harm(data: string, sql: string): void {
  const database = new DatabaseSync(path.join(data, 'vouch.db'));
  database.exec(sql);
  database.close();
}

test('--help lists the tools; each has a page with its exit codes', async (context) => {
  const help = await run(context, 'store', '--help');
  for (const name of ['check', 'stats', 'backup', 'export', 'import', 'compact']) {
    assert.match(help, new RegExp(`^ {2}${name} {2,}[A-Z]`, 'm'));
  }
  assert.match(await run(context, 'store', 'help', 'check'), /74 the disk failed/);
});

test('what is no tool, or lacks what it needs, is told with exit code 2', async (context) => {
  const [none, unknown, backup] = await Promise.all([
    startVouch(context, ['store']).ended,
    startVouch(context, ['store', 'chek']).ended,
    startVouch(context, ['store', 'backup']).ended,
  ]);
  assert.deepEqual([none.code, unknown.code, backup.code], [2, 2, 2]);
  assert.match(none.stderr, /^Usage: vouch store COMMAND/);
  assert.match(unknown.stderr, /did you mean check\?/);
  assert.match(backup.stderr, /--to is missing/);
});

test('a sound store checks out, for people and as JSON', async (context) => {
  const { sample, crashed } = await stores(context);
  const [people, json] = await Promise.all([tool(context, 'check', sample), tool(context, 'check', crashed, '--json')]);
  assert.deepEqual([people.code, people.stderr], [0, '']);
  assert.equal(
    people.stdout,
    `${sample} is sound.\n` +
      'It has 1 session with 1 subscription, 0 shared groups, 0 Wills, 1 retained message, 2 messages to deliver (2 deliveries).\n',
  );
  assert.equal(json.code, 0);
  const { state, problems, counts } = JSON.parse(json.stdout) as CheckResult;
  assert.deepEqual([state, problems, counts?.messages], ['sound', [], 2]);
});

test('the store of a running broker is measured, exported and backed up, but neither checked nor compacted', async (context) => {
  const { sample } = await stores(context);
  const data = await copyOf(sample);
  const { broker, port } = await startBroker(context, data);
  const backup = path.join(root, 'backup');
  const [check, compact, start, stats, exported, backedUp] = await Promise.all([
    tool(context, 'check', data),
    tool(context, 'compact', data),
    startVouch(context, ['start', '-p', '0', '--data', data]).ended,
    tool(context, 'stats', data, '--json'),
    tool(context, 'export', data),
    tool(context, 'backup', data, '--to', backup),
  ]);
  for (const refused of [check, compact, start]) {
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /in use by another process/);
  }
  assert.equal(stats.code, 0);
  const { counts, queues } = JSON.parse(stats.stdout) as StoreSummary;
  assert.deepEqual([counts.sessions, counts.retained], [1, 1]);
  assert.deepEqual(queues, [{ kind: 'session', name: 'away', messages: 2, bytes: 6, inFlight: 0 }]);
  assert.equal(exported.code, 0);
  assert.match(exported.stdout, /^\{"kind":"vouch-store","version":1\}\n[^]*\{"kind":"end","lines":\d+\}\n$/);
  assert.equal(backedUp.code, 0);
  assert.match(backedUp.stdout, /^Backed up \d+ KiB to .*backup, with the broker running\.\n$/);

  const { port: other } = await startBroker(context, backup);
  for (const each of [port, other]) {
    assert.equal(
      await run(context, 'sub', '-p', each, '-i', 'away', '-c', '-q', '1', '-t', 'news/#', '-C', '2'),
      'one\ntwo\n',
    );
  }
  broker.signal('SIGKILL');
  await broker.ended;
  // Killed: the lock goes with the process.
  assert.equal((await tool(context, 'check', data)).code, 0);
});

test('statistics for people have the sizes, the counts and the longest queues', async (context) => {
  const { sample } = await stores(context);
  const stdout = await run(context, 'store', 'stats', '--data', sample);
  assert.match(stdout, /^Database +\d+ KiB, of which 0 B free$/m);
  assert.match(stdout, /^Messages to deliver +2$/m);
  assert.match(stdout, /^ +waiting +payload +in flight +longest queues\n +2 +6 B +0 +away$/m);
});

test('what is exported is imported elsewhere, and delivered from there', async (context) => {
  const { crashed } = await stores(context);
  const imported = path.join(root, 'imported');
  const lines = await run(context, 'store', 'export', '--data', crashed);
  const importing = new ClientProcess(context, ['store', 'import', '--data', imported]).input(lines);
  const { code, stdout, stderr } = await importing.end();
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout.toString(), 'Imported 1 session, 1 retained message, 2 messages to deliver.\n');
  assert.equal(await run(context, 'store', 'export', '--data', imported), lines);
  const { port } = await startBroker(context, imported);
  assert.equal(await run(context, 'sub', '-p', port, '-t', 'kept', '-C', '1'), 'for later\n');
  assert.equal(
    await run(context, 'sub', '-p', port, '-i', 'away', '-c', '-q', '1', '-t', 'news/#', '-C', '2'),
    'one\ntwo\n',
  );
});

test('half an export, or anything else, is not imported, with exit code 2', async (context) => {
  const { sample } = await stores(context);
  const lines = await run(context, 'store', 'export', '--data', sample);
  const imported = path.join(root, 'half');
  for (const text of [lines.slice(0, lines.indexOf('{"kind":"end"')), Buffer.from([0xff, 0xfe])]) {
    const { code, stderr } = await new ClientProcess(context, ['store', 'import', '--data', imported])
      .input(text)
      .end();
    assert.equal(code, 2, stderr);
  }
  assert(!existsSync(path.join(imported, 'vouch.db')));
});

test('a compacted store says what it was and is', async (context) => {
  const { sample } = await stores(context);
  const data = await copyOf(sample);
  const { code, stdout } = await tool(context, 'compact', data);
  assert.equal(code, 0);
  assert.match(stdout, /^The store had \d+ KiB and has \d+ KiB\.\n$/);
  assert.equal((await tool(context, 'check', data)).code, 0);
});

test('after its disk failed, a broker starts again only when that was accepted', async (context) => {
  const { sample } = await stores(context);
  const data = await copyOf(sample);
  writeFileSync(path.join(data, 'failed'), '2026-01-02T03:04:05.000Z Committing failed.\n');
  const start = await startVouch(context, ['start', '-p', '0', '--data', data]).ended;
  assert.equal(start.code, 1);
  assert.match(start.stderr, /The disk failed while .*: 2026-01-02T03:04:05\.000Z Committing failed\.\n/);
  const command = `vouch store check --accept --data ${data}`;
  assert(start.stderr.includes(command), start.stderr);

  const check = await tool(context, 'check', data);
  assert.equal(check.code, 1);
  assert.deepEqual(said(check), [
    'The disk failed: 2026-01-02T03:04:05.000Z Committing failed.',
    `What was written is whole, as far as it can be read. To use it again, run: ${command}`,
  ]);
  const accepted = await run(context, ...command.split(' ').slice(1));
  assert.match(accepted, /is sound, was written anew, and can be used again\.\n/);
  await startBroker(context, data);
});

test('a newer store is refused by name, by the broker and by the tools', async (context) => {
  const { sample } = await stores(context);
  const data = await copyOf(sample);
  harm(data, 'PRAGMA user_version = 99');
  const refused = await Promise.all([
    startVouch(context, ['start', '-p', '0', '--data', data]).ended,
    tool(context, 'check', data),
    tool(context, 'stats', data),
  ]);
  for (const { code, stderr } of refused) {
    assert.equal(code, 1);
    assert.match(stderr, /vouch\.db: It was written by a newer version of Vouch: its tables are version 99/);
  }
});

test('a damaged row is refused with file, table, row and the command; what else there is can be saved', async (context) => {
  const { sample } = await stores(context);
  const data = await copyOf(sample);
  harm(data, "UPDATE retained SET crc = 1 WHERE topic = 'kept'");
  const complaint = 'Table retained, topic "kept": its checksum does not fit what it holds.';
  const start = await startVouch(context, ['start', '-p', '0', '--data', data]).ended;
  assert.equal(start.code, 1);
  assert.deepEqual(start.stderr.trimEnd().split('\n'), [
    `vouch start: ${path.join(data, 'vouch.db')} is damaged. ${complaint}`,
    `vouch start: Run: vouch store check --data ${data}`,
  ]);
  const check = await tool(context, 'check', data);
  assert.equal(check.code, 1);
  assert.deepEqual(said(check), [
    complaint,
    `Restore a backup; or save what still holds: "vouch store export --salvage --data ${data} > FILE", ` +
      'then "vouch store import --data DIR < FILE" into a new directory.',
  ]);
  const salvaged = await tool(context, 'export', data, '--salvage');
  assert.equal(salvaged.code, 1);
  assert.deepEqual(said(salvaged), [complaint, '1 thing could not be read and is left out.']);
  const imported = path.join(root, 'salvaged');
  const importing = new ClientProcess(context, ['store', 'import', '--data', imported]).input(salvaged.stdout);
  assert.equal(
    (await importing.end()).stdout.toString(),
    'Imported 1 session, 0 retained messages, 2 messages to deliver.\n',
  );
});

test('a damaged log is refused with file, frame and the command, and is left as it is', async (context) => {
  const { crashed } = await stores(context);
  const data = await copyOf(crashed);
  const log = path.join(data, 'vouch.db-wal');
  const bytes = readFileSync(log);
  bytes[32 + 24 + 50] = (bytes[32 + 24 + 50] ?? 0) ^ 16;
  writeFileSync(log, bytes);
  const start = await startVouch(context, ['start', '-p', '0', '--data', data]).ended;
  assert.equal(start.code, 1);
  const complaint = new RegExp(`${log} is damaged: frame 1, at byte 32, is not what was written, and \\d+ commits`);
  assert.match(start.stderr, complaint);
  assert.match(start.stderr, new RegExp(`Run: vouch store check --data ${data}\n`));
  const check = await tool(context, 'check', data);
  assert.equal(check.code, 1);
  assert.match(check.stderr, complaint);
  assert.deepEqual(readFileSync(log), bytes);
});

test('a disk that reports errors is told with exit code 74', {
  skip: process.platform !== 'linux',
}, async (context) => {
  const { sample } = await stores(context);
  const data = await copyOf(sample);
  // Reading at its beginning is an input error.
  symlinkSync('/proc/self/mem', path.join(data, 'failed'));
  const check = await tool(context, 'check', data);
  assert.equal(check.code, 74);
  assert.match(check.stderr, /^vouch store check: Cannot read .*failed: the disk reports an error; .* \(EIO\)\.\n$/);
});

test('the data directory comes from the configuration of the broker where no flag names it', async (context) => {
  const { sample } = await stores(context);
  const file = path.join(root, 'vouch.yaml');
  writeFileSync(file, `data: ${sample}\n`);
  assert.match(await run(context, 'store', 'check', '-c', file), /is sound/);
  const { code, stdout } = await startVouch(context, ['store', 'check'], { VOUCH_DATA: sample }).ended;
  assert.deepEqual([code, stdout.split('\n')[0]], [0, `${sample} is sound.`]);
});
