// Where what is found at a start goes: chunks of bytes that can be moved to another thread, and word of how far it is.

import type * as Sqlite from 'node:sqlite';

import { ByteWriter } from '../../base/byte-writer.ts';
import { allRows, prepareRows } from './rows.ts';

/** Who is handed what is found at a start. */
export interface RecoverySink {
  /** Some items (answers.ts), whole ones. The chunk is the receiver's; its buffer holds nothing else. */
  found(chunk: Uint8Array<ArrayBuffer>): void;
  /** So much of the work is done, between 0 and 1. */
  progress(share: number): void;
}

/** Chunks are handed out when they are so full that hardly any item is larger than what is left. */
const ROOM_BYTES = 4_096;

/** Items on their way to the sink. */
export class Chunks {
  private readonly sink: RecoverySink;
  private readonly bytes: number;
  private writer: ByteWriter;

  constructor(sink: RecoverySink, bytes: number) {
    this.sink = sink;
    this.bytes = bytes;
    this.writer = new ByteWriter(new Uint8Array(bytes + ROOM_BYTES));
  }

  /** Where the next item goes. hot: */
  next(): ByteWriter {
    if (this.writer.position >= this.bytes) this.flush();
    return this.writer;
  }

  flush(): void {
    const { bytes, position } = this.writer;
    if (position === 0) return;
    this.writer = new ByteWriter(new Uint8Array(this.bytes + ROOM_BYTES));
    this.sink.found(bytes.subarray(0, position));
  }
}

/** How many rows a start will read, so that it can say how far it is. */
export class RowCount {
  private readonly sink: RecoverySink;
  private readonly database: Sqlite.DatabaseSync;
  private total: number;
  private done: number;

  constructor(sink: RecoverySink, database: Sqlite.DatabaseSync) {
    this.sink = sink;
    this.database = database;
    this.total = 1;
    this.done = 0;
  }

  /** All rows of this table will be read, or those for which something holds. */
  expect(table: string, where = 'TRUE'): void {
    const [row] = allRows(prepareRows(this.database, `SELECT count(*) FROM ${table} WHERE ${where}`));
    this.total += Number(row?.[0]);
  }

  /** So many rows were read. */
  add(rows: number): void {
    this.done += rows;
    this.sink.progress(Math.min(1, this.done / this.total));
  }

  /** All of them were read. */
  finish(): void {
    this.sink.progress(1);
  }
}
