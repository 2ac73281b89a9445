// What every message of a load carries at the beginning of its payload: which run it is of, which publisher, the how manyth of that
// publisher, and when it was due. From it a subscriber tells what is missing, what is there twice and how long it took.

/** The size of a stamp, and so the smallest payload. */
export const STAMP_BYTES = 16;

/** Where the fields are, and one more than the largest number of half a moment. */
const PUBLISHER_AT = 2;
const SEQUENCE_AT = 4;
const MOMENT_AT = 8;
const HALF = 2 ** 32;

/** Lays the part of a stamp over a payload that is the same in all messages of a publisher. */
export function writeStamp(bytes: Uint8Array, at: number, run: number, publisher: number): void {
  bytes[at] = run >>> 8;
  bytes[at + 1] = run;
  bytes[at + PUBLISHER_AT] = publisher >>> 8;
  bytes[at + PUBLISHER_AT + 1] = publisher;
}

/** Writes the number of a message, from 0. hot: */
export function writeSequence(bytes: Uint8Array, at: number, sequence: number): void {
  writeU32(bytes, at + SEQUENCE_AT, sequence);
}

/** Writes when a message was due, in microseconds. hot: */
export function writeMoment(bytes: Uint8Array, at: number, moment: number): void {
  writeU32(bytes, at + MOMENT_AT, Math.floor(moment / HALF));
  writeU32(bytes, at + MOMENT_AT + 4, moment % HALF);
}

/** The run that a message is of. hot: */
export function runOf(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at);
}

/** The number of its publisher. hot: */
export function publisherOf(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + PUBLISHER_AT);
}

/** The how manyth of that publisher it is, from 0. hot: */
export function sequenceOf(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + SEQUENCE_AT);
}

/** When it was due, in microseconds on the clock that all threads share. hot: */
export function momentOf(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + MOMENT_AT) * HALF + readU32(bytes, at + MOMENT_AT + 4);
}

function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function readU32(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 65_536 + readU16(bytes, at + 2);
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
