// The data directory: which files it has, how it is made, and what is said when it cannot be used. What is in the files
// is other people's business: the database is engine.ts's, the lock directory-lock.ts's, the note of a failed disk
// failed-marker.ts's, the reserve reserve.ts's; open-directory.ts puts them together.
// Everything here is synchronous: it runs in the store's worker, or in a tool.
// Invariant: nobody opens `vouch.db` or `lock.db` with node:fs while SQLite has them open in the same process. Closing
// any descriptor of a file gives up all POSIX locks that the process has on it, SQLite's too.

import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import path from 'node:path';

import { OperationError } from '../../base/errors.ts';

/** The paths of a data directory. All are absolute. */
export interface DataDirectory {
  readonly path: string;
  /** The SQLite database. */
  readonly database: string;
  /** Its write-ahead log, which SQLite makes and removes. */
  readonly log: string;
  /** An empty SQLite database, for its lock alone. */
  readonly lock: string;
  /** Space that is given up when the disk is full. */
  readonly reserve: string;
  /** There while a failure of the disk is not accepted. */
  readonly failed: string;
}

/** Names the files of a data directory; touches nothing. */
export function dataDirectory(directory: string): DataDirectory {
  const root = path.resolve(directory);
  return {
    path: root,
    database: path.join(root, 'vouch.db'),
    log: path.join(root, 'vouch.db-wal'),
    lock: path.join(root, 'lock.db'),
    reserve: path.join(root, 'reserve'),
    failed: path.join(root, 'failed'),
  };
}

/**
 * Makes the directory, and those above it, for this user alone, so that they outlive a power cut. One that is there is
 * left as it is.
 * @throws {OperationError} `store-unavailable`: it cannot be made, or not be written.
 */
export function makeDataDirectory(directory: DataDirectory): void {
  try {
    const first = makeFolders(directory.path);
    if (first !== undefined) syncEntries(first, directory.path);
    accessSync(directory.path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unavailable('use the data directory', directory.path, error);
  }
}

/**
 * Makes an empty file that this user alone may read, where there is none: SQLite would let everybody read. What SQLite
 * makes beside a database gets the mode of that.
 * @throws {OperationError} `store-unavailable`.
 */
export function makePrivateFile(file: string): void {
  // One that is there is not opened, not even to see that it is: closing it again would give up SQLite's locks.
  if (fileBytes(file) !== undefined) return;
  try {
    closeSync(openSync(file, 'wx', 0o600));
    syncDirectory(path.dirname(file));
  } catch (error) {
    // Somebody else was quicker.
    if (systemCode(error) !== 'EEXIST') throw unavailable('make', file, error);
  }
}

/** Whether there is a database in the directory. */
export function hasDatabase(directory: DataDirectory): boolean {
  return fileBytes(directory.database) !== undefined;
}

/**
 * The data directory at a path, for who wants to find a store there.
 * @throws {OperationError} `store-unavailable`: there is none.
 */
export function existingDirectory(directoryPath: string): DataDirectory {
  const directory = dataDirectory(directoryPath);
  if (hasDatabase(directory)) return directory;
  const sentence = `There is no store in ${directory.path}: it has no vouch.db. Name the data directory with --data.`;
  throw new OperationError('store-unavailable', sentence);
}

/**
 * How large a file is, without opening it; `undefined`: there is none.
 * @throws {OperationError} `store-unavailable`.
 */
export function fileBytes(file: string): number | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size;
  } catch (error) {
    throw unavailable('look at', file, error);
  }
}

/** What to type to have the directory looked at, whatever characters its path has. */
export function checkCommand(directory: DataDirectory, option: '' | ' --accept' = ''): string {
  return toolCommand(`check${option}`, directory);
}

/** What to type to have something done with the directory: `vouch store check --data /var/lib/vouch`. */
export function toolCommand(tool: string, { path: directory }: DataDirectory): string {
  const isPlain = /^[\w./@%+=:,-]+$/.test(directory);
  return `vouch store ${tool} --data ${isPlain ? directory : `'${directory.replaceAll("'", `'\\''`)}'`}`;
}

/** Makes the names in a directory durable. On Windows a directory cannot be opened; there the file system sees to it. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * What to throw when the operating system refuses something: `store-unavailable`, or `store-failed` where the disk
 * itself does.
 * @param doing  Goes on after "Cannot": `use the data directory`.
 */
export function unavailable(doing: string, file: string, cause: unknown): OperationError {
  const code = systemCode(cause) === 'EIO' ? 'store-failed' : 'store-unavailable';
  return new OperationError(code, `Cannot ${doing} ${file}: ${reasonOf(cause)}.`, undefined, { cause });
}

/** A reason and what to do about it, by the system's code. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'this user may not; change its owner or mode, or name another directory'],
  ['EPERM', 'this user may not; change its owner or mode, or name another directory'],
  ['EROFS', 'the file system is mounted for reading only; mount it for writing, or name another directory'],
  ['ENOSPC', 'the disk is full; make room on it'],
  ['EDQUOT', "this user's disk quota is used up; raise it or make room"],
  ['ENOENT', 'it does not exist'],
  ['EEXIST', 'a file of that name is there; move it away, or name another directory'],
  ['ENOTDIR', 'a part of the path is a file; name another directory'],
  ['ENAMETOOLONG', 'the path is too long'],
  ['EMFILE', 'this process has too many files open; raise its limit (ulimit -n)'],
  ['ENFILE', 'the system has too many files open'],
  ['EIO', 'the disk reports an error; look at the log of the system (dmesg)'],
]);

function reasonOf(cause: unknown): string {
  const code = systemCode(cause);
  const reason = code === undefined ? undefined : REASONS.get(code);
  if (reason !== undefined) return `${reason} (${code})`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** The code of an error of node:fs, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Makes a directory and those above it. Not by the option `recursive`: with it Node.js never comes back from a file system that says
 * ENOENT to every mkdir, as /proc does.
 * @returns The first one that was made, from the top; `undefined`: all were there.
 */
function makeFolders(folder: string): string | undefined {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && statSync(folder).isDirectory()) return undefined;
    const parent = path.dirname(folder);
    if (systemCode(error) !== 'ENOENT' || parent === folder) throw error;
    const first = makeFolders(parent);
    mkdirSync(folder, { mode: 0o700 });
    return first ?? folder;
  }
}

/** Syncs the parent of every directory from `first`, which is new, down to `last`. */
function syncEntries(first: string, last: string): void {
  for (let made = last; ; made = path.dirname(made)) {
    syncDirectory(path.dirname(made));
    if (made === first || made === path.dirname(made)) return;
  }
}
