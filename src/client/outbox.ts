// Messages that the application has published and that are not sent yet: the server's window is full, or
// the network takes nothing more for now. First in, first out, whatever the QoS, so that the order of
// `publish` is the order of sending.
// Nothing is refused for want of room. Who publishes much awaits `ready` in between, or the promises of
// `publish`; who awaits neither keeps the messages in memory as surely as if they were still its own.

import { OperationError } from '../base/errors.ts';
import { RingQueue } from '../base/ring-queue.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { Delivery } from '../session/output.ts';

/** What became of a message: the Reason Code of PUBACK or PUBREC, below 0x80; 0x10 says that nobody is subscribed. */
export interface Published {
  readonly reasonCode: number;
}

/** The usual outcome. */
export const SENT: Published = Object.freeze({ reasonCode: Reason.success });

/** A message on its way, and who waits for the end of it. */
export interface Publication extends Delivery {
  readonly resolve: (published: Published) => void;
  readonly reject: (error: Error) => void;
}

/** From here on `ready` waits. */
const MESSAGES_MARK = 1_000;
const BYTES_MARK = 4 * 1024 * 1024;

/** The waiting line of one client. */
export class Outbox {
  private readonly queue: RingQueue<Publication>;
  private bytes: number;
  /** Who waits for room; told all at once. */
  private waiters: (() => void)[];

  constructor() {
    this.queue = new RingQueue();
    this.bytes = 0;
    this.waiters = [];
  }

  /** How many messages wait. */
  get length(): number {
    return this.queue.length;
  }

  /** Adds a message at the end. */
  push(publication: Publication): void {
    this.queue.push(publication);
    this.bytes += publication.message.payload.length;
  }

  /** The first message, left in place. */
  peek(): Publication | undefined {
    return this.queue.peek();
  }

  /** Takes the first message. */
  shift(): Publication | undefined {
    const first = this.queue.shift();
    if (first === undefined) return undefined;
    this.bytes -= first.message.payload.length;
    if (this.waiters.length > 0 && this.isReady(2)) this.wakeAll();
    return first;
  }

  /** Fulfilled when there is room for more; at once, as long as there is. */
  ready(): Promise<void> {
    if (this.isReady(1)) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push(resolve);
    });
  }

  /** Whoever waits for room goes on, since there will be none. */
  wakeAll(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const wake of waiters) wake();
  }

  /** Whether the line is shorter than one part in `parts` of its marks. */
  private isReady(parts: number): boolean {
    return this.queue.length < MESSAGES_MARK / parts && this.bytes < BYTES_MARK / parts;
  }
}

/** The broker has answered: its Reason Code settles the promise of `publish`. */
export function settlePublication(publication: Publication, reasonCode: ReasonCode): void {
  if (reasonCode < 0x80) {
    publication.resolve(reasonCode === Reason.success ? SENT : { reasonCode });
    return;
  }
  const topic = JSON.stringify(publication.message.topic);
  const sentence = `The broker refused the message to ${topic}: ${reasonName(reasonCode)}.`;
  publication.reject(new OperationError('rejected', sentence, reasonCode));
}
