// The brokers that Vouch is measured by, each as it comes: Debian's mosquitto, and aedes. Each runs in a process of its own
// on a free port, so that what a check does to it ends nobody else.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UsageError } from '../../test/support/command.ts';
import { brokerAt, type Target } from './targets.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const START_MILLIS_MAX = 15_000;
const HOST = '127.0.0.1';

/** How a peer is started. */
export interface PeerKind {
  readonly name: string;
  /** @throws {UsageError} when it is not on this machine. */
  readonly version: () => string;
  /** @param folder  For files of its own. */
  readonly command: (port: number, folder: string) => readonly string[];
}

/** A peer that runs. */
export interface Peer extends Target {
  readonly port: number;
  /** Whether it still runs. */
  readonly isAlive: () => boolean;
}

const MOSQUITTO: PeerKind = {
  name: 'mosquitto',
  version: () => {
    const help = spawnSync(mosquittoProgram(), ['-h']).stdout.toString();
    return /mosquitto version (\S+)/u.exec(help)?.[1] ?? 'of unknown version';
  },
  command: (port, folder) => {
    const file = path.join(folder, 'mosquitto.conf');
    writeFileSync(file, `listener ${port} ${HOST}\nallow_anonymous true\nlog_type error\n`);
    return [mosquittoProgram(), '-c', file];
  },
};

const AEDES: PeerKind = {
  name: 'aedes',
  version: () => {
    const manifest = path.join(ROOT, 'node_modules/aedes/package.json');
    if (!existsSync(manifest)) throw new UsageError('aedes is not installed.');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version?: string };
    return version ?? 'of unknown version';
  },
  command: (port) => [process.execPath, path.join(import.meta.dirname, 'aedes-server.mjs'), `${port}`],
};

/** The peers. */
export const PEERS: readonly PeerKind[] = [MOSQUITTO, AEDES];

/**
 * Starts a peer and waits until it takes connections.
 * @throws {UsageError} when it is not on this machine, or does not start.
 */
export async function startPeer(kind: PeerKind): Promise<Peer> {
  const version = kind.version();
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-conformance-'));
  const port = await freePort();
  const [program = '', ...args] = kind.command(port, folder);
  const child = spawn(program, args, { stdio: 'ignore' });
  // A program that is not there has no process, which is looked for below.
  child.on('error', () => undefined);
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const close = async (): Promise<void> => {
    process.off('exit', endWithUs);
    if (isRunning(child)) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const until = performance.now() + START_MILLIS_MAX;
  while (!(await takesConnections(port))) {
    if (isRunning(child) && performance.now() < until) {
      await pause(20);
      continue;
    }
    await close();
    throw new UsageError(`${kind.name} did not start.`);
  }
  return { ...brokerAt({ host: HOST, port }, kind.name, version), port, close, isAlive: () => isRunning(child) };
}

/** Debian keeps it where only root looks. */
function mosquittoProgram(): string {
  const folders = ['/usr/sbin', '/usr/local/sbin', ...(process.env['PATH'] ?? '').split(path.delimiter)];
  const program = folders.map((folder) => path.join(folder, 'mosquitto')).find((file) => existsSync(file));
  if (program === undefined) throw new UsageError('mosquitto is not installed.');
  return program;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address === null || typeof address === 'string' ? 0 : address.port;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
