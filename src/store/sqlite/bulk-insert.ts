// Rows of three columns, sixteen a statement: a call into SQLite costs more than a row does. What is left over at the end
// goes one by one.

import type * as Sqlite from 'node:sqlite';

/** Rows per statement. */
const ROWS = 16;
const COLUMNS = 3;

/** A statement that inserts rows, and collects them first. */
export class BulkInsert {
  private readonly many: Sqlite.StatementSync;
  private readonly one: Sqlite.StatementSync;
  private readonly values: Sqlite.SQLInputValue[];
  private count: number;

  /**
   * @param into  Such as `INSERT INTO message`.
   * @param onConflict  What follows the values.
   */
  constructor(database: Sqlite.DatabaseSync, into: string, onConflict: string) {
    const row = '(?, ?, ?)';
    this.many = database.prepare(`${into} VALUES ${new Array(ROWS).fill(row).join(', ')} ${onConflict}`);
    this.one = database.prepare(`${into} VALUES ${row} ${onConflict}`);
    this.values = new Array<Sqlite.SQLInputValue>(ROWS * COLUMNS).fill(null);
    this.count = 0;
  }

  /** Forgets rows that an aborted transaction left behind. */
  begin(): void {
    this.count = 0;
  }

  /** Adds a row. The record must stay as it is until `finish`. hot: */
  add(key: number, crc: number, record: Uint8Array): void {
    const at = this.count * COLUMNS;
    this.values[at] = key;
    this.values[at + 1] = crc;
    this.values[at + 2] = record;
    this.count++;
    if (this.count < ROWS) return;
    this.count = 0;
    this.many.run(...this.values);
  }

  /** Inserts what is left. */
  finish(): void {
    for (let row = 0; row < this.count; row++) {
      const [key, crc, record] = this.values.slice(row * COLUMNS, (row + 1) * COLUMNS);
      this.one.run(key ?? null, crc ?? null, record ?? null);
    }
    this.count = 0;
  }
}
