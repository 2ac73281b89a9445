// Which store a broker gets, and what that means for its limits, and which one a client gets. Shared by the commands and by what the
// package exports.

import type { Log } from '../base/log.ts';
import { millis } from '../base/millis.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import type { Config } from '../config/config.ts';
import type { Store } from '../store/contract.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { ENGINE_TUNING } from '../store/sqlite/engine.ts';
import { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { WorkerExecutor } from '../store/sqlite/worker-executor.ts';
import { memoryBytes } from './memory-gauge.ts';
import { NODE_CLOCK } from './node-parts.ts';

/** What is to be known of a store. */
export type StorageChoices = Pick<Config, 'store' | 'data' | 'storeBytesMax' | 'storeReserveBytes' | 'downtimeMax'>;

/** The beginning of the store's thread, under the name that it has here: in the sources, or built. */
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './store-thread.ts' : './store-thread.js', import.meta.url);

const MIB = 1024 * 1024;
const CLIENT_RESERVE_BYTES = 16 * MIB;
/** A device without a clock of its own may start in 1970. */
const CLIENT_DOWNTIME_MAX = millis(30 * 86_400_000);

/** Without a limit, the share of the memory that queues may take where they are nowhere else. */
const MEMORY_SHARE = 1 / 4;

/** Makes the store that was chosen. Nothing is opened yet. */
export function makeStore(choices: StorageChoices, log: Log): Store {
  if (choices.store === 'memory') return new MemoryStore();
  const executor = new WorkerExecutor(THREAD, {
    path: choices.data,
    reserveBytes: choices.storeReserveBytes,
    bytesMax: choices.storeBytesMax,
    synchronous: 'full',
    tuning: ENGINE_TUNING,
  });
  return new SqliteStore({ executor, clock: NODE_CLOCK, log, downtimeMax: choices.downtimeMax });
}

/**
 * Makes the store of a client in a directory. Nothing is opened yet. A client has one queue either way, so what is kept back of the
 * disk for the day when it is full may be small.
 */
export function makeClientStore(directory: string, log: Log): Store {
  const executor = new WorkerExecutor(THREAD, {
    path: directory,
    reserveBytes: CLIENT_RESERVE_BYTES,
    bytesMax: 0,
    synchronous: 'full',
    tuning: ENGINE_TUNING,
  });
  return new SqliteStore({ executor, clock: NODE_CLOCK, log, downtimeMax: CLIENT_DOWNTIME_MAX });
}

/** The limits of a broker whose store is memory: there the disk is no bound to what all queues together hold. */
export function limitsInMemory(limits: BrokerLimits): BrokerLimits {
  return limits.queuesBytesMax > 0 ? limits : { ...limits, queuesBytesMax: Math.floor(memoryBytes() * MEMORY_SHARE) };
}
