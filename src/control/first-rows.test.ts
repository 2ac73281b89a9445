import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { firstInOrder, firstRows } from './first-rows.ts';

interface Row {
  readonly key: number;
  readonly place: number;
}

const lists = fc
  .array(fc.option(fc.nat(5), { nil: undefined }))
  .map((keys) => keys.map((key, place) => (key === undefined ? undefined : { key, place })));

function made(steps: Iterable<Row | undefined>): readonly Row[] {
  return Array.from(steps).filter((row) => row !== undefined);
}

test('the first rows are those of the list, and no more of it is read', () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 10 }), (list, count) => {
      let read = 0;
      const counting = function* (): Generator<Row | undefined, void> {
        for (const row of list) {
          read++;
          yield row;
        }
      };
      const rows = made(firstRows(counting(), count));
      assert.deepEqual(rows, made(list).slice(0, count));
      const last = rows[count - 1];
      assert.equal(read, last === undefined ? list.length : last.place + 1);
    }),
  );
});

test('the first rows in an order are those of the sorted list, and every step is told', () => {
  const compare = (a: Row, b: Row): number => b.key - a.key;
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 10 }), (list, count) => {
      const steps = Array.from(firstInOrder(list, count, compare));
      assert.deepEqual(made(steps), made(list).toSorted(compare).slice(0, count));
      assert.equal(steps.filter((row) => row === undefined).length, list.length);
    }),
  );
});
