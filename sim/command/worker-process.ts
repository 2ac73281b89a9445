// The command's side of one worker: sends it orders, hears its reports, and notices when it is lost: ended by itself, or silent for too
// long, as a schedule that runs in a circle is.

import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';

import type { Order, Report } from './messages.ts';

const WORKER = path.join(import.meta.dirname, 'worker.ts');
/** No schedule takes a fraction of it, on the slowest machine. */
const SILENCE_MILLIS_MAX = 120_000;
/** What a process says at its end is in its last lines. */
const STDERR_CHARACTERS_MAX = 4_000;

/** Who hears of a worker. */
export interface WorkerListener {
  readonly onReport: (report: Report) => void;
  /** It is gone, unasked. Nothing else is heard of it. @param why  A sentence, and what it wrote at its end. */
  readonly onLost: (why: string) => void;
}

/** One worker. */
export class WorkerProcess {
  private readonly child: ChildProcess;
  private readonly listener: WorkerListener;
  private readonly exited: Promise<void>;
  private state: 'running' | 'over';
  private isSilent: boolean;
  private stderr: string;
  private patience: NodeJS.Timeout | undefined;

  /** @param mutant  The name of a known bug to plant in it. */
  constructor(mutant: string | undefined, listener: WorkerListener) {
    this.listener = listener;
    this.state = 'running';
    this.isSilent = false;
    this.stderr = '';
    this.patience = undefined;
    const args = mutant === undefined ? [] : [mutant];
    // What a schedule leaves is garbage when the next one begins: with room for some, hardly any of it is ever copied.
    const execArgv = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=64'];
    this.child = fork(WORKER, args, {
      execArgv,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = `${this.stderr}${text}`.slice(-STDERR_CHARACTERS_MAX);
    });
    this.child.on('message', (report: Report) => {
      if (this.state === 'over') return;
      this.wait();
      this.listener.onReport(report);
    });
    this.exited = new Promise((resolve) => {
      const over = (why: string): void => {
        clearTimeout(this.patience);
        resolve();
        if (this.state === 'over') return;
        this.state = 'over';
        this.listener.onLost(why);
      };
      this.child.once('error', (error) => over(error.message));
      this.child.once('close', (code, signal) => over(this.explain(code, signal)));
    });
  }

  /** Has it do something, after what it was told before. */
  order(order: Order): void {
    if (this.state === 'over') return;
    this.wait();
    // Who cannot be told is lost, which is heard.
    this.child.send(order, () => undefined);
  }

  /** Ends it at once, whatever it is doing. */
  async end(): Promise<void> {
    this.state = 'over';
    clearTimeout(this.patience);
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private wait(): void {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      this.isSilent = true;
      this.child.kill('SIGKILL');
    }, SILENCE_MILLIS_MAX);
    // Who waits for a worker keeps its process alive; this alone does not.
    this.patience.unref();
  }

  private explain(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.isSilent) return `it had not come to an end after ${SILENCE_MILLIS_MAX / 1000} s`;
    const ending = signal === null ? `with code ${code ?? 'unknown'}` : `by ${signal}`;
    return `the process that ran it ended ${ending}\n${this.stderr.trimEnd()}`.trimEnd();
  }
}
