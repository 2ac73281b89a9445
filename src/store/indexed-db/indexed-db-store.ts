// The store contract in a browser. What the store holds is in memory, in a store of its own (../memory/), and every change is written to
// IndexedDB besides: all changes of a turn in one transaction, and, while one is under way, all that come meanwhile in the next one. A
// transaction asks for strict durability: it is complete when the disk has it, as far as a browser can tell. Then the batch is announced.
//
// Everything that is owed is in memory: this is for the outbox and the inbox of a page, not for a broker's queues; the client's limits
// are the bound. Whoever opens the store reads all of it.
//
// Room: the browser says how much it grants. When less than a reserve is left, the store says that it is full, and goes on writing what
// was settled and recorded; where even that is refused, it fails. A store that another page has taken over fails, too (occupancy.ts).
// Longer than 400 lines because the contract is wide, and each of its changes is made twice.

import { assert, unreachable } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { type ErrorCode, OperationError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { type Millis, millis } from '../../base/millis.ts';
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
import { MemoryStore } from '../memory/memory-store.ts';
import { continueTimeline, markOf } from '../timeline.ts';
import {
  completionOf,
  type Database,
  type DatabaseFactory,
  isQuotaError,
  type KeyRanges,
  openDatabase,
  type TableName,
  TABLES,
  type Transaction,
} from './database.ts';
import { type Locks, type Occupancy, takeLease, takeLock } from './occupancy.ts';
import { PendingChanges, type RowChange } from './pending-changes.ts';
import {
  movedMessage,
  movedSession,
  type OwedRow,
  readRows,
  type ReceivedRow,
  restore,
  type Rows,
  type SentRow,
  stateIn,
  type StateRow,
} from './rows.ts';

/** What a store is made of. */
export interface IndexedDbParts {
  readonly factory: DatabaseFactory;
  readonly keyRanges: KeyRanges;
  /** `undefined`: the page has none. */
  readonly locks: Locks | undefined;
  /** How many bytes the browser still grants; `undefined`: it does not tell. */
  readonly roomBytes: () => Promise<number | undefined>;
  readonly clock: Clock;
  /** Runs a task in a turn of its own, in order. */
  readonly later: (task: () => void) => void;
  readonly setAlarm: (delay: Millis, ring: () => void) => () => void;
  /** Names this page, and no other. */
  readonly holder: string;
  readonly log: Log;
}

/** Less room than this is for what must still be written. */
const RESERVE_BYTES = 4 * 1024 * 1024;
/** How much may be written before the room is looked at again; and while there is none, how often it is. */
const LOOK_AFTER_BYTES = 256 * 1024;
const LOOK_AFTER = millis(1_000);
/** No clock is believed that says that nobody ran for longer. */
const DOWNTIME_MAX = millis(365 * 86_400_000);

/** Tables whose keys begin with a session. */
const SESSION_TABLES = ['subscription', 'owed', 'sent', 'received', 'origin'] as const;

/** What is open, from `open` to `close`. */
interface Opened {
  readonly owner: StoreOwner;
  readonly database: Database;
  readonly occupancy: Occupancy;
  /** Store time less the clock of this run. */
  readonly offset: Millis;
}

/** A store in IndexedDB. */
export class IndexedDbStore implements Store {
  private readonly name: string;
  private readonly parts: IndexedDbParts;
  private readonly memory: MemoryStore;
  private opened: Opened | undefined;
  /** Which deliveries have a row in the tables of these names. */
  private readonly sent: Set<string>;
  private readonly received: Set<string>;
  /** What the next transaction writes. */
  private pending: PendingChanges;
  private isWriteDue: boolean;
  private writing: Promise<void> | undefined;
  private hasFailed: boolean;
  private isFull: boolean;
  private writtenSinceLook: number;
  private cancelLook: () => void;
  private messageIdMax: MessageId;
  private order: number;
  private commitMillisLast: Millis;
  private commitMillisMax: Millis;

  /** @param name  Of the database. */
  constructor(name: string, parts: IndexedDbParts) {
    this.name = name;
    this.parts = parts;
    this.memory = new MemoryStore({ announces: 'when-told', later: parts.later });
    this.opened = undefined;
    this.sent = new Set();
    this.received = new Set();
    this.pending = new PendingChanges();
    this.isWriteDue = false;
    this.writing = undefined;
    this.hasFailed = false;
    this.isFull = false;
    this.writtenSinceLook = 0;
    this.cancelLook = () => undefined;
    this.messageIdMax = 0;
    this.order = 0;
    this.commitMillisLast = millis(0);
    this.commitMillisMax = millis(0);
  }

  get durable(): Batch {
    return this.memory.durable;
  }

  get lateBytes(): number {
    return this.memory.lateBytes;
  }

  async open(owner: StoreOwner): Promise<Recovered> {
    const { locks, clock, setAlarm, factory, holder } = this.parts;
    const time = { wall: () => clock.wall(), setAlarm };
    const lock = locks === undefined ? undefined : await takeLock(locks, this.name, time);
    let database: Database | undefined;
    try {
      database = await openDatabase(factory, this.name);
      const lost = (): void => this.fail('store-failed', 'Another page has taken it over.', undefined);
      const occupancy = lock ?? (await takeLease(database, this.name, holder, time, lost));
      const rows = await this.readTables(database);
      const offset = this.recall(rows);
      this.opened = { owner, database, occupancy, offset };
    } catch (error) {
      database?.close();
      await lock?.release();
      throw error;
    }
    database.addEventListener('close', () => this.fail('store-failed', 'The browser has closed it.', undefined));
    // Somebody wants to delete it, or to make another version of it.
    database.addEventListener('versionchange', () => {
      this.parts.log.warn('Another page waits for the store to be closed', { store: this.name });
    });
    const recovered = await this.memory.open({
      restoreRetained: (messages) => owner.restoreRetained(messages),
      opening: (share) => owner.opening(share),
      durable: (durable) => owner.durable(durable),
      full: () => undefined,
      failed: () => undefined,
    });
    this.lookForRoom();
    return recovered;
  }

  saveSession(record: SessionRecord): Batch {
    this.put('session', record.key, movedSession(record, this.offset), false);
    return this.memory.saveSession(record);
  }

  deleteSession(session: SessionKey): Batch {
    this.delete('session', session);
    this.delete('will', session);
    for (const table of SESSION_TABLES) this.deleteAllOf(table, session);
    return this.memory.deleteSession(session);
  }

  saveSubscription(session: SessionKey, subscription: SubscriptionRecord): Batch {
    this.put('subscription', [session, subscription.filter], subscription, false);
    return this.memory.saveSubscription(session, subscription);
  }

  deleteSubscription(session: SessionKey, filter: string): Batch {
    this.delete('subscription', [session, filter]);
    return this.memory.deleteSubscription(session, filter);
  }

  saveGroup(record: GroupRecord): Batch {
    this.put('group', record.key, record, false);
    return this.memory.saveGroup(record);
  }

  deleteGroup(group: GroupKey): Batch {
    this.delete('group', group);
    this.deleteAllOf('owed', group);
    return this.memory.deleteGroup(group);
  }

  append(id: MessageId, message: Message, recipients: readonly Recipient[], origin: Origin | undefined): Batch {
    const stored = recipients.length > 0 ? this.stored(message) : message;
    for (const { key, ...terms } of recipients) {
      const row: OwedRow = { message: stored, ...terms };
      this.put('owed', [key, id], row, true);
    }
    if (origin !== undefined) this.put('origin', [origin.session, origin.id], null, false);
    this.messageIdMax = id;
    return this.memory.append(id, message, recipients, origin);
  }

  settle(recipient: RecipientKey, message: MessageId): boolean {
    this.delete('owed', [recipient, message]);
    // Deleting what is not there costs as much as writing.
    const name = `${recipient} ${message}`;
    if (this.sent.delete(name)) this.delete('sent', [recipient, message]);
    if (this.received.delete(name)) this.delete('received', [recipient, message]);
    return this.memory.settle(recipient, message);
  }

  recordSending(session: SessionKey, message: MessageId, id: PacketId): Batch {
    const row: SentRow = { id, order: ++this.order };
    const name = `${session} ${message}`;
    this.put('sent', [session, message], row, !this.sent.has(name));
    this.sent.add(name);
    return this.memory.recordSending(session, message, id);
  }

  recordReceived(session: SessionKey, message: MessageId): Batch {
    const row: ReceivedRow = { order: ++this.order };
    this.put('received', [session, message], row, false);
    this.received.add(`${session} ${message}`);
    return this.memory.recordReceived(session, message);
  }

  recordReleased(session: SessionKey, id: PacketId): Batch {
    this.delete('origin', [session, id]);
    return this.memory.recordReleased(session, id);
  }

  read(recipient: RecipientKey, after: MessageId, size: PageSize, onRead: (page: QueuePage) => void): void {
    this.memory.read(recipient, after, size, onRead);
  }

  saveRetained(message: Message): Batch {
    this.put('retained', message.topic, this.stored(message), false);
    return this.memory.saveRetained(message);
  }

  deleteRetained(topic: string): Batch {
    this.delete('retained', topic);
    return this.memory.deleteRetained(topic);
  }

  saveWill(key: RecipientKey, record: WillRecord): Batch {
    this.put('will', key, record, false);
    return this.memory.saveWill(key, record);
  }

  deleteWill(key: RecipientKey): Batch {
    this.delete('will', key);
    return this.memory.deleteWill(key);
  }

  statistics(): StoreStatistics {
    const { commitMillisLast, commitMillisMax } = this;
    return { ...this.memory.statistics(), commitMillisLast, commitMillisMax };
  }

  async close(): Promise<void> {
    while (this.opened !== undefined && !this.hasFailed && this.durable < this.memory.written) await this.write();
    const { opened } = this;
    this.opened = undefined;
    this.cancelLook();
    if (!this.hasFailed) await this.memory.close();
    await opened?.occupancy.release();
    opened?.database.close();
  }

  /** Everything that the tables hold. */
  private async readTables(database: Database): Promise<Rows> {
    try {
      return await readRows(database);
    } catch (cause) {
      const sentence = `The database ${this.name} cannot be read: ${String(cause)}`;
      throw new OperationError('store-damaged', sentence, undefined, { cause });
    }
  }

  /** Fills the memory, and gives how far store time is ahead. */
  private recall(rows: Rows): Millis {
    const state = stateIn(rows);
    const { offset, doubt } = continueTimeline(state?.mark, this.parts.clock, DOWNTIME_MAX);
    if (doubt !== 'none') this.parts.log.warn('The clock has moved; what expires may do so late', { store: this.name });
    this.order = restore(rows, offset, this.memory);
    for (const table of ['sent', 'received'] as const) {
      for (const { key } of rows.get(table) ?? []) if (Array.isArray(key)) this[table].add(key.join(' '));
    }
    this.messageIdMax = state?.messageIdMax ?? 0;
    if (this.memory.written > 0) this.memory.announce(this.memory.written);
    return offset;
  }

  private get offset(): number {
    assert(this.opened !== undefined, 'a store is changed while it is open');
    return this.opened.offset;
  }

  /** A copy for the tables: of a view the browser would copy everything that is viewed. */
  private stored(message: Message): Message {
    const { correlationData } = message.properties;
    const properties =
      correlationData === undefined
        ? message.properties
        : { ...message.properties, correlationData: correlationData.slice() };
    return movedMessage({ ...message, payload: message.payload.slice(), properties }, this.offset);
  }

  private put(table: TableName, key: unknown, row: unknown, isNew: boolean): void {
    this.pending.put(table, key, row, isNew);
    this.writeSoon();
  }

  private delete(table: TableName, key: unknown): void {
    this.pending.delete(table, key);
    this.writeSoon();
  }

  private deleteAllOf(table: TableName, first: number): void {
    this.pending.deleteAllOf(table, first);
    this.writeSoon();
  }

  private writeSoon(): void {
    if (this.isWriteDue || this.hasFailed || this.writing !== undefined) return;
    this.isWriteDue = true;
    this.parts.later(() => {
      this.isWriteDue = false;
      void this.write(); // Never rejected: what fails is told to the owner.
    });
  }

  /** Writes what is pending, unless that is under way. */
  private write(): Promise<void> {
    this.writing ??= this.writeNow().finally(() => {
      this.writing = undefined;
      if (this.durable < this.memory.written) this.writeSoon();
    });
    return this.writing;
  }

  private async writeNow(): Promise<void> {
    const { opened, pending, memory } = this;
    const { written, lateBytes } = memory;
    if (opened === undefined || this.hasFailed || memory.durable === written) return;
    this.pending = new PendingChanges();
    memory.beginWriting();
    const started = this.parts.clock.monotonic();
    try {
      if (pending.size > 0) await this.commit(opened, pending);
    } catch (error) {
      if (isQuotaError(error)) this.fail('store-full', 'The browser grants no more room.', error);
      else this.fail('store-failed', String(error), error);
    }
    // It may have failed meanwhile, or just now.
    if (this.hasFailed) return;
    this.commitMillisLast = millis(this.parts.clock.monotonic() - started);
    this.commitMillisMax = millis(Math.max(this.commitMillisMax, this.commitMillisLast));
    memory.announce(written);
    this.writtenSinceLook += lateBytes;
    if (!this.isFull && this.writtenSinceLook >= LOOK_AFTER_BYTES) this.lookForRoom();
  }

  private async commit({ database, occupancy, offset }: Opened, pending: PendingChanges): Promise<void> {
    const transaction = database.transaction(TABLES, 'readwrite', { durability: 'strict' });
    const completion = completionOf(transaction);
    occupancy.checkIn(transaction);
    const state: StateRow = { mark: markOf(offset, this.parts.clock), messageIdMax: this.messageIdMax };
    transaction.objectStore('meta').put(state, 'state');
    for (const change of pending.inOrder()) make(change, transaction, this.parts.keyRanges);
    await completion;
  }

  /** Asks how much room there is; while there is too little, again and again. */
  private lookForRoom(): void {
    this.writtenSinceLook = 0;
    const look = async (): Promise<void> => {
      const roomBytes = await this.parts.roomBytes();
      if (this.opened === undefined || this.hasFailed) return;
      const isFull = roomBytes !== undefined && roomBytes < RESERVE_BYTES;
      if (isFull !== this.isFull) {
        this.isFull = isFull;
        this.opened.owner.full(isFull);
      }
      if (isFull) this.cancelLook = this.parts.setAlarm(LOOK_AFTER, () => this.lookForRoom());
    };
    look().catch((error: unknown) => {
      this.parts.log.warn('The browser does not say how much room there is', { error: String(error) });
    });
  }

  private fail(code: ErrorCode, why: string, cause: unknown): void {
    const { opened } = this;
    if (this.hasFailed || opened === undefined) return;
    this.hasFailed = true;
    this.cancelLook();
    // Nothing comes of the memory any more, either.
    this.memory.announceFailed();
    const sentence = `The store ${this.name} failed: ${why}`;
    opened.owner.failed(new OperationError(code, sentence, undefined, { cause }));
  }
}

function make(change: RowChange, transaction: Transaction, keyRanges: KeyRanges): void {
  const table = transaction.objectStore(change.table);
  switch (change.kind) {
    case 'put':
      table.put(change.row, change.key);
      return;
    case 'delete':
      table.delete(change.key);
      return;
    case 'delete-range':
      table.delete(keyRanges.bound(change.lower, change.upper));
      return;
    default:
      unreachable(change);
  }
}
