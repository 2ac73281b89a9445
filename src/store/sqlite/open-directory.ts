// Opens a data directory for writing, in the one order that is safe: make it, lock it, look for the note of a failed
// disk, look at the log while SQLite has not touched it, take the reserve, write the log back, open the database. The
// store's worker comes through here, and so do the tools that write.
// What is in the database is not looked at here: `Engine.recover` and check.ts do.

import { unreachable } from '../../base/assert.ts';
import { OperationError } from '../../base/errors.ts';
import {
  checkCommand,
  type DataDirectory,
  dataDirectory,
  fileBytes,
  makeDataDirectory,
  makePrivateFile,
} from './data-directory.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { refuseFailed } from './failed-marker.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { type Reserve, takeReserve } from './reserve.ts';
import { faultOf, StoreFault } from './store-fault.ts';
import { type OnProgress, refuseDamagedLog } from './wal-check.ts';

/** What to open. */
export interface DirectoryOptions {
  readonly path: string;
  /** The size of the reserve; 0: none. */
  readonly reserveBytes: number;
  readonly engine: Omit<EngineOptions, 'file'>;
  /** Is told how much of the log was looked at. */
  readonly progress: OnProgress;
}

/** An open data directory, locked for this process. */
export interface OpenDirectory {
  readonly directory: DataDirectory;
  /** Not recovered yet. */
  readonly engine: Engine;
  /** Not held if the disk is full already. */
  readonly reserve: Reserve;
  /** Gives the lock up, after `engine.close` or `engine.abandon`. The reserve stays on the disk. Once. */
  release(): void;
}

/**
 * Opens a data directory, and makes it if it is not there.
 * @throws {OperationError} `store-in-use`, `store-not-accepted`, `store-damaged`, `store-newer`, `store-full`,
 * `store-unavailable`, `store-failed`; nothing is open then.
 */
export function openDirectory(options: DirectoryOptions): OpenDirectory {
  const directory = dataDirectory(options.path);
  makeDataDirectory(directory);
  const lock = lockDirectory(directory);
  try {
    refuseFailed(directory);
    refuseDamagedLog(directory, options.progress);
    const reserve = takeReserve(directory, options.reserveBytes);
    const engine = openEngine({ file: directory.database, ...options.engine }, reserve);
    return { directory, engine, reserve, release: () => lock.release() };
  } catch (error) {
    lock.release();
    throw storeError(error, directory);
  }
}

/**
 * For who reads a store without its lock: goes on only where the store is sound, as far as is seen before the database
 * is opened.
 * @returns Whether somebody has it open, and so has looked already.
 * @throws {OperationError} `store-not-accepted`, `store-damaged`, `store-unavailable`, `store-failed`.
 */
export function refuseUnsound(directory: DataDirectory): boolean {
  refuseFailed(directory);
  let lock: DirectoryLock;
  try {
    lock = lockDirectory(directory);
  } catch (error) {
    if (error instanceof OperationError && error.code === 'store-in-use') return true;
    throw error;
  }
  try {
    refuseDamagedLog(directory, () => {});
  } finally {
    lock.release();
  }
  return false;
}

/**
 * What a fault of the engine is called outside, with the file and the command to run; anything else is passed on as it
 * is.
 */
export function storeError(error: unknown, directory: DataDirectory): unknown {
  if (!(error instanceof StoreFault)) return error;
  const { kind, message } = error;
  const cause = { cause: error };
  switch (kind) {
    case 'damaged':
      return new OperationError(
        'store-damaged',
        `${directory.database} is damaged. ${message}\nRun: ${checkCommand(directory)}`,
        undefined,
        cause,
      );
    case 'newer':
      return new OperationError('store-newer', `${directory.database}: ${message}`, undefined, cause);
    case 'full':
      return new OperationError(
        'store-full',
        `The disk of ${directory.path} is full, or the limit of the store is reached: ${message}`,
        undefined,
        cause,
      );
    case 'failed':
      return new OperationError(
        'store-failed',
        `The disk failed under ${directory.database}: ${message}`,
        undefined,
        cause,
      );
    case 'unavailable':
      return new OperationError('store-unavailable', `Cannot use ${directory.database}: ${message}`, undefined, cause);
    default:
      return unreachable(kind);
  }
}

/** A full disk may still have room for what opening writes: that is what the reserve is for. */
function openEngine(options: EngineOptions, reserve: Reserve): Engine {
  try {
    return openBehindLog(options);
  } catch (error) {
    if (!(error instanceof StoreFault) || error.kind !== 'full' || !reserve.isHeld) throw error;
  }
  reserve.release();
  return openBehindLog(options);
}

/**
 * Opens the engine on a log without frames. Where a crash tore a transaction, and the next one was torn shorter in the
 * same place, what is left of the two would look like two commits behind a broken frame: like damage.
 */
function openBehindLog(options: EngineOptions): Engine {
  makePrivateFile(options.file);
  if ((fileBytes(`${options.file}-wal`) ?? 0) > 0) writeLogBack(options.file);
  return Engine.open(options);
}

function writeLogBack(file: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    // Should somebody read from it at this moment, the log stays as it is: that is no error.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    throw faultOf(error, 'writing the log back');
  } finally {
    database?.close();
  }
}
