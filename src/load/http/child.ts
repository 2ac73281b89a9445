// One of the comparison's processes, as questions and answers.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

import { OperationError } from '../../base/errors.ts';

/** A process that takes `Order`s and says `News`. */
export class Child<Order extends object, News extends { readonly kind: string }> {
  private readonly process: ChildProcess;
  private readonly news: News[];
  private wake: (() => void) | undefined;
  private hasExited: boolean;

  /** @param file  Its script, without the end of its name: that is .ts in the sources and .js in what is published. */
  constructor(file: string) {
    const end = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.news = [];
    this.wake = undefined;
    this.hasExited = false;
    this.process = fork(new URL(`./${file}.${end}`, import.meta.url), {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Ctrl-C at a terminal is for the one process that decides what it means; this one ends with that.
      detached: true,
    });
    this.process.on('message', (said) => {
      // The script at the other end says nothing else.
      this.news.push(said as News);
      this.wake?.();
    });
    this.process.once('exit', () => {
      this.hasExited = true;
      this.wake?.();
    });
  }

  tell(order: Order): void {
    if (!this.hasExited) this.process.send(order);
  }

  /**
   * Waits for what it says next of one kind.
   * @throws {OperationError} `closed`: it has ended.
   */
  async hear<Kind extends News['kind']>(kind: Kind): Promise<Extract<News, { readonly kind: Kind }>> {
    for (;;) {
      const at = this.news.findIndex((said) => said.kind === kind);
      if (at !== -1) {
        const [said] = this.news.splice(at, 1);
        return said as Extract<News, { readonly kind: Kind }>;
      }
      if (this.hasExited) throw new OperationError('closed', 'A process of the comparison has ended before its time.');
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Ends it, at once. */
  async end(): Promise<void> {
    if (this.hasExited) return;
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
  }
}
