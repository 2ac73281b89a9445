// The engine in this thread: for tests, and for the simulator, which runs everything in one thread under its own time. The
// turns are the caller's, so that nothing happens before it says so; but each call blocks for as long as the disk takes.

import { EngineHost, type HostParts } from './engine-host.ts';
import type { Executor, ExecutorOptions, ExecutorOwner } from './executor.ts';
import type { MessageId, PageSize, RecipientKey } from '../contract.ts';

/** An engine that takes its turns with everybody else. */
export class InThreadExecutor implements Executor {
  private readonly options: ExecutorOptions;
  private readonly parts: HostParts;
  private host: EngineHost | undefined;

  constructor(options: ExecutorOptions, parts: HostParts) {
    this.options = options;
    this.parts = parts;
    this.host = undefined;
  }

  open(owner: ExecutorOwner): void {
    const host = new EngineHost(this.options, owner, this.parts);
    this.host = host;
    this.parts.later(() => host.open());
  }

  apply(batch: Uint8Array<ArrayBuffer>): void {
    this.parts.later(() => this.host?.apply(batch));
  }

  read(recipient: RecipientKey, after: MessageId, size: PageSize): void {
    this.parts.later(() => this.host?.read(recipient, after, size));
  }

  close(): void {
    this.parts.later(() => this.host?.close());
  }

  /** To be called once a second while the disk is full; does nothing else. */
  tick(): void {
    this.host?.tick();
  }

  /** The process ends here: nothing that was asked for is done, and nobody hears of anything. */
  crash(): void {
    this.host?.abandon();
    this.host = undefined;
  }
}
