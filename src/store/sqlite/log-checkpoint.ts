// Writes SQLite's log back to the database from time to time. SQLite would do it by itself, and say nothing when it fails;
// here a failure is as final as that of a commit. Between checkpoints the log grows; SQLite itself begins it anew
// once all of it is written back, and cuts it if it has grown long (`journal_size_limit`).
// Somebody who reads the database (a backup) can keep some of the log from being written back; then it grows, and this
// is tried again when it has grown by as much again.
// How long the log is, only SQLite 3.51 and later tell without writing it back; earlier ones write it back when asked.

import type * as Sqlite from 'node:sqlite';

import { allRows, prepareRows } from './rows.ts';

/** What comes before each page in the log. */
const FRAME_HEADER_BYTES = 24;

/** The log of one database. */
export class LogCheckpoint {
  private readonly passive: Sqlite.StatementSync;
  private readonly truncate: Sqlite.StatementSync;
  private readonly look: Sqlite.StatementSync;
  private readonly frameBytes: number;
  private readonly bytesMax: number;
  /** Commits since the log was looked at. */
  private commits: number;
  /** What somebody else kept from being written back the last time. */
  private heldBytes: number;

  constructor(database: Sqlite.DatabaseSync, pageBytes: number, bytesMax: number) {
    this.passive = prepareRows(database, 'PRAGMA wal_checkpoint(PASSIVE)');
    this.truncate = prepareRows(database, 'PRAGMA wal_checkpoint(TRUNCATE)');
    this.look = prepareRows(database, 'PRAGMA wal_checkpoint(NOOP)');
    this.frameBytes = pageBytes + FRAME_HEADER_BYTES;
    this.bytesMax = bytesMax;
    this.commits = 0;
    this.heldBytes = 0;
  }

  /** Something was committed. */
  committed(): void {
    this.commits++;
  }

  /** Writes the log back if it has grown to its mark. */
  runIfDue(): void {
    if (this.commits === 0) return;
    this.commits = 0;
    if (this.run(this.look) >= this.bytesMax + this.heldBytes) this.heldBytes = this.run(this.passive);
  }

  /** Writes all of the log back and leaves it empty, unless somebody reads the database. */
  runToEnd(): void {
    this.run(this.truncate);
  }

  /** @returns How much of the log is not written back, in bytes. */
  private run(statement: Sqlite.StatementSync): number {
    const [, frames, written] = allRows(statement)[0] ?? [];
    return (Number(frames) - Number(written)) * this.frameBytes;
  }
}
