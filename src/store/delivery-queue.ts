// What one recipient is owed and whose sending has not begun, oldest first: a session or a shared group of a broker, the outbox or
// the inbox of a client.
//
// The queue of a recipient that the store knows is in the store. In memory are two numbers, and the head: as much as is to be
// sent next, within bounds (`queueHeadMessagesMax`, `queueHeadBytesMax`, `queueHeadsBytesMax`). As long as the head is all there
// is, a new message is added to it. Once one does not fit, or nobody is there to send to, new messages are counted and nothing
// else; they come back from the store a page at a time, the next one asked for before the head is empty, one at a time.
// What comes while the last page is on its way is kept beside (`tail`, within the same bounds), so that a queue that has been read to its
// end is whole again.
// The queue of a recipient without a name in the store (key 0) is all head; its bound is the owner's.
//
// Invariants: `messages` counts what waits, wherever it is; head, what only the store has, and tail follow each other in the
// order of publication without a gap; the newest message of the head is `newest`, after which the store is read.
// It sends nothing and decides no limit; the owner takes from the front.
// Longer than 400 lines because everything in here moves the same four numbers.

import { assert } from '../base/assert.ts';
import type { Millis } from '../base/millis.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Message } from '../packet/message.ts';
import type { MessageId, QueuedDelivery, QueuePage, QueueSize, RecipientKey, Store } from './contract.ts';
import { isExpired } from './expiry.ts';
import type { QueueTotals } from './queue-totals.ts';

/** What a queue must know of an owner's kind of delivery. */
export interface Waiting {
  readonly message: Message;
  /** Its name in the store; 0: the store does not know it. */
  readonly messageId: MessageId;
}

/** Whose queue it is. */
export interface QueueOwner<D extends Waiting> {
  /** Its name in the store; 0: it has none. */
  readonly key: RecipientKey;
  /** More of the queue is in memory. In a turn of its own. */
  queueRead(): void;
  /** So many messages wait, for the first time. */
  queuePassed(mark: number): void;
  /** The message was taken out of the queue and will not be sent. */
  dropQueued(delivery: D, reason: 'expired' | 'displaced'): void;
}

/** How much of queues is in memory. */
export interface QueueHeadLimits {
  /** Of one queue. */
  readonly queueHeadMessagesMax: number;
  /** Of one queue, of payload. */
  readonly queueHeadBytesMax: number;
  /** Of all together, with what a delivery takes besides. */
  readonly queueHeadsBytesMax: number;
}

/** What a queue shares with others. */
export interface QueuePlace {
  readonly store: Pick<Store, 'read'>;
  readonly limits: QueueHeadLimits;
  readonly queueTotals: QueueTotals;
}

/** What a delivery and its message take in memory besides the payload, about. */
const DELIVERY_BYTES = 256;
/** What a queue may have in memory however much others have. */
const SHARE_BYTES_MIN = 4_096;
/** Growth is told at this many messages, ten times as many, and so on. */
const MARK_FIRST = 10_000;

/** A page that was asked for. */
interface Reading {
  /** Messages that were only in the store. */
  readonly behind: number;
  /** What is set aside for it in memory. */
  readonly reservedBytes: number;
  /** What the head was read for is over: the page is not wanted any more. */
  isStale: boolean;
}

/** The queue of one recipient. */
export class DeliveryQueue<D extends Waiting> implements QueueSize {
  /** Messages that wait. */
  messages: number;
  /** Bytes of their payload. */
  bytes: number;
  private readonly place: QueuePlace;
  private readonly owner: QueueOwner<D>;
  private readonly restored: (stored: QueuedDelivery) => D;
  private readonly head: RingQueue<D>;
  private headBytes: number;
  private newest: MessageId;
  private reading: Reading | undefined;
  /** What came since the page was asked for that is to be the last; complete as long as nothing was only counted (`behind`). */
  private tail: RingQueue<D> | undefined;
  private tailBytes: number;
  /** The oldest so many messages and bytes are to give way. */
  private debtMessages: number;
  private debtBytes: number;
  private isWrittenOff: boolean;
  private markNext: number;

