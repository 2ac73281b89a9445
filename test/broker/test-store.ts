// Stores for a broker under test, and the end of a turn of the event loop, which in a script without `await` never
// comes by itself: what is put off until then runs when the harness has handed something to the broker and the broker
// has returned.

import type { Batch } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';

const tasks: (() => void)[] = [];

/** Runs a task at the end of the turn. */
export function later(task: () => void): void {
  tasks.push(task);
}

/** The turn ends; so does each that begins with something put off. */
export function endTurn(): void {
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
}

/** A store that calls everything durable at once, and answers reads at the end of the turn. */
export function memoryStore(): MemoryStore {
  return new MemoryStore({ announces: 'at-once', later });
}

/** A store whose changes become durable only when the test says so. */
export function lateStore(): { readonly store: MemoryStore; readonly commit: (upTo?: Batch) => void } {
  const store = new MemoryStore({ announces: 'when-told', later });
  const commit = (upTo: Batch = store.written): void => {
    store.announce(upTo);
    endTurn();
  };
  return { store, commit };
}
