import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Handshakes } from './handshakes.ts';
import { answer, CONNACK, CONNECT, publish, SampleEvents, suback, subscribe } from './sample-events.ts';

function states(sample: SampleEvents): readonly string[] {
  return statesOf(sample, 'ann');
}

function statesOf({ events }: SampleEvents, client: string | undefined): readonly string[] {
  const handshakes = new Handshakes();
  for (const event of events) handshakes.see(event);
  return Array.from(handshakes.statesOf(client)).toSorted();
}

const connected = (): SampleEvents => new SampleEvents().connected();

test('a process is down, recovers, and is not connected until it dials', () => {
  const sample = new SampleEvents();
  assert.deepEqual(states(sample), ['down']);
  assert.deepEqual(states(sample.add({ kind: 'started', who: 'ann', life: 1 })), ['recovering']);
  assert.deepEqual(states(sample.add({ kind: 'ready', who: 'ann', life: 1 })), ['not connected']);
  assert.deepEqual(states(sample.dialled()), ['dialling']);
});

test('it is connecting from CONNECT until CONNACK has come', () => {
  const sample = new SampleEvents().ready('broker', 'ann').dialled().sent('client', CONNECT);
  assert.deepEqual(states(sample), ['connecting']);
  assert.deepEqual(states(sample.came('broker', CONNECT).sent('broker', CONNACK)), ['connecting']);
  assert.deepEqual(states(sample.came('client', CONNACK)), ['nothing in flight']);
});

test('it is subscribing until SUBACK has come, whatever else is in flight', () => {
  const sample = connected()
    .passed('client', subscribe(1, 'a/#'))
    .sent('broker', suback(1))
    .sent('client', publish(1, 2));
  assert.deepEqual(states(sample), ['in: PUBLISH 1 on its way', 'subscribing']);
  assert.deepEqual(states(sample.came('client', suback(1))), ['in: PUBLISH 1 on its way']);
});

test('a QoS 1 message goes through three states, in either direction', () => {
  for (const [direction, from, to] of [
    ['in', 'client', 'broker'],
    ['out', 'broker', 'client'],
  ] as const) {
    const sample = connected().sent(from, publish(1, 5));
    assert.deepEqual(states(sample), [`${direction}: PUBLISH 1 on its way`]);
    assert.deepEqual(states(sample.came(to, publish(1, 5))), [`${direction}: PUBACK due`]);
    assert.deepEqual(states(sample.sent(to, answer('puback', 5))), [`${direction}: PUBACK on its way`]);
    assert.deepEqual(states(sample.came(from, answer('puback', 5))), ['nothing in flight']);
  }
});

test('a QoS 2 message goes through seven', () => {
  const sample = connected().sent('broker', publish(2, 5));
  const seen = [states(sample)];
  sample.came('client', publish(2, 5));
  seen.push(states(sample));
  for (const [kind, from, to] of [
    ['pubrec', 'client', 'broker'],
    ['pubrel', 'broker', 'client'],
    ['pubcomp', 'client', 'broker'],
  ] as const) {
    seen.push(states(sample.sent(from, answer(kind, 5))));
    seen.push(states(sample.came(to, answer(kind, 5))));
  }
  assert.deepEqual(seen.flat(), [
    'out: PUBLISH 2 on its way',
    'out: PUBREC due',
    'out: PUBREC on its way',
    'out: PUBREL due',
    'out: PUBREL on its way',
    'out: PUBCOMP due',
    'out: PUBCOMP on its way',
    'nothing in flight',
  ]);
});

test('a PUBREC that refuses ends the handshake [MQTT-4.3.3-4]', () => {
  const sample = connected()
    .passed('client', publish(2, 5))
    .passed('broker', answer('pubrec', 5, 0x97));
  assert.deepEqual(states(sample), ['nothing in flight']);
});

test('QoS 0 is never in flight', () => {
  assert.deepEqual(states(connected().sent('client', publish(0, 0))), ['nothing in flight']);
});

test('what one end alone knows to be over is half gone, and then no connection at all', () => {
  const sample = connected().sent('client', publish(1, 1)).over('client');
  assert.deepEqual(states(sample), ['half gone']);
  assert.deepEqual(states(sample.over('broker')), ['not connected']);
});

test('a session that goes on is in the middle of what it says again', () => {
  const sample = connected().over('client').over('broker');
  sample.connection = 2;
  sample.dialled().passed('client', CONNECT).passed('broker', CONNACK).sent('client', answer('pubrel', 3));
  assert.deepEqual(states(sample), ['in: PUBREL on its way']);
});

test('everybody is all connections, and the broker itself', () => {
  const sample = connected().sent('client', publish(1, 1));
  assert.deepEqual(statesOf(sample, undefined), ['in: PUBLISH 1 on its way']);
  sample.add({ kind: 'crashed', who: 'broker', life: 1, boundary: '', machine: false });
  sample.over('broker', 'crash').over('client');
  assert.deepEqual(statesOf(sample, undefined), ['down']);
});

test('what an intruder does is not what the client does', () => {
  const sample = connected();
  sample.connection = 2;
  sample.dialled(true).sent('client', CONNECT);
  assert.deepEqual(states(sample), ['nothing in flight']);
  assert.deepEqual(statesOf(sample, undefined), ['connecting', 'nothing in flight']);
});

test('a connection takes over those before it', () => {
  const handshakes = new Handshakes();
  const sample = connected().passed('client', publish(2, 1));
  sample.connection = 2;
  sample.dialled(true);
  for (const event of sample.events) handshakes.see(event);
  assert.deepEqual(Array.from(handshakes.statesTakenOver('ann', 2)), ['in: PUBREC due']);
  assert.deepEqual(Array.from(handshakes.statesTakenOver('ann', 1)), []);
});
