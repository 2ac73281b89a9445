// A `vouch` command as a process: what it says, line by line, and how it ends. Each runs in a temporary directory of
// its own, where a broker finds no data and leaves some. A process that a test leaves behind is killed with the test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { BARE_ENVIRONMENT } from '../support/bare-environment.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface VouchProcess {
  /** The first line of standard output, said or to be said, that holds the text. */
  line(text: string): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** The directory in which it runs. */
  readonly folder: string;
  readonly ended: Promise<Ended>;
}

/** Starts `vouch` with these arguments; variables of the environment are added to a bare one. */
export function startVouch(
  context: TestContext,
  args: readonly string[],
  environment: { readonly [name: string]: string } = {},
): VouchProcess {
  return startScript(context, MAIN, args, environment);
}

/** The same for a process that may have so many files and sockets open. */
export function startVouchWithFiles(context: TestContext, filesMax: number, args: readonly string[]): VouchProcess {
  const command = ['sh', '-c', `ulimit -n ${filesMax} && exec "$@"`, 'sh', process.execPath, MAIN, ...args];
  return startCommand(context, command, {});
}

/** Starts any script in the same way. */
export function startScript(
  context: TestContext,
  script: string,
  args: readonly string[],
  environment: { readonly [name: string]: string } = {},
): VouchProcess {
  return startCommand(context, [process.execPath, script, ...args], environment);
}

function startCommand(
  context: TestContext,
  [program = '', ...args]: readonly string[],
  environment: { readonly [name: string]: string },
): VouchProcess {
  const env = { ...BARE_ENVIRONMENT, ...environment };
  const cwd = mkdtempSync(path.join(tmpdir(), 'vouch-process-'));
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  context.after(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(cwd, { recursive: true });
  });

  function said(text: string): string | undefined {
    return stdout
      .split('\n')
      .slice(0, -1)
      .find((line) => line.includes(text));
  }

  return {
    async line(text) {
      for (;;) {
        const found = said(text);
        if (found !== undefined) return found;
        const next = await Promise.race([once(child.stdout, 'data').then(() => 'more'), ended]);
        if (next !== 'more' && said(text) === undefined) {
          throw new Error(`The process ended without saying ${JSON.stringify(text)}:\n${stdout}\n${stderr}`);
        }
      }
    },
    signal: (signal) => void child.kill(signal),
    folder: cwd,
    ended,
  };
}

/** The ports of a broker's first log line, in the order of its listeners. */
export async function portsOf(broker: VouchProcess): Promise<readonly number[]> {
  const line = await broker.line('Vouch is listening');
  return [...line.matchAll(/mqtt:\/\/\S+:(\d+)/g)].map((match) => Number(match[1]));
}
