// The store that brokers crash on in test/broker/, under the suite for all stores: it can crash. Two that crash wrongly
// show that the suite notices.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { JournalStore } from '../broker/journal-store.ts';
import { storeContract } from './store.ts';
import { crashesLeavePrefixes } from './store-histories.ts';
import { open, type StorePlace } from './store-place.ts';

/** @param crash  What a crash leaves of a store. */
function placeOf(lies: boolean, crash: (store: JournalStore) => JournalStore): StorePlace {
  let current = new JournalStore(lies, [], setImmediate);
  return {
    makeStore: () => current,
    commit: () => current.commit(current.late),
    crash: () => {
      current = crash(current);
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
  };
}

/** In the middle of whatever is late. */
function crashHalfway(store: JournalStore): JournalStore {
  store.commit(store.late >> 1);
  return store.crash();
}

storeContract('the store that can lose what was not durable', () => Promise.resolve(placeOf(false, crashHalfway)), [
  'elide',
  'crash',
]);

describe('the suite notices', () => {
  const refuse = async (place: () => StorePlace): Promise<void> => {
    const openNew = async () => {
      const made = place();
      return { place: made, ...(await open(made)) };
    };
    const search = crashesLeavePrefixes(openNew, { numRuns: 1_000, seed: 1, endOnFailure: true });
    await assert.rejects(search, ({ cause }) => {
      assert.match(String(cause), /the changes of some first turns/);
      return true;
    });
  };

  test('a store that announces what it does not keep', async () => {
    await refuse(() => placeOf(true, crashHalfway));
  });

  test('a store that loses half a turn', async () => {
    await refuse(() => placeOf(false, (store) => store.crash(1)));
  });
});
