import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { namedCrc, numberedCrc, ownedCrc, ownedNameCrc } from './row-crc.ts';

const anyRecord = fc.uint8Array({ minLength: 1, maxLength: 64 });
const anyKey = fc.oneof(fc.nat(), fc.integer({ min: 1, max: 2 ** 52 }));

/** The record with one bit changed. */
function flipped(record: Uint8Array, at: number): Uint8Array {
  return record.map((byte, index) => (index === at % record.length ? byte ^ (1 << (at % 8)) : byte));
}

describe('the checksum of a row', () => {
  it('changes with every bit of the record', () => {
    fc.assert(
      fc.property(anyRecord, anyKey, fc.nat(1000), (record, key, at) => {
        const other = flipped(record, at);
        assert.notEqual(numberedCrc(key, other), numberedCrc(key, record));
        assert.notEqual(ownedCrc(key, 7, other), ownedCrc(key, 7, record));
        assert.notEqual(namedCrc('topic', other), namedCrc('topic', record));
        assert.notEqual(ownedNameCrc('filter', key, other), ownedNameCrc('filter', key, record));
      }),
    );
  });

  it('changes with every bit of a numeric key', () => {
    fc.assert(
      fc.property(anyRecord, anyKey, fc.nat(51), (record, key, bit) => {
        const other = Number(BigInt(key) ^ (1n << BigInt(bit)));
        assert.notEqual(numberedCrc(other, record), numberedCrc(key, record));
        assert.notEqual(ownedCrc(other, 7, record), ownedCrc(key, 7, record));
        assert.notEqual(ownedCrc(7, other, record), ownedCrc(7, key, record));
        assert.notEqual(ownedNameCrc('filter', other, record), ownedNameCrc('filter', key, record));
      }),
    );
  });

  it('changes with every character of a name', () => {
    fc.assert(
      fc.property(anyRecord, fc.string({ minLength: 1, maxLength: 40 }), fc.nat(100), (record, name, at) => {
        const index = at % name.length;
        const other = name.slice(0, index) + String.fromCharCode(name.charCodeAt(index) ^ 1) + name.slice(index + 1);
        assert.notEqual(namedCrc(other, record), namedCrc(name, record));
        assert.notEqual(ownedNameCrc(other, 1, record), ownedNameCrc(name, 1, record));
      }),
    );
  });

  it('is not the same for two numbers of a page changed for each other', () => {
    const record = Uint8Array.of(1);
    assert.notEqual(ownedCrc(3, 5, record), ownedCrc(5, 3, record));
  });
});
