// Copies a store into another data directory, as of one moment, also while a broker writes to it. SQLite makes the
// copy, in one step: in several, every commit of the broker would begin it anew. Then every row of the copy is read, so
// that what is called a backup is one. A broker starts on it (`vouch start --data`), and so it does on a copy of its
// files. While it lasts, the broker's log cannot be begun anew and grows.

import { checkRows } from './check-rows.ts';
import { type DataDirectory, existingDirectory, fileBytes } from './data-directory.ts';
import { beginDatabase } from './new-database.ts';
import { backup } from './node-sqlite.ts';
import { refuseUnsound, storeError } from './open-directory.ts';
import { openAsItIs } from './schema.ts';
import { faultOf } from './store-fault.ts';
import { StoreView } from './store-view.ts';
import type { OnProgress } from './wal-check.ts';

/** What came of it. */
export interface BackupResult {
  /** The size of the copy. */
  readonly bytes: number;
  /** Whether a broker had the store open. */
  readonly wasInUse: boolean;
}

/** All pages in one step. */
const PAGES_MAX = 2 ** 31 - 1;
/** Of the work, so much is copying; the rest is reading the copy. */
const COPY_SHARE = 0.5;

/**
 * Copies a store.
 * @param targetPath  A data directory without a store; it is made if it is not there.
 * @throws {OperationError} `store-not-accepted`, `store-damaged`, `store-newer`, `store-full`, `store-unavailable`; `store-in-use`:
 * the target is. There is no backup then.
 */
export async function backupStore(sourcePath: string, targetPath: string, progress: OnProgress): Promise<BackupResult> {
  const source = existingDirectory(sourcePath);
  const wasInUse = refuseUnsound(source);
  const target = beginDatabase(targetPath);
  try {
    await copy(source, target.file);
    progress(COPY_SHARE);
    const view = new StoreView(target.file, (fault) => {
      throw fault;
    });
    try {
      checkRows(view, (share) => progress(COPY_SHARE + share * (1 - COPY_SHARE)));
    } finally {
      view.close();
    }
    target.keep();
  } catch (error) {
    target.drop();
    // What is wrong with the copy is wrong with the store: SQLite copies page by page.
    throw storeError(error, source);
  }
  return { bytes: fileBytes(target.directory.database) ?? 0, wasInUse };
}

async function copy(source: DataDirectory, file: string): Promise<void> {
  const database = openAsItIs(source.database);
  try {
    await backup(database, file, { rate: PAGES_MAX });
  } catch (error) {
    throw faultOf(error, 'copying the database');
  } finally {
    database.close();
  }
}
