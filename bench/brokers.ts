// The brokers to compare, each a command that is started on a free port, bound to one core, and ended. Each runs as a
// newcomer would run it, but for what its row says.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
/** The core that the broker under measure is bound to; the generator has core 1. */
const BROKER_CORE = '0';
const START_MILLIS_MAX = 15_000;
const STOP_MILLIS_MAX = 5_000;
/** With millions of messages on disk. */
const LISTEN_MILLIS_MAX = 120_000;
const START: readonly string[] = ['src/cli/main.ts', 'start'];

/** A broker that can be measured. */
export interface BrokerKind {
  readonly name: string;
  /** The command that starts it on a port of 127.0.0.1, with what it needs in `folder`. */
  command(port: number, folder: string): string[];
  /** Makes it ready to be started, and tells its version; or tells why it cannot be. */
  prepare(): { readonly version: string } | { readonly missing: string };
}

/** A broker that runs. */
export interface RunningBroker {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
  /** SIGKILL: it says nothing and writes nothing any more. */
  kill(): Promise<void>;
}

/** The brokers of `npm run bench`, Vouch first, all in memory. `{port}` in `vouchCommand` stands for the port. */
export function brokerKinds(vouchCommand: string | undefined): readonly BrokerKind[] {
  const words = vouchCommand?.split(/\s+/u);
  const given = (port: number): string[] | undefined => words?.map((word) => word.replace('{port}', `${port}`));
  const usual = vouch('vouch', START, () => ['--store', 'memory']);
  return [{ ...usual, command: (port, folder) => given(port) ?? usual.command(port, folder) }, MOSQUITTO, AEDES];
}

/** The brokers of `npm run bench:durable`: Vouch on disk, the same without elision, in memory, and mosquitto in memory. */
export const DURABLE_KINDS: readonly BrokerKind[] = [
  vouch('vouch', START, inFolder),
  vouch('no-elision', ['bench/start-without-elision.ts'], inFolder),
  vouch('memory', START, () => ['--store', 'memory']),
];

