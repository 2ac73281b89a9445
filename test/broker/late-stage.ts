// Where the rows of src/broker/commit.ts are tested: a broker over a store whose changes become durable only
// when the test says so. A row is a script. The scripts that claim that something is held are run a second time
// against a store that calls everything durable at once, and must then fail: they would notice a gate that never holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { BrokerLimits } from '../../src/broker/limits.ts';
import type { Batch } from '../../src/store/contract.ts';
import { type ConnectChoice, connectPacket, TestBroker, type TestClient } from './harness.ts';
import { lateStore } from './test-store.ts';

/** A broker over a store that is late, or that lies. */
export interface Stage {
  readonly broker: TestBroker;
  /** The batch of the latest change. */
  readonly written: () => Batch;
  /** Makes changes durable: all, or those up to a batch. */
  readonly commit: (upTo?: Batch) => void;
  /** A client past CONNACK; commits. */
  readonly connect: (choice: ConnectChoice) => TestClient;
  /** A client with a persistent session, subscribed to `a` with QoS 2; commits. */
  readonly keeper: (clientId?: string) => TestClient;
}

type Script = (stage: Stage) => void | Promise<void>;

/** A persistent session. */
export function kept(clientId: string, clean = false): ConnectChoice {
  return { clientId, clean, properties: { sessionExpiryInterval: 1000 } };
}

export async function setStage(isHonest: boolean, limits: Partial<BrokerLimits> = {}): Promise<Stage> {
  const { store, commit: announce } = lateStore();
  if (!isHonest) store.durable = Number.POSITIVE_INFINITY;
  const broker = await TestBroker.open({ store, limits });
  const commit = (upTo: Batch = store.written): void => {
    if (isHonest) announce(upTo);
  };
  const connect = (choice: ConnectChoice): TestClient => {
    const client = broker.dial(choice.version);
    client.send(connectPacket(choice));
    commit();
    client.expect('connack');
    return client;
  };
  const keeper = (clientId = 'keeper'): TestClient => {
    const client = connect(kept(clientId));
    client.requestSubscription(['a']);
    commit();
    client.expect('suback');
    return client;
  };
  return { broker, written: () => store.written, commit, connect, keeper };
}

/** A script that claims that something waits, and no more than it must. */
export function holds(claim: string, script: Script): void {
  test(claim, async () => {
    await script(await setStage(true));
  });
  test(`without a gate it is not true that ${claim}`, async () => {
    const stage = await setStage(false);
    await assert.rejects(async () => script(stage), { code: 'ERR_ASSERTION' });
  });
}

/** A script that claims that something does not wait. */
export function passes(claim: string, script: Script): void {
  test(claim, async () => {
    await script(await setStage(true));
  });
}
