import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PLAIN_BROKER, PLAIN_NETWORK, plainClient } from '../generate/plain-parts.ts';
import type { EndState, History } from '../history.ts';
import type { Plan } from '../plan.ts';
import { answer, NOTHING_LEFT, publish, SampleEvents, subscribe } from './sample-events.ts';
import { sayPlan } from './say-step.ts';
import { timelineOf } from './timeline.ts';

const PLAN: Plan = {
  seed: 1,
  broker: PLAIN_BROKER,
  network: PLAIN_NETWORK,
  clients: [plainClient('ann', { subscriptions: [] })],
  steps: [{ kind: 'cut', at: 7, client: 'ann' }],
  quietAt: 10,
};

function historyOf({ events }: SampleEvents, end: Partial<EndState> = {}): History {
  return { plan: PLAN, events, end: { ...NOTHING_LEFT, ...end } };
}

test('an event is a line: when, who, on which connection, what', () => {
  const sample = new SampleEvents()
    .connected()
    .passed('client', publish(2, 7))
    .passed('broker', answer('pubrec', 7, 0x10));
  sample
    .add({ kind: 'fault', step: { kind: 'cut', at: 0, client: 'ann' } })
    .over('client')
    .over('broker', 'destroy');
  assert.deepEqual(timelineOf(historyOf(sample), []), [
    '    0.000 s  broker               starts (life 1)',
    '    0.001 s  broker               is ready',
    '    0.002 s  ann                  starts (life 1)',
    '    0.003 s  ann                  is ready',
    '    0.004 s  ann       1          dials',
    '    0.005 s  ann     > 1          CONNECT ann version 5',
    '    0.006 s  broker  < 1 ann      CONNECT ann version 5',
    '    0.007 s  broker  > 1 ann      CONNACK',
    '    0.008 s  ann     < 1          CONNACK',
    '    0.009 s  ann     > 1          PUBLISH t = ann#1 QoS 2 id 7',
    '    0.010 s  broker  < 1 ann      PUBLISH t = ann#1 QoS 2 id 7',
    '    0.011 s  broker  > 1 ann      PUBREC 7 no matching subscribers (0x10)',
    '    0.012 s  ann     < 1          PUBREC 7 no matching subscribers (0x10)',
    '    0.013 s  ***                  the connection of ann is cut',
    '    0.014 s  ann     x 1          is told that it is over',
    '    0.015 s  broker  x 1 ann      destroys it',
  ]);
});

test('a violation stands where it shows, before what comes later', () => {
  const sample = new SampleEvents().ready('broker').sent('client', subscribe(1, 'a/#'));
  const violation = { checker: 'order', sentence: 'ann#2 came before ann#1', at: 1 };
  assert.deepEqual(timelineOf(historyOf(sample), [violation]), [
    '    0.000 s  broker               starts (life 1)',
    '    0.001 s  broker               is ready',
    '    0.001 s  !!!                  order: ann#2 came before ann#1',
    '    0.002 s  ann     > 1          SUBSCRIBE 1 a/# QoS 1',
  ]);
});

test('what is left at the end is said at the end', () => {
  const lines = timelineOf(historyOf(new SampleEvents(), { unrest: ['the broker is down'], exceptions: ['boom'] }), []);
  assert.deepEqual(lines, ['     at end  the broker is down', '  exception  boom']);
});

test('what an application does and is told is said in words', () => {
  const base = { client: 'ann', life: 1 };
  const sample = new SampleEvents()
    .add({
      kind: 'publish',
      ...base,
      label: 'ann#1',
      number: 1,
      topic: 't',
      qos: 1,
      retain: true,
      isEmpty: false,
      expirySeconds: 3,
    })
    .add({ kind: 'failed', ...base, label: 'ann#1', code: 'message-expired', reasonCode: undefined })
    .add({
      kind: 'received',
      ...base,
      handle: -1,
      label: 'bob#4',
      topic: 't',
      qos: 2,
      retain: false,
      dup: true,
      key: 9,
    })
    .add({ kind: 'disconnected', ...base, how: 'lost', reasonCode: 0x8e })
    .add({ kind: 'dropped', client: 'ann', topic: '', count: 3, reason: 'queue-full' });
  assert.deepEqual(
    timelineOf(historyOf(sample), []).map((line) => line.slice(34)),
    [
      'publishes ann#1 to t, QoS 1 retain expiring in 3 s',
      'hears that ann#1 has failed: message-expired',
      'is handed bob#4 on t, QoS 2 dup for no subscription of this life, key 9',
      'is disconnected: lost session taken over (0x8e)',
      'drops 3 messages for ann: queue-full',
    ],
  );
});

test('a plan is said in a line for each part and step', () => {
  assert.deepEqual(sayPlan(PLAN), [
    'broker: store model, commits in 1 to 2 ms',
    'network: 1 to 3 ms, as it was written, 1048576 bytes fit in',
    'ann: version 5, no store, 20 in flight, starts at 0.000 s',
    'at 0.007 s: the connection of ann is cut',
    'at 0.010 s: nothing breaks any more',
  ]);
});
