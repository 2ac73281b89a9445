// The inbox of a client with a store. What has come is acknowledged to the broker when it is durable here; then the application
// gets it, once and under one key, and again under the same key if the process crashes before it has acknowledged it. What the
// application does not take yet waits in the queue, whose rest is on disk.
// Bounds. The application has at most one window of it at a time: Receive Maximum, or a thousand if that is less. `inboxBytesMax` bounds what is stored: when it is full, messages
// wait unacknowledged (`line`), and the broker's window bounds those, or, where there is none, the reading that stops.

import type { Message } from '../packet/message.ts';
import type { PublishPacket } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { ACKNOWLEDGE_LATER } from '../session/output.ts';
import type { Receipt } from '../session/session.ts';
import type { Batch, QueuedDelivery, Recipient, RecipientKey } from '../store/contract.ts';
import { DeliveryQueue, type QueueHeadLimits, type QueueOwner, type Waiting } from '../store/delivery-queue.ts';
import { newQueueTotals } from '../store/queue-totals.ts';
import { Arrival, type Finished } from './arrival.ts';
import type { ClientStore } from './client-store.ts';
import type { Handling } from './handling.ts';
import type { InboxOwner } from './inbox.ts';
import { INBOX, OUTBOX } from './recipients.ts';

/** A stored message that the application has not been given. */
interface Stored extends Waiting, Omit<QueuedDelivery, 'sharedFilter'> {
  /** When this is durable the application gets it. */
  readonly after: Batch;
  readonly dup: boolean;
}

/** How a message came that is to be stored. */
interface Incoming {
  readonly message: Message;
  readonly subscriptionIdentifiers: readonly number[];
  /** `undefined`: the broker has lost the session, and with it the identifier. */
  readonly id: PacketId | undefined;
}

/** A message for which there is no room. */
interface InLine {
  readonly incoming: Incoming;
  readonly receipt: Receipt | undefined;
}

/** How much there may be. */
export interface StoredInboxLimits {
  /** In bytes of payload: at so many nothing more is stored. */
  readonly bytesMax: number;
  /** How many messages the application may have at a time. */
  readonly window: number;
  readonly head: QueueHeadLimits;
}

/** What has come, on disk. */
export class StoredInbox implements QueueOwner<Stored> {
  readonly key: RecipientKey;
  private readonly owner: Pick<InboxOwner, 'receipt' | 'acknowledge' | 'holdAnswers'>;
  private readonly handling: Handling;
  private readonly kept: ClientStore;
  private readonly bytesMax: number;
  private readonly window: number;
  private readonly finishedByAll: Finished;
  private readonly queue: DeliveryQueue<Stored>;
  private line: InLine[];
  /** The batch of the newest message. */
  private appended: Batch;
  private isGivingOut: boolean;
  private isPumpDue: boolean;
  private isStopped: boolean;

  constructor(
    owner: Pick<InboxOwner, 'receipt' | 'acknowledge' | 'holdAnswers'>,
    handling: Handling,
    kept: ClientStore,
    { bytesMax, window, head }: StoredInboxLimits,
    finishedByAll: Finished,
  ) {
    this.key = INBOX;
    this.owner = owner;
    this.handling = handling;
    this.kept = kept;
    this.bytesMax = bytesMax;
    this.window = window;
    this.finishedByAll = finishedByAll;
    const place = { store: kept.store, limits: head, queueTotals: newQueueTotals() };
    this.queue = new DeliveryQueue(place, this, (stored) => this.restored(stored));
    this.line = [];
    this.appended = 0;
    this.isGivingOut = false;
    this.isPumpDue = false;
    this.isStopped = false;
    this.queue.restore(kept.remembered.inbox);
  }

  /** Stores a message, now or when there is room; the answer is the session's. hot: */
  store(packet: PublishPacket, message: Message): ReasonCode | typeof ACKNOWLEDGE_LATER {
    const incoming = { message, subscriptionIdentifiers: packet.subscriptionIdentifiers, id: packet.id };
    if (this.line.length === 0 && this.hasRoomFor(message.payload.length)) {
      this.append(incoming);
      return Reason.success;
    }
    this.line.push({ incoming, receipt: this.owner.receipt(packet) });
    this.handling.noteLine(this.line.length);
    return ACKNOWLEDGE_LATER;
  }

