// The durable store under the suite for all stores: with its engine in this thread, where it can crash, run full and fail,
// and in its own, as the broker runs it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe } from 'node:test';

import type { Clock } from '../../src/base/clock.ts';
import { SILENT_LOG } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import { ENGINE_TUNING } from '../../src/store/sqlite/engine.ts';
import type { Executor, ExecutorOptions } from '../../src/store/sqlite/executor.ts';
import { InThreadExecutor } from '../../src/store/sqlite/in-thread-executor.ts';
import { type OpenDirectory, openDirectory } from '../../src/store/sqlite/open-directory.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { StoreFault } from '../../src/store/sqlite/store-fault.ts';
import { WorkerExecutor } from '../../src/store/sqlite/worker-executor.ts';
import { storeContract } from './store.ts';
import { contractOfDurability } from './store-durability.ts';
import { open, type OpenNew, type StorePlace } from './store-place.ts';
import { contractOfQueues } from './store-queues.ts';

const THREAD = new URL('../../src/server/store-thread.ts', import.meta.url);

/** It stands still, so that moments come back as they were. */
const CLOCK: Clock = {
  monotonic: () => millis(5_000),
  wall: () => millis(1_700_000_000_000),
  boot: () => ({ id: 'a boot', time: millis(7_000) }),
};

/** Small numbers, so that short histories come to every edge. */
const SMALL = {
  ...ENGINE_TUNING,
  pageEntriesMax: 16,
  indexEveryMessages: 64,
  sliceRows: 32,
  checkpointLogBytes: 65_536,
};

/** Faults that a test puts into an engine. */
class Faults {
  isFull = false;
  isBroken = false;

  /** Opens a data directory whose disk is as the test says. */
  readonly openDirectory: typeof openDirectory = (options) => {
    const opened = openDirectory(options);
    this.put(opened);
    return opened;
  };

  private put({ engine, reserve }: OpenDirectory): void {
    const apply = engine.apply.bind(engine);
    const applyAgain = engine.applyAgain.bind(engine);
    const hasRoomUnderLimit = engine.hasRoomUnderLimit.bind(engine);
    let owed: Uint8Array | undefined;
    engine.apply = (batch) => {
      if (this.isBroken) throw new StoreFault('failed', 'The disk is said to be broken.');
      if (this.isFull && reserve.isHeld) {
        owed = batch;
        throw new StoreFault('full', 'The disk is said to be full.');
      }
      apply(batch);
    };
    engine.applyAgain = () => {
      if (owed === undefined) return applyAgain();
      const batch = owed;
      owed = undefined;
      return apply(batch);
    };
    engine.hasRoomUnderLimit = (bytes) => !this.isFull && hasRoomUnderLimit(bytes);
  }
}

function makeOptions(directory: string, tuning: ExecutorOptions['tuning']): ExecutorOptions {
  return { path: directory, reserveBytes: 4_096, bytesMax: 0, synchronous: 'full', tuning };
}

function makeStore(executor: Executor): SqliteStore {
  return new SqliteStore({ executor, clock: CLOCK, log: SILENT_LOG, downtimeMax: millis(0) });
}

function placeInThread(tuning: ExecutorOptions['tuning']): StorePlace {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-store-'));
  const faults = new Faults();
  let executor: InThreadExecutor | undefined;
  return {
    makeStore() {
      executor = new InThreadExecutor(makeOptions(directory, tuning), {
        clock: CLOCK,
        later: (task) => void setImmediate(task),
        openDirectory: faults.openDirectory,
      });
      return makeStore(executor);
    },
    crash() {
      executor?.crash();
      return Promise.resolve();
    },
    setFull(_, isFull) {
      faults.isFull = isFull;
      // What the second would bring.
      if (!isFull) setImmediate(() => executor?.tick());
    },
    breakDisk() {
      faults.isBroken = true;
    },
    remove() {
      rmSync(directory, { recursive: true });
      return Promise.resolve();
    },
  };
}

function placeInWorker(): StorePlace {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-store-'));
  let store: SqliteStore | undefined;
  return {
    makeStore() {
      store = makeStore(new WorkerExecutor(THREAD, makeOptions(directory, ENGINE_TUNING)));
      return store;
    },
    async remove() {
      // A test that failed has left it open, and its thread would keep this process.
      await store?.close();
      rmSync(directory, { recursive: true });
    },
  };
}

storeContract('the durable store in this thread', () => Promise.resolve(placeInThread(SMALL)), [
  'elide',
  'crash',
  'full',
  'break',
]);

// The engine is the same, so what is shown again is what goes over threads: batches, announcements, pages, the end.
describe('the durable store in a thread of its own keeps the store contract', { timeout: 120_000 }, () => {
  const places: StorePlace[] = [];
  after(async () => {
    for (const place of places) await place.remove();
  });
  const openNew: OpenNew = async () => {
    const place = placeInWorker();
    places.push(place);
    return { place, ...(await open(place)) };
  };
  contractOfDurability({ openNew, abilities: ['elide'] });
  contractOfQueues(openNew);
});
