// The durable store's engine: applies batches of changes (change.ts) to a SQLite database, one transaction and one sync
// each, reads queues back, and finds everything again at a start. It is synchronous, so that it runs in a thread of
// its own, and in the simulator's.
// The books (ledger.ts) are kept in memory and say what each change means for the database; so a batch is decoded once, and
// a transaction for which there was no room can be written again as it is.
// What to do about a fault, when to call `maintain`, and who may use the directory is not decided here.

import type * as Sqlite from 'node:sqlite';

import { assert } from '../../base/assert.ts';
import { type Millis, millis } from '../../base/millis.ts';
import type { MessageId, RecipientKey, StoreStatistics } from '../contract.ts';
import { ChangeReader } from './change-reader.ts';
import { fileBytes } from './data-directory.ts';
import { IndexRun, type IndexTuning } from './index-run.ts';
import { Ledger } from './ledger.ts';
import { LogCheckpoint } from './log-checkpoint.ts';
import { StoredPages } from './page-shelf.ts';
import { type EncodedPage, QueueReader } from './queue-reader.ts';
import { Recovery } from './recovery.ts';
import { Chunks, type RecoverySink, RowCount } from './recovery-sink.ts';
import { Restoring } from './restoring.ts';
import { openDatabase, pragma } from './schema.ts';
import { faultOf } from './store-fault.ts';
import { TransactionWriter } from './transaction.ts';
import { WriteSet } from './write-set.ts';

/** What the engine does when, in numbers. Tests use small ones. */
export interface EngineTuning extends IndexTuning {
  /** Entries of a queue that share a row. */
  readonly pageEntriesMax: number;
  /** Rows of queues that are kept in memory while they are read, in bytes. */
  readonly pageBytesMax: number;
  /** The log is written back to the database when it has grown to this. */
  readonly checkpointLogBytes: number;
  /** A log that has grown to this is cut, too. */
  readonly truncateLogBytes: number;
  /** Rows written, or entries dropped, in one slice of background work. */
  readonly sliceRows: number;
  /** About so many bytes are handed out at once. */
  readonly chunkBytes: number;
}

/** What the broker runs with. */
export const ENGINE_TUNING: EngineTuning = Object.freeze({
  pageEntriesMax: 1_024,
  pageBytesMax: 32 * 1024 * 1024,
  indexEveryMessages: 65_536,
  indexEveryEntries: 4 * 1024 * 1024,
  indexEveryBytes: 256 * 1024 * 1024,
  // Nothing is committed meanwhile. From 16 MiB a checkpoint took 20 ms, from 4 MiB 6 ms (append, 100 messages a batch), and 5 % more
  // bytes were written in all; the rate was the same.
  checkpointLogBytes: 4 * 1024 * 1024,
  truncateLogBytes: 16 * 1024 * 1024,
  sliceRows: 1_024,
  chunkBytes: 256 * 1024,
});

/** How to open an engine. */
export interface EngineOptions {
  /** The database; its directory is there, and nobody else's. The log has been looked at (wal-check.ts). */
  readonly file: string;
  /** 'normal' syncs at checkpoints only and breaks the promise: the tests of the promise must see that. */
  readonly synchronous: 'full' | 'normal';
  /** How large the database may grow, log not counted; 0: as large as the disk lets it. */
  readonly bytesMax: number;
  /** Tells the time, for statistics only. */
  readonly monotonic: () => Millis;
  readonly tuning: EngineTuning;
}

/** The highest numbers that were ever used. */
export interface HighestNumbers {
  readonly recipientKeyMax: RecipientKey;
  readonly messageIdMax: MessageId;
}

/** What the engine has and did; what was elided never came here. */
export type EngineStatistics = Omit<StoreStatistics, 'messagesElided'>;

/** In one slice; the log must have room for them. */
const GIVE_BACK_PAGES = 1_024;

/** The most pages that SQLite can be told: there is no limit. */
const PAGES_MAX = 0xfffffffe;

/**
 * One open database. Calls do not overlap; after a fault of any kind but 'full' only `abandon` may be called.
 *
 *     const engine = Engine.open(options);
 *     engine.recover(sink);
 *     engine.apply(batch);                        // durable when it returns
 *     while (engine.maintain()) { ... }           // between batches
 *     engine.close();
 */
