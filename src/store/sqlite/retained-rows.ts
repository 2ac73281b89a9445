// Reads all retained messages, of which there may be a million: many rows a statement, which is quicker than one by one.
// Large ones are left out of that and read by themselves, so that what is in memory at a time is bounded.

import type * as Sqlite from 'node:sqlite';

import { RowOrder } from './row-order.ts';
import { allRows, type NamedRow, namedRow, prepareRows, type Row } from './rows.ts';
import { damagedRow } from './store-fault.ts';

/** Rows per statement. */
const ROWS = 256;
/** Larger records are read by themselves. */
const RECORD_BYTES_MAX = 65_536;

/**
 * Reads all retained messages, in order of topics.
 * @throws {StoreFault} 'damaged'.
 */
export function eachRetained(database: Sqlite.DatabaseSync, take: (row: NamedRow) => void): void {
  // SQLite knows the length of a record without reading it.
  const record = `iif(octet_length(record) <= ${RECORD_BYTES_MAX}, record, NULL)`;
  const many = prepareRows(
    database,
    `SELECT topic, crc, ${record} FROM retained WHERE topic > ? ORDER BY topic LIMIT ${ROWS}`,
  );
  const one = prepareRows(database, 'SELECT topic, crc, record FROM retained WHERE topic = ?');
  const order = new RowOrder('retained');
  let last = '';
  for (;;) {
    const rows = allRows(many, last);
    for (const row of rows) {
      order.check(row);
      take(namedRow('retained', row[2] === null ? readOne(one, row) : row));
    }
    const end = rows.at(-1)?.[0];
    if (rows.length < ROWS || typeof end !== 'string') return;
    last = end;
  }
}

function readOne(one: Sqlite.StatementSync, [topic]: Row): Row {
  const [row] = allRows(one, topic ?? null);
  if (row === undefined) throw damagedRow('retained', `topic ${JSON.stringify(topic)}`, 'it is found in one way only');
  return row;
}