/** The brokers of `npm run bench:kept`, which are started again on what they had; aedes keeps nothing unless it is told where. */
export function keepingKinds(): readonly BrokerKind[] {
  const vouchOnDisk = vouch('vouch', START, (_, folder) => ['--data', path.join(folder, 'data')]);
  const onDisk = mosquitto('mosquitto, persistence true', (folder) => [
    'persistence true',
    `persistence_location ${folder}/`,
    // Started by root it would become a user that may not write there.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ]);
  return [vouchOnDisk, onDisk, MOSQUITTO, AEDES];
}

function vouch(
  name: string,
  program: readonly string[],
  storeFlags: (port: number, folder: string) => readonly string[],
): BrokerKind {
  const [file = '', ...rest] = program;
  return {
    name,
    command: (port, folder) => [
      process.execPath,
      path.join(ROOT, file),
      ...rest,
      '--port',
      `${port}`,
      '--quiet',
      ...storeFlags(port, folder),
    ],
    prepare: () => ({ version: versionIn(path.join(ROOT, 'package.json')) }),
  };
}

/** A data directory of its own for every start. */
function inFolder(port: number, folder: string): readonly string[] {
  return ['--data', path.join(folder, `data-${port}`)];
}

const MOSQUITTO_PROGRAM = ['/usr/sbin', '/usr/local/sbin', ...(process.env['PATH'] ?? '').split(path.delimiter)]
  .map((folder) => path.join(folder, 'mosquitto'))
  .find((program) => existsSync(program));

/** Debian's mosquitto, in memory. */
export const MOSQUITTO: BrokerKind = mosquitto('mosquitto', () => []);

/** @param more  Lines of its configuration. */
function mosquitto(name: string, more: (folder: string) => readonly string[]): BrokerKind {
  return {
    name,
    command: (port, folder) => {
      const config = path.join(folder, `mosquitto-${port}.conf`);
      const lines = [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous true',
        'log_type error',
        // Its defaults would drop messages of QoS 1 and 2 here, and delay small packets.
        'max_inflight_messages 1000',
        'max_queued_messages 0',
        'set_tcp_nodelay true',
        ...more(folder),
        '',
      ];
      writeFileSync(config, lines.join('\n'));
      return [MOSQUITTO_PROGRAM ?? 'mosquitto', '-c', config];
    },
    prepare: () => {
      if (MOSQUITTO_PROGRAM === undefined) return { missing: 'mosquitto is not installed' };
      const help = spawnSync(MOSQUITTO_PROGRAM, ['-h']).stdout.toString();
      return { version: /mosquitto version (\S+)/u.exec(help)?.[1] ?? 'of unknown version' };
    },
  };
}

const AEDES: BrokerKind = {
  name: 'aedes',
  command: (port) => [process.execPath, path.join(import.meta.dirname, 'aedes-server.mjs'), `${port}`],
  prepare: () => {
    const manifest = path.join(import.meta.dirname, 'node_modules/aedes/package.json');
    if (!existsSync(manifest)) {
      const { status, stderr } = spawnSync('npm', ['ci'], { cwd: import.meta.dirname });
      if (status !== 0) return { missing: `aedes could not be installed: ${firstLine(stderr.toString())}` };
    }
    return { version: versionIn(manifest) };
  },
};

/**
 * Starts a broker on a free port, with as many open files as the system allows, and waits until it answers.
 * @param pinned  What is bound to the broker's core: all of it, or its main thread, so that a store's worker runs where it can.
 * @throws {Error} when it does not.
 */
export async function startBroker(
  kind: BrokerKind,
  folder: string,
  pinned: 'process' | 'main-thread',
): Promise<RunningBroker> {
  const port = await freePort();
  const command = kind.command(port, folder);
  if (pinned === 'process') command.unshift('taskset', '-c', BROKER_CORE);
  const child = spawn('sh', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: ROOT,
  });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString()).slice(-2_000);
  });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const stop = async (): Promise<void> => {
    await stopProcess(child);
    process.off('exit', endWithUs);
  };
  const startedAt = performance.now();
  while (!(await accepts(port))) {
    if (!isRunning(child)) throw new Error(`${kind.name} did not start: ${firstLine(complaint)}`);
    if (performance.now() - startedAt > START_MILLIS_MAX) {
      await stop();
      throw new Error(`${kind.name} did not answer on port ${port}.`);
    }
    await pause(20);
  }
  // `sh` and `taskset` have become the broker: the process is the same one.
  const pid = child.pid ?? 0;
  if (pinned === 'main-thread') spawnSync('taskset', ['-cp', BROKER_CORE, `${pid}`]);
  const kill = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    process.off('exit', endWithUs);
  };
  return { port, pid, stop, kill };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, 'exit');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS_MAX);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(impatience);
}

/**
 * Starts `vouch start` as the measurements see it that need more than a port: with as many open files as the system allows, until
 * it listens. It ends with this process.
 * @throws {Error} when it ends before, or takes minutes.
 */
export async function startVouch(flags: readonly string[]): Promise<ChildProcess> {
  const command = [process.execPath, path.join(ROOT, 'src/cli/main.ts'), 'start', '--log-format', 'json', ...flags];
  const child = spawn('sh', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  const hear = (text: Buffer): void => {
    said += text.toString();
    if (said.includes('Vouch is listening')) resolve();
  };
  const ended = (): void => reject(new Error('The broker ended.'));
  const impatience = setTimeout(() => reject(new Error('The broker did not start.')), LISTEN_MILLIS_MAX);
  child.stdout.on('data', hear);
  child.once('exit', ended);
  await promise;
  clearTimeout(impatience);
  child.stdout.off('data', hear).resume();
  child.off('exit', ended);
  return child;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address === null || typeof address === 'string' ? 0 : address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, millis);
  });
}

function versionIn(manifest: string): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version?: string };
  return version ?? '';
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
