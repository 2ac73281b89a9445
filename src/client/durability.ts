// Who waits for changes of the client's store to be durable: one promise for all that was changed by the same batch.

import { RingQueue } from '../base/ring-queue.ts';
import type { Batch, Store } from '../store/contract.ts';

/** Promises of one batch. */
interface Waiting {
  readonly batch: Batch;
  readonly resolvers: PromiseWithResolvers<void>;
}

const DURABLE = Promise.resolve();

/** The promises of one store. */
export class Durability {
  private readonly store: Store;
  /** In order of batches. */
  private readonly waiting: RingQueue<Waiting>;
  private latest: Waiting | undefined;

  constructor(store: Store) {
    this.store = store;
    this.waiting = new RingQueue();
    this.latest = undefined;
  }

  /** Fulfilled when the latest batch, which is this one, is durable. hot: */
  of(batch: Batch): Promise<void> {
    if (batch <= this.store.durable) return DURABLE;
    if (this.latest?.batch === batch) return this.latest.resolvers.promise;
    const waiting = { batch, resolvers: Promise.withResolvers<void>() };
    // Not everybody looks.
    waiting.resolvers.promise.catch(() => undefined);
    this.waiting.push(waiting);
    this.latest = waiting;
    return waiting.resolvers.promise;
  }

  /** `Store.durable` has grown. */
  grown(): void {
    const { durable } = this.store;
    for (let next = this.waiting.peek(); next !== undefined && next.batch <= durable; next = this.waiting.peek()) {
      this.waiting.shift();
      next.resolvers.resolve();
    }
  }

  /** Nothing becomes durable any more. */
  failed(error: Error): void {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next.resolvers.reject(error);
  }
}