  /** @param restored  Makes the owner's kind of delivery of what the store gave back. */
  constructor(place: QueuePlace, owner: QueueOwner<D>, restored: (stored: QueuedDelivery) => D) {
    this.messages = 0;
    this.bytes = 0;
    this.place = place;
    this.owner = owner;
    this.restored = restored;
    this.head = new RingQueue();
    this.headBytes = 0;
    this.newest = 0;
    this.reading = undefined;
    this.tail = undefined;
    this.tailBytes = 0;
    this.debtMessages = 0;
    this.debtBytes = 0;
    this.isWrittenOff = false;
    this.markNext = MARK_FIRST;
  }

  /** Messages that wait and are not to give way. */
  get messagesKept(): number {
    return this.messages - this.debtMessages;
  }

  /** Bytes of their payload. */
  get bytesKept(): number {
    return this.bytes - this.debtBytes;
  }

  /** Messages that only the store has. */
  private get behind(): number {
    return this.messages - this.head.length - (this.tail === undefined ? 0 : this.tail.length);
  }

  /** Puts back how much a store remembered. */
  restore({ messages, bytes }: QueueSize): void {
    assert(this.messages === 0, 'a queue is restored before it is used');
    this.messages = messages;
    this.bytes = bytes;
    this.place.queueTotals.messages += messages;
    this.place.queueTotals.bytes += bytes;
    while (this.markNext <= messages) this.markNext *= 10;
  }

  /** The owner, until now without a name in the store, has got one. */
  becomeStored(): void {
    this.place.queueTotals.messages += this.messages;
    this.place.queueTotals.bytes += this.bytes;
    this.place.queueTotals.headBytes += this.memoryOf(this.head.length, this.headBytes);
  }

  /** A message waits, in the store alone. hot: for absent clients that is all there is to do. */
  count(payloadBytes: number): void {
    const { queueTotals } = this.place;
    queueTotals.messages++;
    queueTotals.bytes += payloadBytes;
    this.bytes += payloadBytes;
    if (++this.messages >= this.markNext) this.passMark();
  }

  /** Whether the next message is to be kept in memory (`push`), not only in the store (`count`). hot: */
  keeps(payloadBytes: number): boolean {
    if (this.owner.key === 0) return true;
    if (this.messages === this.head.length) return this.hasRoom(this.head.length, this.headBytes, payloadBytes);
    const { tail } = this;
    if (tail === undefined) return false;
    if (this.isTailComplete && this.hasRoom(tail.length, this.tailBytes, payloadBytes)) return true;
    this.dropTail();
    return false;
  }

  /** A message waits, in memory, and in the store if the owner has a name there. After `keeps` said yes. */
  push(delivery: D): void {
    const payloadBytes = delivery.message.payload.length;
    const isWhole = this.messages === this.head.length;
    if (this.owner.key === 0) {
      this.messages++;
      this.bytes += payloadBytes;
    } else {
      this.count(payloadBytes);
    }
    if (isWhole) this.pushHead(delivery);
    else this.pushTail(delivery);
  }

  /** A message waits: in memory if it is to be kept there. */
  add(delivery: D): void {
    const payloadBytes = delivery.message.payload.length;
    if (this.keeps(payloadBytes)) this.push(delivery);
    else this.count(payloadBytes);
  }

  /** Nothing waits, and what came now, and is in the store, was taken without waiting: what is read later comes behind it. */
  passBy(messageId: MessageId): void {
    assert(this.messages === 0, 'nobody is served before those who wait');
    this.newest = messageId;
  }

  /** Puts back what was taken, before everything that waits. */
  putBack(delivery: D): void {
    const payloadBytes = delivery.message.payload.length;
    this.head.unshift(delivery);
    this.headBytes += payloadBytes;
    this.messages++;
    this.bytes += payloadBytes;
    if (this.owner.key !== 0) this.addToTotals(1, payloadBytes, this.memoryOf(1, payloadBytes));
  }

  /** The next message, left in place; `undefined`: none is in memory. hot: */
  peek(): D | undefined {
    return this.head.peek();
  }

