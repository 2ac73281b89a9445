import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { MessageOwners } from './message-owners.ts';

/** Ids near the borders of blocks and words, and far apart. */
const anyId = fc.oneof(
  fc.integer({ min: 1, max: 70 }),
  fc.integer({ min: 1_000, max: 1_060 }),
  fc.integer({ min: 2 ** 33, max: 2 ** 33 + 40 }),
);

describe('the owners of messages', () => {
  it('are counted down to the last one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyId, fc.integer({ min: 1, max: 4 }))), fc.array(anyId), (added, released) => {
        const owners = new MessageOwners();
        const model = new Map<number, number>();
        for (const [id, count] of added) {
          if (model.has(id)) {
            owners.addOne(id);
            model.set(id, (model.get(id) ?? 0) + 1);
          } else {
            owners.add(id, count);
            model.set(id, count);
          }
        }
        for (const id of released) {
          const count = model.get(id);
          if (count === undefined) continue;
          assert.equal(owners.release(id), count === 1);
          if (count === 1) model.delete(id);
          else model.set(id, count - 1);
        }
        assert.equal(owners.messages, model.size);
        for (const [id] of added) assert.equal(owners.has(id), model.has(id));
      }),
    );
  });

  it('know between which messages there are none', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyId, { minLength: 2 }), fc.nat(100), (ids, at) => {
        const owners = new MessageOwners();
        for (const id of ids) owners.add(id, 1);
        const sorted = ids.toSorted((a, b) => a - b);
        const low = sorted[at % (sorted.length - 1)] as number;
        for (const high of sorted.filter((id) => id > low && id - low < 2_000)) {
          const between = sorted.filter((id) => id > low && id < high);
          assert.equal(owners.hasNoneBetween(low, high), between.length === 0);
        }
      }),
    );
  });

  it('forget a message with its last owner', () => {
    const owners = new MessageOwners();
    owners.add(5, 2);
    owners.release(5);
    owners.release(5);
    assert.throws(() => owners.release(5), /has recipients/);
    owners.add(5, 1);
    assert.equal(owners.release(5), true);
  });

  it('do not tell about a gap that would take long to look at', () => {
    assert.equal(new MessageOwners().hasNoneBetween(1, 10_000_000), false);
  });
});
