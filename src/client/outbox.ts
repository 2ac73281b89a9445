// What the application has published and the broker has not settled. A message of QoS 1 or 2 has a place here from the moment when it is
// accepted until PUBACK or PUBCOMP: first in the queue, then in flight (in the session machine). With a store the
// queue is on disk, and in memory is its head. While the outbox is full, messages wait in line for a place, in the order of the calls.
// QoS 0 has no place: it leaves at once, or as soon as the network takes it.
//
// Bounds: `outboxMessagesMax`, `outboxBytesMax`; with a store, what is in memory of a message beside the head is its handle. The line has none of its own: who publishes without waiting for `stored`, `ready` or the
// promise itself keeps the messages in memory as surely as if they were still its own.
// It sends nothing; session-state.ts takes from the front.

import { OperationError } from '../base/errors.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Message } from '../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../packet/packet.ts';
import type { QueuedDelivery, RecipientKey, Recipient } from '../store/contract.ts';
import type { DeliveryQueue, QueueOwner } from '../store/delivery-queue.ts';
import type { Published } from './client.ts';
import type { ClientStore } from './client-store.ts';
import type { Agreement } from './handshake.ts';
import type { Settings } from './options.ts';
import { newPublication, type Publication, type PublishHandle, storedPublication } from './publication.ts';
import { OUTBOX } from './recipients.ts';
import type { ClientTuning } from './tuning.ts';
import { Unsettled } from './unsettled.ts';

/** When a message is stored that is not to be on disk. */
export const IN_MEMORY: Promise<void> = Promise.resolve();

/** Each message has one recipient, the broker. */
const RECIPIENTS: readonly (readonly Recipient[])[] = ([1, 2] as const).map((qos) => [
  { key: OUTBOX, qos, retain: false, subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS, sharedFilter: '' },
]);
const RETAINED_RECIPIENTS = RECIPIENTS.map((recipients) => recipients.map((each) => ({ ...each, retain: true })));

/** Who stands behind an outbox. */
export interface OutboxOwner {
  /** More of the queue is in memory. In a turn of its own. */
  outboxMoved(): void;
  /** A message failed that an earlier process has published: nobody here waits for it. */
  undelivered(topic: string, error: Error): void;
}

/** A message in line. */
interface InLine {
  readonly message: Message;
  readonly handle: PublishHandle;
  readonly checkedFor: Agreement | undefined;
}

/** Without a store; never written to. */
const NO_HANDLES: Map<number, PublishHandle> = new Map();

/** The outbox of one client. */
export class Outbox implements QueueOwner<Publication> {
  readonly key: RecipientKey;
  /** Who is waited for, and who waits for all. */
  readonly unsettled: Unsettled;
  /** QoS 1 and 2, accepted and not sent; with a store, the first of them. */
  readonly queue: Pick<RingQueue<Publication>, 'peek' | 'shift' | 'push'>;
  /** QoS 0 for which the network has no room. */
  readonly unstored: RingQueue<Publication>;
  private readonly limits: Pick<Settings, 'outboxMessagesMax' | 'outboxBytesMax'>;
  private readonly kept: ClientStore | undefined;
  /** With a store, the queue. */
  private readonly stored: DeliveryQueue<Publication> | undefined;
  /** Without one. */
  private readonly unkept: RingQueue<Publication>;
  private readonly lateBytesMax: number;
  private readonly owner: OutboxOwner;
  private readonly line: RingQueue<InLine>;
  /** With a store: who waits for what this process has put there, wherever it is now. */
  private readonly handles: Map<number, PublishHandle>;
  /** QoS 1 and 2, accepted and not settled. */
  private messages: number;
  private bytes: number;
  /** Who waits for room; told all at once. */
  private waiters: (() => void)[];

  constructor(
    limits: Pick<Settings, 'outboxMessagesMax' | 'outboxBytesMax'>,
    kept: ClientStore | undefined,
    tuning: ClientTuning,
    owner: OutboxOwner,
  ) {
    this.key = kept === undefined ? 0 : OUTBOX;
    this.unsettled = new Unsettled();
    this.limits = limits;
    this.kept = kept;
    this.lateBytesMax = tuning.outboxLateBytesMax;
    this.owner = owner;
    this.stored = kept?.newQueue(this, tuning.head, (stored) => this.restored(stored));
    this.unkept = new RingQueue();
    this.queue = this.stored ?? this.unkept;
    this.unstored = new RingQueue();
    this.line = new RingQueue();
    this.handles = kept === undefined ? NO_HANDLES : new Map<number, PublishHandle>();
    this.messages = 0;
    this.bytes = 0;
    this.waiters = [];
    if (kept !== undefined) this.restore(kept);
  }

  /** How many are in the queue, in memory or not. */
  get queuedCount(): number {
    return this.stored === undefined ? this.unkept.length : this.stored.messages;
  }

  /** Has more of the queue in memory, if there is more. hot: */
  readAhead(): void {
    this.stored?.readAhead();
  }

  /** Accepts a message of QoS 1 or 2, now or when there is room. hot: */
  add(message: Message, handle: PublishHandle, checkedFor: Agreement | undefined): void {
    this.unsettled.add();
    if (this.line.length === 0 && this.hasRoomFor(message.payload.length)) this.accept(message, handle, checkedFor);
    else this.line.push({ message, handle, checkedFor });
  }

