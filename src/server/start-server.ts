// The composition root of `vouch start`: the only place where a configuration becomes a concrete
// store, authenticator and listeners. Everything it opens it closes again when a later part fails.
// Invariant: nobody is listened to before everything that the store holds is there again.

import { ALLOW_ALL } from '../auth/allow-all.ts';
import type { OperationError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Listener } from '../transport/contract.ts';
import { type Gate, openGate } from './gate.ts';
import type { Audience } from './progress.ts';
import { withProgress } from './progress.ts';
import { AccessRules } from './access-rules.ts';
import { RunningBroker } from './running-broker.ts';
import { limitsInMemory, makeStore } from './storage.ts';

/** A broker process that serves. */
export interface Server {
  /** In the order of the configuration's listeners. */
  readonly listeners: readonly Listener[];
  readonly found: Found;
  /** Tells every client, and lets go of everything. */
  stop(): Promise<void>;
}

/** What the store held at the start. */
export interface Found {
  readonly sessions: number;
  /** Messages that sessions are owed, each once. */
  readonly messages: number;
  readonly retained: number;
}

/** Who is told what happens. */
export interface ServerAudience extends Audience {
  /** The store failed: nothing is acknowledged any more. To end the process is all that is left to do. */
  readonly storeFailed: (error: OperationError) => void;
}

/**
 * Opens everything that the configuration names.
 * @throws {OperationError} `address-in-use`, `address-unavailable`, `store-in-use`, `store-damaged`, `store-not-accepted`,
 * `store-newer`, `store-unavailable`, `store-full`.
 * @throws {UsageError} `invalid-option`: the password file cannot be used; with a line for each thing that is wrong.
 */
export async function startServer(config: Config, audience: ServerAudience): Promise<Server> {
  const gate = openGate(config, audience.log);
  try {
    return await serve(config, audience, gate);
  } catch (error) {
    gate.close();
    throw error;
  }
}

async function serve(config: Config, audience: ServerAudience, gate: Gate): Promise<Server> {
  const { log, storeFailed } = audience;
  let share = 0;
  const store = makeStore(config, log);
  const rules = config.accessRules === undefined ? undefined : new AccessRules(config.accessRules, log);
  rules?.watch();
  const opening = RunningBroker.open({
    store,
    authenticator: gate.authenticator,
    authorizer: rules ?? ALLOW_ALL,
    log,
    limits: config.store === 'memory' ? limitsInMemory(config.limits) : config.limits,
    rules: config.rules,
    redirects: config.redirects,
    responseInformation: config.responseInformation === '' ? undefined : config.responseInformation,
    events: {
      storeFailed,
      storeOpening: (done) => {
        share = done;
      },
    },
  });
  const running = await withProgress('opening the store', audience, opening, () => share);
  const { sessions, messages, retained } = store.statistics();
  const listeners: Listener[] = [];
  try {
    for (const { address } of config.listeners) listeners.push(await running.listen(address));
  } catch (error) {
    await stop();
    throw error;
  }
  return { listeners, found: { sessions, messages, retained }, stop };

  async function stop(): Promise<void> {
    gate.close();
    rules?.close();
    await running.close();
  }
}
