// A database that comes into being in a data directory: it has another name until it is whole and on the disk, so that
// a broker never starts on half of one, whatever ends the process that makes it. What such an end leaves behind goes
// with the next attempt.

import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

import { assert } from '../../base/assert.ts';
import { OperationError } from '../../base/errors.ts';
import {
  type DataDirectory,
  dataDirectory,
  fileBytes,
  hasDatabase,
  makeDataDirectory,
  makePrivateFile,
  syncDirectory,
  unavailable,
} from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';

/** A database under construction; its directory is locked. */
export interface NewDatabase {
  readonly directory: DataDirectory;
  /** Where to make it. */
  readonly file: string;
  /**
   * It is whole, and nobody has it open: it gets its name, durably. Ends with either this or `drop`.
   * @throws {OperationError} `store-unavailable`.
   */
  keep(): void;
  /** It came to nothing, and nobody has it open. */
  drop(): void;
}

/**
 * Begins a database in a directory that has none; the directory is made if it is not there.
 * @throws {OperationError} `store-unavailable`: there is a database, or the directory cannot be used. `store-in-use`.
 */
export function beginDatabase(directoryPath: string): NewDatabase {
  const directory = dataDirectory(directoryPath);
  makeDataDirectory(directory);
  const lock = lockDirectory(directory);
  const file = path.join(directory.path, 'vouch.db.part');
  try {
    if (hasDatabase(directory)) {
      const sentence = `${directory.path} has a store already. Name another directory, or move that one away.`;
      throw new OperationError('store-unavailable', sentence);
    }
    removePart(file);
    makePrivateFile(file);
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    directory,
    file,
    keep() {
      try {
        assert((fileBytes(`${file}-wal`) ?? 0) === 0, 'a database that is whole is in one file');
        makeDurable(file, directory);
        removePart(file);
      } finally {
        lock.release();
      }
    },
    drop() {
      removePart(file);
      lock.release();
    },
  };
}

function makeDurable(file: string, directory: DataDirectory): void {
  try {
    const descriptor = openSync(file, 'r+');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(file, directory.database);
    syncDirectory(directory.path);
  } catch (error) {
    throw unavailable('make', directory.database, error);
  }
}

/** Removes the database and what SQLite keeps beside it. */
function removePart(file: string): void {
  try {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
  } catch (error) {
    throw unavailable('remove', file, error);
  }
}
