// A broker as a process of its own: `vouch start` as people run it, or a composition of a test that says the same first line.
// It is killed as a crash kills (killable.ts).

import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { BARE_ENVIRONMENT } from '../support/bare-environment.ts';
import { type Ending, type Environment, Killable } from './killable.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
/** Longer than a start on a busy machine. */
const START_MILLIS_MAX = 30_000;
/** Of what a broker said, an error shows the end. */
const CHARACTERS_SHOWN = 4000;

/** How a broker is started. */
export interface BrokerStart {
  /** Options of `vouch start` besides the port and the data directory. */
  readonly options?: readonly string[];
  /** A script that stands in for `vouch start`; it gets the same options. */
  readonly script?: string;
  /** A program with its arguments that runs the command behind them, such as strace. */
  readonly under?: readonly string[];
  readonly env?: Environment;
}

/** Runs another `vouch` command to its end. */
export function runVouch(args: readonly string[]): Ending {
  const { status, signal, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: BARE_ENVIRONMENT,
    encoding: 'utf8',
  });
  return { code: status, signal, stderr };
}

/** A broker on a data directory. */
export class BrokerProcess {
  /** How it ended, whoever ended it. */
  readonly ended: Promise<Ending>;
  private readonly process: Killable;
  private stdout: string;
  /** Fulfilled with the port that it listens on. */
  private readonly listening: Promise<number>;

  private constructor(directory: string, { options = [], script, under = [], env = {} }: BrokerStart) {
    const command = script === undefined ? [MAIN, 'start'] : [script];
    const { promise, resolve } = Promise.withResolvers<number>();
    this.stdout = '';
    this.listening = promise;
    this.process = new Killable(
      [...under, process.execPath, ...command, '-p', '0', '--data', directory, ...options],
      (text) => {
        this.stdout += text;
        const line = /^.*Vouch is listening.*\n/m.exec(this.stdout) ?? [''];
        const [, port] = /mqtt:\/\/\S+:(\d+)/.exec(line[0]) ?? [];
        if (port !== undefined) resolve(Number(port));
      },
      env,
    );
    this.ended = this.process.ended;
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
      const first = await Promise.race([this.listening, this.ended]);
      if (typeof first === 'number') return first;
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      const how = first.signal ?? `code ${first.code}`;
      throw new Error(`The broker did not start, and ended with ${how} after ${seconds} s:\n${this.said}`);
    } finally {
      clearTimeout(limit);
    }
  }

  /** Whether it was told to end; if not, its end is a fault. */
  get isToldToEnd(): boolean {
    return this.process.isToldToEnd;
  }

  /** The process, if it runs under no other program. */
  get processId(): number {
    return this.process.processId;
  }

  /** What it has said, of late. */
  get said(): string {
    return `${this.stdout}${this.process.complained}`.trim().slice(-CHARACTERS_SHOWN);
  }

  /** From now on it may end. */
  expectEnd(): void {
    this.process.expectEnd();
  }

  signal(signal: NodeJS.Signals): void {
    this.process.signal(signal);
  }

  /** Ends it as a crash does, and waits for its end. */
  async kill(): Promise<Ending> {
    return await this.process.kill();
  }
}
