// The reads of queues that have not been answered: those that wait for their turn, and those that the engine has, which answers in
// order. Whose recipient was deleted meanwhile is not called back.
// Bounded by the broker, which reads a queue again when it has the answer.

import { assert } from '../../base/assert.ts';
import { RingQueue } from '../../base/ring-queue.ts';
import type { MessageId, PageSize, QueuePage, RecipientKey } from '../contract.ts';

/** One read. */
export interface PendingRead {
  readonly recipient: RecipientKey;
  readonly after: MessageId;
  readonly size: PageSize;
  /** `undefined`: nobody wants to know any more. */
  onRead: ((page: QueuePage) => void) | undefined;
}

/** The reads under way. */
export class PendingReads {
  private readonly wanted: RingQueue<PendingRead>;
  private readonly asked: RingQueue<PendingRead>;

  constructor() {
    this.wanted = new RingQueue();
    this.asked = new RingQueue();
  }

  /** Adds one that waits for its turn. */
  add(read: PendingRead): void {
    this.wanted.push(read);
  }

  /** Takes the next that waits for its turn, to be handed to the engine; `undefined`: none waits. */
  ask(): PendingRead | undefined {
    const read = this.wanted.shift();
    if (read !== undefined) this.asked.push(read);
    return read;
  }

  /** Takes the one that the engine has answered. */
  answer(): PendingRead {
    const read = this.asked.shift();
    assert(read !== undefined, 'an answer has its question');
    return read;
  }

  /** The recipient is gone: nobody is called back about it. */
  forget(recipient: RecipientKey): void {
    for (const reads of [this.wanted, this.asked]) {
      for (let i = 0; i < reads.length; i++) {
        const read = reads.at(i);
        if (read.recipient === recipient) read.onRead = undefined;
      }
    }
  }

  /** Nobody is called back any more. */
  clear(): void {
    this.wanted.clear();
    this.asked.clear();
  }
}
