// Stores that lie, for the tests of the tests: whoever has one breaks its promises, and must be found out. One says at once that
// everything is durable, and is late, so that what was promised too early is at stake whatever the disk's speed. One says
// nothing of a disk that failed, and goes on as if it had not.

import type { Store } from '../../src/store/contract.ts';
import type { EngineStatistics } from '../../src/store/sqlite/engine.ts';
import type { Executor } from '../../src/store/sqlite/executor.ts';

/** How long a slow disk takes for everything. */
export const SLOW_MILLIS = 50;
/** How long a liar leaves undone what it says is done: longer than a busy machine takes to kill it. */
export const LIE_MILLIS = 250;
/** Of a buffer that comes back although nobody has read it. */
const PRETENDED_BYTES = 65_536;

/** The same engine, for which everything comes so much later, in order. */
export function putOff(prompt: Executor, millis: number): Executor {
  const later = (action: () => void): void => void setTimeout(action, millis);
  return {
    open: (owner) => prompt.open(owner),
    apply: (batch) => later(() => prompt.apply(batch)),
    read: (...question) => later(() => prompt.read(...question)),
    close: () => later(() => prompt.close()),
  };
}

/** The same store, but for what it says about being durable: everything, at once. */
export function lying(honest: Store): Store {
  return new Proxy<Store>(honest, {
    get(target, name): unknown {
      if (name === 'durable') return Number.POSITIVE_INFINITY;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The same engine, but that its failure is hushed up: what was under way then, and all that comes after, is said to be committed. */
export function hushingUp(honest: Executor): Executor {
  let pending = 0;
  let hasFailed = false;
  let latest: EngineStatistics | undefined;
  let pretend: () => void = () => {};
  return {
    open: (owner) => {
      pretend = (): void => {
        for (; pending > 0 && latest !== undefined; pending--) owner.committed(new Uint8Array(PRETENDED_BYTES), latest);
      };
      honest.open({
        found: (chunk) => owner.found(chunk),
        opening: (share) => owner.opening(share),
        opened: (numbers, statistics) => {
          latest = statistics;
          owner.opened(numbers, statistics);
        },
        refused: (error) => owner.refused(error),
        committed: (spent, statistics) => {
          pending--;
          latest = statistics;
          owner.committed(spent, statistics);
        },
        page: (page) => owner.page(page),
        full: (isFull) => owner.full(isFull),
        failed: () => {
          hasFailed = true;
          pretend();
        },
        closed: () => owner.closed(),
      });
    },
    apply: (batch) => {
      pending++;
      if (hasFailed) setImmediate(() => pretend());
      else honest.apply(batch);
    },
    read: (...question) => honest.read(...question),
    close: () => honest.close(),
  };
}
