// What a crash leaves of SQLite's log when it comes in the middle of a commit: everything up to the commit before, and of the last
// transaction the bytes that had been handed to the system, or, if the machine died, whichever sectors the disk had taken by then.
//
// SQLite syncs each commit before it says so, so that nothing but the last transaction can be torn; and it syncs the header of a log that
// begins anew before the first frame, so that the header never is. What had been in the place of a lost sector is
// not remembered: zeros stand there, which no frame begins with. The format is SQLite's "WAL File Format".

import type { SeededRandom } from '../seeded-random.ts';

/** What the log begins with. */
export const HEADER_BYTES = 32;
/** What each frame begins with. */
export const FRAME_HEADER_BYTES = 24;
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/** Where something lies in a file, in bytes. */
export interface Extent {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Where the frames of the last committed transaction are; `undefined`: there is none. */
export function lastTransaction(log: Uint8Array): Extent | undefined {
  if (log.length < HEADER_BYTES) return undefined;
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  const frameBytes = FRAME_HEADER_BYTES + view.getUint32(8);
  let found: Extent | undefined;
  let start = HEADER_BYTES;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    // Frames with other salts are left from before the log began anew.
    if (view.getUint32(at + 8) !== view.getUint32(16) || view.getUint32(at + 12) !== view.getUint32(20)) break;
    const isCommit = view.getUint32(at + 4) !== 0;
    if (!isCommit) continue;
    found = { start, end: at + frameBytes };
    start = found.end;
  }
  return found;
}

/**
 * What a crash in the middle of the last commit leaves: all of it, nothing, or some.
 * @param log  As it is after the commit; not written to.
 */
export function tearLog(log: Uint8Array, machine: boolean, random: SeededRandom): Uint8Array {
  const extent = lastTransaction(log);
  if (extent === undefined) return log;
  const torn = Uint8Array.from(log);
  const { start, end } = extent;
  const isLast = end === log.length;
  const cut = random.pick([start, end, random.between(start, end), random.between(start, end)]);
  if (!machine || cut === start || cut === end) return isLast ? torn.subarray(0, cut) : torn.fill(0, cut, end);
  for (let at = start; at < end; at = sectorAfter(at)) {
    if (random.chance(0.5)) torn.fill(0, at, Math.min(sectorAfter(at), end));
  }
  return torn;
}

function sectorAfter(at: number): number {
  return at - (at % SECTOR_BYTES) + SECTOR_BYTES;
}
