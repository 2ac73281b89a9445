// A broker as a process of its own: `vouch start` as people run it, or a composition of a test that says the same first line.
// It is killed as a crash kills: SIGKILL, in the middle of whatever it does. Every process that still runs can be ended at
// once, for a test to leave none behind, whatever failed.

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable } from 'node:stream';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
/** Longer than a start on a busy machine. */
const START_MILLIS_MAX = 30_000;
/** Of what a process said, an error shows the end. */
const CHARACTERS_SHOWN = 4000;

/** How a broker is started. */
export interface BrokerStart {
  /** Options of `vouch start` besides the port and the data directory. */
  readonly options?: readonly string[];
  /** A script that stands in for `vouch start`; it gets the same options. */
  readonly script?: string;
  /** A program with its arguments that runs the command behind them, such as strace. */
  readonly under?: readonly string[];
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const RUNNING = new Set<BrokerProcess>();

/** Runs another `vouch` command to its end. */
export function runVouch(args: readonly string[]): Ending {
  const env = { PATH: process.env['PATH'] ?? '' };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
  return { code: status, signal, stdout, stderr };
}

/** Ends every broker that still runs. */
export async function endBrokers(): Promise<void> {
  await Promise.all([...RUNNING].map((broker) => broker.kill()));
}

/** A broker on a data directory. */
export class BrokerProcess {
  /** How it ended, whoever ended it. */
  readonly ended: Promise<Ending>;
  /** Whether it was sent a signal. */
  isToldToEnd: boolean;
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;
  private stdout: string;
  private stderr: string;

  private constructor(directory: string, { options = [], script, under = [] }: BrokerStart) {
    const command = script === undefined ? [MAIN, 'start'] : [script];
    const [program = '', ...args] = [
      ...under,
      process.execPath,
      ...command,
      '-p',
      '0',
      '--data',
      directory,
      ...options,
    ];
    this.isToldToEnd = false;
    this.stdout = '';
    this.stderr = '';
    // A process group of its own: a program that it runs under is ended with it.
    const env = { PATH: process.env['PATH'] ?? '' };
    this.child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    RUNNING.add(this);
    this.ended = once(this.child, 'close').then(() => {
      RUNNING.delete(this);
      return {
        code: this.child.exitCode,
        signal: this.child.signalCode,
        stdout: this.stdout,
        stderr: this.stderr,
      };
    });
  }

  /** Starts it, and returns at once. */
  static spawn(directory: string, start: BrokerStart = {}): BrokerProcess {
    return new BrokerProcess(directory, start);
  }

  /** Waits until it listens, and gives its port. Fails if it ends instead. */
  async port(): Promise<number> {
    const begun = performance.now();
    const limit = setTimeout(() => void this.kill(), START_MILLIS_MAX);
    try {
      for (;;) {
        const line = this.stdout
          .split('\n')
          .slice(0, -1)
          .find((each) => each.includes('Vouch is listening'));
        const [, port] = /mqtt:\/\/\S+:(\d+)/.exec(line ?? '') ?? [];
        if (port !== undefined) return Number(port);
        const next = await Promise.race([once(this.child.stdout, 'data').then(() => undefined), this.ended]);
        if (next === undefined) continue;
        const seconds = ((performance.now() - begun) / 1000).toFixed(1);
        const how = next.signal ?? `code ${next.code}`;
        throw new Error(`The broker did not start, and ended with ${how} after ${seconds} s:\n${this.said}`);
      }
    } finally {
      clearTimeout(limit);
    }
  }

  /** The process, if it runs under no other program. */
  get processId(): number {
    return this.child.pid ?? 0;
  }

  /** What it has said, of late. */
  get said(): string {
    return `${this.stdout}${this.stderr}`.trim().slice(-CHARACTERS_SHOWN);
  }

  signal(signal: NodeJS.Signals): void {
    this.isToldToEnd = true;
    const { pid } = this.child;
    if (pid === undefined || !RUNNING.has(this)) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has just ended by itself.
    }
  }

  /** Ends it as a crash does, and waits for its end. */
  async kill(): Promise<Ending> {
    this.signal('SIGKILL');
    return await this.ended;
  }
}
