// `vouch start` as its users meet it: a process, its output and its exit code.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { portsOf, startVouch } from './vouch-process.ts';

/** CONNECT, MQTT 5, clean start, client identifier "a". */
const CONNECT = Buffer.from('100e 0004 4d515454 05 02 003c 00 0001 61'.replaceAll(' ', ''), 'hex');

function configFile(context: TestContext, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-start-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'vouch.yaml');
  writeFileSync(file, text);
  return file;
}

async function open(context: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Waits until this many bytes have come, and takes them. */
async function read(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes !== null) return bytes;
    await once(socket, 'readable');
  }
}

test('port 0 takes a free port and says which, in one line of JSON with all that one must know', async (context) => {
  const broker = startVouch(context, ['start', '-p', '0']);
  const [port] = await portsOf(broker);
  assert(port !== undefined && port > 0);
  const line: unknown = JSON.parse(await broker.line('Vouch is listening'));
  assert(typeof line === 'object' && line !== null);
  assert.deepEqual(
    { ...line, time: undefined, pid: undefined, version: undefined },
    {
      level: 'info',
      time: undefined,
      version: undefined,
      pid: undefined,
      listeners: `mqtt://127.0.0.1:${port} (anonymous, plain TCP, loopback only)`,
      store: 'sqlite',
      data: path.join(realpathSync(broker.folder), 'data'),
      sessionsFound: 0,
      messagesFound: 0,
      retainedFound: 0,
      sessionExpiry: 'sessions of MQTT 3 clients end 30 days after their last connection (--session-expiry-max)',
      msg: 'Vouch is listening',
    },
  );
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} tells the clients that the server is shutting down, and ends with exit code 0`, async (context) => {
    const broker = startVouch(context, ['start', '-p', '0']);
    const [port = 0] = await portsOf(broker);
    const socket = await open(context, port);
    socket.write(CONNECT);
    const [type = 0, length = 0] = await read(socket, 2);
    assert.equal(type, 0x20, 'CONNACK');
    await read(socket, length);
    broker.signal(signal);
    const disconnect = await read(socket, 3);
    assert.deepEqual([disconnect[0], disconnect[2]], [0xe0, 0x8b], 'DISCONNECT 0x8B');
    const { code, stdout, stderr } = await broker.ended;
    assert.equal(code, 0);
    assert.match(stdout, /Stopped/);
    assert.equal(stderr, '');
  });
}

test('a second SIGTERM ends the process at once with exit code 143, or finds it stopped', async (context) => {
  const broker = startVouch(context, ['start', '-p', '0']);
  await portsOf(broker);
  broker.signal('SIGTERM');
  broker.signal('SIGTERM');
  const { code } = await broker.ended;
  assert([0, 143].includes(code ?? -1), `exit code ${code}`);
});

test('a port in use is one clear sentence and exit code 1', async (context) => {
  const other = createServer().listen(0, '127.0.0.1');
  context.after(() => other.close());
  await once(other, 'listening');
  const address = other.address();
  assert(address !== null && typeof address === 'object');
  const { code, stdout, stderr } = await startVouch(context, ['start', '-p', String(address.port)]).ended;
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, new RegExp(`^vouch start: .*${address.port}.* in use .*\n$`));
});

test('a bad configuration is refused with path:line:column for each problem, and exit code 2', async (context) => {
  const file = configFile(context, 'prot: 1884\nlogLevel: loud\n');
  const { code, stdout, stderr } = await startVouch(context, ['start', '-c', file]).ended;
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    `vouch start: ${file}:1:1: "prot" is not an option; did you mean port?`,
    `vouch start: ${file}:2:11: logLevel takes debug, info, warn or error; got "loud".`,
  ]);
});

test('a wrong option is refused with the nearest one, and exit code 2', async (context) => {
  const { code, stderr } = await startVouch(context, ['start', '--prot', '1884']).ended;
  assert.equal(code, 2);
  assert.equal(stderr, 'vouch start: --prot is not an option; did you mean --port?\nTry "vouch start --help".\n');
});

test('--host with an address of the network is refused without --allow-anonymous', async (context) => {
  const { code, stderr } = await startVouch(context, ['start', '-p', '0', '--host', '0.0.0.0']).ended;
  assert.equal(code, 2);
  assert.match(stderr, /listen on 127\.0\.0\.1 only, .* let everybody in with .*--allow-anonymous/);
});

test('the same --host with --allow-anonymous starts, and warns', async (context) => {
  const broker = startVouch(context, ['start', '-p', '0', '--host', '0.0.0.0', '--allow-anonymous']);
  assert.match(await broker.line('Vouch is listening'), /open to other machines/);
  assert.match(await broker.line('Everybody who can reach this listener'), /"level":"warn"/);
});

test('a file, the environment and flags come together; every listener of the list is opened', async (context) => {
  const file = configFile(context, 'listeners:\n  - port: 0\n  - host: 127.0.0.2\n    port: 0\nlogFormat: pretty\n');
  const broker = startVouch(context, ['start', '--log-format', 'json'], { VOUCH_CONFIG: file });
  const ports = await portsOf(broker);
  assert.equal(ports.length, 2);
});

test('--check prints every option with its value and origin, and starts nothing', async (context) => {
  const file = configFile(context, 'port: 1884\npacketBytesMax: 1048576\n');
  const started = startVouch(context, ['start', '-c', file, '--quiet', '--check'], { VOUCH_LOG_LEVEL: 'warn' });
  const { code, stdout, stderr } = await started.ended;
  assert.deepEqual([code, stderr], [0, '']);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  assert.deepEqual(rows[0], ['listen on', 'mqtt://127.0.0.1:1884', `host: default, port: ${file}:1:7`]);
  assert.deepEqual(
    rows.find(([name]) => name === 'packetBytesMax'),
    ['packetBytesMax', '1 MiB', `${file}:2:17`],
  );
  assert.deepEqual(
    rows.find(([name]) => name === 'logLevel'),
    ['logLevel', 'warn', 'VOUCH_LOG_LEVEL'],
  );
  assert.deepEqual(
    rows.find(([name]) => name === 'quiet'),
    ['quiet', 'true', '--quiet'],
  );
});

test('--quiet says nothing but warnings', async (context) => {
  const args = ['start', '--quiet', '-p', '0', '--host', '0.0.0.0', '--allow-anonymous'];
  const broker = startVouch(context, args);
  const warnings = [
    await broker.line('Everybody who can reach this listener'),
    await broker.line('Nothing is encrypted here'),
  ];
  broker.signal('SIGTERM');
  const { code, stdout, stderr } = await broker.ended;
  assert.deepEqual([code, stdout, stderr], [0, `${warnings.join('\n')}\n`, '']);
});

test('the help names every option and stays within 80 columns', async (context) => {
  const { code, stdout } = await startVouch(context, ['start', '--help']).ended;
  assert.equal(code, 0);
  for (const flag of ['-c, --config FILE', '-p, --port PORT', '--[no-]allow-anonymous', '--packet-bytes-max SIZE']) {
    assert(stdout.includes(flag), flag);
  }
  for (const line of stdout.split('\n')) assert(line.length <= 80, line);
});
