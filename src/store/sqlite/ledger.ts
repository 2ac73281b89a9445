// The books of the engine: who is owed what, kept in memory, and what must be written so that the database says the
// same. Changes come in one by one, in the order in which the broker made them; what they lead to collects in a write
// set. Nothing here writes. How they get back here at a start is restoring.ts's.
// Invariant: once the write set is written, table `message` has exactly the messages that somebody is owed (`owners`).

import { assert, unreachable } from '../../base/assert.ts';
import { RingQueue } from '../../base/ring-queue.ts';
import { Change } from './change.ts';
import type { ChangeReader } from './change-reader.ts';
import { MessageOwners } from './message-owners.ts';
import { Meta } from './meta.ts';
import { noProgress, type Progress } from './progress.ts';
import { RecipientLists } from './recipient-list.ts';
import { type PageShelf, RecipientQueue } from './recipient-queue.ts';
import { textOf } from './record-cursor.ts';
import type { WriteSet } from './write-set.ts';

/** Who is owed what. */
export class Ledger {
  readonly recipients: Map<number, RecipientQueue>;
  readonly owners: MessageOwners;
  /** Recipients that are no more and have pages left. */
  readonly ended: RingQueue<RecipientQueue>;
  /** The keys of Wills. */
  readonly wills: Set<number>;
  /** Recipients whose tail the index does not know. */
  unindexed: RecipientQueue[];
  /** What is owed in all, each recipient for itself. */
  deliveries: number;
  sessions: number;
  groups: number;
  /** As of the last transaction. */
  subscriptions: number;
  /** As of the last transaction. */
  retained: number;
  /** 0 or 1. */
  clockMarks: number;
  messageIdMax: number;
  recipientKeyMax: number;
  /** What was appended since the index was begun last: messages, entries of queues, and bytes of records. */
  newMessages: number;
  newEntries: number;
  newBytes: number;
  private readonly writes: WriteSet;
  private readonly shelf: PageShelf;
  private readonly lists: RecipientLists;
  private readonly giveUp: (id: number) => void;

  constructor(writes: WriteSet, shelf: PageShelf) {
    this.recipients = new Map();
    this.owners = new MessageOwners();
    this.ended = new RingQueue();
    this.wills = new Set();
    this.unindexed = [];
    this.deliveries = 0;
    this.sessions = 0;
    this.groups = 0;
    this.subscriptions = 0;
    this.retained = 0;
    this.clockMarks = 0;
    this.messageIdMax = 0;
    this.recipientKeyMax = 0;
    this.newMessages = 0;
    this.newEntries = 0;
    this.newBytes = 0;
    this.writes = writes;
    this.shelf = shelf;
    this.lists = new RecipientLists(this.recipients, 'none');
    this.giveUp = (id) => this.release(id);
  }

  /** Takes the changes of a batch. hot: */
  take(changes: ChangeReader): void {
    this.writes.batch = changes.bytes;
    while (changes.next()) this.change(changes);
  }

  /** Adds a recipient. */
  addRecipient(key: number, kind: RecipientQueue['kind'], progress: Progress): RecipientQueue {
    const queue = new RecipientQueue(key, kind, this.shelf, progress);
    this.recipients.set(key, queue);
    if (kind === 'session') this.sessions++;
    else this.groups++;
    return queue;
  }

  /** A number for recipients is in use. */
  sawKey(key: number): void {
    if (key > this.recipientKeyMax) this.recipientKeyMax = key;
  }

  /** A recipient has something in its tail. hot: */
  list(queue: RecipientQueue): void {
    queue.isListed = true;
    this.unindexed.push(queue);
  }

  /** Puts a recipient back that is no more, but may have pages. */
  addEnded(key: number, progress: Progress): RecipientQueue {
    const queue = new RecipientQueue(key, 'session', this.shelf, progress);
    queue.isOver = true;
    this.ended.push(queue);
    return queue;
  }

  /** Drops what recipients that are no more have in pages, oldest first, about so many entries of it. */
  dropEnded(entries: number): void {
    let left = entries;
    for (let queue = this.ended.peek(); queue !== undefined && left > 0; queue = this.ended.peek()) {
      left -= queue.giveUpPage(this.giveUp);
      if (queue.hasPages) continue;
      this.ended.shift();
      this.writes.rows.push({ kind: 'delete-keyed', table: 'progress', key: queue.key });
      this.writes.rows.push({ kind: 'delete-keyed', table: 'ending', key: queue.key });
    }
  }

  /** hot: */
  private change(changes: ChangeReader): void {
    const { kind, key } = changes;
    switch (kind) {
      case Change.append:
        return this.append(changes);
      case Change.settle:
        return this.settle(key, changes.messageId);
      case Change.recordSending:
        return this.dirty(key).send(changes.messageId, changes.packetId);
      case Change.recordReceived:
        return this.dirty(key).receive(changes.messageId);
      case Change.recordReleased:
        return this.dirty(key).forget(changes.packetId);
      case Change.saveSession:
        return this.saveRecipient(key, 'session', changes.record());
      case Change.saveGroup:
        return this.saveRecipient(key, 'group', changes.record());
      case Change.deleteSession:
      case Change.deleteGroup:
        return this.end(key);
      case Change.saveWill:
        return this.saveWill(key, changes.record());
      case Change.deleteWill:
        return this.deleteWill(key);
      case Change.saveSubscription:
      case Change.deleteSubscription:
        return this.changeSubscription(changes);
      case Change.saveRetained:
      case Change.deleteRetained:
        return this.changeRetained(changes);
      case Change.clockMark:
        return this.saveClockMark(changes.record());
      case Change.elided:
        return;
      default:
        return unreachable(kind);
    }
  }

