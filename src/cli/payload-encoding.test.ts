import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assert as assertProperty, constantFrom, property, uint8Array } from 'fast-check';

import { decodePayload, encodePayload } from './payload-encoding.ts';

test('what is encoded is decoded to the same bytes', () => {
  assertProperty(
    property(uint8Array(), constantFrom('hex', 'base64'), (bytes, encoding) => {
      const written = encodePayload(bytes, encoding);
      assert.deepEqual(Buffer.from(decodePayload(written, encoding)), Buffer.from(bytes));
    }),
  );
});

test('white space is no part of hexadecimal or base64, and base64 needs no padding', () => {
  assert.deepEqual(decodePayload(' 0A ff\n', 'hex'), Buffer.of(10, 255));
  assert.deepEqual(decodePayload('_w', 'base64'), Buffer.of(255));
});

test('text and JSON are published as they are written', () => {
  assert.equal(decodePayload('0g', 'text'), '0g');
  assert.equal(decodePayload('{ "a": 1 }', 'json'), '{ "a": 1 }');
});

test('what is not written as it should be is refused', () => {
  for (const [written, encoding] of [
    ['0', 'hex'],
    ['0g', 'hex'],
    ['a', 'base64'],
    ['a*bc', 'base64'],
    ['{', 'json'],
    ['', 'json'],
  ] as const) {
    assert.throws(() => decodePayload(written, encoding), {
      code: 'invalid-argument',
      message: /^The payload is not /,
    });
  }
});
