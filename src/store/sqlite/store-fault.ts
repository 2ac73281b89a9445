// What ends an operation of the engine: the disk is full, the disk failed, or what was read is not what was
// written. One class, so that the worker decides by `kind`; the sentences are for people, and name table and row
// where there is one. The engine never tries again by itself.

import {
  primaryCode,
  SQLITE_CONSTRAINT,
  SQLITE_CORRUPT,
  SQLITE_ERROR,
  SQLITE_FULL,
  SQLITE_MISMATCH,
  SQLITE_NOTADB,
} from './sqlite-error.ts';

/** What went wrong. */
export type FaultKind =
  /** No room: on the disk, or under the limit. The same can be tried again once there is. */
  | 'full'
  /** The disk, or SQLite, refused otherwise. Final: what was not acknowledged may or may not be there. */
  | 'failed'
  /** Something on the disk is not what was written there. */
  | 'damaged'
  /** A newer version wrote the file. */
  | 'newer'
  /** The file cannot be opened or made. */
  | 'unavailable';

/** Where something stands in the database. */
export interface Place {
  /** Of the database; '' when it is about the file as a whole. */
  readonly table: string;
  /** By its key, readable: `id 42`; '' when it is about all of the table. */
  readonly row: string;
}

/** No place in particular. */
const NOWHERE: Place = Object.freeze({ table: '', row: '' });

/** The engine cannot do what it was asked to do. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly kind: FaultKind;
  readonly table: string;
  readonly row: string;

  constructor(kind: FaultKind, sentence: string, place: Place = NOWHERE, options?: ErrorOptions) {
    super(sentence, options);
    this.kind = kind;
    this.table = place.table;
    this.row = place.row;
  }
}

/** A row that is not what was written, or not there. */
export function damagedRow(table: string, row: string, what: string): StoreFault {
  return new StoreFault('damaged', `Table ${table}, ${row}: ${what}.`, { table, row });
}

/** Our statements are always the same, so what does not fit them is wrong with the tables. */
const DAMAGE: readonly number[] = [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH];

/** While growing the index of the log, SQLite tells a full disk as an I/O error of this extended code. */
const SQLITE_IOERR_SHMSIZE = 4874;

/**
 * What an error of SQLite means to the store; anything else is passed on as it is.
 * @param doing  Goes on after "while": `committing`.
 */
export function faultOf(error: unknown, doing: string): unknown {
  if (!(error instanceof Error)) return error;
  const kind = kindOf(error);
  if (kind === undefined) return error;
  return new StoreFault(kind, `SQLite reports an error while ${doing}: ${error.message}.`, NOWHERE, { cause: error });
}

function kindOf(error: Error): FaultKind | undefined {
  // A number that no row of ours holds.
  if ('code' in error && error.code === 'ERR_OUT_OF_RANGE') return 'damaged';
  const code = primaryCode(error);
  if (code === undefined) return undefined;
  if (code === SQLITE_FULL || ('errcode' in error && error.errcode === SQLITE_IOERR_SHMSIZE)) return 'full';
  return DAMAGE.includes(code) ? 'damaged' : 'failed';
}