  /** Lets in who waits in line, as far as there is room. */
  admit(): void {
    for (let next = this.line.peek(); next !== undefined; next = this.line.peek()) {
      if (!next.handle.isAborted && !this.hasRoomFor(next.message.payload.length)) return;
      this.line.shift();
      if (!next.handle.isAborted) this.accept(next.message, next.handle, next.checkedFor);
    }
    if (this.waiters.length > 0 && this.line.length === 0 && this.hasRoomFor(0)) this.wakeAll();
  }

  /** A message that was accepted is over. hot: */
  settle(publication: Publication, outcome: Published | Error): void {
    const { messageId, handle, message } = publication;
    this.messages--;
    this.bytes -= message.payload.length;
    if (messageId !== 0) {
      this.kept?.store.settle(OUTBOX, messageId);
      this.handles.delete(messageId);
    }
    if (handle !== undefined) handle.settle(outcome);
    else if (outcome instanceof Error) this.owner.undelivered(message.topic, outcome);
    this.release(handle);
    if (this.line.length > 0 || this.waiters.length > 0) this.admit();
  }

  /** A message of QoS 0 is over. hot: */
  settleUnstored({ handle }: Publication, outcome: Published | Error): void {
    handle?.settle(outcome);
    this.release(handle);
  }

  /** The application has given a message up: unless it has been sent, it will not be. */
  abort(handle: PublishHandle, reason: Error): void {
    if (handle.isSettled) return;
    handle.isAborted = true;
    handle.settle(reason);
    this.unsettled.remove(handle);
  }

  /** Fulfilled when there is room for more; at once, as long as there is. */
  ready(): Promise<void> {
    if (this.line.length === 0 && this.hasRoomFor(0)) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push(resolve);
    });
  }

  /** The connection is over: what cannot wait for the next one has failed. */
  failUnstored(error: Error): void {
    for (let next = this.unstored.shift(); next !== undefined; next = this.unstored.shift()) {
      this.settleUnstored(next, error);
    }
  }

  /**
   * The client is over: whoever waits is told. What the store has, it keeps, but for what was given up.
   * @param inFlight  Such as the session machine has.
   */
  end(errorFor: (isStored: boolean) => Error, inFlight: ReadonlySet<number>): void {
    this.failUnstored(errorFor(false));
    const inLine = errorFor(false);
    for (let next = this.line.shift(); next !== undefined; next = this.line.shift()) next.handle.settle(inLine);
    const accepted = errorFor(this.kept !== undefined);
    for (const [messageId, handle] of this.handles) {
      if (handle.isAborted && !inFlight.has(messageId)) this.kept?.store.settle(OUTBOX, messageId);
      this.leave(handle, accepted);
    }
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      this.leave(next.handle, accepted);
    }
    if (this.kept !== undefined) this.handles.clear();
    this.unsettled.clear();
    this.wakeAll();
  }

  /** A message that was accepted will not be settled by this process. */
  leave(handle: PublishHandle | undefined, error: Error): void {
    if (this.kept === undefined) handle?.settle(error);
    else handle?.leave(error);
  }

  // What the queue asks for.

  queueRead(): void {
    this.owner.outboxMoved();
  }

  queuePassed(): void {
    // `outboxMessagesMax` is the only mark.
  }

  dropQueued(publication: Publication): void {
    this.settle(publication, expired(publication.message.topic));
  }

  /** hot: */
  private accept(message: Message, handle: PublishHandle, checkedFor: Agreement | undefined): void {
    const payloadBytes = message.payload.length;
    this.messages++;
    this.bytes += payloadBytes;
    const { kept, stored } = this;
    if (kept === undefined || stored === undefined) {
      handle.storedWith(IN_MEMORY);
      this.queue.push(newPublication(message, 0, handle, checkedFor));
      return;
    }
    const messageId = kept.nextMessageId();
    const recipients = (message.retain ? RETAINED_RECIPIENTS : RECIPIENTS)[message.qos - 1] ?? [];
    handle.storedWith(kept.durability.of(kept.store.append(messageId, message, recipients, undefined)));
    this.handles.set(messageId, handle);
    if (stored.keeps(payloadBytes)) stored.push(newPublication(message, messageId, handle, checkedFor));
    else stored.count(payloadBytes);
  }

  private hasRoomFor(payloadBytes: number): boolean {
    const { kept, limits } = this;
    if (kept !== undefined && (kept.isFull || kept.store.lateBytes > this.lateBytesMax)) return false;
    if (this.messages >= limits.outboxMessagesMax) return false;
    // One that is larger than the outbox goes when it is alone.
    return this.bytes + payloadBytes <= limits.outboxBytesMax || this.messages === 0;
  }

  private restore({ remembered }: ClientStore): void {
    const { inFlight, outbox } = remembered;
    this.stored?.restore(outbox);
    this.messages = outbox.messages + inFlight.length;
    this.bytes = outbox.bytes + inFlight.reduce((sum, { message }) => sum + message.payload.length, 0);
    this.unsettled.restore(this.messages);
  }

  /** Whoever waits for room goes on. */
  private wakeAll(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const wake of waiters) wake();
  }

  /** A message was settled, and not given up before. */
  private release(handle: PublishHandle | undefined): void {
    if (handle?.isAborted !== true) this.unsettled.remove(handle);
  }

  private restored(stored: QueuedDelivery): Publication {
    return storedPublication(stored, this.handles.get(stored.messageId), false);
  }
}

/** The message can no longer be sent. */
export function expired(topic: string): OperationError {
  return new OperationError('expired', `The message to ${JSON.stringify(topic)} expired before it could be sent.`);
}
