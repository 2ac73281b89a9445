// Messages on their way to the application: from the session machine to whoever has subscribed, until they are acknowledged.
//
// Without a store, a message of QoS 1 or 2 is acknowledged to the broker when the application has acknowledged it. With one, when it is
// durable here: then the application gets it, once and under one key, and again under the same key if the process crashes before
// it has acknowledged it. What the application does not take yet waits in the queue, whose rest is on disk.
//
// Bounds. The application has at most `HANDLING_MAX` messages of the queue at a time. `inboxBytesMax` bounds the queue: when it is full,
// messages wait unacknowledged (`line`), and the broker's window bounds those. What is not bounded so, QoS 0 and brokers that
// know no window, stops the reading (`isBehind`), unless the application waits for the broker itself.

import type { Message } from '../packet/message.ts';
import type { PublishPacket } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { ACKNOWLEDGE_LATER } from '../session/output.ts';
import type { Receipt } from '../session/session.ts';
import type { Batch, QueuedDelivery, Recipient, RecipientKey } from '../store/contract.ts';
import { DeliveryQueue, type QueueOwner, type Waiting } from '../store/delivery-queue.ts';
import { newQueueTotals } from '../store/queue-totals.ts';
import { Arrival } from './arrival.ts';
import { type ClientStore, INBOX, OUTBOX } from './client-store.ts';
import { HEAD_LIMITS } from './outbox.ts';

/** Who stands behind an inbox. */
export interface InboxOwner {
  /** Hands the message to everybody who wants it; false: nobody does. */
  dispatch(arrival: Arrival): boolean;
  /** Nobody wants the message, and it waits. */
  unclaimed(): void;
  /** The receipt for the message being delivered. */
  receipt(packet: PublishPacket): Receipt | undefined;
  /** The message may be acknowledged to the broker. */
  acknowledge(receipt: Receipt): void;
  /** The next acknowledgement waits for this batch. */
  holdAnswers(after: Batch): void;
  /** `isBehind` may have changed. */
  moved(): void;
}

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

/** The application has at most so many messages of the queue. */
const HANDLING_MAX = 1_000;
/** Reading stops with so many, wherever they came from, and goes on with half of them. */
const BEHIND_MARK = 2_000;
const NOT_STORED = { read: (): void => undefined };

/** The inbox of one client. */
export class Inbox implements QueueOwner<Stored> {
  readonly key: RecipientKey;
  private readonly owner: InboxOwner;
  private readonly kept: ClientStore | undefined;
  private readonly bytesMax: number;
  /** Whether what nobody wants waits for somebody who does. */
  private readonly keepsUnclaimed: boolean;
  private readonly queue: DeliveryQueue<Stored>;
  private line: InLine[];
  /** Nobody has subscribed to them; oldest first. */
  private unclaimed: Arrival[];
  /** What becomes of messages that the application has, by key, when it is done: how the broker, or the store, is told. */
  private readonly receipts: Map<number, Receipt>;
  /** Given to the application, or unclaimed, and not finished. */
  private handlingCount: number;
  /** Of these, from the queue. */
  private handlingStored: number;
  private handlingBytes: number;
  private keyLast: number;
  private isGivingOut: boolean;
  private isOver: boolean;
  private readonly finished: (arrival: Arrival) => void;

  constructor(owner: InboxOwner, kept: ClientStore | undefined, bytesMax: number, keepsUnclaimed: boolean) {
    this.key = INBOX;
    this.owner = owner;
    this.kept = kept;
    this.bytesMax = bytesMax;
    this.keepsUnclaimed = keepsUnclaimed;
    const place = { store: kept?.store ?? NOT_STORED, limits: HEAD_LIMITS, queueTotals: newQueueTotals() };
    this.queue = new DeliveryQueue(place, this, (stored) => this.restored(stored));
    this.line = [];
    this.unclaimed = [];
    this.receipts = new Map();
    this.handlingCount = 0;
    this.handlingStored = 0;
    this.handlingBytes = 0;
    this.keyLast = 0;
    this.isGivingOut = false;
    this.isOver = false;
    this.finished = (arrival) => this.finish(arrival);
    if (kept !== undefined) this.queue.restore(kept.remembered.inbox);
  }

