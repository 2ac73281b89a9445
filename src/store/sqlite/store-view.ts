// A store as it lies on the disk, for tools that look and change nothing: the rows of every table, checked and decoded,
// as of one moment, also while a broker writes. Who is owed a message is for owed-messages.ts to say. What does not
// hold goes to `onDamage`, which throws, or else the row is left out.

import type { Message } from '../../packet/message.ts';
import type { GroupRecord, SessionKey, SessionRecord, SubscriptionRecord, WillRecord } from '../contract.ts';
import type { ClockMark } from '../timeline.ts';
import { BodyReader } from './message-body.ts';
import { Meta, readNumberRecord } from './meta.ts';
import type { DatabaseSync } from './node-sqlite.ts';
import { type Progress, readProgress } from './progress.ts';
import { RecordCursor, RecordError } from './record-cursor.ts';
import {
  readClockMarkRecord,
  readGroupRecord,
  readSessionRecord,
  readSubscriptionRecord,
  readWillRecord,
} from './records.ts';
import {
  allRows,
  eachRow,
  endingRow,
  type KeyedRow,
  type KeyedTable,
  keyedRow,
  namedRow,
  type PageRow,
  pageRow,
  prepareRows,
  type Row,
  SELECT,
  subscriptionRow,
} from './rows.ts';
import { openAsItIs, pragma } from './schema.ts';
import { damagedRow, faultOf, StoreFault } from './store-fault.ts';

/** Takes what does not hold; throws to end the reading. */
export type OnDamage = (fault: StoreFault) => void;

/** The tables (schema.ts). */
type Table = KeyedTable | 'page' | 'subscription' | 'retained' | 'meta' | 'ending';

/** An open view; nothing that is written meanwhile shows in it. What comes from it is a copy. */
export class StoreView {
  private readonly database: DatabaseSync;
  private readonly onDamage: OnDamage;
  private readonly cursor: RecordCursor;
  private readonly bodies: BodyReader;
  private oneMessage: ReturnType<typeof prepareRows> | undefined;
  private messageRange: readonly [number, number] | undefined;
  /** Whether a crash left the database before it got its tables. */
  private readonly isBlank: boolean;

  /**
   * Opens a view.
   * @param file  The database, which must be there.
   * @throws {StoreFault} 'newer', 'damaged', 'unavailable', 'failed'.
   */
  constructor(file: string, onDamage: OnDamage) {
    this.database = openAsItIs(file);
    this.onDamage = onDamage;
    this.cursor = new RecordCursor();
    this.bodies = new BodyReader();
    this.oneMessage = undefined;
    this.messageRange = undefined;
    this.database.exec('BEGIN');
    // With the first look the moment is fixed.
    this.isBlank = this.pragma('user_version') === 0;
  }

  /** One number that SQLite knows of the database, such as `page_count`. */
  pragma(name: string): number {
    return pragma(this.database, name);
  }

  /** What SQLite finds wrong with its own structures, if anything. It reads the whole file in one go. */
  integrityProblems(max: number): readonly StoreFault[] {
    try {
      const rows = allRows(prepareRows(this.database, `PRAGMA integrity_check(${max})`));
      return rows.flatMap(([found]) =>
        found === 'ok' ? [] : [new StoreFault('damaged', `SQLite finds: ${String(found)}.`)],
      );
    } catch (error) {
      throw faultOf(error, 'checking the database');
    }
  }

  /** Where store time stood; `undefined`: nobody said. */
  clockMark(): ClockMark | undefined {
    return this.meta(Meta.clockMark, (record) => readClockMarkRecord(this.over(record)));
  }

  /** A number of table `meta`; 0: it is not there. */
  metaNumber(name: typeof Meta.indexedTo): number {
    return this.meta(name, readNumberRecord) ?? 0;
  }

  sessions(): Generator<SessionRecord> {
    return this.keyed('session', (cursor, key) => readSessionRecord(cursor, key, 0));
  }

  subscriptions(): Generator<SubscriptionRecord & { readonly session: SessionKey }> {
    return this.decoded('subscription', 'ORDER BY session, filter', (row) => {
      const { session, filter, record } = subscriptionRow(row);
      return { session, ...readSubscriptionRecord(this.over(record), filter) };
    });
  }

  groups(): Generator<GroupRecord> {
    return this.keyed('group_queue', readGroupRecord);
  }

  wills(): Generator<WillRecord & { readonly key: number }> {
    return this.keyed('will', (cursor, key) => ({ key, ...readWillRecord(cursor, this.bodies) }));
  }

  retained(): Generator<Message> {
    return this.decoded('retained', 'ORDER BY topic', (row) => {
      const { name, record } = namedRow('retained', row);
      return this.bodies.read(this.over(record), name, 0);
    });
  }

