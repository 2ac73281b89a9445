// The note that the disk failed: a file whose being there says that what is on the disk may not be what was read
// back before the failure, so that nobody starts on it before somebody has looked (`vouch store check --accept`).
// The disk that is to take the note has just failed: writing it is an attempt. What is in it is for people.

import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

import { OperationError } from '../../base/errors.ts';
import type { Millis } from '../../base/millis.ts';
import { checkCommand, type DataDirectory, syncDirectory, systemCode, unavailable } from './data-directory.ts';

/** More than anybody would write there. */
const NOTE_BYTES_MAX = 4096;

/**
 * Leaves the note.
 * @param what  What happened: a sentence.
 * @param wall  When, by the clock on the wall.
 * @returns Whether it is there for certain.
 */
export function writeFailedMarker(directory: DataDirectory, what: string, wall: Millis): boolean {
  try {
    const descriptor = openSync(directory.failed, 'w', 0o600);
    try {
      writeSync(descriptor, `${new Date(wall).toISOString()} ${what}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    syncDirectory(directory.path);
    return true;
  } catch {
    // The disk has failed already; that the note fails, too, changes nothing that can be done.
    return false;
  }
}

/**
 * Reads the note: when the disk failed, and what happened; perhaps empty.
 * @returns `undefined`: there is none.
 * @throws {OperationError} `store-unavailable`.
 */
export function readFailedMarker(directory: DataDirectory): string | undefined {
  try {
    const descriptor = openSync(directory.failed, 'r');
    try {
      const bytes = new Uint8Array(NOTE_BYTES_MAX);
      const length = readSync(descriptor, bytes, 0, bytes.length, 0);
      return new TextDecoder().decode(bytes.subarray(0, length)).trim();
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unavailable('read', directory.failed, error);
  }
}

/**
 * Goes on only where there is no note.
 * @throws {OperationError} `store-not-accepted`, with what the note says and what to do.
 */
export function refuseFailed(directory: DataDirectory): void {
  const note = readFailedMarker(directory);
  if (note === undefined) return;
  throw new OperationError(
    'store-not-accepted',
    `The disk failed while ${directory.path} was in use: ${note === '' ? 'nothing more is known' : note}\n` +
      `See to the disk, then run: ${checkCommand(directory, ' --accept')}`,
  );
}

/**
 * Removes the note, durably; there may be none.
 * @throws {OperationError} `store-unavailable`.
 */
export function removeFailedMarker(directory: DataDirectory): void {
  try {
    rmSync(directory.failed, { force: true });
    syncDirectory(directory.path);
  } catch (error) {
    throw unavailable('remove', directory.failed, error);
  }
}
