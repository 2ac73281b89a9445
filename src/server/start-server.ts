// The composition root of `vouch start`: the only place where a configuration becomes a concrete
// store, authenticator and listeners. Everything it opens it closes again when a later part fails.
// Invariant: nobody is listened to before everything that the store holds is there again.

import { ALLOW_ALL } from '../auth/allow-all.ts';
import type { Authorizer } from '../auth/contract.ts';
import { answeredRulesAlone } from '../auth/rules/answered-rules-alone.ts';
import type { GroupsFrom } from '../auth/rules/rule-set.ts';
import { namesGroups } from '../auth/sources.ts';
import type { OperationError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { ControlSocket } from '../control/control-server.ts';
import type { Listener } from '../transport/contract.ts';
import { openControl } from './control.ts';
import { controlTarget } from './control-target.ts';
import { type Gate, openGate } from './gate.ts';
import { memoryGauge } from './memory-gauge.ts';
import type { Audience } from './progress.ts';
import { withProgress } from './progress.ts';
import { AccessRules } from './access-rules.ts';
import { openBanFile } from './ban-file.ts';
import { type ReloadReport, Reloads } from './reloads.ts';
import { RunningBroker } from './running-broker.ts';
import { limitsInMemory, makeStore } from './storage.ts';

/** A broker process that serves. */
export interface Server {
  /** In the order of the configuration's listeners. */
  readonly listeners: readonly Listener[];
  readonly found: Found;
  /** Reads all files of users, rules, keys and certificates again, and says what became of each. */
  reload(): readonly ReloadReport[];
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
  /** An operator asks the process to stop in good order. */
  readonly stopAsked: () => void;
}

/**
 * Opens everything that the configuration names.
 * @throws {OperationError} `address-in-use`, `address-unavailable`, `store-in-use`, `store-damaged`, `store-not-accepted`,
 * `store-newer`, `store-unavailable`, `store-full`; `file-unavailable`: the bans cannot be read.
 * @throws {UsageError} `invalid-option`: a file of passwords, keys or the like, or the control socket, cannot be used; with a line for each thing that is wrong.
 */
export async function startServer(config: Config, audience: ServerAudience): Promise<Server> {
  const reloads = new Reloads(audience.log);
  const gate = openGate(config, audience.log);
  try {
    return await serve(config, audience, gate, reloads);
  } catch (error) {
    gate.close();
    reloads.close();
    throw error;
  }
}

async function serve(config: Config, audience: ServerAudience, gate: Gate, reloads: Reloads): Promise<Server> {
  const { log, storeFailed } = audience;
  let share = 0;
  for (const reloadable of gate.reloadables) reloads.add(reloadable);
  const rules = config.accessRules === undefined ? undefined : new AccessRules(config.accessRules, groupsFrom(config));
  if (rules !== undefined) reloads.add(rules);
  const store = makeStore(config, log);
  const opening = RunningBroker.open({
    store,
    authenticator: gate.authenticator,
    authorizer: rules ?? withoutRules(config),
    log,
    limits: config.store === 'memory' ? limitsInMemory(config.limits) : config.limits,
    rules: config.rules,
    redirects: config.redirects,
    busyRedirect: config.busyRedirect === '' ? undefined : config.busyRedirect,
    responseInformation: config.responseInformation === '' ? undefined : config.responseInformation,
    memory: memoryGauge(config.limits.memoryMax),
    banKeeper: config.store === 'memory' ? undefined : openBanFile(config.data),
    events: {
      storeFailed,
      storeOpening: (done) => {
        share = done;
      },
    },
    reloads,
    revokeOnReload: config.revokeOnReload,
  });
  const running = await withProgress('opening the store', audience, opening, () => share);
  const { sessions, messages, retained } = store.statistics();
  const listeners: Listener[] = [];
  let control: ControlSocket | undefined;
  try {
    for (const { address } of config.listeners) listeners.push(await running.listen(address));
    control = await openControl(
      config,
      controlTarget(running.broker, { stop: audience.stopAsked, reload: () => reloads.reload() }),
      log,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { listeners, found: { sessions, messages, retained }, reload: () => reloads.reload(), stop };

  async function stop(): Promise<void> {
    await control?.close();
    gate.close();
    await running.close();
  }
}

function groupsFrom({ authSources }: Config): GroupsFrom {
  return namesGroups(authSources) ? 'answers' : 'file';
}

/** Who asks an HTTP server may hear from it what a client may do. */
function withoutRules({ authSources }: Config): Authorizer {
  return authSources.httpAuth === '' ? ALLOW_ALL : answeredRulesAlone();
}
