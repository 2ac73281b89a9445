// Some of a queue as bytes: for each message that the recipient is owed its id, the size of its payload and how it is to
// be delivered. Mostly that is one byte an entry, since ids follow each other and sizes repeat.
//
// | field | when                     |                                                                        |
// |-------|--------------------------|------------------------------------------------------------------------|
// | flags | always                   | those of the recipient (message-record.ts), and `EntryFlag`              |
// | id    | unless flagged `nextId`  | varint: less the id before it, which is 0 at first                     |
// | size  | unless flagged `sameSize`| varint: bytes of payload; the size before the first entry is 0         |
//
// Invariant: ids grow. A page is appended to, or read, never changed: what left the queue is known elsewhere
// (recipient-queue.ts).

import { assert } from '../../base/assert.ts';
import { RecordCursor } from './record-cursor.ts';

/** What an entry leaves out; the bits below are the recipient's. */
const EntryFlag = { sameSize: 8, nextId: 16 } as const;

/** The recipient's bits in an entry. */
const DELIVERY_FLAGS = 7;

/** Flags and two varints. */
const ENTRY_BYTES_MAX = 17;
/** The first buffer of a page; it doubles. */
const BYTES_MIN = 32;
/** A page that is emptied keeps no larger buffer. */
const KEPT_BYTES_MAX = 1_024;

const NO_BYTES = new Uint8Array(0);

/** Some entries of a queue: the open end of it, or a row. */
export class EntryPage {
  /** The entries, up to `length`; `undefined`: they are to be read from the row. */
  bytes: Uint8Array | undefined;
  length: number;
  count: number;
  /** The first and the last id; 0 in an empty page. */
  firstId: number;
  lastId: number;
  /** The number of the row; 0: it has none. */
  rowId: number;
  /** Whether the row is in the database. */
  isSaved: boolean;
  /** Whether everything in it has left the queue. */
  isDrained: boolean;
  private lastSize: number;

  constructor() {
    this.bytes = NO_BYTES;
    this.length = 0;
    this.count = 0;
    this.firstId = 0;
    this.lastId = 0;
    this.rowId = 0;
    this.isSaved = false;
    this.isDrained = false;
    this.lastSize = 0;
  }

  /** A page that a start found in a row, not in memory. */
  static found(rowId: number, length: number, count: number, firstId: number, lastId: number): EntryPage {
    const page = new EntryPage();
    page.bytes = undefined;
    page.length = length;
    page.count = count;
    page.firstId = firstId;
    page.lastId = lastId;
    page.rowId = rowId;
    page.isSaved = true;
    return page;
  }

  /** Adds an entry at the end. hot: */
  append(id: number, size: number, flags: number): void {
    assert(id > this.lastId, 'a queue gets no message twice, and none out of order');
    let bytes = this.bytes as Uint8Array; // A page that is appended to is in memory.
    let at = this.length;
    if (at + ENTRY_BYTES_MAX > bytes.length) bytes = this.grow(bytes);
    const isNext = id === this.lastId + 1;
    const isSame = size === this.lastSize;
    bytes[at++] = flags | (isNext ? EntryFlag.nextId : 0) | (isSame ? EntryFlag.sameSize : 0);
    if (!isNext) at = putVarint(bytes, at, id - this.lastId);
    if (!isSame) at = putVarint(bytes, at, size);
    this.length = at;
    this.lastId = id;
    this.lastSize = size;
    if (this.count++ === 0) this.firstId = id;
  }

  /** Begins anew. */
  clear(): void {
    if ((this.bytes as Uint8Array).length > KEPT_BYTES_MAX) this.bytes = NO_BYTES;
    this.length = 0;
    this.count = 0;
    this.firstId = 0;
    this.lastId = 0;
    this.lastSize = 0;
  }

  /** The entries, without the room behind them. The page must be in memory. */
  entries(): Uint8Array {
    return (this.bytes as Uint8Array).subarray(0, this.length);
  }

  private grow(bytes: Uint8Array): Uint8Array {
    const larger = new Uint8Array(Math.max(BYTES_MIN, bytes.length * 2));
    larger.set(bytes);
    this.bytes = larger;
    return larger;
  }
}

/** Reads the entries of a page, one after the other. */
export class EntryCursor {
  /** The entry that `next` moved to. */
  id: number;
  size: number;
  flags: number;
  private readonly cursor: RecordCursor;

  constructor() {
    this.id = 0;
    this.size = 0;
    this.flags = 0;
    this.cursor = new RecordCursor();
  }

  /** Reads from the beginning. */
  reset(bytes: Uint8Array, length: number): void {
    this.resume(bytes, length, 0, 0, 0);
  }

  /** Reads on where a cursor stood. hot: */
  resume(bytes: Uint8Array, length: number, position: number, id: number, size: number): void {
    this.cursor.reset(bytes, position, length);
    this.id = id;
    this.size = size;
  }

  /** Where the next entry begins. hot: */
  get position(): number {
    return this.cursor.position;
  }

  /** Whether there are no more entries. hot: */
  get isAtEnd(): boolean {
    return this.cursor.isAtEnd;
  }

  /**
   * Moves to the next entry; false at the end.
   * @throws {RecordError} when the bytes are no entries.
   */
  next(): boolean {
    // hot:
    const { cursor } = this;
    if (cursor.isAtEnd) return false;
    const flags = cursor.u8();
    this.id += (flags & EntryFlag.nextId) !== 0 ? 1 : cursor.varint();
    if ((flags & EntryFlag.sameSize) === 0) this.size = cursor.varint();
    this.flags = flags & DELIVERY_FLAGS;
    return true;
  }
}

/** Writes a varint where there is room; returns where it ends. hot: */
function putVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 127) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}