  /** Takes the next message; `undefined`: none is in memory. hot: */
  shift(): D | undefined {
    const delivery = this.head.shift();
    if (delivery === undefined) return undefined;
    const payloadBytes = delivery.message.payload.length;
    this.headBytes -= payloadBytes;
    this.messages--;
    this.bytes -= payloadBytes;
    if (this.owner.key !== 0) this.addToTotals(-1, -payloadBytes, -this.memoryOf(1, payloadBytes));
    return delivery;
  }

  /** The first so many messages of those that are in memory, left in place; of a queue without a name in the store that is all. */
  first(count: number): readonly D[] {
    return Array.from({ length: Math.min(count, this.head.length) }, (_, index) => this.head.at(index));
  }

  /** Asks for more if the head is running low and there is more. hot: */
  readAhead(): void {
    if (this.messages === this.head.length || this.reading !== undefined) return;
    const { queueHeadMessagesMax, queueHeadBytesMax } = this.place.limits;
    if (this.head.length * 2 > queueHeadMessagesMax || this.headBytes * 2 > queueHeadBytesMax) return;
    this.read();
  }

  /** Lets the head go: nobody is there to send to, and the store has it all. Not while something may come that is to be put back. */
  letGo(): void {
    // What is to give way is on its way.
    if (this.owner.key === 0 || this.debtMessages > 0 || this.debtBytes > 0) return;
    if (this.reading !== undefined) this.reading.isStale = true;
    this.dropTail();
    this.addToTotals(0, 0, -this.memoryOf(this.head.length, this.headBytes));
    this.head.clear();
    this.headBytes = 0;
    this.newest = 0;
  }

  /** Takes what has expired off the front as far as it is in memory [MQTT-3.3.2-5]; if nothing is, asks for it. */
  dropExpired(now: Millis): void {
    for (let next = this.head.peek(); next !== undefined && isExpired(next.message, now); next = this.head.peek()) {
      this.shift();
      this.owner.dropQueued(next, 'expired');
    }
    if (this.head.length === 0) this.readAhead();
  }

  /** The oldest so many messages, and so many bytes, give way to newer ones: now, or when the store has given them back. */
  giveWay(messages: number, bytes: number): void {
    this.setDebts(this.debtMessages + messages, this.debtBytes + bytes);
    this.payDebts();
  }

  /** The owner is about to end: what waits counts no more. Until `clear` nothing is added or taken. */
  writeOff(): void {
    this.isWrittenOff = true;
    this.setDebts(this.messages, this.bytes);
  }

  /** Everything is gone, in memory. What the store has goes with its owner. */
  clear(): void {
    this.setDebts(0, 0);
    if (this.owner.key !== 0) {
      const reserved = this.reading?.reservedBytes ?? 0;
      this.dropTail();
      this.addToTotals(-this.messages, -this.bytes, -this.memoryOf(this.head.length, this.headBytes) - reserved);
    }
    this.reading = undefined;
    this.head.clear();
    this.headBytes = 0;
    this.newest = 0;
    this.messages = 0;
    this.bytes = 0;
  }

  private get isTailComplete(): boolean {
    return this.reading?.behind === this.behind;
  }

  /** Whether the next one may be added to so many in memory. hot: */
  private hasRoom(messages: number, bytes: number, payloadBytes: number): boolean {
    const { limits, queueTotals } = this.place;
    if (messages >= limits.queueHeadMessagesMax || bytes + payloadBytes > limits.queueHeadBytesMax) return false;
    return queueTotals.headBytes < limits.queueHeadsBytesMax || this.memoryOf(messages, bytes) < SHARE_BYTES_MIN;
  }

  private pushHead(delivery: D): void {
    const payloadBytes = delivery.message.payload.length;
    this.head.push(delivery);
    this.headBytes += payloadBytes;
    if (this.owner.key === 0) return;
    this.newest = delivery.messageId;
    this.place.queueTotals.headBytes += this.memoryOf(1, payloadBytes);
  }

