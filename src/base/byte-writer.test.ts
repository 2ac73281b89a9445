import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';

/** What a writer holds. */
function written(writer: ByteWriter): number[] {
  return [...writer.bytes.subarray(0, writer.position)];
}

describe('integers', () => {
  test('are big-endian', () => {
    const writer = new ByteWriter();
    writer.u8(0x01);
    writer.u16(0x0203);
    writer.u32(0x04050607);
    writer.u32(0xffff_fffe);
    assert.deepEqual(written(writer), [1, 2, 3, 4, 5, 6, 7, 0xff, 0xff, 0xff, 0xfe]);
  });

  test('of variable length take as few bytes as they can', () => {
    for (const [value, bytes] of [
      [0, [0x00]],
      [127, [0x7f]],
      [128, [0x80, 0x01]],
      [16_383, [0xff, 0x7f]],
      [16_384, [0x80, 0x80, 0x01]],
      [2_097_151, [0xff, 0xff, 0x7f]],
      [2_097_152, [0x80, 0x80, 0x80, 0x01]],
      [268_435_455, [0xff, 0xff, 0xff, 0x7f]],
    ] as const) {
      const writer = new ByteWriter();
      writer.variableInteger(value);
      assert.deepEqual(written(writer), bytes);
    }
  });
});

describe('bytes', () => {
  test('are copied, whether few or many', () => {
    for (const length of [0, 1, 48, 49, 1000]) {
      const source = Uint8Array.from({ length }, (_, index) => index);
      const writer = new ByteWriter();
      writer.reserve(length);
      writer.raw(source);
      assert.deepEqual(written(writer), [...source]);
    }
  });

  test('with a length make room for themselves', () => {
    const writer = new ByteWriter(new Uint8Array(1));
    writer.binary(Uint8Array.of(7, 8, 9));
    assert.deepEqual(written(writer), [0, 3, 7, 8, 9]);
  });

  test('of more than 65,535 fail an assertion', () => {
    assert.throws(() => new ByteWriter().binary(new Uint8Array(65_536)), { name: 'AssertionError' });
  });
});

describe('text', () => {
  test('is what the platform writes, behind its length in bytes', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.string({ unit: 'grapheme-ascii', maxLength: 100 }),
      fc.constant('ä'.repeat(64)),
    );
    fc.assert(
      fc.property(anyText, fc.nat({ max: 300 }), (text, room) => {
        const writer = new ByteWriter(new Uint8Array(room));
        writer.text(text);
        const bytes = new TextEncoder().encode(text);
        assert.deepEqual(written(writer), [bytes.length >>> 8, bytes.length & 255, ...bytes]);
      }),
    );
  });

  test('of more than 65,535 bytes fails an assertion', () => {
    assert.throws(() => new ByteWriter().text('x'.repeat(65_536)), { name: 'AssertionError' });
    assert.throws(() => new ByteWriter().text('ä'.repeat(32_768)), { name: 'AssertionError' });
  });
});

test('a writer that grows keeps what it holds, and leaves the old bytes alone', () => {
  const first = new Uint8Array(2);
  const writer = new ByteWriter(first);
  writer.u16(0x0102);
  writer.reserve(1000);
  assert.notEqual(writer.bytes, first);
  assert.ok(writer.bytes.length >= 1002);
  assert.deepEqual(written(writer), [1, 2]);
});

test('a writer with room enough does not grow', () => {
  const bytes = new Uint8Array(4);
  const writer = new ByteWriter(bytes);
  writer.reserve(4);
  writer.u32(1);
  assert.equal(writer.bytes, bytes);
});
