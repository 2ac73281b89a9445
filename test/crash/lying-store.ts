// A store that lies: it says at once that everything is durable, and is late, so that what was promised too early is at stake whatever
// the disk's speed. It is for the tests of the tests: whoever has such a store breaks its promises, and must be found out.

import type { Store } from '../../src/store/contract.ts';
import type { Executor } from '../../src/store/sqlite/executor.ts';

/** How long the commits are put off. */
const LATE_MILLIS = 50;

/** The same engine, for which everything comes a little later, in order. */
export function putOff(prompt: Executor): Executor {
  const later = (action: () => void): void => void setTimeout(action, LATE_MILLIS);
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
