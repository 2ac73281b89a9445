// Nothing to remember, nothing to write: a QoS 1 message that all its persistent recipients had before it was written is
// never written (`Store.settle` says so), and its PUBACK, held by a gate (commit.ts), has nothing to wait for any more but
// the answers before it.
// Here stand the held PUBACKs by the message that each waits for. Messages are numbered in order, and PUBACKs are held in that
// order, so that a ring and a search by halving find the one; with nothing held it costs nothing.
// An elided message is learned of in the middle of somebody else's packet. Nothing leaves then: the gates are
// remembered, and let go on (`releaseMoved`) when that packet is done with.

import { assert } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Batch, MessageId } from '../store/contract.ts';
import type { CommitGate, HeldAnswer } from './commit.ts';

/** The held PUBACKs of one broker that may turn out to have nothing to wait for. */
export class Elision {
  /** By message. Bounded by what the gates hold, and by what is not durable. */
  private readonly waiting: RingQueue<HeldAnswer>;
  /** Gates whose first answer waits for nothing any more. */
  private readonly moved: RingQueue<CommitGate>;
  private messageIdLast: MessageId;

  constructor() {
    this.waiting = new RingQueue();
    this.moved = new RingQueue();
    this.messageIdLast = 0;
  }

  /** A PUBACK is held for its message. hot: */
  add(held: HeldAnswer): void {
    assert(held.messageId > this.messageIdLast, 'messages are acknowledged in the order of their numbers');
    this.messageIdLast = held.messageId;
    this.waiting.push(held);
  }

  /** The message will not be written: everybody has it. hot: */
  elide(messageId: MessageId): void {
    const held = this.find(messageId);
    // The PUBACK may have left with its connection, or may not have been made yet; then it waits for its batch.
    if (held === undefined) return;
    held.after = 0;
    if (held.gate.isNext(held)) this.moved.push(held.gate);
    this.forget(0);
  }

  /** Lets those answers leave that have nothing to wait for any more. Not in the middle of a packet. hot: */
  releaseMoved(): void {
    for (let gate = this.moved.shift(); gate !== undefined; gate = this.moved.shift()) gate.releaseAnswers();
  }

  /** Everything up to the batch is durable: those leave by their gates. hot: */
  forget(durable: Batch): void {
    const { waiting } = this;
    for (let held = waiting.peek(); held !== undefined && held.after <= durable; held = waiting.peek()) waiting.shift();
  }

  private find(messageId: MessageId): HeldAnswer | undefined {
    const { waiting } = this;
    // Mostly the oldest one.
    if (waiting.peek()?.messageId === messageId) return waiting.peek();
    let low = 0;
    let high = waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (waiting.at(middle).messageId < messageId) low = middle + 1;
      else high = middle;
    }
    const found = low < waiting.length ? waiting.at(low) : undefined;
    return found?.messageId === messageId ? found : undefined;
  }
}
