// Disks by kind.

import { unreachable } from '../../src/base/assert.ts';
import type { StoreKind } from '../plan.ts';
import type { Disk, DiskParts } from './disk.ts';
import { ModelDisk } from './model-disk.ts';
import { SqliteDisk } from './sqlite-disk.ts';

/**
 * Makes the disk of one process.
 * @param directory  Gives a new, empty directory, which goes with the run; only asked for where there are files.
 */
export function makeDisk(kind: StoreKind, parts: DiskParts, directory: () => string): Disk {
  switch (kind) {
    case 'model':
      return new ModelDisk(parts);
    case 'sqlite':
      return new SqliteDisk(parts, directory());
    default:
      return unreachable(kind);
  }
}