export class Engine {
  private readonly options: EngineOptions;
  private readonly database: Sqlite.DatabaseSync;
  private readonly pageBytes: number;
  private readonly changes: ChangeReader;
  private readonly writes: WriteSet;
  private readonly shelf: StoredPages;
  private readonly ledger: Ledger;
  private readonly transactions: TransactionWriter;
  private readonly reader: QueueReader;
  private readonly index: IndexRun;
  private readonly log: LogCheckpoint;
  private state: 'open' | 'recovered' | 'owes-batch' | 'closed';
  private commits: number;
  private commitMillisLast: Millis;
  private commitMillisMax: Millis;

  /**
   * Opens the database, or makes it.
   * @throws {StoreFault} 'newer', 'damaged', 'unavailable', 'full', 'failed'.
   */
  static open(options: EngineOptions): Engine {
    const { file, synchronous, tuning } = options;
    const database = openDatabase({ file, synchronous, logBytesMax: tuning.truncateLogBytes });
    try {
      return new Engine(options, database);
    } catch (error) {
      database.close();
      throw faultOf(error, 'opening the database');
    }
  }

  private constructor(options: EngineOptions, database: Sqlite.DatabaseSync) {
    const { tuning } = options;
    this.options = options;
    this.database = database;
    this.pageBytes = pragma(database, 'page_size');
    this.changes = new ChangeReader();
    this.writes = new WriteSet();
    this.shelf = new StoredPages(database, this.writes, tuning.pageEntriesMax, tuning.pageBytesMax);
    this.ledger = new Ledger(this.writes, this.shelf);
    this.transactions = new TransactionWriter(database, this.ledger);
    this.reader = new QueueReader(database);
    this.index = new IndexRun(this.ledger, this.writes, tuning);
    this.log = new LogCheckpoint(database, this.pageBytes, tuning.checkpointLogBytes);
    this.state = 'open';
    this.commits = 0;
    this.commitMillisLast = millis(0);
    this.commitMillisMax = millis(0);
    this.lowerLimit();
  }

  /**
   * Reads everything back. Called once, before anything else. Items come in this order: clock mark (if there is one),
   * sessions, subscriptions, groups; then for each of these its queue, QoS 2 identifiers and deliveries in flight; then
   * Wills, then retained messages.
   * @throws {StoreFault} 'damaged', 'failed'.
   */
  recover(sink: RecoverySink): HighestNumbers {
    assert(this.state === 'open', 'a database is read back once');
    const rows = new RowCount(sink, this.database);
    const restoring = new Restoring(this.database, this.ledger, this.shelf, (count) => rows.add(count));
    const chunks = new Chunks(sink, this.options.tuning.chunkBytes);
    const recovery = new Recovery(this.ledger, restoring, this.reader, rows, this.database, chunks);
    guard('reading everything back', () => {
      recovery.recoverSessions();
      recovery.recoverRetained();
    });
    rows.finish();
    this.state = 'recovered';
    const { recipientKeyMax, messageIdMax } = this.ledger;
    return { recipientKeyMax, messageIdMax };
  }

  /**
   * Makes the changes of a batch durable, all or none.
   * @param batch  Not kept, unless it throws 'full': then it is used again by `applyAgain`.
   * @throws {StoreFault} 'full': nothing of it is stored; `applyAgain` must be called before anything else but the limit's
   * methods. 'failed', 'damaged': final.
   */
  apply(batch: Uint8Array): void {
    assert(this.state === 'recovered', 'batches are applied one after the other, to what was read back');
    this.changes.reset(batch);
    guard('reading what a batch is about', () => this.ledger.take(this.changes));
    this.state = 'owes-batch';
    this.applyAgain();
  }

  /**
   * Tries the batch again for which there was no room.
   * @throws {StoreFault} as `apply`.
   */
  applyAgain(): void {
    assert(this.state === 'owes-batch', 'there is a batch that was not written');
    guard('writing a batch', () => this.write());
    this.state = 'recovered';
  }

  /**
   * Reads from a queue: what is newer than `after` (0: from the oldest) and whose sending has not begun; at least one
   * delivery if there is one.
   * @param bytesMax  Of payload.
   * @returns `undefined`: no such recipient.
   * @throws {StoreFault} 'damaged', 'failed'.
   */
  read(recipient: RecipientKey, after: MessageId, messagesMax: number, bytesMax: number): EncodedPage | undefined {
    assert(this.state === 'recovered', 'queues are read between batches');
    const queue = this.ledger.recipients.get(recipient);
    if (queue === undefined) return undefined;
    return guard('reading a queue', () => this.reader.readPage(queue, after, messagesMax, bytesMax));
  }

