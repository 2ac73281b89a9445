// What an operator does to a broker that runs: kick, end a session, clear retained messages, drain.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { topicFilter } from '../../src/topic/topic-filter.ts';
import { TestBroker, type TestClient } from './harness.ts';
import { lateStore } from './test-store.ts';

const LASTING = { clean: false, properties: { sessionExpiryInterval: 600 } } as const;
const WILL = {
  topic: 'wills',
  payload: Buffer.from('gone'),
  qos: 0,
  retain: false,
  delayInterval: 0,
  properties: NO_MESSAGE_PROPERTIES,
} as const;

function operatorLines({ log }: TestBroker): readonly string[] {
  return log
    .filter(({ sentence }) => sentence.includes('perator'))
    .map(({ level, sentence }) => `${level} ${sentence}`);
}

test('a client that is kicked hears 0x98 and why; its session stays, its Will is published', async () => {
  const host = await TestBroker.open();
  const watcher = host.connect({ clientId: 'watcher' });
  watcher.subscribe('#');
  const client = host.connect({ clientId: 'c', will: WILL, ...LASTING });
  client.subscribe('t', { qos: 1 });
  const kicked = host.broker.administration.kick('c', 'It is too loud.');
  assert.deepEqual(kicked, { address: 'test:2', keepsSession: true });
  const disconnect = client.expect('disconnect');
  assert.deepEqual([disconnect.reasonCode, disconnect.properties.reasonString], [0x98, 'It is too loud.']);
  assert.equal(client.ended, 'end');
  assert.deepEqual(watcher.messages(), ['wills=gone']);
  assert.deepEqual(operatorLines(host), [
    'info Client "c" at test:2 was disconnected as the operator asked: It is too loud.',
  ]);
  assert.equal(host.connect({ clientId: 'c', ...LASTING }).connack?.sessionPresent, true);
  assert.equal(host.broker.administration.kick('nobody', ''), undefined);
  const passing = host.connect({ clientId: 'p', version: 4 });
  assert.equal(host.broker.administration.kick('p', '')?.keepsSession, false);
  passing.expectEnd(0x98);
});

test('a session that an operator ends is gone with its queue, counted, and not back after a crash', async () => {
  const { store, commit } = lateStore();
  const host = await TestBroker.open({ store });
  const client = host.knock({ clientId: 'c', ...LASTING });
  commit();
  client.requestSubscription(['t'], { qos: 1 });
  commit();
  client.disconnect();
  const writer = host.knock({ clientId: 'w' });
  for (const payload of ['1', '2']) writer.publish('t', payload, { qos: 1 });
  commit();
  let ended: unknown;
  const ending = host.broker.administration.endSession('c', '').then((answer) => (ended = answer));
  await Promise.resolve();
  assert.equal(ended, undefined, 'not before it is durable');
  commit();
  await ending;
  assert.deepEqual(ended, { wasConnected: false, subscriptions: 1, messages: 2 });
  assert.equal(host.broker.counters.messagesDropped['session-ended'], 2);
  assert.equal(host.broker.sizes.subscriptions, 0);
  assert.equal(await host.broker.administration.endSession('c', ''), undefined);
  assert.match(
    operatorLines(host).join(),
    /info The session of client "c" ends as the operator asked, with 2 messages/,
  );
});

test('a session that is ended while its client is connected ends with that connection', async () => {
  const host = await TestBroker.open();
  const client = host.connect({ clientId: 'c', ...LASTING });
  const ended = await host.broker.administration.endSession('c', 'Begin anew.');
  assert.equal(ended?.wasConnected, true);
  client.expectEnd(0x98);
  assert.equal(host.broker.sizes.sessions, 0);
  assert.equal(host.connect({ clientId: 'c', ...LASTING }).connack?.sessionPresent, false);
});

test('retained messages that are cleared are gone, and nobody is told', async () => {
  const host = await TestBroker.open();
  const client = host.connect({ clientId: 'c' });
  for (const topic of ['a/1', 'a/2', 'b']) client.publish(topic, 'x', { retain: true });
  client.subscribe('#');
  client.take();
  const cleared = Array.from(host.broker.administration.clearRetained(topicFilter('a/#'))).filter(Boolean);
  await host.broker.administration.whenCleared();
  assert.deepEqual(new Set(cleared), new Set(['a/1', 'a/2']));
  assert.equal(host.broker.sizes.retained, 1);
  assert.deepEqual(client.take(), []);
  assert.match(operatorLines(host).join(), /info The operator has cleared 2 retained messages that match "a\/#"/);
});

function crowd(host: TestBroker, count: number): readonly TestClient[] {
  return Array.from({ length: count }, (_, index) => host.connect({ clientId: `c${index}`, ...LASTING }));
}

function left(clients: readonly TestClient[]): number {
  return clients.filter(({ ended }) => ended === 'not yet').length;
}

