import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALLOW_ALL, ANONYMOUS } from '../auth/allow-all.ts';
import { SILENT_LOG } from '../base/log.ts';
import { Broker } from '../broker/broker.ts';
import { DEFAULT_LIMITS } from '../broker/limits.ts';
import type { ControlRequest } from '../control/operations.ts';
import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { controlTarget } from './control-target.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';

/** Asks a broker without clients, which has retained these messages; returns every row. */
async function ask(request: ControlRequest, ...topics: readonly string[]): Promise<readonly object[]> {
  const broker = new Broker({
    store: new MemoryStore(),
    authenticator: ANONYMOUS,
    authorizer: ALLOW_ALL,
    clock: NODE_CLOCK,
    random: NODE_RANDOM,
    log: SILENT_LOG,
    limits: DEFAULT_LIMITS,
    events: {},
  });
  await broker.open();
  for (const topic of topics) {
    const payload = Buffer.from('x');
    await broker.publish({ topic, payload, qos: 1, retain: true, properties: NO_MESSAGE_PROPERTIES });
  }
  const rows: object[] = [];
  const actions = { reload: () => [], stop: () => assert.fail('nobody has asked for that') };
  for await (const row of controlTarget(broker, actions).answer(request)) if (row !== undefined) rows.push(row);
  await broker.close();
  return rows;
}

test('what is not there is not found; what cannot be is refused, before anything is done', async () => {
  const about = { id: 'nobody', reason: undefined };
  const notFound = { code: 'not-found' };
  await assert.rejects(ask({ kind: 'client', question: { id: 'nobody' } }), notFound);
  await assert.rejects(ask({ kind: 'queue', question: { id: 'nobody', limit: 1, payload: false } }), notFound);
  await assert.rejects(ask({ kind: 'kick', question: about }), notFound);
  await assert.rejects(ask({ kind: 'end-session', question: about }), notFound);
  const cannotBe = { name: 'UsageError', code: 'invalid-argument' };
  for (const filter of ['', 'a#', '$share/g/a', '\0']) {
    await assert.rejects(ask({ kind: 'clear-retained', question: { filter } }), cannotBe, filter);
  }
  const both = { perSecond: 1, percent: 1, to: undefined };
  await assert.rejects(ask({ kind: 'start-drain', question: both }), cannotBe);
});

test('retained messages are told with their payload where it is asked for, as many as are wanted, and cleared', async () => {
  const topics = ['a/1', 'a/2', 'b'];
  const found = await ask({ kind: 'retained', question: { filter: 'b', limit: undefined, payload: true } }, ...topics);
  assert.deepEqual(found, [{ topic: 'b', qos: 1, expiresInSeconds: undefined, payloadBytes: 1, payload: 'eA==' }]);
  const [first, ...others] = await ask(
    { kind: 'retained', question: { filter: undefined, limit: 1, payload: false } },
    ...topics,
  );
  assert.ok(first !== undefined && 'payload' in first && first.payload === undefined);
  assert.deepEqual(others, []);
  assert.deepEqual(await ask({ kind: 'clear-retained', question: { filter: 'a/+' } }, ...topics), [{ cleared: 2 }]);
});

test('a drain that nobody has begun is no row, one that has begun is', async () => {
  assert.deepEqual(await ask({ kind: 'drain', question: {} }), []);
  assert.deepEqual(await ask({ kind: 'cancel-drain', question: {} }), [{ wasDraining: false }]);
  const begun = await ask({ kind: 'start-drain', question: { perSecond: undefined, percent: undefined, to: 'b' } });
  assert.equal(begun.length, 1);
});
