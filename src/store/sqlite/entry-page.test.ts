import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { EntryCursor, EntryPage } from './entry-page.ts';
import { RecipientFlag } from './message-record.ts';
import { RecordError } from './record-cursor.ts';

type Entry = readonly [id: number, size: number, flags: number];

function pageOf(entries: readonly Entry[]): EntryPage {
  const page = new EntryPage();
  for (const [id, size, flags] of entries) page.append(id, size, flags);
  return page;
}

function entriesOf(bytes: Uint8Array): Entry[] {
  const cursor = new EntryCursor();
  cursor.reset(bytes, bytes.length);
  const entries: Entry[] = [];
  while (cursor.next()) entries.push([cursor.id, cursor.size, cursor.flags]);
  return entries;
}

/** Entries whose ids grow, by little or by much. */
const anyEntries: fc.Arbitrary<Entry[]> = fc
  .array(
    fc.tuple(
      fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 40 })),
      fc.oneof(fc.constant(256), fc.nat(2 ** 28)),
      fc.nat(7),
    ),
    { maxLength: 60 },
  )
  .map((steps) => {
    let id = 0;
    return steps.map(([step, size, flags]): Entry => [(id += step), size, flags]);
  });

describe('a page of entries', () => {
  it('is read as it was appended', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const page = pageOf(entries);
        assert.deepEqual(entriesOf(page.entries()), entries);
        assert.equal(page.count, entries.length);
        assert.equal(page.firstId, entries[0]?.[0] ?? 0);
        assert.equal(page.lastId, entries.at(-1)?.[0] ?? 0);
      }),
    );
  });

  it('takes one byte for an entry whose message follows the one before it and is as large', () => {
    const page = pageOf([[7, 256, 0]]);
    const before = page.length;
    for (let id = 8; id < 1_008; id++) page.append(id, 256, RecipientFlag.exactlyOnce);
    assert.equal(page.length - before, 1_000);
  });

  it('is read on where a cursor stood', () => {
    const page = pageOf([
      [10, 5, 0],
      [300, 5, 1],
      [301, 70_000, 2],
    ]);
    const first = new EntryCursor();
    first.reset(page.entries(), page.length);
    first.next();
    const second = new EntryCursor();
    second.resume(page.entries(), page.length, first.position, first.id, first.size);
    assert.ok(second.next() && second.next());
    assert.deepEqual([second.id, second.size, second.flags], [301, 70_000, 2]);
    assert.ok(second.isAtEnd && !second.next());
  });

  it('begins anew when it is cleared', () => {
    const page = pageOf([[500, 9, 0]]);
    page.clear();
    page.append(501, 9, 0);
    assert.deepEqual(entriesOf(page.entries()), [[501, 9, 0]]);
  });

  it('takes no message twice', () => {
    const page = pageOf([[5, 1, 0]]);
    assert.throws(() => page.append(5, 1, 0), /no message twice/);
  });

  it('that is cut off is no page', () => {
    const page = pageOf([[1_000_000, 5, 0]]);
    assert.throws(() => entriesOf(page.entries().subarray(0, 2)), RecordError);
  });
});
