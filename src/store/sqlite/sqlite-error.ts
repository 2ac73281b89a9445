// What node:sqlite throws, by SQLite's own result codes. Only those are named here that somebody decides by.

/** A statement makes no sense for the tables that are there. */
export const SQLITE_ERROR = 1;
/** Somebody else holds a lock. */
export const SQLITE_BUSY = 5;
/** The file is not what SQLite wrote. */
export const SQLITE_CORRUPT = 11;
/** The disk is full, or `max_page_count` is reached. */
export const SQLITE_FULL = 13;
/** A file cannot be opened or made. */
export const SQLITE_CANTOPEN = 14;
/** A row may not be as it is to become: a key twice, for example. */
export const SQLITE_CONSTRAINT = 19;
/** A value has a type that its column does not take. */
export const SQLITE_MISMATCH = 20;
/** The file is no database at all. */
export const SQLITE_NOTADB = 26;

/** The primary result code of SQLite; `undefined`: the error is none of SQLite's. */
export function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // The bits above tell what was being done.
  return error.errcode & 0xff;
}
