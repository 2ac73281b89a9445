// The store in memory, announcing at once and when told, under the suite for all stores.

import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { storeContract } from './store.ts';

storeContract('the store in memory', () => {
  const store = new MemoryStore();
  return Promise.resolve({ makeStore: () => store, remove: () => Promise.resolve() });
});

storeContract('the store in memory that announces when told', () => {
  const store = new MemoryStore({ announces: 'when-told' });
  return Promise.resolve({
    makeStore: () => store,
    commit: () => store.announce(store.written),
    remove: () => Promise.resolve(),
  });
});
