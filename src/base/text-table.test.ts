import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TABLE_TEXT_BYTES_MAX, TextTable } from './text-table.ts';

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** A table, and how often it had to parse. */
function countingTable(slots?: number): { readonly table: TextTable; readonly parsed: () => number } {
  let count = 0;
  const parse = (bytes: Uint8Array, start: number, end: number): string => {
    count++;
    return latin1(bytes, start, end);
  };
  return { table: new TextTable(parse, slots), parsed: () => count };
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test('a text is parsed once, wherever its bytes stand', () => {
  const { table, parsed } = countingTable();
  const chunk = bytesOf('xxabcxxxabc');
  assert.equal(table.get(chunk, 2, 5), 'abc');
  assert.equal(table.get(chunk, 8, 11), 'abc');
  assert.equal(parsed(), 1);
});

test('the table keeps a copy: the bytes may be reused', () => {
  const { table } = countingTable();
  const chunk = bytesOf('abc');
  table.get(chunk, 0, 3);
  chunk.set(bytesOf('xyz'));
  assert.equal(table.get(chunk, 0, 3), 'xyz');
  assert.equal(table.get(bytesOf('abc'), 0, 3), 'abc');
});

test('texts that share a slot take it from each other and are never mixed up', () => {
  const { table, parsed } = countingTable(1);
  for (const text of ['a', 'b', 'ab', 'ba', 'a', 'a']) assert.equal(table.get(bytesOf(text), 0, text.length), text);
  assert.equal(parsed(), 5);
});

test('a text of 128 bytes is held, a longer one parsed each time', () => {
  const { table, parsed } = countingTable();
  const long = bytesOf('x'.repeat(TABLE_TEXT_BYTES_MAX + 1));
  table.get(long, 0, TABLE_TEXT_BYTES_MAX);
  table.get(long, 0, TABLE_TEXT_BYTES_MAX);
  assert.equal(parsed(), 1);
  table.get(long, 0, long.length);
  table.get(long, 0, long.length);
  assert.equal(parsed(), 3);
});

test('what the parser refuses is not held', () => {
  let isOpen = false;
  const table = new TextTable((bytes, start, end) => {
    if (!isOpen) throw new Error('refused');
    return latin1(bytes, start, end);
  });
  assert.throws(() => table.get(bytesOf('a'), 0, 1), /refused/);
  isOpen = true;
  assert.equal(table.get(bytesOf('a'), 0, 1), 'a');
});

test('common topics seldom share a slot', () => {
  const { table, parsed } = countingTable();
  const topics = Array.from({ length: 1000 }, (_, index) => bytesOf(`site/${index % 10}/device/${index}/temperature`));
  for (const topic of topics) table.get(topic, 0, topic.length);
  for (const topic of topics) table.get(topic, 0, topic.length);
  // By chance, 1,000 texts in 16,384 slots meet about 30 times; each meeting costs up to two more.
  assert.ok(parsed() - topics.length < 120, `${parsed() - topics.length} were parsed again`);
});

test('the number of slots is a power of two', () => {
  assert.throws(() => new TextTable(latin1, 0), { name: 'AssertionError' });
  assert.throws(() => new TextTable(latin1, 3), { name: 'AssertionError' });
});

test('a table answers like its parser', () => {
  const { table } = countingTable(8);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 140 }), fc.nat({ max: 5 }), (bytes, start) => {
      const from = Math.min(start, bytes.length);
      assert.equal(table.get(bytes, from, bytes.length), latin1(bytes, from, bytes.length));
    }),
    { numRuns: 500 },
  );
});
