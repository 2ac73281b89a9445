// A growing run of bytes with a write position. Encoders write into it in place; the transport's
// outbox lends one per connection, so that a packet is laid down once, where it leaves from.
// Invariant: 0 <= position <= bytes.length. Nothing here knows MQTT's packets, only the integer and
// string forms that they share (big-endian integers, length-prefixed UTF-8).

import { assert } from './assert.ts';
import { copyBytes } from './copy-bytes.ts';

const ENCODER = new TextEncoder();
/** Above this many UTF-16 units `encodeInto` beats a loop (measured on Node 24). */
const LOOP_UNITS_MAX = 64;

/** A buffer of this length or more is given back as soon as there is a larger one: a collector of garbage may not come by for long. */
const LARGE_BYTES = 64 * 1024;

/** Bytes under construction. */
export class ByteWriter {
  /** The buffer; replaced by a larger one when it grows, and empty from then on if it was large. Valid up to `position`. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Where the next byte goes. */
  position: number;

  constructor(bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256)) {
    this.bytes = bytes;
    this.position = 0;
  }

  /** Makes room for `count` more bytes. hot: */
  reserve(count: number): void {
    if (this.position + count > this.bytes.length) this.grow(this.position + count);
  }

  /** Writes one byte. Room must have been reserved. hot: */
  u8(value: number): void {
    this.bytes[this.position++] = value;
  }

  /** Writes a Two Byte Integer (section 1.5.2). Room must have been reserved. hot: */
  u16(value: number): void {
    this.bytes[this.position++] = value >>> 8;
    this.bytes[this.position++] = value;
  }

  /** Writes a Four Byte Integer (section 1.5.3). Room must have been reserved. */
  u32(value: number): void {
    this.bytes[this.position++] = value >>> 24;
    this.bytes[this.position++] = value >>> 16;
    this.bytes[this.position++] = value >>> 8;
    this.bytes[this.position++] = value;
  }

  /** Writes a Variable Byte Integer, 0 to 268,435,455 (section 1.5.5), in as few bytes as it takes. Room must have been reserved. hot: */
  variableInteger(value: number): void {
    // [MQTT-1.5.5-1]
    let rest = value;
    while (rest > 127) {
      this.bytes[this.position++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.position++] = rest;
  }

  /** Copies bytes in. Room must have been reserved. hot: */
  raw(source: Uint8Array): void {
    copyBytes(source, 0, source.length, this.bytes, this.position);
    this.position += source.length;
  }

  /** Writes Binary Data (section 1.5.6): a length of two bytes, then the bytes. Reserves its own room. */
  binary(source: Uint8Array): void {
    assert(source.length <= 65_535, 'binary data fits its two length bytes');
    this.reserve(2 + source.length);
    this.u16(source.length);
    this.raw(source);
  }

  /** Writes a UTF-8 Encoded String (section 1.5.4): a length of two bytes, then the text. Reserves its own room. hot: */
  text(value: string): void {
    const units = value.length;
    this.reserve(2 + units * 3);
    const lengthAt = this.position;
    this.position += 2;
    if (!(units <= LOOP_UNITS_MAX && this.ascii(value))) {
      this.position = lengthAt + 2 + ENCODER.encodeInto(value, this.bytes.subarray(lengthAt + 2)).written;
    }
    const length = this.position - lengthAt - 2;
    assert(length <= 65_535, 'a string fits its two length bytes');
    this.bytes[lengthAt] = length >>> 8;
    this.bytes[lengthAt + 1] = length;
  }

  /** Writes text while it is ASCII; says whether all of it was. hot: */
  private ascii(value: string): boolean {
    const target = this.bytes;
    let at = this.position;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) return false;
      target[at++] = unit;
    }
    this.position = at;
    return true;
  }

  private grow(needed: number): void {
    let length = Math.max(this.bytes.length * 2, 256);
    while (length < needed) length *= 2;
    if (this.bytes.length >= LARGE_BYTES) {
      this.bytes = new Uint8Array(this.bytes.buffer.transfer(length));
      return;
    }
    const larger = new Uint8Array(length);
    larger.set(this.bytes.subarray(0, this.position));
    this.bytes = larger;
  }
}