  /** hot: */
  private append(changes: ChangeReader): void {
    const { messageId, originKey, recordStart, recordEnd } = changes;
    assert(messageId > this.messageIdMax, 'message ids grow');
    this.messageIdMax = messageId;
    if (originKey !== 0) this.dirty(originKey).remember(changes.packetId);
    const { queues, flags } = this.lists.read(changes.bytes, recordStart, recordEnd);
    const count = queues.length;
    if (count === 0) return;
    const { payloadBytes } = this.lists;
    for (let i = 0; i < count; i++) {
      const queue = queues[i] as RecipientQueue;
      queue.append(messageId, payloadBytes, flags[i] as number);
      if (!queue.isListed) this.list(queue);
    }
    this.owners.add(messageId, count);
    this.writes.addMessage(messageId, recordStart, recordEnd);
    this.deliveries += count;
    this.newMessages++;
    this.newEntries += count;
    this.newBytes += recordEnd - recordStart;
  }

  /** hot: */
  private settle(key: number, messageId: number): void {
    this.dirty(key).settle(messageId);
    this.release(messageId);
  }

  /** One recipient of a message is done. hot: */
  private release(messageId: number): void {
    this.deliveries--;
    if (this.owners.release(messageId)) this.writes.deleteMessage(messageId);
  }

  /** A recipient whose progress changes. hot: */
  private dirty(key: number): RecipientQueue {
    const queue = this.recipient(key);
    if (!queue.isDirty) this.writes.markDirty(queue);
    return queue;
  }

  /** A session or group that exists. */
  private recipient(key: number): RecipientQueue {
    const queue = this.recipients.get(key);
    assert(queue !== undefined, 'a change names a recipient that is stored');
    return queue;
  }

  private saveRecipient(key: number, kind: RecipientQueue['kind'], record: Uint8Array): void {
    const known = this.recipients.get(key);
    assert(known === undefined || known.kind === kind, 'a key names one recipient');
    // Everybody has a progress, so that a row that is lost is missed.
    if (known === undefined) this.writes.markDirty(this.addRecipient(key, kind, noProgress()));
    this.sawKey(key);
    const table = kind === 'session' ? 'session' : 'group_queue';
    this.writes.rows.push({ kind: 'save-keyed', table, key, record });
  }

  /** A recipient is no more: what it was owed in pages goes later, a slice at a time, since it may be much. */
  private end(key: number): void {
    const queue = this.recipient(key);
    const { rows } = this.writes;
    this.recipients.delete(key);
    this.lists.forget();
    if (queue.kind === 'session') this.sessions--;
    else this.groups--;
    queue.end(this.giveUp);
    if (queue.kind === 'session') {
      rows.push({ kind: 'delete-keyed', table: 'session', key });
      rows.push({ kind: 'delete-subscriptions', session: key });
      this.deleteWill(key);
    } else {
      rows.push({ kind: 'delete-keyed', table: 'group_queue', key });
    }
    if (queue.hasPages) {
      this.ended.push(queue);
      rows.push({ kind: 'save-ending', recipient: key });
    } else {
      rows.push({ kind: 'delete-keyed', table: 'progress', key });
    }
  }

  private saveWill(key: number, record: Uint8Array): void {
    this.wills.add(key);
    this.sawKey(key);
    this.writes.rows.push({ kind: 'save-keyed', table: 'will', key, record });
  }

  private deleteWill(key: number): void {
    if (!this.wills.delete(key)) return;
    this.writes.rows.push({ kind: 'delete-keyed', table: 'will', key });
  }

  private saveClockMark(record: Uint8Array): void {
    this.clockMarks = 1;
    this.writes.rows.push({ kind: 'save-meta', name: Meta.clockMark, record });
  }

  private changeSubscription(changes: ChangeReader): void {
    const { kind, key: session, bytes, textStart, textEnd } = changes;
    const filter = textOf(bytes, textStart, textEnd);
    assert(this.recipient(session).kind === 'session', 'sessions have subscriptions');
    if (kind === Change.deleteSubscription) this.writes.rows.push({ kind: 'delete-subscription', session, filter });
    else this.writes.rows.push({ kind: 'save-subscription', session, filter, record: changes.record() });
  }

  private changeRetained(changes: ChangeReader): void {
    const { kind, bytes, textStart, textEnd } = changes;
    const topic = textOf(bytes, textStart, textEnd);
    if (kind === Change.deleteRetained) this.writes.rows.push({ kind: 'delete-retained', topic });
    else this.writes.rows.push({ kind: 'save-retained', topic, record: changes.record() });
  }
}