  /** Whether so much is with the application that nothing more should be read. */
  isBehind(wasBehind: boolean): boolean {
    return this.handlingCount >= (wasBehind ? BEHIND_MARK / 2 : BEHIND_MARK);
  }

  /** Takes a message; the answer is the session's. hot: */
  deliver(packet: PublishPacket, topic: string): ReasonCode | typeof ACKNOWLEDGE_LATER {
    const { qos, properties } = packet;
    const message: Message = {
      topic,
      payload: packet.payload.slice(),
      qos,
      retain: packet.retain,
      properties,
      expiresAt: undefined,
    };
    if (qos === 0) {
      this.handOver(new Arrival(message, this.coming(packet), this.finished));
      return Reason.success;
    }
    if (this.kept !== undefined) return this.store(packet, message, this.kept);
    const arrival = new Arrival(message, this.coming(packet), this.finished);
    this.handOver(arrival);
    if (arrival.isFinished) return Reason.success;
    const receipt = this.owner.receipt(packet);
    if (receipt !== undefined) this.receipts.set(arrival.key, receipt);
    return ACKNOWLEDGE_LATER;
  }

  /** Topics of messages that nobody has subscribed to. */
  get unclaimedTopics(): readonly string[] {
    return this.unclaimed.map(({ topic }) => topic);
  }

  /** More is durable, there is room again, or somebody has come who wants messages. */
  pump(): void {
    if (this.isGivingOut || this.isOver) return;
    this.isGivingOut = true;
    this.giveOut();
    this.isGivingOut = false;
    this.letIn();
  }

  /** Somebody has subscribed: what nobody wanted is offered again. */
  claim(): void {
    const { unclaimed } = this;
    this.unclaimed = [];
    for (const arrival of unclaimed) if (!this.owner.dispatch(arrival)) this.unclaimed.push(arrival);
    this.pump();
  }

  /** Nobody wants a message that was handed over. */
  unclaim(arrival: Arrival): void {
    // [MQTT-4.5.0-2]: it is acknowledged all the same, unless somebody may come who wants it.
    if (!this.keepsUnclaimed || arrival.qos === 0) return arrival.ack();
    this.unclaimed.push(arrival);
    this.owner.unclaimed();
  }

  /** The connection is over: what was of QoS 1 and is nowhere but here will come again. */
  connectionEnded(): void {
    this.line = this.line.filter(({ incoming }) => incoming.message.qos === 2);
    if (this.kept !== undefined) return;
    const lost = this.unclaimed.filter(({ qos }) => qos === 1);
    this.unclaimed = this.unclaimed.filter(({ qos }) => qos === 2);
    for (const arrival of lost) arrival.ack();
  }

  /** The broker has lost the session: what it sent will not come again, and is acknowledged to nobody. */
  sessionLost(): void {
    this.line = this.line.map(({ incoming }) => ({ incoming: { ...incoming, id: undefined }, receipt: undefined }));
  }

