// Other people's programs under test: runs one, reads what it says line by line, and ends it.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** How long a test waits for a line or an end before it fails. Far more than a busy machine takes. */
const PATIENCE_MILLIS = 15_000;
/** How much of what a program said an error shows. */
const LINES_SHOWN = 20;

/** Whether a program can be run here. */
export function isInstalled(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).error === undefined;
}

/** Every program that still runs. */
const RUNNING = new Set<Tool>();

/** Ends every program that still runs, for a test file to leave none behind, whatever failed. */
export async function endTools(): Promise<void> {
  await Promise.all([...RUNNING].map((tool) => tool.kill()));
}

/** A program that runs. */
export class Tool {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly command: string;
  private readonly lines: string[];
  private taken: number;
  private rest: string;
  private errors: string;
  private hasEnded: boolean;
  private wake: () => void;

  constructor(program: string, args: readonly string[]) {
    this.child = spawn(program, args);
    this.command = [program, ...args].join(' ');
    this.lines = [];
    this.taken = 0;
    this.rest = '';
    this.errors = '';
    this.hasEnded = false;
    this.wake = () => {};
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.read(text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.child.stdin.on('error', () => {});
    this.child.on('close', () => {
      this.hasEnded = true;
      RUNNING.delete(this);
      this.wake();
    });
    RUNNING.add(this);
  }

  /** Writes to its standard input, and closes it. */
  input(bytes: string | Uint8Array): void {
    this.child.stdin.end(bytes);
  }

  /** Writes to its standard input, and leaves it open. */
  type(text: string): void {
    this.child.stdin.write(text);
  }

  /** The next line that matches, passing over others. Fails when the program ends, or says nothing for long. */
  async line(matching: RegExp): Promise<string> {
    for (;;) {
      const line = this.lines[this.taken];
      if (line === undefined) {
        if (this.hasEnded) throw this.failure(`ended without a line like ${matching}`);
        await this.something(`said no line like ${matching}`);
      } else {
        this.taken++;
        if (matching.test(line)) return line;
      }
    }
  }

  /** Waits for its end, and gives the lines that were not taken yet. Fails when its exit code is not 0. */
  async end(): Promise<readonly string[]> {
    while (!this.hasEnded) await this.something('did not end');
    if (this.child.exitCode !== 0) throw this.failure('failed');
    return this.lines.slice(this.taken);
  }

  /** Ends it as a crash does: it has no chance to say goodbye. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await closed;
  }

  private read(text: string): void {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop() ?? '';
    this.lines.push(...parts);
    this.wake();
  }

  /** Waits until there is another line or the end. */
  private async something(complaint: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.wake = resolve;
    const impatience = setTimeout(() => {
      this.child.kill('SIGKILL');
      reject(this.failure(complaint));
    }, PATIENCE_MILLIS);
    try {
      await promise;
    } finally {
      clearTimeout(impatience);
    }
  }

  private failure(complaint: string): Error {
    const said = [...this.lines.slice(-LINES_SHOWN), this.rest, this.errors].join('\n').trim();
    return new Error(`"${this.command}" ${complaint}. The last that it said:\n${said}`);
  }
}
