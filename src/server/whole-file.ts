// Small files that are replaced as a whole: whoever reads one finds the old text or the new one, never half of either, and what was
// written is on disk.

import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const MODE_OF_NEW = 0o600;

/**
 * Puts a text in the place of a file: all of it, on disk, or nothing. Its owner and rights stay; a new one is its owner's alone.
 * @throws What the system says.
 */
export function writeWholeFile(file: string, text: string): void {
  const target = realPath(file);
  const before = statSync(target, { throwIfNoEntry: false });
  const temporary = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    writeNew(temporary, text, before === undefined ? MODE_OF_NEW : before.mode & 0o777);
    if (before !== undefined && before.uid !== statSync(temporary).uid) chownSync(temporary, before.uid, before.gid);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(path.dirname(target));
}

function writeNew(file: string, text: string, mode: number): void {
  const descriptor = openSync(file, 'wx', mode);
  try {
    fchmodSync(descriptor, mode); // Without what the umask takes away.
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A rename is on disk when its folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Behind symbolic links, so that these stay. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return file;
    throw error;
  }
}
