// The checksum that stands beside every row: CRC-32 over what the row holds, begun from its key, so that a
// record that turns up under another key is found as well. SQLite has no checksums of its own outside its log.
// It finds accidents of disks and memory, not somebody's intent.

import { crc32 } from 'node:zlib';

/** Spreads the upper half of a number over the lower: any odd number with bits all over. */
const SPREAD = 0x9e3779b1;

/** The checksum of a row that is named by a number. hot: */
export function numberedCrc(key: number, record: Uint8Array): number {
  return crc32(record, seedOf(key));
}

/** The checksum of a row that is named by a number and belongs to somebody. */
export function ownedCrc(key: number, owner: number, record: Uint8Array): number {
  return crc32(record, (seedOf(key) ^ Math.imul(seedOf(owner), SPREAD)) >>> 0);
}

/** The checksum of a row that is named by a text. */
export function namedCrc(name: string, record: Uint8Array): number {
  return crc32(record, crc32(name));
}

/** The checksum of a row that is named by a text and belongs to somebody. */
export function ownedNameCrc(name: string, owner: number, record: Uint8Array): number {
  return crc32(record, crc32(name, seedOf(owner)));
}

/** Another one for every number below 2^32, and hardly ever the same above. */
function seedOf(key: number): number {
  return (key ^ Math.imul(Math.floor(key / 2 ** 32), SPREAD)) >>> 0;
}
