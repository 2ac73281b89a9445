// The tables of the database, and the way from an older version of them to this one. The version is SQLite's
// `user_version`; each step from one version to the next is SQL that is never changed once it was released.
// Every table has a checksum per row (row-crc.ts). Everything that a table does not say here is in the records, which
// the engine mostly passes on as they are.
//
// | table        | a row                                                                                     |
// |--------------|-------------------------------------------------------------------------------------------|
// | meta         | something that there is once (meta.ts)                                                    |
// | message      | a message with all its recipients (message-record.ts), until all of them are done         |
// | page         | some entries of a recipient's queue (entry-page.ts), in order of `id`                     |
// | progress     | how far a recipient has come (progress.ts)                                                |
// | session      | a session                                                                                 |
// | subscription | a subscription                                                                            |
// | group_queue  | a shared group                                                                            |
// | retained     | a retained message                                                                        |
// | will         | a Will                                                                                    |
// | ending       | a recipient that is no more and has pages left                                            |

import { fileBytes } from './data-directory.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { faultOf, StoreFault } from './store-fault.ts';
import { primaryCode, SQLITE_CANTOPEN } from './sqlite-error.ts';

/** Says that a SQLite database is ours: "Vch1". */
const APPLICATION_ID = 0x56636831;

/** The steps from version to version, beginning with that from nothing to 1. */
const STEPS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE message (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
  CREATE TABLE page (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, recipient INTEGER NOT NULL, entries BLOB NOT NULL) STRICT;
  CREATE TABLE progress (recipient INTEGER PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
  CREATE TABLE session (key INTEGER PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
  CREATE TABLE subscription (
    session INTEGER NOT NULL, filter TEXT NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (session, filter)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE group_queue (key INTEGER PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
  CREATE TABLE retained (topic TEXT PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE will (key INTEGER PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
  CREATE TABLE ending (recipient INTEGER PRIMARY KEY, crc INTEGER NOT NULL) STRICT;
  `,
];

/** The version that this code writes. */
export const SCHEMA_VERSION: number = STEPS.length;

/** How long to wait for a lock that a tool holds for a moment. */
const LOCK_TIMEOUT_MILLIS = 2_000;

/** How the database is opened. */
export interface DatabaseOptions {
  readonly file: string;
  readonly synchronous: 'full' | 'normal';
  /** A longer log is cut when it has been written back. */
  readonly logBytesMax: number;
}

/**
 * Opens the database, makes it if it is not there, and brings its tables up to date.
 * @throws {StoreFault} 'newer', 'damaged', 'unavailable', 'full', 'failed'.
 */
export function openDatabase(options: DatabaseOptions): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(options.file, { timeout: LOCK_TIMEOUT_MILLIS });
    // Before anything is changed.
    const version = refuseOthers(database);
    // Free pages can be given back to the disk (Engine.giveBack); it cannot be chosen later.
    if (version === 0) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    configure(database, options);
    migrate(database, version);
    return database;
  } catch (error) {
    database?.close();
    if (primaryCode(error) === SQLITE_CANTOPEN) {
      throw new StoreFault('unavailable', 'The file cannot be opened or made.', undefined, { cause: error });
    }
    throw faultOf(error, 'opening the database');
  }
}

/** Opens a database as it is, to look at it: nothing on the disk changes, not even its log. The same errors. */
export function openAsItIs(file: string): DatabaseSync {
  // SQLite removes the log of a database without a byte, also for who only reads.
  if ((fileBytes(file) ?? 0) === 0 && (fileBytes(`${file}-wal`) ?? 0) > 0) {
    throw new StoreFault('damaged', 'The file is empty, and its log is not.');
  }
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_TIMEOUT_MILLIS, readOnly: true });
    refuseOthers(database);
    return database;
  } catch (error) {
    database?.close();
    throw faultOf(error, 'opening the database');
  }
}

/** One number that SQLite knows of a database, such as `page_count`. */
export function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(row === undefined ? 0 : Object.values(row)[0]);
}

function configure(database: DatabaseSync, { synchronous, logBytesMax }: DatabaseOptions): void {
  const mode = database.prepare('PRAGMA journal_mode = WAL').get();
  if (mode?.['journal_mode'] !== 'wal') {
    throw new StoreFault('unavailable', 'The file system does not take a write-ahead log: it cannot share memory.');
  }
  // Checkpoints are ours (log-checkpoint.ts): SQLite's own ignore that they fail.
  database.exec('PRAGMA wal_autocheckpoint = 0');
  database.exec(`PRAGMA journal_size_limit = ${logBytesMax}`);
  database.exec(`PRAGMA synchronous = ${synchronous}`);
  // On macOS a sync ends in the drive's cache unless told otherwise; elsewhere these do nothing.
  database.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
  database.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA cell_size_check = ON');
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF');
}

function migrate(database: DatabaseSync, version: number): void {
  if (version === SCHEMA_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  for (const step of STEPS.slice(version)) database.exec(step);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

/** @returns The version of the tables; 0: there are none. */
function refuseOthers(database: DatabaseSync): number {
  const application = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  if (application === APPLICATION_ID && version <= SCHEMA_VERSION) return version;
  if (application === APPLICATION_ID) {
    throw new StoreFault(
      'newer',
      `It was written by a newer version of Vouch: its tables are version ${version}, and this Vouch knows ${SCHEMA_VERSION}.`,
    );
  }
  const isEmpty = application === 0 && version === 0 && pragma(database, 'schema_version') === 0;
  if (isEmpty) return 0;
  throw new StoreFault('unavailable', 'It is a database of something else, not of Vouch.');
}
