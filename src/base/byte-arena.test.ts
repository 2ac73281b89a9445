// Copies that stay what they were, whatever happens to the bytes they were made of or to their neighbours.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ByteArena } from './byte-arena.ts';

test('a copy keeps its bytes when the original is overwritten', () => {
  const arena = new ByteArena();
  const original = Uint8Array.of(1, 2, 3);
  const copy = arena.copy(original, 0, original.length);
  original.fill(9);
  assert.deepEqual(copy, Uint8Array.of(1, 2, 3));
});

test('copies of every length stand side by side and do not touch', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 80 }), (originals) => {
      const arena = new ByteArena();
      const copies = originals.map((original) => arena.copy(original, 0, original.length));
      assert.deepEqual(copies, originals);
    }),
  );
});

test('a copy of a part is that part', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
  const arena = new ByteArena();
  assert.deepEqual(arena.copy(bytes, 3, 6), Uint8Array.of(3, 4, 5));
  assert.deepEqual(arena.copy(bytes, 10, 90), bytes.slice(10, 90));
});

test('small copies share a slab, a large one has its own bytes', () => {
  const arena = new ByteArena();
  const [first, second] = [arena.copy(new Uint8Array(10), 0, 10), arena.copy(new Uint8Array(10), 0, 10)];
  assert.equal(first.buffer, second.buffer);
  const large = arena.copy(new Uint8Array(5_000), 0, 5_000);
  assert.equal(large.buffer.byteLength, 5_000);
});
