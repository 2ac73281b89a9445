// The world itself: a plan runs to its end, twice the same, and what is killed, cut and told is so.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { plainClient, plainPlan, publishing, subscribing } from './plain-plan.fixture.ts';
import { runPlan } from './run-plan.ts';

test('what is published is received, acknowledged and settled, and everything comes to rest', async () => {
  const { events, end } = await runPlan(plainPlan());
  for (const qos of [0, 1, 2]) {
    const received = events.filter((event) => event.kind === 'received' && event.qos === qos);
    assert.equal(received.length, 3, `QoS ${qos}`);
  }
  assert.equal(events.filter(({ kind }) => kind === 'settled').length, 9);
  assert.deepEqual([end.unrest, end.exceptions], [[], []]);
  assert.equal(end.sizes.sessions, 2);
  assert.equal(end.leftovers?.sizes.sessions, 0);
});

test('the same plan has the same history, and another seed another one', async () => {
  const plan = plainPlan({ network: { delayMillisMin: 0, delayMillisMax: 50, chunkBytesMax: 3, bufferBytes: 1_000 } });
  const [one, same, other] = [await runPlan(plan), await runPlan(plan), await runPlan({ ...plan, seed: 2 })];
  assert.deepEqual(one.events, same.events);
  assert.notDeepEqual(one.events, other.events);
});

test('a process that is killed at a boundary says nothing more, and comes back', async () => {
  for (let boundary = 1; boundary <= 40; boundary++) {
    const { events, end } = await runPlan(
      plainPlan({
        steps: [
          { at: 0, kind: 'crash-at', who: 'broker', boundary, downMillis: 20, machine: false },
          ...plainPlan().steps,
        ],
      }),
    );
    const crash = events.findIndex(({ kind }) => kind === 'crashed');
    const restart = events.findIndex((event) => event.kind === 'started' && event.who === 'broker' && event.life === 2);
    assert.ok(crash >= 0 && restart > crash, `boundary ${boundary}`);
    const words = events.slice(crash, restart).filter((event) => event.kind === 'sent' && event.by === 'broker');
    assert.deepEqual(words, [], `boundary ${boundary}`);
    assert.deepEqual([end.unrest, end.exceptions], [[], []]);
  }
});

test('of a half-open connection one side is told, the other finds out by itself', async () => {
  const plan = plainPlan({
    clients: [plainClient('p'), plainClient('s', { subscriptions: [subscribing('#')], keepAliveSeconds: 1 })],
    steps: [{ at: 100, kind: 'half-open', client: 's', told: 'broker' }, publishing('p', 1, 200)],
  });
  const { events } = await runPlan(plan);
  const over = events.filter((event) => event.kind === 'connection-over' && event.client === 's');
  assert.deepEqual(
    over.map((event) => event.kind === 'connection-over' && event.side),
    ['broker', 'client'],
  );
  assert.equal(events.filter(({ kind }) => kind === 'received').length, 3);
});

test('who takes a client over ends its connection', async () => {
  const plan = plainPlan({ steps: [{ at: 100, kind: 'intruder', client: 's', clean: false, millis: 20 }] });
  const { events } = await runPlan(plan);
  const said = events.find(
    (event) => event.kind === 'sent' && event.by === 'broker' && event.packet.packet.kind === 'disconnect',
  );
  assert.ok(said?.kind === 'sent' && said.packet.packet.kind === 'disconnect');
  assert.equal(said.packet.packet.reasonCode, 0x8e);
});
