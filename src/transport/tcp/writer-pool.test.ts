import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { sizeClassOf, WriterPool } from './writer-pool.ts';

it('a size class is the smallest whose buffers hold that many bytes', () => {
  const pool = new WriterPool(0);
  fc.assert(
    fc.property(fc.nat(64 * 1024), (byteCount) => {
      const sizeClass = sizeClassOf(byteCount);
      assert.ok(pool.take(sizeClass).bytes.length >= byteCount);
      assert.ok(sizeClass === 0 || pool.take(sizeClass - 1).bytes.length < byteCount);
    }),
  );
});

it('more than 64 KiB is of the largest class, whose writers grow', () => {
  assert.equal(sizeClassOf(64 * 1024 + 1), sizeClassOf(64 * 1024));
  assert.equal(new WriterPool(0).take(sizeClassOf(10_000_000)).bytes.length, 64 * 1024);
});

it('a writer that is given back is lent again, empty', () => {
  const pool = new WriterPool(1024);
  const writer = pool.take(0);
  writer.u8(1);
  pool.giveBack(writer);
  assert.equal(pool.take(0), writer);
  assert.equal(writer.position, 0);
});

it('a writer that grew is lent as what it has become', () => {
  const pool = new WriterPool(64 * 1024);
  const writer = pool.take(0);
  writer.reserve(1000);
  pool.giveBack(writer);
  assert.equal(pool.take(sizeClassOf(1000)), writer);
});

it('the pool never keeps more bytes than its bound, nor buffers above 64 KiB', () => {
  const bound = 100_000;
  fc.assert(
    fc.property(fc.array(fc.nat(200_000), { maxLength: 40 }), (lengths) => {
      const pool = new WriterPool(bound);
      const lent = lengths.map((length) => pool.take(sizeClassOf(length)));
      for (const [index, writer] of lent.entries()) {
        writer.reserve(lengths[index] ?? 0);
        pool.giveBack(writer);
        assert.ok(pool.bytesNow >= 0 && pool.bytesNow <= bound);
      }
      assert.ok(lengths.every((length) => pool.take(sizeClassOf(length)).bytes.length <= 64 * 1024));
    }),
  );
});

it('a writer above 64 KiB is freed when it is given back, and one that grows past that frees what it had', () => {
  const pool = new WriterPool(1_000_000);
  const writer = pool.take(sizeClassOf(64 * 1024));
  writer.u8(7);
  const first = writer.bytes;
  writer.reserve(100_000);
  assert.deepEqual([first.length, writer.bytes[0], writer.position], [0, 7, 1]);
  const second = writer.bytes;
  pool.giveBack(writer);
  assert.deepEqual([second.length, pool.bytesNow], [0, 0]);
});
