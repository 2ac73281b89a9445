// Writes a write set to the database: one transaction, one sync. Whatever goes wrong, nothing of it is there
// afterwards, and the set is as it was. What the rows mean is not decided here.

import type * as Sqlite from 'node:sqlite';

import { unreachable } from '../../base/assert.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { BulkInsert } from './bulk-insert.ts';
import type { Ledger } from './ledger.ts';
import { Meta, totalsRecord } from './meta.ts';
import { writeProgress } from './progress.ts';
import { namedCrc, numberedCrc, ownedCrc, ownedNameCrc } from './row-crc.ts';
import type { DeletedTable, RowChange, SavedTable, WriteSet } from './write-set.ts';

/** How many rows there are more after a transaction; fewer, if negative. Only the database knows which are new. */
export interface Growth {
  retained: number;
  subscriptions: number;
}

const NO_BYTES = new Uint8Array(0);

/** Writes write sets, one at a time. */
export class TransactionWriter {
  private readonly database: Sqlite.DatabaseSync;
  private readonly ledger: Ledger;
  private readonly begin: Sqlite.StatementSync;
  private readonly commit: Sqlite.StatementSync;
  private readonly messages: BulkInsert;
  private readonly progress: BulkInsert;
  private readonly deleteMessages: Sqlite.StatementSync;
  private readonly savePage: Sqlite.StatementSync;
  private readonly deletePages: Sqlite.StatementSync;
  private readonly saveKeyed: { readonly [Table in SavedTable]: Sqlite.StatementSync };
  private readonly deleteKeyed: { readonly [Table in DeletedTable]: Sqlite.StatementSync };
  private readonly updateSubscription: Sqlite.StatementSync;
  private readonly insertSubscription: Sqlite.StatementSync;
  private readonly deleteSubscription: Sqlite.StatementSync;
  private readonly deleteSubscriptions: Sqlite.StatementSync;
  private readonly updateRetained: Sqlite.StatementSync;
  private readonly insertRetained: Sqlite.StatementSync;
  private readonly deleteRetained: Sqlite.StatementSync;
  private readonly saveEnding: Sqlite.StatementSync;
  private readonly saveMeta: Sqlite.StatementSync;
  /** Progress on its way into statements. */
  private readonly records: ByteWriter;
  /** What the transaction under way has led to so far. */
  private growth: Growth;
  private totals: Uint8Array;

  /** @param ledger  Says which messages are still owed, and how much there is of everything. */
  constructor(database: Sqlite.DatabaseSync, ledger: Ledger) {
    const prepare = (sql: string): Sqlite.StatementSync => database.prepare(sql);
    const save = (into: string): Sqlite.StatementSync => prepare(`INSERT OR REPLACE INTO ${into} VALUES (?, ?, ?)`);
    const remove = (fromWhere: string): Sqlite.StatementSync => prepare(`DELETE FROM ${fromWhere} = ?`);
    this.database = database;
    this.ledger = ledger;
    this.begin = prepare('BEGIN IMMEDIATE');
    this.commit = prepare('COMMIT');
    this.messages = new BulkInsert(database, 'INSERT INTO message', '');
    this.progress = new BulkInsert(database, 'INSERT OR REPLACE INTO progress', '');
    this.deleteMessages = prepare('DELETE FROM message WHERE id BETWEEN ? AND ?');
    this.savePage = prepare('INSERT INTO page VALUES (?, ?, ?, ?)');
    this.deletePages = prepare('DELETE FROM page WHERE id BETWEEN ? AND ?');
    this.saveKeyed = { session: save('session'), group_queue: save('group_queue'), will: save('will') };
    this.deleteKeyed = {
      session: remove('session WHERE key'),
      group_queue: remove('group_queue WHERE key'),
      will: remove('will WHERE key'),
      progress: remove('progress WHERE recipient'),
      ending: remove('ending WHERE recipient'),
    };
    this.updateSubscription = prepare('UPDATE subscription SET crc = ?, record = ? WHERE session = ? AND filter = ?');
    this.insertSubscription = prepare('INSERT INTO subscription VALUES (?, ?, ?, ?)');
    this.deleteSubscription = prepare('DELETE FROM subscription WHERE session = ? AND filter = ?');
    this.deleteSubscriptions = remove('subscription WHERE session');
    this.updateRetained = prepare('UPDATE retained SET crc = ?, record = ? WHERE topic = ?');
    this.insertRetained = save('retained');
    this.deleteRetained = remove('retained WHERE topic');
    this.saveEnding = prepare('INSERT INTO ending VALUES (?, ?)');
    this.saveMeta = save('meta');
    this.records = new ByteWriter();
    this.growth = { retained: 0, subscriptions: 0 };
    this.totals = NO_BYTES;
  }

