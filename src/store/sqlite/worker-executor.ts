// The engine in a thread of its own, so that the broker never waits for the disk.
// Invariant: the owner hears of the end, whatever it is. A thread that ends by itself has a bug, or no memory: nothing can be
// known about what it did, so that is a failed store.

import { Worker } from 'node:worker_threads';

import { assert, unreachable } from '../../base/assert.ts';
import { OperationError } from '../../base/errors.ts';
import type { MessageId, PageSize, RecipientKey } from '../contract.ts';
import type { Executor, ExecutorOptions, ExecutorOwner } from './executor.ts';
import type { Answer, PlainError, Request } from './worker-port.ts';

/** An engine in a thread. */
export class WorkerExecutor implements Executor {
  private readonly entry: URL;
  private readonly options: ExecutorOptions;
  private worker: Worker | undefined;
  private owner: ExecutorOwner | undefined;
  /** 'over': it was refused, it failed or it was closed, and the thread waits for its end. */
  private state: 'opening' | 'open' | 'over' | 'ended';
  private isClosing: boolean;
  /** What ended the thread, if it said. */
  private bug: unknown;

  /** @param entry  The file that the thread begins with: it calls `runWorker`. */
  constructor(entry: URL, options: ExecutorOptions) {
    this.entry = entry;
    this.options = options;
    this.worker = undefined;
    this.owner = undefined;
    this.state = 'opening';
    this.isClosing = false;
    this.bug = undefined;
  }

  open(owner: ExecutorOwner): void {
    // Without the flags of whoever embeds the broker: `--input-type`, say, is for their program and refuses a file.
    const worker = new Worker(this.entry, { workerData: this.options, name: 'vouch-store', execArgv: [] });
    this.worker = worker;
    this.owner = owner;
    worker.on('message', (answer: Answer) => this.receive(owner, answer));
    worker.on('error', (error) => {
      this.bug = error;
    });
    worker.on('exit', () => this.receiveExit(owner));
  }

  apply(batch: Uint8Array<ArrayBuffer>): void {
    this.post({ kind: 'apply', batch }, batch.buffer);
  }

  read(recipient: RecipientKey, after: MessageId, size: PageSize): void {
    this.post({ kind: 'read', recipient, after, size });
  }

  close(): void {
    this.isClosing = true;
    this.post({ kind: 'close' });
    // A thread that has ended cannot say that it is closed.
    if (this.state === 'ended') setImmediate(() => this.owner?.closed());
  }

  private post(request: Request, ...buffers: readonly ArrayBuffer[]): void {
    assert(this.worker !== undefined, 'an executor is opened first');
    this.worker.postMessage(request, buffers);
  }

  private receive(owner: ExecutorOwner, answer: Answer): void {
    switch (answer.kind) {
      case 'found':
        return owner.found(answer.chunk);
      case 'opening':
        return owner.opening(answer.share);
      case 'opened':
        this.state = 'open';
        return owner.opened(answer.numbers, answer.statistics);
      case 'committed':
        return owner.committed(answer.spent, answer.statistics);
      case 'page':
        return owner.page(answer.page);
      case 'full':
        return owner.full(answer.isFull);
      case 'refused':
        this.state = 'over';
        return owner.refused(errorOf(answer.error));
      case 'failed':
        this.state = 'over';
        return owner.failed(errorOf(answer.error));
      case 'closed':
        // The owner is told when the thread has ended, too.
        this.state = 'over';
        return;
      default:
        return unreachable(answer);
    }
  }

  private receiveExit(owner: ExecutorOwner): void {
    const { state } = this;
    this.state = 'ended';
    if (state === 'opening') owner.refused(this.endedByItself());
    if (state === 'open') owner.failed(this.endedByItself());
    if (this.isClosing) owner.closed();
  }

  private endedByItself(): OperationError {
    const reason = this.bug instanceof Error ? this.bug.message : 'it did not say why';
    const sentence = `The store's thread has ended by itself, so what it did is not known: ${reason}`;
    return new OperationError('store-failed', sentence, undefined, { cause: this.bug });
  }
}

function errorOf({ code, message }: PlainError): OperationError {
  return new OperationError(code, message);
}
