// Gets the books (ledger.ts) back from the database: recipients with their progress, their queues from the saved pages, and what
// was appended since the tails were saved last from the recipients of the messages themselves (index-run.ts).
// A message newer than `indexed_to` waits for a recipient if it names it, is newer than the newest saved page of it, and
// has not left its queue. Recipients that it names and that are not there have ended.
// Every row that is read is checked, and so are the references from row to row, but for those to messages, which are
// checked where messages are read.

import type * as Sqlite from 'node:sqlite';

import { EntryCursor, EntryPage } from './entry-page.ts';
import type { Ledger } from './ledger.ts';
import { Meta, NO_TOTALS, readNumberRecord, readTotalsRecord, type Totals } from './meta.ts';
import type { StoredPages } from './page-shelf.ts';
import { type Progress, readProgress } from './progress.ts';
import { RecipientLists } from './recipient-list.ts';
import type { RecipientQueue } from './recipient-queue.ts';
import { RecordCursor, RecordError } from './record-cursor.ts';
import { RowOrder } from './row-order.ts';
import {
  eachRow,
  endingRow,
  type KeyedRow,
  keyedRow,
  namedRow,
  type PageRow,
  pageRow,
  prepareRows,
  type Row,
  SELECT,
} from './rows.ts';
import { damagedRow, StoreFault } from './store-fault.ts';

/** How much waits in a queue. */
export interface Waiting {
  messages: number;
  /** Of payload. */
  bytes: number;
}

/** Is told that so many rows were read. */
export type OnRows = (rows: number) => void;

/** After so many rows it is told; seldom enough to cost nothing. */
export const ROWS_PER_REPORT = 1_024;

/** The work of getting the books back. */
export class Restoring {
  /** Messages up to this one need not be looked at. */
  indexedTo: number;
  /** The record of the clock mark; `undefined`: there is none. */
  clockMark: Uint8Array | undefined;
  /** How much there was when it was written. */
  totals: Totals;
  /** What waits, by recipient; not there: nothing. */
  readonly waiting: Map<RecipientQueue, Waiting>;
  private readonly database: Sqlite.DatabaseSync;
  private readonly ledger: Ledger;
  private readonly shelf: StoredPages;
  private readonly onRows: OnRows;
  /** The progress of recipients that were not found yet. */
  private readonly progress: Map<number, Progress>;
  /** Those that are there, and those that have ended and have pages. */
  private readonly withPages: Map<number, RecipientQueue>;
  private readonly cursor: RecordCursor;
  private readonly entries: EntryCursor;

  constructor(database: Sqlite.DatabaseSync, ledger: Ledger, shelf: StoredPages, onRows: OnRows) {
    this.indexedTo = 0;
    this.clockMark = undefined;
    this.totals = NO_TOTALS;
    this.waiting = new Map();
    this.database = database;
    this.ledger = ledger;
    this.shelf = shelf;
    this.onRows = onRows;
    this.progress = new Map();
    this.withPages = new Map();
    this.cursor = new RecordCursor();
    this.entries = new EntryCursor();
  }

  /**
   * Reads rows of a table.
   * @param select  Lists its columns, in order of the first ones.
   * @throws {StoreFault} 'damaged'.
   */
  each(table: string, select: string, take: (row: Row) => void): void {
    const order = new RowOrder(table);
    let rows = 0;
    for (const row of eachRow(prepareRows(this.database, select))) {
      order.check(row);
      take(row);
      if (++rows % ROWS_PER_REPORT === 0) this.onRows(ROWS_PER_REPORT);
    }
  }

  /** Reads what there is once, and the progress of everybody. First. */
  restoreProgress(): void {
    this.each('meta', SELECT.meta, (row) => this.takeMeta(row));
    this.each('progress', SELECT.keyed('progress'), (row) => {
      const { key, record } = keyedRow('progress', row);
      this.progress.set(
        key,
        decode('progress', `recipient ${key}`, () => readProgress(this.open(record))),
      );
    });
  }

  /** A session or group was found. */
  addRecipient({ key }: KeyedRow, kind: RecipientQueue['kind']): void {
    if (this.withPages.has(key)) throw damagedRow(TABLES[kind], `key ${key}`, 'another table has the same key');
    const queue = this.ledger.addRecipient(key, kind, this.takeProgress(key));
    this.ledger.sawKey(key);
    this.withPages.set(key, queue);
  }

  /** All recipients were found: reads their queues. */
  restoreQueues(): void {
    this.each('ending', SELECT.ending, (row) => {
      const key = endingRow(row);
      if (this.withPages.has(key)) throw damagedRow('ending', `recipient ${key}`, 'another table has the same key');
      this.withPages.set(key, this.ledger.addEnded(key, this.takeProgress(key)));
    });
    for (const key of this.progress.keys()) throw damagedRow('progress', `recipient ${key}`, NOBODY);
    this.each('page', SELECT.page, (row) => this.takePage(pageRow(row)));
    for (const queue of this.ledger.recipients.values()) this.takeInFlight(queue);
    const lists = new RecipientLists(this.ledger.recipients, 'passed-over');
    this.each('message', `${SELECT.keyed('message')} WHERE id > ${this.indexedTo}`, (row) => {
      this.takeMessage(keyedRow('message', row), lists);
    });
    this.sawMessage(this.indexedTo);
    this.compare('message', this.ledger.owners.messages, this.totals.messages);
    this.compare('page', this.ledger.deliveries, this.totals.deliveries);
  }

