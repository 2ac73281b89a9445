// Vouch in each set-up that checks ask for (`SetUp` in check.ts), in this process, with the store in memory.

import { ALLOW_ALL, ANONYMOUS } from '../../src/auth/allow-all.ts';
import type { Authenticator, Authorizer } from '../../src/auth/contract.ts';
import { SILENT_LOG } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import type { ListenerAddress } from '../../src/config/listener-address.ts';
import { RunningBroker } from '../../src/server/running-broker.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { SetUp } from '../check.ts';
import { GUARD, GUARDED_TOPICS } from './guards.ts';
import type { Address } from '../../test/support/dial.ts';

/** Brokers by set-up. */
export interface Brokers {
  readonly addresses: { readonly [Name in SetUp]?: Address };
  close(): Promise<void>;
}

const TIGHT: Partial<BrokerLimits> = {
  receiveMaximum: 3,
  packetBytesMax: 1_024,
  topicAliasMaximum: 2,
  topicAliasesOutMax: 2,
  keepAliveSecondsMax: 2,
  sessionExpiryMax: millis(60_000),
};

/** How Vouch is reached. */
export interface Door {
  readonly listener: ListenerAddress;
  /** Where that is for a client, but for the port. */
  readonly address: Omit<Address, 'port'>;
}

const HOST = '127.0.0.1';
const PLAIN: Door = { listener: { type: 'tcp', host: HOST, port: 0, proxyFrom: [] }, address: { host: HOST } };

/** Starts Vouch in every set-up. @param door  The port of its listener has to be 0. */
export async function startBrokers(door: Door = PLAIN): Promise<Brokers> {
  const running: RunningBroker[] = [];
  const start = async (
    limits: Partial<BrokerLimits>,
    authenticator: Authenticator = ANONYMOUS,
    authorizer: Authorizer = ALLOW_ALL,
  ): Promise<Address> => {
    const broker = await RunningBroker.open({
      store: new MemoryStore(),
      authenticator,
      authorizer,
      log: SILENT_LOG,
      limits: { ...DEFAULT_LIMITS, ...limits },
      events: {},
    });
    running.push(broker);
    const { port } = await broker.listen(door.listener);
    return { ...door.address, port };
  };
  return {
    addresses: {
      default: await start({}),
      tight: await start(TIGHT),
      guarded: await start({}, GUARD, GUARDED_TOPICS),
    },
    close: async () => {
      for (const broker of running) await broker.close();
    },
  };
}