test('a drain sends clients away in waves at the rate that was asked for, and lets nobody in', async () => {
  const host = await TestBroker.open();
  const clients = crowd(host, 100);
  host.broker.administration.drain({ rate: { kind: 'share', perSecond: 0.1 }, to: undefined });
  assert.equal(host.knock({ clientId: 'new' }).expect('connack').reasonCode, 0x88);
  assert.equal(host.knock({ clientId: 'old', version: 4 }).expect('connack').reasonCode, 3);
  host.pass(0);
  assert.equal(left(clients), 100, 'not all at once');
  for (let quarter = 1; quarter <= 8; quarter++) {
    host.pass(250);
    assert.ok(Math.abs(100 - left(clients) - quarter * 2.5) <= 1, `${left(clients)} after ${quarter} waves`);
  }
  const progress = host.broker.administration.drainProgress;
  assert.deepEqual([progress?.clientsAtStart, progress?.sentAway, progress?.left], [100, 20, 80]);
  clients.find(({ ended }) => ended !== 'not yet')?.expectEnd(0x8b);
  for (let quarter = 0; quarter < 40; quarter++) host.pass(250);
  assert.equal(left(clients), 0);
  assert.equal(host.broker.administration.drainProgress?.left, 0);
  assert.match(operatorLines(host).join(), /nobody is let in, and 100 clients are sent away, 10 a second/);
  assert.ok(host.log.some(({ level, sentence }) => level === 'info' && sentence.startsWith('The broker is drained')));
});

test('a drain to another server says which, to those who come as well; its end lets clients in', async () => {
  const host = await TestBroker.open();
  const [client] = crowd(host, 1);
  const old = host.connect({ clientId: 'old', version: 4 });
  host.broker.administration.drain({ rate: { kind: 'clients', perSecond: 100 }, to: 'other.example' });
  const refused = host.knock({ clientId: 'new' }).expect('connack');
  assert.deepEqual([refused.reasonCode, refused.properties.serverReference], [0x9c, 'other.example']);
  host.pass(0);
  host.pass(300);
  const disconnect = client?.expect('disconnect');
  assert.deepEqual([disconnect?.reasonCode, disconnect?.properties.serverReference], [0x9c, 'other.example']);
  old.expectEnd(0x9c);
  assert.equal(host.broker.administration.cancelDrain(), true);
  assert.equal(host.broker.administration.cancelDrain(), false);
  assert.equal(host.broker.administration.drainProgress, undefined);
  host.connect({ clientId: 'new' });
  host.pass(5_000);
  assert.equal(host.broker.sizes.connections, 1, 'nobody is sent away any more');
});

test('those who come while the broker is being drained are told in the log once a second, with how many there were', async () => {
  for (const to of [undefined, 'other.example'] as const) {
    const host = await TestBroker.open();
    host.broker.administration.drain({ rate: { kind: 'clients', perSecond: 100 }, to });
    const lines = (): readonly string[] =>
      host.log.filter(({ fields }) => fields['refused'] !== undefined).map(({ sentence }) => sentence);
    for (let n = 1; n <= 3; n++) host.knock({ clientId: `c${n}`, version: n === 1 ? 4 : 5 });
    assert.deepEqual([lines(), host.warnings()], [[], []]);
    for (let quarter = 0; quarter < 8; quarter++) host.pass(250);
    const told = to === undefined ? ['Refused', ''] : ['Told', ' to use other.example for now'];
    const line = (who: string): string => `${told[0]} ${who}${told[1]}: the broker is being drained.`;
    const three = line('3 clients, of which client "c3" at test:3 was the last');
    assert.deepEqual(lines(), [three]);
    host.knock({ clientId: 'c4' });
    host.broker.administration.cancelDrain();
    assert.deepEqual(lines(), [three, line('client "c4" at test:4')]);
    assert.deepEqual([host.warnings(), host.broker.counters.connectionsRefused], [[], 4]);
  }
});

test('what was taken of a client before a drain is acknowledged before it goes, and nothing more is taken', async () => {
  const { store, commit } = lateStore();
  const host = await TestBroker.open({ store });
  const reader = host.knock({ clientId: 'reader', ...LASTING });
  commit();
  reader.requestSubscription(['t'], { qos: 1 });
  commit();
  reader.disconnect();
  const writer = host.knock({ clientId: 'writer', ...LASTING });
  commit();
  writer.take();
  const id = writer.publish('t', '1', { qos: 1 });
  host.broker.administration.drain({ rate: { kind: 'clients', perSecond: 100 }, to: undefined });
  host.pass(0);
  host.pass(300);
  assert.equal(writer.ended, 'not yet', 'its PUBACK waits for the store');
  writer.publish('t', '2', { qos: 1 });
  commit();
  host.pass(300);
  assert.equal(writer.expect('puback').id, id);
  writer.expectEnd(0x8b);
  assert.equal(host.broker.inspection.session('reader')?.queuedMessages, 1);
});

test('a Will is published after a drain as after a stop: at once without a delay, later with one', async () => {
  const heard: string[] = [];
  const host = await TestBroker.open({ events: { messagePublished: ({ topic }) => heard.push(topic) } });
  host.connect({ clientId: 'now', will: WILL, ...LASTING });
  host.connect({ clientId: 'later', will: { ...WILL, topic: 'late', delayInterval: 60 }, ...LASTING });
  host.broker.administration.drain({ rate: { kind: 'clients', perSecond: 100 }, to: undefined });
  host.pass(0);
  host.pass(300);
  assert.deepEqual(heard, ['wills']);
  host.pass(60_000);
  assert.deepEqual(heard, ['wills', 'late']);
});
