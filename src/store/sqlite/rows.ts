// Rows as they come from the database, checked: types, then the checksum. Each table has a SELECT that lists its
// columns in the order in which its function takes them. A row that does not hold is a fault that names table and row.

import type * as Sqlite from 'node:sqlite';

import { namedCrc, numberedCrc, ownedCrc, ownedNameCrc } from './row-crc.ts';
import { damagedRow } from './store-fault.ts';

/** A row as an array of its columns. */
export type Row = readonly Sqlite.SQLOutputValue[];

/** A row that is named by a number. */
export interface KeyedRow {
  readonly key: number;
  readonly record: Uint8Array;
}

/** A row of `page`. */
export interface PageRow {
  readonly id: number;
  readonly recipient: number;
  readonly entries: Uint8Array;
}

/** A row of `subscription`. */
export interface SubscriptionRow {
  readonly session: number;
  readonly filter: string;
  readonly record: Uint8Array;
}

/** A row that is named by a text. */
export interface NamedRow {
  readonly name: string;
  readonly record: Uint8Array;
}

/** The tables whose rows are a number, a checksum and a record. */
export type KeyedTable = 'message' | 'progress' | 'session' | 'group_queue' | 'will';

/** What the number is called. */
const KEY_NAMES: { readonly [Table in KeyedTable]: string } = {
  message: 'id',
  progress: 'recipient',
  session: 'key',
  group_queue: 'key',
  will: 'key',
};

/** Lists the columns of each table, as the functions below take them. */
export const SELECT = {
  keyed: (table: KeyedTable) => `SELECT ${KEY_NAMES[table]}, crc, record FROM ${table}`,
  page: 'SELECT id, crc, recipient, entries FROM page',
  subscription: 'SELECT session, filter, crc, record FROM subscription',
  retained: 'SELECT topic, crc, record FROM retained',
  meta: 'SELECT name, crc, record FROM meta',
  ending: 'SELECT recipient, crc FROM ending',
} as const;

/** Prepares a statement whose rows are arrays. */
export function prepareRows(database: Sqlite.DatabaseSync, sql: string): Sqlite.StatementSync {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** All rows of a statement made by `prepareRows`. */
export function allRows(statement: Sqlite.StatementSync, ...values: Sqlite.SQLInputValue[]): readonly Row[] {
  // The types of Node.js know rows as objects only.
  return statement.all(...values) as unknown as readonly Row[];
}

/** The rows of a statement made by `prepareRows`, one after the other. */
export function eachRow(statement: Sqlite.StatementSync, ...values: Sqlite.SQLInputValue[]): Iterable<Row> {
  // As above.
  return statement.iterate(...values) as unknown as Iterable<Row>;
}

/**
 * A row named by a number.
 * @throws {StoreFault} 'damaged', as all functions here.
 */
export function keyedRow(table: KeyedTable, row: Row): KeyedRow {
  const key = row[0];
  const record = row[2];
  const name = (): string => `${KEY_NAMES[table]} ${shown(key)}`;
  if (typeof key !== 'number' || !(record instanceof Uint8Array)) throw otherTypes(table, name());
  if (numberedCrc(key, record) !== row[1]) throw otherSum(table, name());
  return { key, record };
}

/** A row of `page`. */
export function pageRow([id, crc, recipient, entries]: Row): PageRow {
  const name = `id ${shown(id)} of recipient ${shown(recipient)}`;
  if (typeof id !== 'number' || typeof recipient !== 'number' || !(entries instanceof Uint8Array)) {
    throw otherTypes('page', name);
  }
  if (ownedCrc(id, recipient, entries) !== crc) throw otherSum('page', name);
  return { id, recipient, entries };
}

/** A row of `subscription`. */
export function subscriptionRow([session, filter, crc, record]: Row): SubscriptionRow {
  const name = `filter ${shown(filter)} of session ${shown(session)}`;
  if (typeof session !== 'number' || typeof filter !== 'string' || !(record instanceof Uint8Array)) {
    throw otherTypes('subscription', name);
  }
  if (ownedNameCrc(filter, session, record) !== crc) throw otherSum('subscription', name);
  return { session, filter, record };
}

/** A row of `retained` or `meta`. hot: at a start each of a million retained messages comes through here. */
export function namedRow(table: 'retained' | 'meta', row: Row): NamedRow {
  const name = row[0];
  const record = row[2];
  const shownName = (): string => `${table === 'retained' ? 'topic' : 'name'} ${shown(name)}`;
  if (typeof name !== 'string' || !(record instanceof Uint8Array)) throw otherTypes(table, shownName());
  if (namedCrc(name, record) !== row[1]) throw otherSum(table, shownName());
  return { name, record };
}

/** A row of `ending`. */
export function endingRow([recipient, crc]: Row): number {
  const name = `recipient ${shown(recipient)}`;
  if (typeof recipient !== 'number') throw otherTypes('ending', name);
  if (numberedCrc(recipient, NO_BYTES) !== crc) throw otherSum('ending', name);
  return recipient;
}

const NO_BYTES = new Uint8Array(0);

/** A column as people read it. */
function shown(value: unknown): string {
  return typeof value === 'bigint' || value instanceof Uint8Array ? 'of another type' : JSON.stringify(value);
}

function otherTypes(table: string, row: string): Error {
  return damagedRow(table, row, 'a column has another type');
}

function otherSum(table: string, row: string): Error {
  return damagedRow(table, row, 'its checksum does not fit what it holds');
}
