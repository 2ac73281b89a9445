// Space on the disk that is kept for the day when there is no other: a file of bytes that mean nothing. When a write
// fails for want of space, the file is deleted, so that what was acknowledged can still be delivered, settled and
// forgotten, which is what makes room again. When there is room, the file is written again.
// The bytes are really written, not promised by a sparse file, and they do not compress. Whether anybody is told that
// the disk is full is not decided here.

import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';

import { type DataDirectory, fileBytes, syncDirectory, systemCode, unavailable } from './data-directory.ts';

/** One write. */
const SLICE_BYTES = 1024 * 1024;

/** The reserve is taken where there is room for so many of it: else the disk would be full again at once. */
const ROOM_FACTOR = 1.25;

/** Errors that mean: there is no room. */
const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** The reserve of a data directory. */
export interface Reserve {
  /** Whether the space is held, to be given up when it is needed. */
  readonly isHeld: boolean;
  /**
   * Gives the space up.
   * @throws {OperationError} `store-unavailable`.
   */
  release(): void;
  /**
   * Takes the space again, if there is room for it and a quarter more. It lasts as long as the disk takes to write it.
   * @returns Whether it is held now.
   * @throws {OperationError} `store-unavailable`: the disk has room, but cannot be written.
   */
  regain(): boolean;
}

/**
 * Takes the reserve, or finds it as an earlier run left it. A disk that is (almost) full gives none: `isHeld` tells.
 * @param bytes  How much; 0: none is wanted, and one that is there is given up.
 * @throws {OperationError} `store-unavailable`: the disk has room, but cannot be written.
 */
export function takeReserve(directory: DataDirectory, bytes: number): Reserve {
  let isHeld = false;
  const take = (): boolean => bytes === 0 || (hasRoom(directory, bytes) && write(directory, bytes));
  // One of another size is one whose writing was cut short, or is not wanted any more.
  if (fileBytes(directory.reserve) === bytes) isHeld = true;
  else {
    remove(directory);
    isHeld = take();
  }
  return {
    get isHeld() {
      return isHeld;
    },
    release() {
      remove(directory);
      isHeld = false;
    },
    regain() {
      isHeld ||= take();
      return isHeld;
    },
  };
}

/** Whether the file system says that it has room for the reserve and some more. Quotas it knows nothing of. */
function hasRoom(directory: DataDirectory, bytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory.path);
    return bavail * bsize >= bytes * ROOM_FACTOR;
  } catch (error) {
    throw unavailable('look at the free space of', directory.path, error);
  }
}

/** @returns false, with nothing left behind, when there is no room. */
function write(directory: DataDirectory, bytes: number): boolean {
  try {
    const descriptor = openSync(directory.reserve, 'w', 0o600);
    try {
      writeNoise(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    syncDirectory(directory.path);
    return true;
  } catch (error) {
    remove(directory);
    if (NO_ROOM.includes(systemCode(error))) return false;
    throw unavailable('write', directory.reserve, error);
  }
}

function writeNoise(descriptor: number, bytes: number): void {
  const noise = noiseSlice(Math.min(bytes, SLICE_BYTES));
  for (let written = 0; written < bytes; ) {
    written += writeSync(descriptor, noise, 0, Math.min(noise.length, bytes - written));
  }
}

/** Bytes that do not compress: xorshift, from a fixed seed. */
function noiseSlice(length: number): Uint8Array {
  const slice = new Uint8Array(length);
  let state = 0x2545f491;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    slice[i] = state;
  }
  return slice;
}

function remove(directory: DataDirectory): void {
  try {
    rmSync(directory.reserve, { force: true });
    syncDirectory(directory.path);
  } catch (error) {
    throw unavailable('remove', directory.reserve, error);
  }
}
