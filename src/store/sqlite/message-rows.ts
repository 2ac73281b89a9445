// Reads messages by their ids, sixteen a statement, and checks each.

import type * as Sqlite from 'node:sqlite';

import { allRows, keyedRow, prepareRows, type Row, SELECT } from './rows.ts';
import { damagedRow } from './store-fault.ts';

/** Ids per statement. */
const IDS = 16;

/** The rows of table `message`. */
export class MessageRows {
  private readonly select: Sqlite.StatementSync;
  private readonly wanted: number[];

  constructor(database: Sqlite.DatabaseSync) {
    this.select = prepareRows(
      database,
      `${SELECT.keyed('message')} WHERE id IN (${new Array(IDS).fill('?').join(', ')})`,
    );
    this.wanted = new Array<number>(IDS).fill(0);
  }

  /**
   * Reads messages.
   * @param ids  In any order, `count` of them, none twice; quickest lowest first.
   * @param take  Is handed the record of each, in this order, and its index.
   * @throws {StoreFault} 'damaged': a message is not there, or its checksum does not fit.
   */
  read(ids: readonly number[], count: number, take: (record: Uint8Array, index: number) => void): void {
    for (let start = 0; start < count; start += IDS) {
      const length = Math.min(IDS, count - start);
      // The last id fills up what is left: asked for twice, a row comes once.
      for (let i = 0; i < IDS; i++) this.wanted[i] = ids[start + Math.min(i, length - 1)] as number;
      const rows = allRows(this.select, ...this.wanted);
      for (let i = 0; i < length; i++) {
        const id = ids[start + i] as number;
        // Rows come lowest first.
        const row = rows[i]?.[0] === id ? rows[i] : rows.find((each) => each[0] === id);
        if (row === undefined) throw missing(rows, id);
        take(keyedRow('message', row).record, start + i);
      }
    }
  }
}

function missing(rows: readonly Row[], id: number): Error {
  // Another row that is damaged may have come in the place of this one.
  for (const row of rows) keyedRow('message', row);
  return damagedRow('message', `id ${id}`, 'it is not there, though somebody is owed it');
}
