// Those whom the harness kills: clients and the broker, each over all its lives. A life that ends unasked is the end of the run:
// there is nothing that may end by itself.

import type { Chronicle } from '../chronicle.ts';
import type { Environment } from '../killable.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { ClientProcess, type ClientHearer, type ClientKind, type ClientOptions } from './client-process.ts';

/** One that runs, is killed and runs again. */
export interface Member {
  readonly kind: ClientKind | 'broker';
  readonly name: string;
  /** What becomes of it. */
  readonly random: SeededRandom;
  readonly isUp: boolean;
  /** Whether a crash at this moment finds something unfinished in its hands. */
  readonly isAtStake: boolean;
  /** Begins the next life; fulfilled as soon as another member could notice. */
  start(): Promise<void>;
  /** SIGKILL; fulfilled when all that it said before is heard. */
  kill(): Promise<void>;
  /** SIGTERM; fulfilled when it has ended as it should. */
  stop(): Promise<void>;
}

/** Longer than it takes to say goodbye on a busy machine. */
const STOP_MILLIS_MAX = 10_000;

/** The processes of one client, one after the other. */
export class Lives {
  private readonly kind: ClientKind;
  private readonly name: string;
  private readonly chronicle: Chronicle;
  private readonly env: Environment;
  private process: ClientProcess | undefined;
  /** How many have begun. */
  count: number;

  constructor(kind: ClientKind, name: string, env: Environment, chronicle: Chronicle) {
    this.kind = kind;
    this.name = name;
    this.env = env;
    this.chronicle = chronicle;
    this.process = undefined;
    this.count = 0;
  }

  get isUp(): boolean {
    return this.process !== undefined;
  }

  /** Begins the next one. */
  begin(options: ClientOptions, hearer: ClientHearer): void {
    const process = ClientProcess.spawn(this.kind, options, this.env, hearer);
    this.process = process;
    this.count++;
    void process.ended.then(({ code, signal }) => {
      if (process.isToldToEnd) return;
      const how = signal ?? `code ${code}`;
      this.chronicle.fail(new Error(`${this.name} ended by itself, with ${how}:\n${process.complained}`));
    });
  }

  /** Tells the living one what to do. */
  tell(line: string): void {
    this.process?.tell(line);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.process?.kill();
    this.process = undefined;
  }

  /** Asks it to end, and complains if it does not. */
  async stop(): Promise<void> {
    const { process } = this;
    if (process === undefined) return;
    const limit = setTimeout(() => void process.kill(), STOP_MILLIS_MAX);
    const { code, signal } = await process.stop();
    clearTimeout(limit);
    this.process = undefined;
    // A process that had hardly begun ends as any does.
    if (code === 0 || signal === 'SIGTERM') return;
    const how = signal === null ? `code ${code}` : 'SIGKILL, after a long wait,';
    this.chronicle.complain(`${this.name} ended with ${how} at SIGTERM: ${process.complained}`);
  }
}
