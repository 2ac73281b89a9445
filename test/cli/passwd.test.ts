// `vouch passwd`, and a broker with the file that it makes, as processes.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';

import { ClientProcess } from './client-process.ts';
import { type Ended, portsOf, startVouch } from './vouch-process.ts';

const PASSWORD = 'Ünd so "weiter"';

let root: string;
before(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vouch-passwd-'));
});
after(() => rm(root, { recursive: true, force: true }));

let files = 0;

function newFile(): string {
  return path.join(root, `users-${files++}.passwd`);
}

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `vouch passwd` with a text at its standard input. */
async function passwd(context: TestContext, input: string, ...args: readonly string[]): Promise<Said> {
  const { code, stdout, stderr } = await new ClientProcess(context, ['passwd', ...args]).input(input).end();
  return { code, stdout: String(stdout), stderr };
}

test('a user is added, checked, changed and deleted, and no command shows the password', async (context) => {
  const file = newFile();
  const said = [
    await passwd(context, `${PASSWORD}\n`, 'add', file, 'anna'),
    await passwd(context, PASSWORD, 'verify', file, 'anna'),
    await passwd(context, 'another one\n', 'verify', file, 'anna'),
    await passwd(context, 'another one\n', 'add', file, 'anna', '--scram', '--iterations', '4096'),
    await passwd(context, 'another one\r\n', 'verify', file, 'anna'),
    await passwd(context, PASSWORD, 'verify', file, 'bob'),
  ];
  assert.deepEqual(
    said.map(({ code, stdout }) => [code, stdout]),
    [
      [0, 'Added "anna".\n'],
      [0, 'The password of "anna" is right.\n'],
      [1, 'The password of "anna" is wrong.\n'],
      [0, 'Changed the password of "anna".\n'],
      [0, 'The password of "anna" is right.\n'],
      [1, 'There is no user "bob".\n'],
    ],
  );
  assert.equal(said.map(({ stderr }) => stderr).join(''), '');
  assert.match(readFileSync(file, 'utf8'), /^anna:SCRAM-SHA-256\$4096:[^\n]+\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const deleted = await passwd(context, '', 'delete', file, 'anna');
  assert.deepEqual([deleted.code, deleted.stdout], [0, 'Deleted "anna".\n']);
  assert.match(deleted.stderr, /:1:1: there is no user in the file.*\n.*A broker will not take the file as it is\.\n$/);
});

test('a password may come from a file of its own', async (context) => {
  const [file, secret] = [newFile(), newFile()];
  writeFileSync(secret, `${PASSWORD}\n`);
  assert.equal((await passwd(context, '', 'add', file, 'anna', '--password-from', secret)).code, 0);
  assert.equal((await passwd(context, PASSWORD, 'verify', file, 'anna')).code, 0);
  const missing = await passwd(context, '', 'add', file, 'anna', '--password-from', `${secret}.none`);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /The password cannot be read/);
});

test('what is called wrongly is told with exit code 2, and an argument that may be a password is not repeated', async (context) => {
  const file = newFile();
  for (const [input, args, sentence] of [
    ['', [], /^Usage: vouch passwd COMMAND/],
    ['', ['ad'], /did you mean add\?/],
    ['', ['add', file], /begins with FILE and USER/],
    ['', ['add', file, 'anna', 'hunter2'], /a password is no argument/],
    ['', ['add', file, 'anna', '--password', 'hunter2'], /--password is not an option; did you mean --password-from\?/],
    ['hunter2', ['add', file, 'an:na'], /a user name has no colon/],
    ['hunter2', ['add', file, 'anna', '--iterations', '5000'], /--iterations needs --scram/],
    ['hunter2', ['add', file, 'anna', '--scram', '--iterations', '1'], /takes a whole number from 4096/],
    ['\n', ['add', file, 'anna'], /The password is empty/],
    ['', ['delete', file, 'anna'], /has no user "anna"/],
    ['hunter2', ['verify', file, 'anna'], /users-\d+\.passwd:1:1: the file cannot be read: there is no such file\./],
  ] as const) {
    const { code, stderr } = await passwd(context, input, ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, sentence);
    assert.ok(!stderr.includes('hunter2'), stderr);
  }
  assert.match((await startVouch(context, ['passwd', 'help', 'add']).ended).stdout, /--password-from FILE/);
});

