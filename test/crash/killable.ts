// A process of a test that is killed as a crash kills: SIGKILL, in the middle of whatever it does. What it said before that is
// read to its end, so nothing that it told is lost with it. Every process that still runs can be ended at once, for a test to
// leave none behind, whatever failed.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

import { BARE_ENVIRONMENT } from '../support/bare-environment.ts';

/** Of what a process said, an error shows the end. */
const CHARACTERS_SHOWN = 4000;

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Environment variables. */
export type Environment = { readonly [name: string]: string };

const RUNNING = new Set<Killable>();

/** Ends every process that still runs. */
export async function endProcesses(): Promise<void> {
  await Promise.all([...RUNNING].map((each) => each.kill()));
}

/** A process, from its start on. */
export class Killable {
  /** How it ended, whoever ended it; all that it said has been heard by then. */
  readonly ended: Promise<Ending>;
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private stderr: string;
  private wasSentSignal: boolean;

  /**
   * @param hear  Is told what the process writes to stdout, as it comes.
   * @param env  Its environment, besides the bare one.
   */
  constructor(command: readonly string[], hear: (text: string) => void, env: Environment = {}) {
    const [program = '', ...args] = command;
    this.stderr = '';
    this.wasSentSignal = false;
    this.child = spawn(program, args, {
      env: { ...BARE_ENVIRONMENT, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own: a program that it runs under is ended with it.
      detached: true,
    });
    this.child.stdout.setEncoding('utf8').on('data', hear);
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // What is said to a process that has just ended is not heard.
    this.child.stdin.on('error', () => {});
    RUNNING.add(this);
    this.ended = once(this.child, 'close').then(() => {
      RUNNING.delete(this);
      return { code: this.child.exitCode, signal: this.child.signalCode, stderr: this.stderr };
    });
  }

  /** Whether it was sent a signal: if not, it is not expected to end. */
  get isToldToEnd(): boolean {
    return this.wasSentSignal;
  }

  /** The process, or the program that it runs under. */
  get processId(): number {
    return this.child.pid ?? 0;
  }

  /** What it has written to stderr, of late. */
  get complained(): string {
    return this.stderr.trim().slice(-CHARACTERS_SHOWN);
  }

  /** Says a line to its stdin. */
  tell(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** From now on it may end. */
  expectEnd(): void {
    this.wasSentSignal = true;
  }

  signal(signal: NodeJS.Signals): void {
    this.expectEnd();
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
