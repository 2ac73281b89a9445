// The composition root of `vouch start`: the only place where a configuration becomes a concrete
// store, authenticator and listeners. Everything it opens it closes again when a later part fails.

import { ALLOW_ALL, ANONYMOUS } from '../auth/allow-all.ts';
import type { Log } from '../base/log.ts';
import { NO_EVENTS } from '../broker/events.ts';
import type { Config } from '../config/config.ts';
import type { Store } from '../store/contract.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import type { Listener } from '../transport/contract.ts';
import { withProgress } from './progress.ts';
import { RunningBroker } from './running-broker.ts';

/** A broker process that serves. */
export interface Server {
  /** In the order of the configuration's listeners. */
  readonly listeners: readonly Listener[];
  /** Tells every client, and lets go of everything. */
  stop(): Promise<void>;
}

/** Makes each kind of store. */
const STORES: { readonly [Kind in Config['store']]: () => Store } = {
  memory: () => new MemoryStore(),
};

/**
 * Opens everything that the configuration names.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 */
export async function startServer(config: Config, log: Log): Promise<Server> {
  const opening = RunningBroker.open({
    store: STORES[config.store](),
    authenticator: ANONYMOUS,
    authorizer: ALLOW_ALL,
    log,
    limits: config.limits,
    events: NO_EVENTS,
  });
  const running = await withProgress('opening the store', log, opening);
  const listeners: Listener[] = [];
  try {
    for (const { address } of config.listeners) listeners.push(await running.listen(address));
  } catch (error) {
    await running.close();
    throw error;
  }
  return { listeners, stop: () => running.close() };
}