  /**
   * Writes a set and makes it durable.
   * @throws what SQLite throws: nothing of it is there then.
   */
  write(set: WriteSet): Growth {
    const { owners } = this.ledger;
    this.growth = { retained: 0, subscriptions: 0 };
    try {
      this.begin.run();
      // Deleting first frees pages for what is inserted.
      this.deleteRanges(this.deleteMessages, set.deletedMessages, (low, high) => owners.hasNoneBetween(low, high));
      this.insertMessages(set);
      this.deleteRanges(this.deletePages, set.deletedPages, () => false);
      this.insertPages(set);
      this.insertProgress(set);
      for (const change of set.rows) this.changeRow(change);
      const totals = this.writeTotals();
      this.commit.run();
      this.totals = totals;
      return this.growth;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  private rollBack(): void {
    if (!this.database.isTransaction) return;
    try {
      this.database.exec('ROLLBACK');
    } catch {
      // What is not committed is not there, rolled back or not; and the first error is the one to tell.
    }
  }

  /** Deletes numbered rows, those next to each other in one go. @param isEmpty  Whether there are no rows between two ids. */
  private deleteRanges(
    statement: Sqlite.StatementSync,
    list: readonly number[],
    isEmpty: (low: number, high: number) => boolean,
  ): void {
    if (list.length === 0) return;
    const ids = Float64Array.from(list).sort();
    let low = ids[0] as number;
    let high = low;
    for (let i = 1; i < ids.length; i++) {
      const id = ids[i] as number;
      if (id > high + 1 && !isEmpty(high, id)) {
        statement.run(low, high);
        low = id;
      }
      high = id;
    }
    statement.run(low, high);
  }

  /** hot: */
  private insertMessages({ batch, messages }: WriteSet): void {
    const { ids, starts, ends } = messages;
    const { owners } = this.ledger;
    this.messages.begin();
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      if (!owners.has(id)) continue;
      const record = batch.subarray(starts[i], ends[i]);
      this.messages.add(id, numberedCrc(id, record), record);
    }
    this.messages.finish();
  }

  private insertPages({ savedPages }: WriteSet): void {
    for (const { queue, page } of savedPages) {
      if (page.isDrained) continue;
      const entries = page.entries();
      this.savePage.run(page.rowId, ownedCrc(page.rowId, queue.key, entries), queue.key, entries);
    }
  }

  private insertProgress({ dirty }: WriteSet): void {
    const { records } = this;
    records.position = 0;
    this.progress.begin();
    for (const queue of dirty) {
      if (queue.isOver && !queue.hasPages) continue;
      const start = records.position;
      writeProgress(records, queue.progress);
      const record = records.bytes.subarray(start, records.position);
      this.progress.add(queue.key, numberedCrc(queue.key, record), record);
    }
    this.progress.finish();
  }

  private changeRow(change: RowChange): void {
    const { growth } = this;
    switch (change.kind) {
      case 'save-keyed': {
        const { table, key, record } = change;
        this.saveKeyed[table].run(key, numberedCrc(key, record), record);
        return;
      }
      case 'delete-keyed':
        this.deleteKeyed[change.table].run(change.key);
        return;
      case 'save-subscription':
        return this.subscribe(change.session, change.filter, change.record);
      case 'delete-subscription':
        growth.subscriptions -= Number(this.deleteSubscription.run(change.session, change.filter).changes);
        return;
      case 'delete-subscriptions':
        growth.subscriptions -= Number(this.deleteSubscriptions.run(change.session).changes);
        return;
      case 'save-retained':
        return this.retain(change.topic, change.record);
      case 'delete-retained':
        growth.retained -= Number(this.deleteRetained.run(change.topic).changes);
        return;
      case 'save-ending':
        this.saveEnding.run(change.recipient, numberedCrc(change.recipient, NO_BYTES));
        return;
      case 'save-meta':
        return this.putMeta(change.name, change.record);
      default:
        return unreachable(change);
    }
  }

  /** A retained message mostly takes the place of one; so that is tried first, and tells new ones from others. */
  private retain(topic: string, record: Uint8Array): void {
    const crc = namedCrc(topic, record);
    if (this.updateRetained.run(crc, record, topic).changes !== 0) return;
    this.insertRetained.run(topic, crc, record);
    this.growth.retained++;
  }

  private subscribe(session: number, filter: string, record: Uint8Array): void {
    const crc = ownedNameCrc(filter, session, record);
    if (this.updateSubscription.run(crc, record, session, filter).changes !== 0) return;
    this.insertSubscription.run(session, filter, crc, record);
    this.growth.subscriptions++;
  }

  private putMeta(name: string, record: Uint8Array): void {
    this.saveMeta.run(name, namedCrc(name, record), record);
  }

  /** Writes how much there is, if that changed; returns its record. */
  private writeTotals(): Uint8Array {
    const { ledger, growth } = this;
    const record = totalsRecord({
      recipientKeyMax: ledger.recipientKeyMax,
      messages: ledger.owners.messages,
      deliveries: ledger.deliveries,
      subscriptions: ledger.subscriptions + growth.subscriptions,
      retained: ledger.retained + growth.retained,
      wills: ledger.wills.size,
      clockMarks: ledger.clockMarks,
    });
    const isSame = record.length === this.totals.length && record.every((byte, index) => byte === this.totals[index]);
    if (!isSame) this.putMeta(Meta.totals, record);
    return record;
  }
}
