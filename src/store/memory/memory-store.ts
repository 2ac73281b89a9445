// The store contract in memory: nothing survives the process, and everything is "durable" at once.
// It is honest about the rest: a second broker opened on the same store finds every session, group, queue,
// handshake, retained message and Will where the first one left them.
// Moments stay as they were told: they mean the same to a later broker only if its monotonic clock goes on.
//
// Tests ask for `announces: 'when-told'`: changes then become durable only when `announce` says so, late and out of turn
// with everything, as on a disk; each change is a batch of its own. They can also say that the store is full
// or failed, which it never is by itself.

import { assert } from '../../base/assert.ts';
import { OperationError } from '../../base/errors.ts';
import { millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import type { PacketId } from '../../packet/packet-id.ts';
import type {
  Batch,
  GroupKey,
  GroupRecord,
  MessageId,
  Origin,
  PageSize,
  QueuePage,
  Recipient,
  RecipientKey,
  Recovered,
  SessionKey,
  SessionRecord,
  Store,
  StoreOwner,
  StoreStatistics,
  SubscriptionRecord,
  WillRecord,
} from '../contract.ts';
import { isElidable, LateChanges } from './late-changes.ts';
import { type Owed, OwedQueue, type Waiting } from './owed-queue.ts';
import { queueSize, readPage, recoverSession, type StoredSession } from './recover.ts';

/** How a memory store answers. */
export interface MemoryStoreOptions {
  readonly announces?: 'at-once' | 'when-told';
  /** Runs a task in a turn of its own, in order; `setImmediate` unless told otherwise. */
  readonly later?: (task: () => void) => void;
}

/** Retained messages handed over at once by `open`. */
const CHUNK_MESSAGES = 1_000;

/** A store that lives as long as the object. */
export class MemoryStore implements Store {
  /** The batch of the latest announcement. */
  durable: Batch;
  /** What is not durable; `undefined` while everything is at once. */
  private late: LateChanges | undefined;
  private readonly later: (task: () => void) => void;
  private readonly sessions: Map<SessionKey, StoredSession>;
  private readonly groups: Map<GroupKey, GroupRecord>;
  /** Of sessions and groups. */
  private readonly queues: Map<RecipientKey, OwedQueue>;
  private readonly retained: Map<string, Message>;
  private readonly wills: Map<RecipientKey, WillRecord>;
  /** Who has it open; a read belongs to who asked. */
  private owner: StoreOwner | undefined;
  private latest: Batch;
  private commits: number;
  private sendings: number;
  private messages: number;
  private deliveries: number;
  private messageIdMax: MessageId;
  private recipientKeyMax: RecipientKey;

  constructor(options: MemoryStoreOptions = {}) {
    this.late = options.announces === 'when-told' ? new LateChanges() : undefined;
    this.later = options.later ?? ((task) => setImmediate(task));
    this.sessions = new Map();
    this.groups = new Map();
    this.queues = new Map();
    this.retained = new Map();
    this.wills = new Map();
    this.owner = undefined;
    this.durable = 0;
    this.latest = 0;
    this.commits = 0;
    this.sendings = 0;
    this.messages = 0;
    this.deliveries = 0;
    this.messageIdMax = 0;
    this.recipientKeyMax = 0;
  }

  /** The batch of the latest change; what `announce` takes to catch up. */
  get written(): Batch {
    return this.latest;
  }

  get lateBytes(): number {
    return this.late === undefined ? 0 : this.late.bytes;
  }

  async open(owner: StoreOwner): Promise<Recovered> {
    this.owner = owner;
    await Promise.resolve();
    const retained = Array.from(this.retained.values());
    for (let start = 0; start < retained.length; start += CHUNK_MESSAGES) {
      owner.restoreRetained(retained.slice(start, start + CHUNK_MESSAGES));
      owner.opening(Math.min(1, (start + CHUNK_MESSAGES) / retained.length));
    }
    return {
      sessions: Array.from(this.sessions.values(), recoverSession),
      groups: Array.from(this.groups.values(), (record) => ({ record, queue: queueSize(this.queue(record.key)) })),
      wills: Array.from(this.wills, ([key, will]) => ({ key, ...will })),
      recipientKeyMax: this.recipientKeyMax,
      messageIdMax: this.messageIdMax,
    };
  }

  /** With `announces: 'when-told'`: everything so far is being written, so that no message of it is elided. */
  beginWriting(): void {
    this.late?.begin(this.latest);
  }

  /** With `announces: 'when-told'`: everything up to the batch is now durable. */
  announce(batch: Batch): void {
    assert(batch <= this.latest && batch >= this.durable, 'an announced batch was written and not yet announced');
    this.durable = batch;
    this.commits++;
    this.late?.write(batch);
    this.owner?.durable(batch);
  }

  /** Says that there is no room any more, or that there is again. */
  announceFull(isFull: boolean): void {
    this.owner?.full(isFull);
  }

  /** Says that the store failed: nothing becomes durable and no read is answered from here on. */
  announceFailed(): void {
    const { owner } = this;
    this.owner = undefined;
    this.late ??= new LateChanges();
    owner?.failed(new OperationError('store-failed', 'The store in memory was told to fail.'));
  }

  saveSession(record: SessionRecord): Batch {
    const known = this.sessions.get(record.key);
    if (known !== undefined) {
      known.record = record;
    } else {
      const queue = this.addQueue(record.key);
      this.sessions.set(record.key, { record, subscriptions: new Map(), queue, exactlyOnceIds: new Set() });
    }
    return this.changed(0);
  }

  deleteSession(session: SessionKey): Batch {
    const existed = this.sessions.delete(session);
    assert(existed, 'an ended session was stored');
    this.wills.delete(session);
    this.dropQueue(session);
    return this.changed(0);
  }

  saveSubscription(session: SessionKey, subscription: SubscriptionRecord): Batch {
    this.session(session).subscriptions.set(subscription.filter, subscription);
    return this.changed(0);
  }

  deleteSubscription(session: SessionKey, filter: string): Batch {
    this.session(session).subscriptions.delete(filter);
    return this.changed(0);
  }

  saveGroup(record: GroupRecord): Batch {
    this.groups.set(record.key, record);
    this.addQueue(record.key);
    return this.changed(0);
  }

  deleteGroup(group: GroupKey): Batch {
    const existed = this.groups.delete(group);
    assert(existed, 'an ended group was stored');
    this.dropQueue(group);
    return this.changed(0);
  }

  /** hot: */
  append(id: MessageId, message: Message, recipients: readonly Recipient[], origin: Origin | undefined): Batch {
    assert(id > this.messageIdMax, 'message ids grow');
    this.messageIdMax = id;
    const waiting: Waiting | undefined = recipients.length > 1 ? { recipients: recipients.length } : undefined;
    for (const recipient of recipients) {
      const owed: Owed = {
        messageId: id,
        message,
        recipient,
        waiting,
        state: 'queued',
        id: undefined,
        order: 0,
      };
      this.queue(recipient.key).push(owed);
    }
    if (recipients.length > 0) this.messages++;
    this.deliveries += recipients.length;
    if (origin !== undefined) this.session(origin.session).exactlyOnceIds.add(origin.id);
    const batch = this.changed(message.payload.length);
    if (this.late !== undefined && origin === undefined && isElidable(message)) this.addElidable(id, batch, recipients);
    return batch;
  }

  /** Remembers a QoS 2 identifier without its message: for a store that keeps what is here elsewhere, too, and reads it back. */
  restoreOrigin({ session, id }: Origin): void {
    this.session(session).exactlyOnceIds.add(id);
    this.changed(0);
  }

  /** hot: */
  settle(recipient: RecipientKey, message: MessageId): boolean {
    const owed = this.queue(recipient).remove(message);
    assert(owed !== undefined, 'a recipient settles what it is owed');
    this.forget(owed);
    this.changed(0);
    return this.late?.settle(message) ?? false;
  }

  /** hot: */
  recordSending(session: SessionKey, message: MessageId, id: PacketId): Batch {
    const owed = this.owed(session, message);
    owed.state = owed.recipient.qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec';
    owed.id = id;
    owed.order = ++this.sendings;
    return this.changed(0);
  }

  /** hot: */
  recordReceived(session: SessionKey, message: MessageId): Batch {
    const owed = this.owed(session, message);
    owed.state = 'awaiting-pubcomp';
    owed.order = ++this.sendings;
    return this.changed(0);
  }

  /** hot: */
  recordReleased(session: SessionKey, id: PacketId): Batch {
    this.session(session).exactlyOnceIds.delete(id);
    return this.changed(0);
  }

  read(recipient: RecipientKey, after: MessageId, size: PageSize, onRead: (page: QueuePage) => void): void {
    const { owner } = this;
    const queue = this.queue(recipient);
    const page = readPage(queue, after, size);
    this.later(() => {
      if (this.owner === owner && owner !== undefined && this.queues.get(recipient) === queue) onRead(page);
    });
  }

  saveRetained(message: Message): Batch {
    this.retained.set(message.topic, message);
    return this.changed(message.payload.length);
  }

  deleteRetained(topic: string): Batch {
    this.retained.delete(topic);
    return this.changed(0);
  }

  saveWill(key: RecipientKey, record: WillRecord): Batch {
    this.recipientKeyMax = Math.max(this.recipientKeyMax, key);
    this.wills.set(key, record);
    return this.changed(record.will.payload.length);
  }

  deleteWill(key: RecipientKey): Batch {
    this.wills.delete(key);
    return this.changed(0);
  }

  statistics(): StoreStatistics {
    return {
      sessions: this.sessions.size,
      groups: this.groups.size,
      retained: this.retained.size,
      wills: this.wills.size,
      messages: this.messages,
      deliveries: this.deliveries,
      fileBytes: 0,
      logBytes: 0,
      commits: this.late === undefined ? this.latest : this.commits,
      commitMillisLast: millis(0),
      commitMillisMax: millis(0),
      messagesElided: this.late === undefined ? 0 : this.late.elided,
    };
  }

  close(): Promise<void> {
    if (this.owner !== undefined && this.durable < this.latest) this.announce(this.latest);
    this.owner = undefined;
    return Promise.resolve();
  }

  /** A change was made, with so much payload. hot: */
  private changed(payloadBytes: number): Batch {
    const batch = ++this.latest;
    if (this.late === undefined) this.durable = batch;
    else this.late.add(batch, payloadBytes);
    return batch;
  }

  /** Only sessions can let a message go unwritten: see late-changes.ts. */
  private addElidable(id: MessageId, batch: Batch, recipients: readonly Recipient[]): void {
    const areSessions = recipients.every(({ key }) => this.sessions.has(key));
    if (areSessions) this.late?.addElidable(id, batch, recipients.length);
  }

  private addQueue(key: RecipientKey): OwedQueue {
    assert(!this.queues.has(key), 'a recipient key names one recipient');
    const queue = new OwedQueue();
    this.queues.set(key, queue);
    this.recipientKeyMax = Math.max(this.recipientKeyMax, key);
    return queue;
  }

  private dropQueue(key: RecipientKey): void {
    for (const owed of this.queue(key).newerThan(0)) this.forget(owed);
    this.queues.delete(key);
  }

  /** One recipient less is owed the message. hot: */
  private forget({ waiting }: Owed): void {
    this.deliveries--;
    if (waiting === undefined || --waiting.recipients === 0) this.messages--;
  }

  private session(key: SessionKey): StoredSession {
    const session = this.sessions.get(key);
    assert(session !== undefined, 'a change names a stored session');
    return session;
  }

  /** hot: */
  private queue(key: RecipientKey): OwedQueue {
    const queue = this.queues.get(key);
    assert(queue !== undefined, 'a change names a stored recipient');
    return queue;
  }

  /** hot: */
  private owed(session: SessionKey, message: MessageId): Owed {
    const owed = this.queue(session).get(message);
    assert(owed !== undefined, 'a change names a message that the session is owed');
    return owed;
  }
}
