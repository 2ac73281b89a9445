// `vouch pub` and `vouch sub` as processes whose standard input a test writes, and whose output it reads
// when it likes. A process that a test leaves behind is killed with the test.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { BARE_ENVIRONMENT } from '../support/bare-environment.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A process under way. */
export class ClientProcess {
  readonly child: ChildProcessWithoutNullStreams;
  private readonly chunks: Buffer[];
  private stderr: string;
  private readonly closed: Promise<unknown>;

  constructor(context: TestContext, args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, ...args], { env: BARE_ENVIRONMENT });
    this.chunks = [];
    this.stderr = '';
    this.child.stdout.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.stdin.on('error', () => undefined);
    this.closed = once(this.child, 'close');
    context.after(() => this.child.kill('SIGKILL'));
  }

  /** Writes to its standard input, and closes it. */
  input(bytes: string | Uint8Array): this {
    this.child.stdin.end(bytes);
    return this;
  }

  signal(signal: NodeJS.Signals): this {
    this.child.kill(signal);
    return this;
  }

  /** Waits until it has said this on standard error. */
  async says(text: string): Promise<this> {
    await this.wait(this.child.stderr, () => this.stderr.includes(text), text);
    return this;
  }

  /** Waits until it has printed this on standard output. */
  async prints(text: string): Promise<this> {
    await this.wait(this.child.stdout, () => Buffer.concat(this.chunks).includes(text), text);
    return this;
  }

  /** Waits for its end. */
  async end(): Promise<Ended> {
    await this.closed;
    return { code: this.child.exitCode, stdout: Buffer.concat(this.chunks), stderr: this.stderr };
  }

  private async wait(stream: NodeJS.ReadableStream, isSaid: () => boolean, text: string): Promise<void> {
    while (!isSaid()) {
      const next = await Promise.race([once(stream, 'data').then(() => 'more'), this.closed.then(() => 'closed')]);
      if (next === 'closed' && !isSaid()) {
        throw new Error(`The process ended without saying ${JSON.stringify(text)}, but:\n${this.stderr}`);
      }
    }
  }
}
