// Lengths that come before what they measure. The Remaining Length of a packet and the length of a
// block of properties are Variable Byte Integers: how many bytes they take depends on what follows.
// So room is left for a guess, what follows is laid down, and then the length is written, after moving
// what follows in the rare case that the guess was wrong.

import { assert } from '../base/assert.ts';
import type { ByteWriter } from '../base/byte-writer.ts';

/** The highest Variable Byte Integer (section 1.5.5). */
export const VARIABLE_INTEGER_MAX = 268_435_455;

/** How many bytes a Variable Byte Integer takes. */
export function variableIntegerLength(value: number): number {
  // hot:
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

/** Leaves room for a length of `width` bytes; returns where, for `closeLength`. */
export function openLength(writer: ByteWriter, width: number): number {
  // hot:
  writer.reserve(width);
  const lengthAt = writer.position;
  writer.position = lengthAt + width;
  return lengthAt;
}

/**
 * Writes how many bytes have been laid down since `openLength`.
 * @param width  As given to `openLength`.
 * @returns How many bytes the length takes: where it differs from `width`, what follows has been moved.
 */
export function closeLength(writer: ByteWriter, lengthAt: number, width: number): number {
  // hot:
  const contentAt = lengthAt + width;
  const length = writer.position - contentAt;
  assert(length <= VARIABLE_INTEGER_MAX, 'a length fits its four bytes');
  const needed = variableIntegerLength(length);
  if (needed !== width) {
    if (needed > width) writer.reserve(needed - width);
    writer.bytes.copyWithin(lengthAt + needed, contentAt, contentAt + length);
  }
  writer.position = lengthAt;
  writer.variableInteger(length);
  writer.position = lengthAt + needed + length;
  return needed;
}