  /** Nothing is handed over any more. */
  end(): void {
    this.isOver = true;
    this.line = [];
    this.unclaimed = [];
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

  private coming({
    qos,
    retain,
    dup,
    subscriptionIdentifiers,
  }: PublishPacket): ConstructorParameters<typeof Arrival>[1] {
    return { qos, retain, dup, subscriptionIdentifiers, key: qos === 0 ? 0 : ++this.keyLast };
  }

  private store(packet: PublishPacket, message: Message, kept: ClientStore): ReasonCode | typeof ACKNOWLEDGE_LATER {
    const incoming = { message, subscriptionIdentifiers: packet.subscriptionIdentifiers, id: packet.id };
    if (this.line.length === 0 && this.hasRoomFor(message.payload.length, kept)) {
      this.append(incoming, kept);
      return Reason.success;
    }
    // Bounded by the broker's window.
    this.line.push({ incoming, receipt: this.owner.receipt(packet) });
    return ACKNOWLEDGE_LATER;
  }

  private append({ message, id, subscriptionIdentifiers }: Incoming, kept: ClientStore): void {
    const { retain } = message;
    const qos = message.qos === 2 ? 2 : 1;
    const messageId = kept.nextMessageId();
    const recipients: readonly Recipient[] = [{ key: INBOX, qos, retain, subscriptionIdentifiers, sharedFilter: '' }];
    const origin = qos === 2 && id !== undefined ? { session: OUTBOX, id } : undefined;
    const after = kept.store.append(messageId, message, recipients, origin);
    this.owner.holdAnswers(after);
    this.queue.add({ messageId, message, qos, retain, subscriptionIdentifiers, after, dup: false });
    // A store in memory has it already; not from inside the session.
    if (after <= kept.store.durable) queueMicrotask(() => this.pump());
  }

  private hasRoomFor(payloadBytes: number, kept: ClientStore): boolean {
    const { queue } = this;
    if (kept.isFull) return false;
    return queue.messages === 0 || queue.bytes + this.handlingBytes + payloadBytes <= this.bytesMax;
  }

  /** Gives the application what is durable, oldest first. */
  private giveOut(): void {
    const { queue, kept } = this;
    if (kept === undefined) return;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (next.after > kept.store.durable || this.handlingStored >= HANDLING_MAX || this.isOver) return;
      queue.shift();
      this.handlingStored++;
      this.handlingBytes += next.message.payload.length;
      this.handOver(new Arrival(next.message, { ...next, key: next.messageId }, this.finished));
    }
    queue.readAhead();
  }

  /** Lets in who waits in line, as far as there is room. */
  private letIn(): void {
    const { kept } = this;
    if (kept === undefined || this.line.length === 0) return;
    for (let next = this.line[0]; next !== undefined; next = this.line[0]) {
      const { incoming, receipt } = next;
      if (!this.hasRoomFor(incoming.message.payload.length, kept)) return;
      this.line.shift();
      this.append(incoming, kept);
      if (receipt !== undefined) this.owner.acknowledge(receipt);
    }
  }

  private handOver(arrival: Arrival): void {
    this.handlingCount++;
    if (!this.owner.dispatch(arrival)) this.unclaim(arrival);
    if (this.handlingCount === BEHIND_MARK) this.owner.moved();
  }

  /** Everybody who got it is done with it. hot: */
  private finish(arrival: Arrival): void {
    this.handlingCount--;
    if (arrival.qos > 0 && !this.isOver) this.acknowledge(arrival);
    if (this.handlingCount === BEHIND_MARK / 2 - 1) this.owner.moved();
  }

  private acknowledge(arrival: Arrival): void {
    if (this.kept !== undefined) {
      this.kept.store.settle(INBOX, arrival.key);
      this.handlingStored--;
      this.handlingBytes -= arrival.payload.length;
      // Applications that acknowledge at once are already inside.
      if (!this.isGivingOut) this.pump();
      return;
    }
    const receipt = this.receipts.get(arrival.key);
    // Acknowledged while it is being delivered: the session is told by the return value.
    if (receipt === undefined) return;
    this.receipts.delete(arrival.key);
    this.owner.acknowledge(receipt);
  }

  private restored({ messageId, message, qos, retain, subscriptionIdentifiers }: QueuedDelivery): Stored {
    // An earlier process may have given it out already.
    const dup = messageId <= (this.kept?.rememberedIdMax ?? 0);
    return { messageId, message, qos, retain, subscriptionIdentifiers, after: 0, dup };
  }
}
