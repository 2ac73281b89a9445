// One process per data directory: a transaction of SQLite that holds the only write lock of an empty database for as
// long as the directory is in use. The operating system gives the lock up when the process ends, however it ends; a
// file with a process number in it would lie after kill -9. Two stores in one process exclude each other, too. Who only
// reads the database (a backup) does not need the lock.

import { OperationError } from '../../base/errors.ts';
import { type DataDirectory, makePrivateFile, unavailable } from './data-directory.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { primaryCode, SQLITE_BUSY } from './sqlite-error.ts';

/** The right to write in a data directory. */
export interface DirectoryLock {
  /** Gives it up. Once. */
  release(): void;
}

/** How long whoever has the lock may still have it: a backup, for a moment. */
const PATIENCE_MILLIS = 500;

/** Every lock of this thread. One that nobody remembers must not be given up by the garbage collector. */
const HELD = new Set<DatabaseSync>();

/**
 * Takes the lock, within half a second or not at all.
 * @throws {OperationError} `store-in-use`: somebody has it. `store-unavailable`: the file cannot be made or locked.
 */
export function lockDirectory(directory: DataDirectory): DirectoryLock {
  makePrivateFile(directory.lock);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(directory.lock, { timeout: PATIENCE_MILLIS });
    // Nothing is ever written, so no journal need lie about.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (primaryCode(error) !== SQLITE_BUSY) throw unavailable('lock', directory.lock, error);
    throw new OperationError(
      'store-in-use',
      `The data directory ${directory.path} is in use by another process. Stop that one first, or name another directory.`,
      undefined,
      { cause: error },
    );
  }
  const held = database;
  HELD.add(held);
  return {
    release() {
      HELD.delete(held);
      held.close();
    },
  };
}