  /** Compares how much of something was found with how much there was. */
  compare(table: keyof typeof COUNTED, found: number, written: number): void {
    if (found === written) return;
    const what = `${written} ${COUNTED[table]} were stored, and ${found} are found`;
    throw new StoreFault('damaged', `Table ${table}: ${what}.`, { table, row: '' });
  }

  private takeMeta(row: Row): void {
    const { name, record } = namedRow('meta', row);
    const place = `name ${name}`;
    if (name === Meta.clockMark) this.clockMark = record;
    if (name === Meta.indexedTo) this.indexedTo = decode('meta', place, () => readNumberRecord(record));
    if (name === Meta.totals) this.totals = decode('meta', place, () => readTotalsRecord(record));
    this.ledger.sawKey(this.totals.recipientKeyMax);
  }

  private takeProgress(key: number): Progress {
    const progress = this.progress.get(key);
    if (progress === undefined) throw damagedRow('progress', `recipient ${key}`, 'it is not there');
    this.progress.delete(key);
    this.sawMessage(progress.mark);
    if (progress.ahead !== undefined) this.sawMessage(progress.ahead.to(progress.ahead.length - 1));
    return progress;
  }

  private takePage({ id, recipient, entries }: PageRow): void {
    const name = `id ${id} of recipient ${recipient}`;
    const queue = this.withPages.get(recipient);
    this.shelf.found(id);
    if (queue === undefined) throw damagedRow('page', name, NOBODY);
    const page = decode('page', name, () => this.readPage(id, entries, queue));
    this.sawMessage(page.lastId);
    queue.restorePage(page);
  }

  private readPage(id: number, bytes: Uint8Array, queue: RecipientQueue): EntryPage {
    const { entries } = this;
    const before = queue.lastSavedId;
    let count = 0;
    let firstId = 0;
    entries.reset(bytes, bytes.length);
    for (; entries.next(); count++) {
      if (count === 0) firstId = entries.id;
      if (queue.isQueued(entries.id)) this.addWaiting(queue, entries.id, entries.size);
    }
    if (count === 0) throw new RecordError('it has no entries');
    if (firstId <= before) throw new RecordError('its messages are not newer than those of the page before it');
    return EntryPage.found(id, bytes.length, count, firstId, entries.id);
  }

  private takeInFlight({ progress }: RecipientQueue): void {
    for (const sendings of [progress.sent, progress.received]) {
      for (const id of sendings?.keys() ?? []) {
        this.ledger.owners.addOne(id);
        this.ledger.deliveries++;
        this.sawMessage(id);
      }
    }
  }

  /** hot: */
  private takeMessage({ key: id, record }: KeyedRow, lists: RecipientLists): void {
    const { queues, flags } = decode('message', `id ${id}`, () => lists.read(record, 0, record.length));
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[i] as RecipientQueue;
      if (id <= queue.lastSavedId || !queue.isQueued(id)) continue;
      queue.append(id, lists.payloadBytes, flags[i] as number);
      if (!queue.isListed) this.ledger.list(queue);
      this.addWaiting(queue, id, lists.payloadBytes);
      this.ledger.newEntries++;
    }
    this.ledger.newMessages++;
    this.ledger.newBytes += record.length;
    this.sawMessage(id);
  }

  /** hot: */
  private addWaiting(queue: RecipientQueue, id: number, size: number): void {
    this.ledger.owners.addOne(id);
    this.ledger.deliveries++;
    let waiting = this.waiting.get(queue);
    if (waiting === undefined) this.waiting.set(queue, (waiting = { messages: 0, bytes: 0 }));
    waiting.messages++;
    waiting.bytes += size;
  }

  private sawMessage(id: number): void {
    this.ledger.messageIdMax = Math.max(this.ledger.messageIdMax, id);
  }

  private open(record: Uint8Array): RecordCursor {
    this.cursor.reset(record, 0, record.length);
    return this.cursor;
  }
}

/** What is counted, by the table where it is missed. */
const COUNTED = {
  message: 'messages',
  page: 'deliveries',
  subscription: 'subscriptions',
  retained: 'retained messages',
  will: 'Wills',
  meta: 'clock marks',
} as const;
const NOBODY = 'it belongs to nobody';
const TABLES = { session: 'session', group: 'group_queue' } as const;

/** Reads what a row holds; its checksum fits, so what cannot be read was written so. */
function decode<T>(table: string, row: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RecordError) throw damagedRow(table, row, error.message);
    throw error;
  }
}
