// How many files and sockets this process may have open, and whether there are some to be had. Some are kept back from clients
// (openFilesReserve). The very last one libuv keeps for itself, to accept and close what comes when there is none left at all.

import { closeSync, openSync, readFileSync } from 'node:fs';

import type { FilesGauge } from '../broker/file-shortage.ts';

/** What clients may have of the process's descriptors. */
export interface ClientFiles extends FilesGauge {
  /** The lowest descriptor that no client may have. */
  readonly descriptorsMax: number;
}

/**
 * Asks the system.
 * @param reserve  How many are kept back; half of all are always clients'.
 * @returns `undefined`: nobody knows the bound, or there is none.
 */
export function clientFiles(reserve: number): ClientFiles | undefined {
  const filesMax = openFilesMax();
  if (filesMax === undefined) return undefined;
  const descriptorsMax = Math.max(filesMax - reserve, Math.floor(filesMax / 2));
  return { descriptorsMax, hasRoomFor: (count) => areFree(count, descriptorsMax) };
}

/** Linux tells; Node raises the bound as far as it may at its start. */
function openFilesMax(): number | undefined {
  try {
    const [, found] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

/** Whether so many descriptors are free below a bound. Nobody tells but the system, which gives out the lowest ones: they are taken, and given back. */
function areFree(count: number, bound: number): boolean {
  const taken: number[] = [];
  try {
    while (taken.length < count) {
      const descriptor = openSync('/dev/null', 'r');
      taken.push(descriptor);
      if (descriptor >= bound) return false;
    }
    return true;
  } catch {
    return false; // There is none at all.
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}
