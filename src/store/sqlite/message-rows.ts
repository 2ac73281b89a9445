// Reads messages by their ids, many a statement, and checks each: a row of a statement of 64 takes three quarters of what one of a
// statement of 16 does. What is left over at the end is asked for by the smaller one.

import type * as Sqlite from 'node:sqlite';

import { allRows, keyedRow, prepareRows, type Row, SELECT } from './rows.ts';
import { damagedRow } from './store-fault.ts';

/** Ids per statement. */
const MANY = 64;
const FEW = 8;

/** The rows of table `message`. */
export class MessageRows {
  private readonly selectMany: Sqlite.StatementSync;
  private readonly selectFew: Sqlite.StatementSync;

  constructor(database: Sqlite.DatabaseSync) {
    this.selectMany = prepareSelect(database, MANY);
    this.selectFew = prepareSelect(database, FEW);
  }

  /**
   * Reads messages.
   * @param ids  In any order, `count` of them, none twice; quickest lowest first.
   * @param take  Is handed the record of each, in this order, and its index.
   * @throws {StoreFault} 'damaged': a message is not there, or its checksum does not fit.
   */
  read(ids: readonly number[], count: number, take: (record: Uint8Array, index: number) => void): void {
    for (let start = 0, length = 0; start < count; start += length) {
      length = Math.min(count - start >= MANY ? MANY : FEW, count - start);
      const rows = this.select(ids, start, length);
      for (let i = 0; i < length; i++) {
        const id = ids[start + i] as number;
        // Rows come lowest first.
        const row = rows[i]?.[0] === id ? rows[i] : rows.find((each) => each[0] === id);
        if (row === undefined) throw missing(rows, id);
        take(keyedRow('message', row).record, start + i);
      }
    }
  }

  private select(ids: readonly number[], start: number, length: number): readonly Row[] {
    if (length === MANY) return allRows(this.selectMany, ...ids.slice(start, start + MANY));
    // The last id fills up what is left: asked for twice, a row comes once.
    const wanted = Array.from({ length: FEW }, (_, i) => ids[start + Math.min(i, length - 1)] as number);
    return allRows(this.selectFew, ...wanted);
  }
}

function prepareSelect(database: Sqlite.DatabaseSync, ids: number): Sqlite.StatementSync {
  return prepareRows(database, `${SELECT.keyed('message')} WHERE id IN (${new Array(ids).fill('?').join(', ')})`);
}

function missing(rows: readonly Row[], id: number): Error {
  // Another row that is damaged may have come in the place of this one.
  for (const row of rows) keyedRow('message', row);
  return damagedRow('message', `id ${id}`, 'it is not there, though somebody is owed it');
}
