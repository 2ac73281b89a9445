import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf8, isUtf8, utf8Length } from './utf8.ts';

const ENCODER = new TextEncoder();

/** Decodes bytes that lie between others. */
function decode(...bytes: readonly number[]): string | undefined {
  return decodeUtf8(Uint8Array.of(0xff, ...bytes, 0x00), 1, 1 + bytes.length);
}

/** What Unicode (table 3-7) says of one character, and nothing else. */
function isWellFormed(bytes: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const isTail = (byte: number): boolean => byte >= 0x80 && byte <= 0xbf;
  switch (bytes.length) {
    case 1:
      return a <= 0x7f;
    case 2:
      return a >= 0xc2 && a <= 0xdf && isTail(b);
    case 3:
      if (a === 0xe0) return b >= 0xa0 && b <= 0xbf && isTail(c);
      if (a === 0xed) return b >= 0x80 && b <= 0x9f && isTail(c);
      return a >= 0xe1 && a <= 0xef && isTail(b) && isTail(c);
    default:
      if (a === 0xf0) return b >= 0x90 && b <= 0xbf && isTail(c) && isTail(d);
      if (a === 0xf4) return b >= 0x80 && b <= 0x8f && isTail(c) && isTail(d);
      return a >= 0xf1 && a <= 0xf3 && isTail(b) && isTail(c) && isTail(d);
  }
}

describe('decodeUtf8', () => {
  test('decodes ASCII of every length on both sides of the loop', () => {
    for (let length = 0; length <= 70; length++) {
      const text = 'The quick brown fox jumps over the lazy dog, and back again, and again!'.slice(0, length);
      assert.equal(decode(...ENCODER.encode(text)), text);
    }
  });

  test('refuses U+0000 wherever it stands, in short and in long texts', () => {
    for (const length of [1, 5, 32, 33, 70]) {
      for (let at = 0; at < length; at++) {
        const bytes = new Array<number>(length).fill(0x61);
        bytes[at] = 0;
        assert.equal(decode(...bytes), undefined);
      }
    }
  });

  test('takes the characters that Unicode calls well-formed, and refuses all other sequences of one to four bytes', () => {
    const interesting = [0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf];
    const leads = [...interesting, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff];
    for (const a of leads) {
      for (const b of interesting) {
        for (const c of interesting) {
          // A sequence is one character only if its lead says so; ASCII in it would be characters of their own.
          if (isWellFormed([a, b])) assert.notEqual(decode(a, b), undefined);
          else if (a > 0x7f) assert.equal(decode(a, b), undefined);
          if (isWellFormed([a, b, c])) assert.notEqual(decode(a, b, c), undefined);
          else if (a > 0xdf) assert.equal(decode(a, b, c), undefined);
          for (const d of interesting) {
            if (isWellFormed([a, b, c, d])) assert.notEqual(decode(a, b, c, d), undefined);
            else if (a > 0xef) assert.equal(decode(a, b, c, d), undefined);
          }
        }
      }
    }
  });

  test('keeps a leading U+FEFF', () => {
    assert.equal(decode(0xef, 0xbb, 0xbf, 0x61), '\u{feff}a');
  });

  test('takes control characters and non-characters', () => {
    assert.equal(decode(0x01, 0x1f, 0x7f), '\u{1}\u{1f}\u{7f}');
    assert.equal(decode(0xef, 0xbf, 0xbf), '\u{ffff}');
  });

  test('gives back any text that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const bytes = ENCODER.encode(text);
        assert.equal(decodeUtf8(bytes, 0, bytes.length), text.includes('\0') ? undefined : text);
      }),
    );
  });
});

test('utf8Length is the number of bytes that the platform writes, lone surrogates and all', () => {
  const anyUnits = fc.array(fc.oneof(fc.nat({ max: 0xffff }), fc.integer({ min: 0xd700, max: 0xe0ff })));
  fc.assert(
    fc.property(anyUnits, (units) => {
      const text = String.fromCharCode(...units);
      assert.equal(utf8Length(text), ENCODER.encode(text).length);
    }),
  );
});

test('bytes are UTF-8 as RFC 3629 has it, null characters included', () => {
  for (const text of ['', 'plain', 'a\u0000b', 'µ–漢🐦', '\ufeff'])
    assert.equal(isUtf8(new TextEncoder().encode(text)), true);
  for (const hex of ['80', 'c3', 'c0 af', 'ed a0 80', 'f4 90 80 80', 'e2 82', 'ff'])
    assert.equal(isUtf8(Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))), false, hex);
});
