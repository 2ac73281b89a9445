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

/** A broker that can be measured. */
export interface BrokerKind {
  readonly name: string;
  /** The command that starts it on a port of 127.0.0.1, with what it needs in `folder`. */
  command(port: number, folder: string): readonly string[];
  /** Makes it ready to be started, and tells its version; or tells why it cannot be. */
  prepare(): { readonly version: string } | { readonly missing: string };
}

/** A broker that runs. */
export interface RunningBroker {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Every broker, Vouch first. `{port}` in `vouchCommand` stands for the port. */
export function brokerKinds(vouchCommand: string | undefined): readonly BrokerKind[] {
  return [vouch(vouchCommand), MOSQUITTO, AEDES];
}

function vouch(command: string | undefined): BrokerKind {
  return {
    name: 'vouch',
    command: (port) =>
      command === undefined
        ? [process.execPath, path.join(ROOT, 'src/cli/main.ts'), 'start', '--port', `${port}`, '--quiet']
        : command.split(/\s+/u).map((word) => word.replace('{port}', `${port}`)),
    prepare: () => ({ version: versionIn(path.join(ROOT, 'package.json')) }),
  };
}

const MOSQUITTO_PROGRAM = ['/usr/sbin', '/usr/local/sbin', ...(process.env['PATH'] ?? '').split(path.delimiter)]
  .map((folder) => path.join(folder, 'mosquitto'))
  .find((program) => existsSync(program));

const MOSQUITTO: BrokerKind = {
  name: 'mosquitto',
  command: (port, folder) => {
    const config = path.join(folder, `mosquitto-${port}.conf`);
    writeFileSync(
      config,
      [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous true',
        'log_type error',
        // Its defaults would drop messages of QoS 1 and 2 here, and delay small packets.
        'max_inflight_messages 1000',
        'max_queued_messages 0',
        'set_tcp_nodelay true',
        '',
      ].join('\n'),
    );
    return [MOSQUITTO_PROGRAM ?? 'mosquitto', '-c', config];
  },
  prepare: () => {
    if (MOSQUITTO_PROGRAM === undefined) return { missing: 'mosquitto is not installed' };
    const help = spawnSync(MOSQUITTO_PROGRAM, ['-h']).stdout.toString();
    return { version: /mosquitto version (\S+)/u.exec(help)?.[1] ?? 'of unknown version' };
  },
};

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
 * @throws {Error} when it does not.
 */
export async function startBroker(kind: BrokerKind, folder: string): Promise<RunningBroker> {
  const port = await freePort();
  const command = ['taskset', '-c', BROKER_CORE, ...kind.command(port, folder)];
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
  return { port, pid: child.pid ?? 0, stop };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, 'exit');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS_MAX);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(impatience);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function freePort(): Promise<number> {
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
