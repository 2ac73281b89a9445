// The order in which a table's rows come. A pointer that changes inside a database page brings a row twice in the place of
// another one, and each of them looks right: only their order tells.

import type { Row } from './rows.ts';
import { damagedRow } from './store-fault.ts';

/** Sees the rows of a table as they come, ordered by their first columns. */
export class RowOrder {
  private readonly table: string;
  private last: Row | undefined;

  constructor(table: string) {
    this.table = table;
    this.last = undefined;
  }

  /**
   * Sees the next row.
   * @throws {StoreFault} 'damaged': it does not come after the one before it.
   */
  check(row: Row): void {
    // hot:
    if (this.last !== undefined && !comesAfter(row, this.last)) {
      throw damagedRow(this.table, JSON.stringify(row[0]), 'a row comes twice, or out of order');
    }
    this.last = row;
  }
}

/** Compares the first columns, and where these are equal the second ones, if these are texts, too. */
function comesAfter(row: Row, last: Row): boolean {
  const [key, second] = row;
  const [lastKey, lastSecond] = last;
  if (typeof key === 'string' && typeof lastKey === 'string') return isBefore(lastKey, key);
  if (typeof key !== 'number' || typeof lastKey !== 'number') return false;
  if (key !== lastKey) return key > lastKey;
  return typeof second === 'string' && typeof lastSecond === 'string' && isBefore(lastSecond, second);
}

/** SQLite orders texts by their bytes, which is not quite what JavaScript does. */
function isBefore(a: string, b: string): boolean {
  return a < b || Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}
