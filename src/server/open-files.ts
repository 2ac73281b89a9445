// How many files and sockets this process may have open. Some are kept back from clients, so that the store and the log find theirs
// however many clients there are: a connection whose descriptor is beyond that is closed at once. (The very last one libuv keeps for
// itself, to accept and close what comes when there is none left at all.)

import { readFileSync } from 'node:fs';

/** Kept back for files. */
const RESERVE = 64;

/** The lowest descriptor that no client may have; `undefined`: nobody knows, or there is no bound. */
export function clientDescriptorsMax(): number | undefined {
  const filesMax = openFilesMax();
  return filesMax === undefined ? undefined : Math.max(filesMax - RESERVE, Math.floor(filesMax / 2));
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