  /**
   * Does a slice of what must be done at some time: writes the log back, saves the tails of queues, drops what ended
   * recipients were owed. To be called after each batch, and while it returns true and nothing else is to be done.
   * @returns Whether there is more to do.
   * @throws {StoreFault} 'full': what there was no room for is written with the next batch or slice. 'failed', 'damaged': final.
   */
  maintain(): boolean {
    assert(this.state === 'recovered', 'there is a time between batches');
    const { ledger, index } = this;
    const { sliceRows } = this.options.tuning;
    guard('writing the log back', () => this.log.runIfDue());
    guard('tidying up', () => {
      // What an earlier slice left behind comes first, so that slices stay slices.
      if (this.writes.isEmpty) {
        if (index.isDue) index.step(sliceRows);
        else ledger.dropEnded(sliceRows);
      }
      this.write();
    });
    return index.isDue || ledger.ended.length > 0;
  }

  /** Allows so many bytes more than `bytesMax`, as a reserve to finish with. Without a limit nothing changes. */
  raiseLimit(bytes: number): void {
    const { bytesMax } = this.options;
    this.setLimit(bytesMax === 0 ? 0 : bytesMax + bytes);
  }

  /** Holds the database to `bytesMax` again. */
  lowerLimit(): void {
    this.setLimit(this.options.bytesMax);
  }

  /** Whether the database could take so many bytes more under `bytesMax`; without a limit it always can. */
  hasRoomUnderLimit(bytes: number): boolean {
    const { bytesMax } = this.options;
    if (bytesMax === 0) return true;
    const pages = guard('measuring the database', () => {
      return pragma(this.database, 'page_count') - pragma(this.database, 'freelist_count');
    });
    return pages * this.pageBytes + bytes <= bytesMax;
  }

  /**
   * Gives some of the pages that are free back to the disk: for a disk that is full of us.
   * @returns Whether there is more to give.
   */
  giveBack(): boolean {
    return guard('giving space back', () => {
      this.database.exec(`PRAGMA incremental_vacuum(${GIVE_BACK_PAGES})`);
      // The file is cut when the log is written back.
      this.log.runToEnd();
      return pragma(this.database, 'freelist_count') > 0;
    });
  }

  /**
   * What is there, as of the last batch.
   * @throws {OperationError} `store-failed`, `store-unavailable`: the files cannot be looked at.
   */
  statistics(): EngineStatistics {
    const { file } = this.options;
    const { sessions, groups, retained, wills, owners, deliveries } = this.ledger;
    const logBytes = fileBytes(`${file}-wal`) ?? 0;
    return {
      sessions,
      groups,
      retained,
      wills: wills.size,
      messages: owners.messages,
      deliveries,
      fileBytes: (fileBytes(file) ?? 0) + logBytes + (fileBytes(`${file}-shm`) ?? 0),
      logBytes,
      commits: this.commits,
      commitMillisLast: this.commitMillisLast,
      commitMillisMax: this.commitMillisMax,
    };
  }

  /**
   * Saves all tails and writes everything back into the one file, so that the next start is quick, and lets go of it.
   * @throws {StoreFault} 'full', 'failed', 'damaged': the database is let go of all the same; what was applied is durable.
   */
  close(): void {
    try {
      if (this.state === 'recovered') guard('closing the database', () => this.putInOrder());
    } finally {
      this.abandon();
    }
  }

  /**
   * Lets go of the files: after a fault. What was applied is durable. SQLite itself may write its log back, if it can.
   */
  abandon(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.database.close();
  }

  private putInOrder(): void {
    this.write();
    while (this.index.isNeeded) {
      this.index.step(this.options.tuning.sliceRows);
      this.write();
    }
    this.log.runToEnd();
  }

  /** Writes what the books have led to. */
  private write(): void {
    const { writes, shelf, transactions, ledger } = this;
    if (writes.isEmpty) return;
    const begin = this.options.monotonic();
    const growth = transactions.write(writes);
    ledger.retained += growth.retained;
    ledger.subscriptions += growth.subscriptions;
    shelf.saved(writes.savedPages);
    writes.clear();
    this.log.committed();
    this.commits++;
    this.commitMillisLast = millis(this.options.monotonic() - begin);
    this.commitMillisMax = millis(Math.max(this.commitMillisMax, this.commitMillisLast));
  }

  private setLimit(bytes: number): void {
    const pages = bytes === 0 ? PAGES_MAX : Math.min(PAGES_MAX, Math.floor(bytes / this.pageBytes));
    this.database.exec(`PRAGMA max_page_count = ${pages}`);
  }
}

/** Does something with the database: what SQLite throws becomes a fault. */
function guard<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw faultOf(error, doing);
  }
}
