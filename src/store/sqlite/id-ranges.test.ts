import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { IdRanges } from './id-ranges.ts';

/** A queue, and the order in which some of it is added. */
const anyQueue = fc
  .uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 40 })
  .chain((ids) => fc.tuple(fc.constant(ids.toSorted((a, b) => a - b)), fc.shuffledSubarray(ids)));

function add(ranges: IdRanges, queue: readonly number[], id: number): void {
  const index = queue.indexOf(id);
  ranges.add(id, queue[index - 1] ?? 0, queue[index + 1] ?? 0);
}

describe('ranges of ids', () => {
  it('have what was added, and nothing else of the queue', () => {
    fc.assert(
      fc.property(anyQueue, ([queue, added]) => {
        const ranges = new IdRanges();
        for (const id of added) add(ranges, queue, id);
        assert.deepEqual(
          queue.filter((id) => ranges.has(id)),
          added.toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it('are as few as there are runs of neighbours', () => {
    fc.assert(
      fc.property(anyQueue, ([queue, added]) => {
        const ranges = new IdRanges();
        for (const id of added) add(ranges, queue, id);
        const isAdded = queue.map((id) => added.includes(id));
        const runs = isAdded.filter((is, index) => is && isAdded[index - 1] !== true).length;
        assert.equal(ranges.length, runs);
      }),
    );
  });

  it('are taken away from the front', () => {
    const ranges = new IdRanges();
    ranges.push(3, 5);
    ranges.push(9, 9);
    assert.equal(ranges.shift(), 5);
    assert.deepEqual([ranges.length, ranges.from(0), ranges.to(0)], [1, 9, 9]);
  });
});
