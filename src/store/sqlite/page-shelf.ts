// The rows of table `page`: gives pages their numbers, and reads back those that are needed again. What was read stays
// in memory for a while, up to a bound; a page that is not written yet stays until it is.

import type * as Sqlite from 'node:sqlite';

import type { EntryPage } from './entry-page.ts';
import type { PageShelf, RecipientQueue } from './recipient-queue.ts';
import { allRows, pageRow, prepareRows, SELECT } from './rows.ts';
import { damagedRow } from './store-fault.ts';
import type { SavedPage, WriteSet } from './write-set.ts';

/** The pages of one database. */
export class StoredPages implements PageShelf {
  readonly entriesMax: number;
  private readonly select: Sqlite.StatementSync;
  private readonly writes: WriteSet;
  private readonly loadedBytesMax: number;
  /** Pages whose entries were brought into memory, the earliest first, and how many bytes these have. */
  private readonly loaded: EntryPage[];
  private loadedBytes: number;
  private rowIdMax: number;

  constructor(database: Sqlite.DatabaseSync, writes: WriteSet, entriesMax: number, loadedBytesMax: number) {
    this.entriesMax = entriesMax;
    this.select = prepareRows(database, `${SELECT.page} WHERE id = ?`);
    this.writes = writes;
    this.loadedBytesMax = loadedBytesMax;
    this.loaded = [];
    this.loadedBytes = 0;
    this.rowIdMax = 0;
  }

  /** A start found a row with this number. */
  found(rowId: number): void {
    this.rowIdMax = Math.max(this.rowIdMax, rowId);
  }

  load(page: EntryPage): Uint8Array {
    const { entries } = pageRow(this.row(page.rowId));
    page.bytes = entries;
    this.keep(page);
    return entries;
  }

  save(queue: RecipientQueue, page: EntryPage): void {
    page.rowId = ++this.rowIdMax;
    this.writes.savedPages.push({ queue, page });
  }

  drop(page: EntryPage): void {
    page.bytes = undefined;
    if (page.isSaved) this.writes.deletedPages.push(page.rowId);
  }

  /** The pages are in the database: only those that are consumed next stay in memory. */
  saved(pages: readonly SavedPage[]): void {
    for (const { queue, page } of pages) {
      page.isSaved = true;
      if (page.isDrained) continue;
      if (queue.isHead(page)) this.keep(page);
      else page.bytes = undefined;
    }
  }

  private row(id: number): readonly Sqlite.SQLOutputValue[] {
    const [row] = allRows(this.select, id);
    if (row === undefined) throw damagedRow('page', `id ${id}`, 'it is not there');
    return row;
  }

  private keep(page: EntryPage): void {
    this.loaded.push(page);
    this.loadedBytes += page.bytes?.length ?? 0;
    if (this.loadedBytes > this.loadedBytesMax) this.forgetHalf();
  }

  /** Whoever needs one of these again reads it again. */
  private forgetHalf(): void {
    const half = this.loaded.length >>> 1;
    for (const page of this.loaded.splice(0, Math.max(1, half))) page.bytes = undefined;
    this.loadedBytes = this.loaded.reduce((sum, page) => sum + (page.bytes?.length ?? 0), 0);
  }
}
