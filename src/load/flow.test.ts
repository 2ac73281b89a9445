import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Flow } from './flow.ts';
import { Seen } from './seen.ts';

function flowOf(sequences: readonly number[], shared?: Seen): Flow {
  const flow = new Flow(0, shared);
  for (const sequence of sequences) flow.take(sequence);
  return flow;
}

test('a flow of which all came once and in order has nothing to say', () => {
  assert.deepEqual(flowOf([0, 1, 2]).findings(3), { arrived: 3, duplicates: 0, reordered: 0, lost: 0 });
});

test('what is missing in the middle and at the end is lost', () => {
  assert.deepEqual(flowOf([0, 3]).findings(6), { arrived: 2, duplicates: 0, reordered: 0, lost: 4 });
});

test('what comes late is out of order, not lost; what comes again is a duplicate', () => {
  assert.deepEqual(flowOf([0, 2, 1, 1, 2]).findings(3), { arrived: 3, duplicates: 2, reordered: 1, lost: 0 });
});

test('a part of a shared subscription misses nothing, but nothing may go back', () => {
  assert.deepEqual(flowOf([4, 9, 7], new Seen()).findings(undefined), {
    arrived: 3,
    duplicates: 0,
    reordered: 1,
    lost: 0,
  });
});

test('what another member has got is there twice, and not out of order', () => {
  const seen = new Seen();
  flowOf([0, 1, 2], seen);
  assert.deepEqual(flowOf([3, 1, 3], seen).findings(undefined), { arrived: 1, duplicates: 2, reordered: 0, lost: 0 });
});

test('a flow says of each message whether it came for the first time', () => {
  const flow = new Flow();
  assert.deepEqual(
    [0, 2, 1, 1, 2, 3].map((each) => flow.take(each)),
    [true, true, true, false, false, true],
  );
});

test('a gap too large to be remembered is counted all the same', () => {
  assert.equal(flowOf([0, 5_000_000]).findings(5_000_001).lost, 4_999_999);
});

test('for any order of any messages, what a flow says is what a list says', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 60 }), (sequences) => {
      const seen = new Set(sequences);
      const { arrived, duplicates, lost } = flowOf(sequences).findings(31);
      assert.equal(arrived, seen.size);
      assert.equal(duplicates, sequences.length - seen.size);
      assert.equal(lost, 31 - seen.size);
    }),
  );
});