/** Publishes through a broker, as somebody. */
function publish(context: TestContext, port: number, ...who: readonly string[]): Promise<Ended> {
  return startVouch(context, ['pub', '-p', `${port}`, '-q', '1', '-t', 'a', '-m', 'x', ...who]).ended;
}

test('a broker with the file lets its users in and nobody else, says why, and takes a change while it runs', async (context) => {
  const file = newFile();
  await passwd(context, PASSWORD, 'add', file, 'anna');
  const broker = startVouch(context, ['start', '-p', '0', '--store', 'memory', '--password-file', file]);
  const [port = 0] = await portsOf(broker);
  assert.match(await broker.line('Vouch is listening'), /\(passwords, plain TCP, loopback only\)/);
  const [right, wrong, nobody, stranger] = await Promise.all([
    publish(context, port, '-u', 'anna', '-P', PASSWORD),
    publish(context, port, '-u', 'anna', '-P', 'hunter2'),
    publish(context, port, '-u', 'bob', '-P', PASSWORD),
    publish(context, port),
  ]);
  assert.deepEqual([right.code, wrong.code, nobody.code, stranger.code], [0, 1, 1, 1], right.stderr);
  assert.match(wrong.stderr, /bad user name or password/);
  assert.match(nobody.stderr, /bad user name or password/);
  assert.match(stranger.stderr, /not authorized/);
  await broker.line('The password of \\"anna\\" is wrong.');
  await broker.line('There is no user \\"bob\\".');
  await broker.line('It has neither user name nor password.');
  await passwd(context, 'new', 'add', file, 'bob');
  await broker.line('The password file has changed and is in force');
  assert.equal((await publish(context, port, '-u', 'bob', '-P', 'new')).code, 0);
  broker.signal('SIGTERM');
  // Threat 64: what was said of all this has no password and no hash in it.
  const { stdout, stderr } = await broker.ended;
  for (const secret of [
    'hunter2',
    'weiter',
    'argon2id',
    ...readFileSync(file, 'utf8')
      .split(/[$:\n]/)
      .filter((part) => part.length > 20),
  ]) {
    assert.ok(!`${stdout}${stderr}`.includes(secret), secret);
  }
});

test('threat 29: a broker does not start with a password file that it cannot use, and --check says so, too', async (context) => {
  const file = newFile();
  writeFileSync(file, 'anna:hunter2\n');
  for (const args of [
    ['-p', '0', '--password-file', file],
    ['--check', '--password-file', file],
    ['-p', '0', '--password-file', `${file}.none`],
  ]) {
    const { code, stdout, stderr } = await startVouch(context, ['start', '--store', 'memory', ...args]).ended;
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(
      stderr,
      /^vouch start: .*users-\d+\.passwd(?::1:6: this is no hash|\.none:1:1: the file cannot be read)/,
    );
    assert.ok(!stderr.includes('hunter2'));
  }
});

test('beyond loopback a broker with a password file needs no more, and warns that passwords can be read on the way', async (context) => {
  const file = newFile();
  await passwd(context, PASSWORD, 'add', file, 'anna');
  const broker = startVouch(context, [
    'start',
    '-p',
    '0',
    '--host',
    '0.0.0.0',
    '--store',
    'memory',
    '--password-file',
    file,
  ]);
  await broker.line('Nothing is encrypted here: passwords, tokens and messages can be read');
  broker.signal('SIGTERM');
  const { code, stdout } = await broker.ended;
  assert.equal(code, 0);
  assert.ok(!stdout.includes('Everybody who can reach this listener'));
});
