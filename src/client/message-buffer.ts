// Messages that wait for a loop of the application, and the one that the loop has in hand.
// Invariant: a message that was pushed waits, is in hand, was put back, or is done.
// What it does not do: it has no bound of its own. Its owner is told how much waits, and stops reading from the network.

import { UsageError } from '../base/errors.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Arrival } from './arrival.ts';
import { isDone } from './hand-over.ts';
import type { ReceivedMessage } from './received-message.ts';

/** What a loop gets. */
type Step = IteratorResult<ReceivedMessage, undefined>;

/** One loop over the messages. */
interface Loop {
  inHand: Arrival | undefined;
  /** It has asked for a message before there was one. */
  wanting: PromiseWithResolvers<Step> | undefined;
}

const DONE: Step = Object.freeze({ done: true, value: undefined });

/** The messages of one subscription that is iterated. */
export class MessageBuffer {
  private readonly acknowledges: 'automatic' | 'manual';
  private readonly changed: (change: number) => void;
  private readonly waiting: RingQueue<Arrival>;
  private state: 'open' | 'ended' | 'closed';
  /** Why it is closed, if the client has failed. */
  private error: Error | undefined;
  private loop: Loop | undefined;
  /** What a loop that was left had in hand, not acknowledged; it comes before those that wait. */
  private putBack: Arrival | undefined;

  /** @param changed  So many messages more wait than before; below 0: fewer. */
  constructor(acknowledges: 'automatic' | 'manual', changed: (change: number) => void) {
    this.acknowledges = acknowledges;
    this.changed = changed;
    this.waiting = new RingQueue();
    this.state = 'open';
    this.error = undefined;
    this.loop = undefined;
    this.putBack = undefined;
  }

  /** A message for the loop, now or later. */
  push(arrival: Arrival): void {
    // hot:
    const wanting = this.loop?.wanting;
    if (this.loop !== undefined && wanting !== undefined) {
      this.loop.wanting = undefined;
      this.loop.inHand = arrival;
      wanting.resolve({ done: false, value: arrival });
      return;
    }
    this.waiting.push(arrival);
    this.changed(1);
  }

  /**
   * Begins a loop.
   * @throws {UsageError} `invalid-argument`: there is one.
   */
  iterate(): AsyncIterator<ReceivedMessage, undefined, undefined> {
    if (this.loop !== undefined) {
      throw new UsageError('invalid-argument', 'Another loop takes the messages of this subscription; leave it first.');
    }
    const loop: Loop = { inHand: undefined, wanting: undefined };
    this.loop = loop;
    return {
      next: () => this.next(loop),
      return: () => Promise.resolve(this.leave(loop)),
    };
  }

  /** The subscription has ended. Nobody wants what waits: it is acknowledged [MQTT-4.5.0-2]. */
  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ended';
    const count = this.waiting.length;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next.ack();
    this.changed(-count);
    // With 'manual', what was handed out once is the application's to acknowledge.
    if (this.putBack !== undefined && isDone(this.putBack, this.acknowledges)) this.putBack.ack();
    this.putBack = undefined;
    this.stop();
  }

  /** The client is over: what waits stays unacknowledged. The loop throws `error`, if there is one. */
  close(error: Error | undefined): void {
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.error = error;
    this.changed(-this.waiting.length);
    this.waiting.clear();
    this.putBack = undefined;
    this.stop();
  }

  private next(loop: Loop): Promise<Step> {
    // hot:
    if (loop.wanting !== undefined) {
      const sentence = 'The loop was asked for a message before it had given the one that it was asked for earlier.';
      return Promise.reject(new UsageError('invalid-argument', sentence));
    }
    this.finishInHand(loop);
    if (this.loop !== loop) return Promise.resolve(DONE);
    const arrival = this.shift();
    if (arrival !== undefined) {
      loop.inHand = arrival;
      return Promise.resolve({ done: false, value: arrival });
    }
    if (this.state !== 'open') {
      this.loop = undefined;
      return this.error === undefined ? Promise.resolve(DONE) : Promise.reject(this.error);
    }
    loop.wanting = Promise.withResolvers();
    // Whoever has asked and gone away is not to have an unhandled rejection.
    loop.wanting.promise.catch(() => undefined);
    return loop.wanting.promise;
  }

  /** The loop goes on: it is done with what it had. */
  private finishInHand(loop: Loop): void {
    const { inHand } = loop;
    loop.inHand = undefined;
    if (inHand !== undefined && isDone(inHand, this.acknowledges)) inHand.ack();
  }

  /** The loop is left, by `break`, `return` or an exception. */
  private leave(loop: Loop): Step {
    const { inHand, wanting } = loop;
    loop.inHand = undefined;
    loop.wanting = undefined;
    wanting?.resolve(DONE);
    if (this.loop !== loop) return DONE;
    this.loop = undefined;
    if (inHand === undefined) return DONE;
    if (this.state === 'open') this.putBack = inHand;
    else if (this.state === 'ended' && isDone(inHand, this.acknowledges)) inHand.ack();
    return DONE;
  }

  /** The next message, if there is one. */
  private shift(): Arrival | undefined {
    // hot:
    const { putBack } = this;
    if (putBack !== undefined) {
      this.putBack = undefined;
      if (!putBack.isAcknowledged) return putBack;
    }
    const arrival = this.waiting.shift();
    if (arrival !== undefined) this.changed(-1);
    return arrival;
  }

  /** A loop that waits for a message gets none. */
  private stop(): void {
    const { loop } = this;
    const wanting = loop?.wanting;
    if (loop === undefined || wanting === undefined) return;
    loop.wanting = undefined;
    this.loop = undefined;
    if (this.error === undefined) wanting.resolve(DONE);
    else wanting.reject(this.error);
  }
}
