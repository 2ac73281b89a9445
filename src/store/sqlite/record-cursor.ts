// Reads the records and changes of the store off a run of bytes, field by field. The forms are few: one
// byte, a varint (LEB128, up to 2^53), four bytes for a length that was written before it was known, a
// double, and MQTT's strings and binary data (two bytes of length).
// Invariant: nothing is read past `end`, so that a length that lies is a `RecordError` and never somebody
// else's bytes. What the bytes mean is not known here.

import { decodeUtf8 } from '../../base/utf8.ts';

/** Bytes that are no record: they were damaged, or written by another version. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** A position in bytes that are read in order. */
export class RecordCursor {
  bytes: Uint8Array;
  /** The next byte to read. */
  position: number;
  /** Past the last byte that may be read. */
  end: number;

  constructor() {
    this.bytes = NO_BYTES;
    this.position = 0;
    this.end = 0;
  }

  /** Reads these bytes from now on. hot: */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Whether everything has been read. hot: */
  get isAtEnd(): boolean {
    return this.position >= this.end;
  }

  /** Reads one byte. hot: */
  u8(): number {
    if (this.position >= this.end) throw pastEnd();
    return this.bytes[this.position++] as number;
  }

  /** Reads two bytes, big-endian. hot: */
  u16(): number {
    const at = this.skip(2);
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  /** Reads four bytes, big-endian. hot: */
  u32(): number {
    return this.u16() * 65_536 + this.u16();
  }

  /** Reads a varint. hot: */
  varint(): number {
    const first = this.u8();
    if (first < 128) return first;
    let value = first & 127;
    for (let unit = 128; unit <= VARINT_UNIT_MAX; unit *= 128) {
      const byte = this.u8();
      value += (byte & 127) * unit;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new RecordError('a number is larger than 2^53');
  }

  /** Reads a varint of either sign (zigzag). hot: */
  signedVarint(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Reads a double. */
  f64(): number {
    const at = this.skip(8);
    for (let i = 0; i < 8; i++) DOUBLE_BYTES[i] = this.bytes[at + i] as number;
    return DOUBLE.getFloat64(0);
  }

  /** Reads a string. */
  text(): string {
    const length = this.u16();
    const start = this.skip(length);
    return textOf(this.bytes, start, this.position);
  }

  /** Skips a string; its bytes lie from what this returns to `position`. hot: */
  skipText(): number {
    const length = this.u16();
    return this.skip(length);
  }

  /** Skips so many bytes; returns where they begin. hot: */
  skip(count: number): number {
    const start = this.position;
    if (start + count > this.end) throw pastEnd();
    this.position = start + count;
    return start;
  }

  /** Says that the record ends here. */
  finish(): void {
    if (this.position !== this.end) throw new RecordError(`${this.end - this.position} bytes follow its last field`);
  }
}

/** The text that a record holds. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return decodeUtf8(bytes, start, end) ?? unusualText(bytes.subarray(start, end));
}

/** What MQTT would not take: U+0000 never comes off the wire, but a principal is named by whoever authenticates. */
function unusualText(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch (error) {
    throw new RecordError('a text is not UTF-8', { cause: error });
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NO_BYTES = new Uint8Array(0);
/** 2^49: with it the eighth byte of a varint counts, which is the last one. */
const VARINT_UNIT_MAX = 2 ** 49;
const DOUBLE_BYTES = new Uint8Array(8);
const DOUBLE = new DataView(DOUBLE_BYTES.buffer);

function pastEnd(): RecordError {
  return new RecordError('a field runs past its end');
}
