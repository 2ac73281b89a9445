// Where the suite for stores finds the store of a page: an IndexedDB, whichever it is, that a test can fill, break, and kill the page of.

import type { Clock } from '../../src/base/clock.ts';
import { SILENT_LOG } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import type { Database, DatabaseFactory, KeyRanges, Transaction } from '../../src/store/indexed-db/database.ts';
import { IndexedDbStore } from '../../src/store/indexed-db/indexed-db-store.ts';
import type { Locks } from '../../src/store/indexed-db/occupancy.ts';
import type { StorePlace } from './store-place.ts';

/** It stands still, so that moments come back as they were. */
const CLOCK: Clock = {
  monotonic: () => millis(5_000),
  wall: () => millis(1_700_000_000_000),
  boot: () => ({ id: '', time: millis(0) }),
};

/** The page that has the store has the lock; the one before it is gone. */
const LOCKS: Locks = { request: (_, __, callback) => callback(undefined) };

/** A page's view of a database, which goes with the page. */
class Page {
  readonly factory: DatabaseFactory;
  isBroken = false;
  isDead = false;
  private readonly running: Set<Transaction>;

  constructor(disk: DatabaseFactory) {
    this.running = new Set();
    this.factory = {
      open: (name, version) => {
        const request = disk.open(name, version);
        request.addEventListener('success', () => this.watch(request.result));
        return request;
      },
    };
  }

  /** Runs a task unless the page is gone by then. */
  readonly later = (task: () => void): void => {
    setImmediate(() => {
      if (!this.isDead) task();
    });
  };

  /** What had not become durable by now never does. */
  kill(): void {
    this.isDead = true;
    for (const transaction of this.running) {
      try {
        transaction.abort();
      } catch {
        // It is being committed: the page does not hear of it any more, and what it wrote is there.
      }
    }
  }

  private watch(database: Database): void {
    const begin = database.transaction.bind(database);
    database.transaction = (names, mode, options) => {
      if (this.isBroken) throw new Error('The disk is said to be broken.');
      const transaction = begin(names, mode, options);
      this.running.add(transaction);
      const end = (): void => void this.running.delete(transaction);
      transaction.addEventListener('complete', end);
      transaction.addEventListener('abort', end);
      return transaction;
    };
  }
}

/**
 * A place in a browser.
 * @param disk  The browser's databases.
 * @param name  A database that nobody else uses.
 */
export function pagePlace(disk: DatabaseFactory, keyRanges: KeyRanges, name: string): StorePlace {
  let roomBytes: number | undefined;
  let page = new Page(disk);
  let lookAgain = (): void => undefined;
  return {
    makeStore() {
      page = new Page(disk);
      const store = new IndexedDbStore(name, {
        factory: page.factory,
        keyRanges,
        locks: LOCKS,
        roomBytes: () => Promise.resolve(roomBytes),
        clock: CLOCK,
        later: page.later,
        setAlarm: (_, ring) => {
          lookAgain = ring;
          return () => undefined;
        },
        holder: 'page',
        log: SILENT_LOG,
      });
      const its = page;
      const open = store.open.bind(store);
      // A page that is gone tells nobody that its database is, too.
      store.open = (owner) => open({ ...owner, failed: (error) => (its.isDead ? undefined : owner.failed(error)) });
      return store;
    },
    crash() {
      page.kill();
      return Promise.resolve();
    },
    setFull(_, isFull) {
      roomBytes = isFull ? 0 : undefined;
      // What the second would bring.
      if (!isFull) setImmediate(() => lookAgain());
    },
    breakDisk() {
      page.isBroken = true;
    },
    remove: () => Promise.resolve(),
  };
}
