// The store in memory, announcing at once and when told, under the suite for all stores; and what the tests of other
// rooms ask of it besides.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { storeContract } from './store.ts';
import { open, type StorePlace } from './store-place.ts';
import { group, message, recipient, record } from './store-samples.ts';

function placeOf(store: MemoryStore): StorePlace {
  return {
    makeStore: () => store,
    setFull: (_, isFull) => store.announceFull(isFull),
    breakDisk: () => store.announceFailed(),
    remove: () => Promise.resolve(),
  };
}

storeContract('the store in memory', () => Promise.resolve(placeOf(new MemoryStore())), ['full', 'break']);

storeContract('the store in memory that announces when told', () => {
  const store = new MemoryStore({ announces: 'when-told' });
  return Promise.resolve({ ...placeOf(store), commit: () => store.announce(store.written) });
}, ['elide', 'full', 'break']);

test('changes that are announced one by one become durable one by one', async () => {
  const store = new MemoryStore({ announces: 'when-told' });
  const { told } = await open(placeOf(store));
  const batches = [1, 2, 3].map((key) => store.saveSession(record(key)));
  assert.deepEqual([store.durable, told.durable], [0, []]);
  for (const batch of batches) {
    store.announce(batch);
    assert.equal(store.durable, batch);
  }
  assert.deepEqual(told.durable, batches);
  assert.equal(store.lateBytes, 0);
});

test('a message is elided until its batch is announced, however many turns that takes', async () => {
  const store = new MemoryStore({ announces: 'when-told' });
  await open(placeOf(store));
  for (const key of [1, 2]) store.saveSession(record(key));
  const both = [1, 2].map((key) => recipient(key, 1));
  const first = store.append(1, message('a', ''), both, undefined);
  store.append(2, message('a', ''), both, undefined);
  store.announce(first);
  assert.deepEqual([store.settle(1, 1), store.settle(2, 1)], [false, false]);
  assert.deepEqual([store.settle(1, 2), store.settle(2, 2)], [false, true]);
});

test('a message of which a recipient was deleted is not elided', async () => {
  const store = new MemoryStore({ announces: 'when-told' });
  await open(placeOf(store));
  for (const key of [1, 2]) store.saveSession(record(key));
  const both = [1, 2].map((key) => recipient(key, 1));
  store.append(1, message('a', ''), both, undefined);
  store.deleteSession(2);
  assert.equal(store.settle(1, 1), false);
});

test('what a deleted recipient was owed counts no more', async () => {
  const store = new MemoryStore();
  await open(placeOf(store));
  for (const key of [1, 2]) store.saveSession(record(key));
  store.saveGroup(group(3));
  const all = [1, 2, 3].map((key) => recipient(key, 1));
  for (const id of [1, 2]) store.append(id, message('a', ''), id === 1 ? all : all.slice(1), undefined);
  const counts = [];
  for (const end of [() => store.deleteSession(1), () => store.deleteGroup(3), () => store.deleteSession(2)]) {
    end();
    const { messages, deliveries } = store.statistics();
    counts.push([messages, deliveries]);
  }
  assert.deepEqual(counts, [
    [2, 4],
    [2, 2],
    [0, 0],
  ]);
});

test('reads are answered when the one who made the store lets turns end', async () => {
  const tasks: (() => void)[] = [];
  const store = new MemoryStore({ later: (task) => void tasks.push(task) });
  await open(placeOf(store));
  store.saveSession(record(1));
  store.append(1, message('a', ''), [recipient(1, 1)], undefined);
  let pages = 0;
  store.read(1, 0, { messagesMax: 10, bytesMax: 10 }, () => pages++);
  await new Promise(setImmediate);
  assert.equal(pages, 0);
  for (const task of tasks) task();
  assert.equal(pages, 1);
});
