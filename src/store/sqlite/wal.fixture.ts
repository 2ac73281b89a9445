// Write-ahead logs as SQLite writes them, for tests that do them harm.

import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { DatabaseSync } from './node-sqlite.ts';

/** What a log is made of. */
export interface LogPlan {
  readonly pageBytes: number;
  /** Commits before the log began anew, whose frames may still lie behind the others: rows of each. */
  readonly before: readonly number[];
  /** Commits: rows of each; at least one. */
  readonly commits: readonly number[];
}

/** A database and its log, as a crash after the last commit leaves them. */
export interface MadeLog {
  readonly database: string;
  readonly log: string;
  readonly bytes: Buffer;
  /** The log before its last commit was written. */
  readonly bytesBefore: Buffer;
  readonly frames: readonly MadeFrame[];
}

/** A frame of the log as it was made. */
export interface MadeFrame {
  readonly offset: number;
  readonly end: number;
  /** Whether it is of this log, not left from before it began anew. */
  readonly isCurrent: boolean;
  readonly isCommit: boolean;
}

/** Makes a database in the directory, whose table `commits` has a row for each commit; the copy of its file has those of `before`. */
export function makeLog(directory: string, { pageBytes, before, commits }: LogPlan): MadeLog {
  const live = path.join(directory, 'live.db');
  const [database, log] = [path.join(directory, 'copy.db'), path.join(directory, 'copy.db-wal')];
  const connection = new DatabaseSync(live);
  try {
    connection.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
      CREATE TABLE commits (id INTEGER PRIMARY KEY); CREATE TABLE content (id INTEGER PRIMARY KEY, bytes BLOB)`);
    for (const rows of before) commit(connection, rows, pageBytes);
    connection.exec('PRAGMA wal_checkpoint(RESTART)');
    for (const rows of commits.slice(0, -1)) commit(connection, rows, pageBytes);
    const bytesBefore = readFileSync(`${live}-wal`);
    commit(connection, commits.at(-1) ?? 0, pageBytes);
    // While it is open: the last connection of a database writes its log back and removes it.
    copyFileSync(live, database);
    copyFileSync(`${live}-wal`, log);
    const bytes = readFileSync(log);
    return { database, log, bytes, bytesBefore, frames: framesOf(bytes, pageBytes) };
  } finally {
    connection.close();
  }
}

/** How many commits SQLite finds. It must not have been opened before: SQLite writes the log back. */
export function commitsFound(database: string): number {
  const connection = new DatabaseSync(database);
  try {
    return Number(connection.prepare('SELECT count(*) AS count FROM commits').get()?.['count']);
  } finally {
    connection.close();
  }
}

/** The same log with checksums of big-endian words, as a machine of that kind would write it. */
export function asBigEndian({ bytes, frames }: MadeLog): Buffer {
  const log = Buffer.from(bytes);
  log[3] = (log[3] ?? 0) | 1;
  let sum = bigEndianSum(log.subarray(0, 24), [0, 0]);
  const write = (offset: number): void => {
    for (const [index, word] of sum.entries()) log.writeUInt32BE(word, offset + 4 * index);
  };
  write(24);
  for (const { offset, end, isCurrent } of frames) {
    if (!isCurrent) continue;
    sum = bigEndianSum(log.subarray(offset, offset + 8), sum);
    sum = bigEndianSum(log.subarray(offset + 24, end), sum);
    write(offset + 16);
  }
  return log;
}

function commit(connection: DatabaseSync, rows: number, pageBytes: number): void {
  connection.exec(`BEGIN; INSERT INTO commits DEFAULT VALUES`);
  const insert = connection.prepare('INSERT INTO content (bytes) VALUES (randomblob(?))');
  for (let row = 0; row < rows; row++) insert.run(pageBytes / 2);
  connection.exec('COMMIT');
}

function framesOf(log: Buffer, pageBytes: number): readonly MadeFrame[] {
  const frames: MadeFrame[] = [];
  const salts = log.subarray(16, 24);
  for (let offset = 32; offset + 24 + pageBytes <= log.length; offset += 24 + pageBytes) {
    const isCurrent = log.subarray(offset + 8, offset + 16).equals(salts);
    const isCommit = log.readUInt32BE(offset + 4) !== 0;
    frames.push({ offset, end: offset + 24 + pageBytes, isCurrent, isCommit });
  }
  return frames;
}

function bigEndianSum(bytes: Buffer, before: readonly [number, number]): [number, number] {
  let [first, second] = before;
  for (let i = 0; i < bytes.length; i += 8) {
    first = (first + bytes.readUInt32BE(i) + second) >>> 0;
    second = (second + bytes.readUInt32BE(i + 4) + first) >>> 0;
  }
  return [first, second];
}
