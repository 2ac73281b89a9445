// Standard output as `vouch sub` needs it: bytes go out in order, a slow reader is felt without stopping
// the process (the broker must still hear from it), and a reader that has gone is no error.
// On a pipe, writes of Node's standard output do not wait; to a file or a terminal they do, for as long as these take.

import { OperationError } from '../base/errors.ts';

/** Where messages are printed. One a process. */
export class MessageOutput {
  /** Aborted when nothing can be printed any more; the reason is an OperationError, or `undefined` where the reader has gone. */
  readonly ended: AbortSignal;
  private readonly end: AbortController;
  private draining: Promise<void> | undefined;

  constructor() {
    this.end = new AbortController();
    this.ended = this.end.signal;
    this.draining = undefined;
    // main.ts ends the process where a reader has gone; this command says goodbye to the broker first.
    process.stdout.removeAllListeners('error').on('error', (error: NodeJS.ErrnoException) => this.fail(error));
  }

  /** Whether people look at it, and how. */
  get isTerminal(): boolean {
    return process.stdout.isTTY;
  }

  /**
   * Prints bytes.
   * @param untilTaken  Whether to wait until the operating system has them.
   * @returns `undefined` when there is nothing to wait for. Never settled when they cannot be printed: see `ended`.
   */
  write(bytes: Uint8Array, untilTaken: boolean): Promise<void> | undefined {
    if (untilTaken) {
      return new Promise((resolve) => {
        process.stdout.write(bytes, (error) => {
          if (error === undefined || error === null) resolve();
        });
      });
    }
    if (process.stdout.write(bytes)) return undefined;
    this.draining ??= new Promise((resolve) => {
      process.stdout.once('drain', () => {
        this.draining = undefined;
        resolve();
      });
    });
    return this.draining;
  }

  /** Fulfilled when everything is written, or never will be. */
  async flush(): Promise<void> {
    if (this.ended.aborted) return;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.ended.addEventListener('abort', () => resolve(), { once: true });
    await Promise.race([this.write(new Uint8Array(0), true), ended]);
  }

  private fail(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') this.end.abort();
    else this.end.abort(new OperationError('closed', `Standard output cannot be written: ${error.message}.`));
  }
}
