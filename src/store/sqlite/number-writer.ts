// Writes the numbers of the store. A varint is LEB128, seven bits a byte, the lowest first, up to 2^53. Small numbers, which
// most are, take one byte; record-cursor.ts reads them.

import type { ByteWriter } from '../../base/byte-writer.ts';

/** How many bytes a varint takes at most. */
export const VARINT_BYTES_MAX = 8;

/** From here on shifts would cut a number off. */
const SHIFTABLE_MAX = 2 ** 31 - 1;

/** Writes a number from 0 to 2^53 - 1. Room must have been reserved. hot: */
export function writeVarint(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest > SHIFTABLE_MAX) {
    writer.u8((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    writer.u8((rest & 127) | 128);
    rest >>>= 7;
  }
  writer.u8(rest);
}

/** Writes a number of either sign, of at most 2^52 (zigzag). Room must have been reserved. hot: */
export function writeSignedVarint(writer: ByteWriter, value: number): void {
  writeVarint(writer, value < 0 ? -2 * value - 1 : 2 * value);
}

/** Writes a double, big-endian. Room must have been reserved. */
export function writeF64(writer: ByteWriter, value: number): void {
  DOUBLE.setFloat64(0, value);
  writer.raw(DOUBLE_BYTES);
}

const DOUBLE_BYTES = new Uint8Array(8);
const DOUBLE = new DataView(DOUBLE_BYTES.buffer);