  progress(): Generator<{ readonly key: number; readonly progress: Progress }> {
    return this.keyed('progress', (cursor, key) => ({ key, progress: readProgress(cursor) }));
  }

  /** Messages as their records (message-record.ts), oldest first. */
  messages(): Generator<KeyedRow> {
    return this.decoded('message', 'ORDER BY id', (row) => keyedRow('message', row));
  }

  /** Whether a message that must be there is there and holds; if not, that is told. */
  hasMessage(id: number): boolean {
    this.oneMessage ??= prepareRows(this.database, `${SELECT.keyed('message')} WHERE id = ?`);
    const statement = this.oneMessage;
    const found = this.attempt('message', `id ${id}`, () => {
      for (const row of eachRow(statement, id)) return keyedRow('message', row);
      throw damagedRow('message', `id ${id}`, 'it is owed to somebody and not there');
    });
    return found !== undefined;
  }

  /** Pages of queues, in order of their numbers. */
  pages(): Generator<PageRow> {
    return this.decoded('page', 'ORDER BY id', pageRow);
  }

  /** Recipients that are no more and have pages left. */
  ending(): Generator<number> {
    return this.decoded('ending', '', endingRow);
  }

  /** How much of all messages lies before the one with this number: between 0 and 1. */
  shareBefore(id: number): number {
    // One by one SQLite finds them at the ends of the table, both at once only by reading it.
    this.messageRange ??= [this.number('min(id)', 'message'), this.number('max(id)', 'message')];
    const [first, last] = this.messageRange;
    return last > first ? Math.min(1, (id - first) / (last - first)) : 1;
  }

  /** How many rows a table has. It takes reading the table. */
  count(table: Table): number {
    return this.isBlank ? 0 : this.number('count(*)', table);
  }

  /**
   * Reads a body that lies in a record.
   * @throws {RecordError}
   */
  readBody(record: Uint8Array, start: number): Message {
    this.cursor.reset(record, start, record.length);
    return this.bodies.read(this.cursor, undefined, 0);
  }

  /**
   * Reads something of a row; what does not hold is told.
   * @param key  Names the row: `id 7`.
   */
  attempt<Value>(table: string, key: string, read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof RecordError) this.onDamage(damagedRow(table, key, error.message));
      else if (error instanceof StoreFault) this.onDamage(error);
      else throw error;
      return undefined;
    }
  }

  /** Ends the view. Once. */
  close(): void {
    this.database.close();
  }

  private keyed<Value>(table: KeyedTable, decode: (cursor: RecordCursor, key: number) => Value): Generator<Value> {
    return this.decoded(table, `ORDER BY 1`, (row) => {
      const { key, record } = keyedRow(table, row);
      return decode(this.over(record), key);
    });
  }

  private *decoded<Value>(table: Table, order: string, decode: (row: Row) => Value): Generator<Value> {
    if (this.isBlank) return;
    try {
      for (const row of eachRow(prepareRows(this.database, `${selectOf(table)} ${order}`))) {
        const value = this.attempt(table, nameOf(table, row), () => decode(row));
        if (value !== undefined) yield value;
      }
    } catch (error) {
      // SQLite itself cannot go on; what is behind this in the table stays unread.
      const fault = faultOf(error, `reading table ${table}`);
      if (!(fault instanceof StoreFault)) throw fault;
      this.onDamage(fault);
    }
  }

  private meta<Value>(name: string, read: (record: Uint8Array) => Value): Value | undefined {
    for (const row of this.decoded('meta', '', (each) => namedRow('meta', each))) {
      if (row.name === name) return this.attempt('meta', `name "${name}"`, () => read(row.record));
    }
    return undefined;
  }

  private number(what: string, table: Table): number {
    const [row] = allRows(prepareRows(this.database, `SELECT ${what} FROM ${table}`));
    return Number(row?.[0] ?? 0);
  }

  private over(record: Uint8Array): RecordCursor {
    this.cursor.reset(record, 0, record.length);
    return this.cursor;
  }
}

function selectOf(table: Table): string {
  switch (table) {
    case 'page':
    case 'subscription':
    case 'retained':
    case 'meta':
    case 'ending':
      return SELECT[table];
    default:
      return SELECT.keyed(table);
  }
}

/** What the first column of a table is called. */
const FIRST_COLUMNS: { readonly [Name in Table]: string } = {
  message: 'id',
  page: 'id',
  progress: 'recipient',
  ending: 'recipient',
  session: 'key',
  group_queue: 'key',
  will: 'key',
  subscription: 'session',
  retained: 'topic',
  meta: 'name',
};

function nameOf(table: Table, [first, second]: Row): string {
  const name = `${FIRST_COLUMNS[table]} ${JSON.stringify(first)}`;
  return table === 'subscription' ? `${name}, filter ${JSON.stringify(second)}` : name;
}
