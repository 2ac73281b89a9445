// A client as a process of its own: a publisher or a subscriber (publisher.fixture.ts, subscriber.fixture.ts) on a store of its own.
// It tells what it does in reports, which are heard up to the moment of its death, and it is told what to do by lines.

import path from 'node:path';

import { type Ending, type Environment, Killable } from '../killable.ts';
import { readReport, type Report } from './report.ts';

/** What a process is to be. */
export type ClientKind = 'publisher' | 'subscriber';

/** Options of a fixture, by name. */
export type ClientOptions = { readonly [name: string]: string | number };

/** Who hears a client process. */
export interface ClientHearer {
  hear(report: Report): void;
  /** It said something that is no report. */
  hearNoise(line: string): void;
}

/** One life of a client process. */
export class ClientProcess {
  /** How it ended, whoever ended it; all its reports have been heard by then. */
  readonly ended: Promise<Ending>;
  private readonly process: Killable;
  /** The beginning of a line that has not come to its end. */
  private rest: string;

  private constructor(kind: ClientKind, options: ClientOptions, env: Environment, hearer: ClientHearer) {
    const script = path.join(import.meta.dirname, `${kind}.fixture.ts`);
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    this.rest = '';
    this.process = new Killable([process.execPath, script, ...args], (text) => this.read(text, hearer), env);
    this.ended = this.process.ended;
  }

  /** Starts it, and returns at once. */
  static spawn(kind: ClientKind, options: ClientOptions, env: Environment, hearer: ClientHearer): ClientProcess {
    return new ClientProcess(kind, options, env, hearer);
  }

  /** Whether it was told to end; if not, its end is a fault. */
  get isToldToEnd(): boolean {
    return this.process.isToldToEnd;
  }

  /** What it has written to stderr, of late. */
  get complained(): string {
    return this.process.complained;
  }

  /** Tells it what to do. */
  tell(line: string): void {
    this.process.tell(line);
  }

  /** Asks it to end, as an application ends that is well. */
  async stop(): Promise<Ending> {
    this.process.signal('SIGTERM');
    return await this.ended;
  }

  /** Ends it as a crash does, and waits for its end. */
  async kill(): Promise<Ending> {
    return await this.process.kill();
  }

  private read(text: string, hearer: ClientHearer): void {
    const lines = `${this.rest}${text}`.split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const report = readReport(line);
      if (report === undefined) hearer.hearNoise(line);
      else hearer.hear(report);
    }
  }
}