  private pushTail(delivery: D): void {
    assert(this.tail !== undefined, 'a message is kept at the end of the head, or beside a page on its way');
    const payloadBytes = delivery.message.payload.length;
    this.tail.push(delivery);
    this.tailBytes += payloadBytes;
    this.place.queueTotals.headBytes += this.memoryOf(1, payloadBytes);
  }

  private dropTail(): void {
    if (this.tail === undefined) return;
    this.place.queueTotals.headBytes -= this.memoryOf(this.tail.length, this.tailBytes);
    this.tail = undefined;
    this.tailBytes = 0;
  }

  private read(): void {
    const { limits, queueTotals, store } = this.place;
    // An eighth of what is left, so that many queues that come at once have something each.
    const share = (limits.queueHeadsBytesMax - queueTotals.headBytes) / 8;
    if (share < SHARE_BYTES_MIN && this.head.length > 0) return;
    const bytes = Math.max(share, SHARE_BYTES_MIN);
    const { behind } = this;
    const room = Math.min(limits.queueHeadMessagesMax - this.head.length, Math.floor(bytes / DELIVERY_BYTES));
    const messagesMax = Math.min(room, behind);
    const bytesMax = Math.floor(Math.min(limits.queueHeadBytesMax - this.headBytes, bytes));
    const reservedBytes = this.memoryOf(messagesMax, Math.min(bytesMax, this.bytes - this.headBytes));
    const reading: Reading = { behind, reservedBytes, isStale: false };
    this.reading = reading;
    queueTotals.headBytes += reservedBytes;
    if (behind <= room) this.tail = new RingQueue();
    store.read(this.owner.key, this.newest, { messagesMax, bytesMax }, (page) => this.take(page, reading));
  }

  private take(page: QueuePage, reading: Reading): void {
    assert(this.reading === reading, 'a queue is read a page at a time');
    const tail = this.isTailComplete ? this.tail : undefined;
    this.dropTail();
    this.reading = undefined;
    this.place.queueTotals.headBytes -= reading.reservedBytes;
    if (!reading.isStale) this.append(page, reading.behind, tail);
    this.payDebts();
    this.owner.queueRead();
  }

  private append({ deliveries, isLast }: QueuePage, behind: number, tail: RingQueue<D> | undefined): void {
    // For the store it need not be the last page even so: what came later in the turn of the call counts there.
    const isWhole = deliveries.length === behind;
    assert(
      isWhole || (!isLast && deliveries.length < behind),
      'the store has as much for a recipient as is counted here',
    );
    for (const delivery of deliveries) this.pushHead(this.restored(delivery));
    if (!isWhole || tail === undefined) return;
    for (let next = tail.shift(); next !== undefined; next = tail.shift()) this.pushHead(next);
  }

  private payDebts(): void {
    if (this.isWrittenOff) return;
    while (this.debtMessages > 0 || this.debtBytes > 0) {
      const oldest = this.shift();
      if (oldest === undefined) {
        if (this.messages > 0) {
          this.readAhead();
          return;
        }
        this.setDebts(0, 0);
        return;
      }
      const payloadBytes = oldest.message.payload.length;
      this.setDebts(Math.max(0, this.debtMessages - 1), Math.max(0, this.debtBytes - payloadBytes));
      this.owner.dropQueued(oldest, 'displaced');
    }
  }

  /** What is to give way counts no more in the totals. */
  private setDebts(messages: number, bytes: number): void {
    this.addToTotals(this.debtMessages - messages, this.debtBytes - bytes, 0);
    this.debtMessages = messages;
    this.debtBytes = bytes;
  }

  private passMark(): void {
    const mark = this.markNext;
    this.markNext *= 10;
    this.owner.queuePassed(mark);
  }

  /** hot: */
  private addToTotals(messages: number, bytes: number, headBytes: number): void {
    const { queueTotals } = this.place;
    queueTotals.messages += messages;
    queueTotals.bytes += bytes;
    queueTotals.headBytes += headBytes;
  }

  /** What so many deliveries take. hot: */
  private memoryOf(messages: number, payloadBytes: number): number {
    return messages * DELIVERY_BYTES + payloadBytes;
  }
}
