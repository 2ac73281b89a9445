// A real broker, started as users start it, in a folder of its own, with a door of each kind on loopback; and what Linux knows of its process.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { hashPassword, showHash } from '../src/auth/password-hash.ts';
import { NODE_RANDOM } from '../src/server/node-parts.ts';
import type { FloodBroker, FloodTarget } from './floods/flood.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/cli/main.ts');
const CERTIFICATES = path.resolve(import.meta.dirname, '../test/support/certificates');
/** What Linux counts CPU time in: `getconf CLK_TCK` has been 100 wherever Node.js runs. */
const TICKS_PER_SECOND = 100;
/** How long a start may take before it counts as failed. */
const START_MILLIS = 60_000;

/** The users that there are, `known0` and on, and their password. */
export const USER_COUNT = 24;
export const USER_PASSWORD = 'right';

/** A broker that runs. */
export interface SoakBroker {
  readonly target: FloodTarget;
  /** CPU time so far, of all threads, in seconds. */
  cpuSeconds(): number;
  /** Memory in use. */
  residentBytes(): number;
  /** Whether it still runs. */
  isRunning(): boolean;
  /** Ends it as Ctrl-C does, waits for that, and removes its folder unless it is kept. */
  stop(): Promise<void>;
}

/** How to start it. */
export interface BrokerChoice extends FloodBroker {
  /** Lines of the password file. Default: `known0` and on. Without a user name everybody is let in. */
  readonly users?: string;
  /** The plain port. Default: any. */
  readonly port?: number;
}

/**
 * Starts a broker and waits until it listens.
 * @throws {Error} with what it said, when it does not start.
 */
export async function startBroker(choice: BrokerChoice = {}): Promise<SoakBroker> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-soak-'));
  const users = choice.users ?? (await usualUsers());
  writeFileSync(path.join(folder, 'users.passwd'), users, { mode: 0o600 });
  writeFileSync(path.join(folder, 'vouch.yaml'), configuration(choice.port ?? 0));
  // As many file descriptors as this user may have: each flood wants some.
  const filesMax = choice.filesMax ?? '"$(ulimit -Hn)"';
  const script = ['-c', `ulimit -n ${filesMax}; exec "$@"`, 'sh', process.execPath];
  const args = [...script, MAIN, 'start', '--config', 'vouch.yaml', ...(choice.flags ?? [])];
  const child = spawn('sh', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', kill);
  const said = await untilListening(child);
  const { pid = 0 } = child;
  const ports = [...said.matchAll(/(?:mqtts?|wss?):\/\/[^\s:"]+:(\d+)/g)].map((match) => Number(match[1]));
  const [tcp = 0, tls = 0, webSocket = 0] = ports;
  return {
    target: { tcp, tls, webSocket, ca: readFileSync(path.join(CERTIFICATES, 'ca.pem'), 'utf8') },
    cpuSeconds: () => cpuSecondsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      process.off('exit', kill);
      if (child.exitCode === null && child.signalCode === null) {
        const closed = once(child, 'close');
        child.kill('SIGTERM');
        await closed;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Users with one password, and one hash: it is checked for each of them by itself. */
async function usualUsers(): Promise<string> {
  const hash = showHash(await hashPassword(Buffer.from(USER_PASSWORD), NODE_RANDOM));
  return Array.from({ length: USER_COUNT }, (_, n) => `known${n}:${hash}\n`).join('');
}

function configuration(port: number): string {
  const tls = `    cert: ${path.join(CERTIFICATES, 'server.pem')}\n    key: ${path.join(CERTIFICATES, 'server.key')}\n`;
  return [
    'listeners:',
    `  - port: ${port}`,
    `  - type: tls\n    port: 0\n${tls}  - type: ws\n    port: 0`,
    'passwordFile: users.passwd',
    'allowAnonymous: true',
    'systemTopicsInterval: 250 ms',
    'logFormat: json',
    '',
  ].join('\n');
}

/** Reads what a broker says until it listens; throws away what it says later. */
async function untilListening(child: ChildProcess): Promise<string> {
  let said = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const hear = (text: Buffer): void => {
    if (said.length < 100_000) said += text.toString();
    if (said.includes('Vouch is listening')) resolve();
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.once('close', () => reject(new Error(`The broker ended:\n${said}`)));
  const impatience = setTimeout(() => reject(new Error(`The broker did not start:\n${said}`)), START_MILLIS);
  try {
    await promise;
  } finally {
    clearTimeout(impatience);
  }
  return said;
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytesOf(pid: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}
