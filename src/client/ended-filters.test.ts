import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Claims } from './claims.ts';
import { EndedFilters } from './ended-filters.ts';

const OPTIONS = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

/** Filters that were ended, each under its place in the list. */
function ended(...filters: readonly string[]): EndedFilters {
  const all = new EndedFilters();
  const claims = new Claims(() => undefined);
  for (const [index, filter] of filters.entries()) all.add(claims.hold({ filter, options: OPTIONS }, {}, index + 1));
  return all;
}

test('a message without identifiers is late if its topic matches an ended filter', () => {
  const filters = ended('a/+', '$share/g/b');
  assert.deepEqual(
    ['a/x', 'b', 'c'].map((topic) => filters.covers(topic, [])),
    [true, true, false],
  );
});

test('a message with identifiers is late if all of them are of ended filters that it matches', () => {
  const filters = ended('a', '+', 'b');
  assert.deepEqual(
    [[1], [2, 1], [1, 3], [9], [1, 9]].map((identifiers) => filters.covers('a', identifiers)),
    [true, true, false, false, false],
  );
});

test('only the latest are remembered, and none when the broker has lost the session', () => {
  const filters = ended(...Array.from({ length: 300 }, (_, index) => `${index}`));
  assert.equal(filters.covers('0', []), false);
  assert.equal(filters.covers('299', []), true);
  filters.clear();
  assert.equal(filters.covers('299', []), false);
});