  /** More is durable, there is room again, or somebody has come who wants messages. */
  pump(): void {
    if (this.isGivingOut) return;
    this.isGivingOut = true;
    this.giveOut();
    this.isGivingOut = false;
    this.letIn();
  }

  /** The application is done with a message. hot: */
  finished(key: number): void {
    this.kept.store.settle(INBOX, key);
    this.pumpSoon();
  }

  /** The connection is over: what was of QoS 1 and is nowhere but here will come again. */
  connectionEnded(): void {
    this.line = this.line.filter(({ incoming }) => incoming.message.qos === 2);
    this.handling.noteLine(this.line.length);
  }

  /** The broker has lost the session: what it sent will not come again, and is acknowledged to nobody. */
  sessionLost(): void {
    this.line = this.line.map(({ incoming }) => ({ incoming: { ...incoming, id: undefined }, receipt: undefined }));
  }

  /** Nothing more is handed over. */
  stop(): void {
    this.isStopped = true;
  }

  /** Nothing more is stored, either. */
  end(): void {
    this.isStopped = true;
    this.line = [];
  }

  // What the queue asks for.

  queueRead(): void {
    this.pump();
  }

  queuePassed(): void {
    // `inboxBytesMax` is the only mark.
  }

  dropQueued(): void {
    // What has come does not expire here.
  }

  private append({ message, id, subscriptionIdentifiers }: Incoming): void {
    const { kept } = this;
    const { retain } = message;
    const qos = message.qos === 2 ? 2 : 1;
    const messageId = kept.nextMessageId();
    const recipients: readonly Recipient[] = [{ key: INBOX, qos, retain, subscriptionIdentifiers, sharedFilter: '' }];
    const origin = qos === 2 && id !== undefined ? { session: OUTBOX, id } : undefined;
    const after = kept.store.append(messageId, message, recipients, origin);
    this.appended = after;
    this.owner.holdAnswers(after);
    this.queue.add({ messageId, message, qos, retain, subscriptionIdentifiers, after, dup: false });
    // A store in memory has it already; not from inside the session.
    if (after <= kept.store.durable) this.pumpSoon();
  }

  /** Pumps when whoever is at it has returned: nothing is handed over ahead of what they have in hand. hot: */
  private pumpSoon(): void {
    if (this.isGivingOut || this.isPumpDue) return;
    this.isPumpDue = true;
    queueMicrotask(() => {
      this.isPumpDue = false;
      this.pump();
    });
  }

  private hasRoomFor(payloadBytes: number): boolean {
    const { queue, handling, kept } = this;
    if (kept.isFull) return false;
    // One that is larger than the inbox comes in when it is alone.
    if (queue.messages + handling.openCount === 0) return true;
    return queue.bytes + handling.bytes + payloadBytes <= this.bytesMax;
  }

  /** Gives the application what is durable, oldest first. */
  private giveOut(): void {
    const { queue, kept, handling } = this;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (this.isStopped || next.after > kept.store.durable || handling.takenCount >= this.window) return;
      queue.shift();
      handling.hand(new Arrival(next.message, { ...next, key: next.messageId, packetId: 0 }, this.finishedByAll));
    }
    if (!this.isStopped) queue.readAhead();
  }

  /** Lets in who waits in line, as far as there is room. */
  private letIn(): void {
    if (this.line.length === 0) return;
    for (let next = this.line[0]; next !== undefined; next = this.line[0]) {
      const { incoming, receipt } = next;
      if (!this.hasRoomFor(incoming.message.payload.length)) break;
      this.line.shift();
      this.append(incoming);
      if (receipt !== undefined) this.owner.acknowledge(receipt);
    }
    this.handling.noteLine(this.line.length);
  }

  private restored({ messageId, message, qos, retain, subscriptionIdentifiers }: QueuedDelivery): Stored {
    // An earlier process may have given it out already.
    const dup = messageId <= this.kept.rememberedIdMax;
    // The store gives back what was appended, durable or not.
    return { messageId, message, qos, retain, subscriptionIdentifiers, after: this.appended, dup };
  }
}
