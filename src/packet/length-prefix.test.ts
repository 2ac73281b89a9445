import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../base/byte-writer.ts';
import { closeLength, openLength, VARIABLE_INTEGER_MAX, variableIntegerLength } from './length-prefix.ts';

const STEPS = [
  [0, 1],
  [127, 1],
  [128, 2],
  [16_383, 2],
  [16_384, 3],
  [2_097_151, 3],
  [2_097_152, 4],
  [VARIABLE_INTEGER_MAX, 4],
] as const;

test('a Variable Byte Integer takes the bytes that table 1-1 says', () => {
  for (const [value, length] of STEPS) {
    const writer = new ByteWriter();
    writer.variableInteger(value);
    assert.equal(writer.position, length);
    assert.equal(variableIntegerLength(value), length);
  }
});

test('content is found behind its length, whatever room was left for that', () => {
  for (const count of [0, 1, 127, 128, 16_383, 16_384]) {
    for (const width of [1, 2, 3, 4]) {
      const writer = new ByteWriter(new Uint8Array(1));
      writer.reserve(1);
      writer.u8(0xaa);
      const lengthAt = openLength(writer, width);
      writer.reserve(count);
      writer.raw(new Uint8Array(count).fill(7));
      const needed = closeLength(writer, lengthAt, width);
      assert.equal(needed, variableIntegerLength(count));
      const expected = new ByteWriter();
      expected.u8(0xaa);
      expected.variableInteger(count);
      expected.reserve(count);
      expected.raw(new Uint8Array(count).fill(7));
      assert.deepEqual(writer.bytes.slice(0, writer.position), expected.bytes.slice(0, expected.position));
    }
  }
});

test('a length above 268,435,455 fails an assertion', () => {
  const writer = new ByteWriter();
  writer.position = 4 + VARIABLE_INTEGER_MAX + 1;
  assert.throws(() => closeLength(writer, 0, 4), { name: 'AssertionError' });
});
