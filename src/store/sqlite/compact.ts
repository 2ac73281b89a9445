// Writes a database anew, without the room that deleted rows left in it. SQLite does it (VACUUM), within one
// transaction: whatever ends it, the store is as it was. It takes up to twice the size of the database on the same disk
// meanwhile.

import { type DataDirectory, existingDirectory, fileBytes } from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { refuseFailed } from './failed-marker.ts';
import type { DatabaseSync } from './node-sqlite.ts';
import { storeError } from './open-directory.ts';
import { openDatabase } from './schema.ts';
import { faultOf } from './store-fault.ts';
import { type OnProgress, refuseDamagedLog } from './wal-check.ts';

/** What came of it: the size of the database and its log. */
export interface CompactResult {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Compacts the store in a data directory.
 * @throws {OperationError} `store-in-use`, `store-not-accepted`, `store-damaged`, `store-newer`, `store-full`,
 * `store-unavailable`; nothing has changed then.
 */
export function compactStore(directoryPath: string, progress: OnProgress): CompactResult {
  const directory = existingDirectory(directoryPath);
  const lock = lockDirectory(directory);
  try {
    refuseFailed(directory);
    refuseDamagedLog(directory, progress);
    const bytesBefore = storeBytes(directory);
    rewriteDatabase(directory);
    return { bytesBefore, bytesAfter: storeBytes(directory) };
  } finally {
    lock.release();
  }
}

/**
 * Writes every page of the database to the disk again, durably. The directory must be locked.
 * @throws {OperationError} as above.
 */
export function rewriteDatabase(directory: DataDirectory): void {
  let database: DatabaseSync | undefined;
  try {
    database = openDatabase({ file: directory.database, synchronous: 'full', logBytesMax: 0 });
    // Where there is room for the store there may be room for another one; elsewhere, who knows.
    database.exec(`PRAGMA temp_store = FILE; PRAGMA temp_store_directory = '${directory.path.replaceAll("'", "''")}'`);
    database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    throw storeError(faultOf(error, 'writing the database anew'), directory);
  } finally {
    database?.close();
  }
}

/** How large the database and its log are. */
function storeBytes(directory: DataDirectory): number {
  return (fileBytes(directory.database) ?? 0) + (fileBytes(directory.log) ?? 0);
}
