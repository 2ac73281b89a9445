// What an operator sees of a broker that runs: sessions, queues, retained messages, rights.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import type { Identity } from '../../src/auth/contract.ts';
import type { SessionQuery } from '../../src/broker/inspection.ts';
import type { QueuedView } from '../../src/broker/queue-view.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { topicFilter } from '../../src/topic/topic-filter.ts';
import { TestBroker } from './harness.ts';
import { endTurn, lateStore } from './test-store.ts';

const ALL: SessionQuery = { connectedOnly: false, clientId: undefined, user: undefined };

function namesOf({ broker }: TestBroker, query: Partial<SessionQuery>): readonly string[] {
  const found = Array.from(broker.inspection.sessions({ ...ALL, ...query }));
  return found.flatMap((view) => (view === undefined ? [] : [view.clientId]));
}

/** @param name  A client identifier, or a filter with `$share/`. */
async function queueOf({ broker }: TestBroker, name: string): Promise<readonly QueuedView[]> {
  const rows = name.startsWith('$share/') ? broker.inspection.groupQueue(name) : broker.inspection.queue(name);
  assert.ok(rows !== undefined);
  const all: QueuedView[] = [];
  for await (const row of turning(rows)) all.push(row);
  return all;
}

/** The store answers at the end of a turn, a page at a time. */
async function* turning(rows: AsyncGenerator<QueuedView, void>): AsyncGenerator<QueuedView> {
  for (;;) {
    const next = rows.next();
    for (let isThere = false; !isThere; ) {
      endTurn();
      isThere = await Promise.race([next.then(() => true), setImmediate(false)]);
    }
    const step = await next;
    if (step.done === true) return;
    yield step.value;
  }
}

test('sessions are found by connection, identifier and user; each that is passed over is a step of its own', async () => {
  const host = await TestBroker.open({
    authenticator: { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }) },
  });
  host.connect({ clientId: 'meter-1', userName: 'alice' });
  host.connect({ clientId: 'meter-2', userName: 'bob' });
  host.connect({ clientId: 'lamp', clean: false, properties: { sessionExpiryInterval: 60 } }).disconnect();
  assert.deepEqual(namesOf(host, {}), ['meter-1', 'meter-2', 'lamp']);
  assert.deepEqual(namesOf(host, { connectedOnly: true }), ['meter-1', 'meter-2']);
  assert.deepEqual(namesOf(host, { clientId: '*e*' }), ['meter-1', 'meter-2']);
  assert.deepEqual(namesOf(host, { user: 'a*' }), ['meter-1']);
  assert.deepEqual(namesOf(host, { user: '' }), ['lamp']);
  assert.equal(Array.from(host.broker.inspection.sessions({ ...ALL, user: 'nobody' })).length, 3);
});

test('a session that is looked at says who it is, since when, and what it has', async () => {
  const host = await TestBroker.open();
  const will = {
    topic: 'gone',
    payload: Buffer.from('bye'),
    qos: 1,
    retain: true,
    delayInterval: 30,
    properties: NO_MESSAGE_PROPERTIES,
  } as const;
  const client = host.connect({
    clientId: 'c',
    keepAlive: 100,
    will,
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  });
  client.subscribe('a/#', { qos: 1 }, 7);
  client.subscribe('$share/g/b', { qos: 0 });
  host.passUnnoticed(12_300);
  client.publish('x', 'x', { qos: 2 });
  host.passUnnoticed(4_000);
  const { connection, ...session } = host.broker.inspection.session('c') ?? assert.fail('it is there');
  assert.deepEqual(connection, {
    address: 'test:1',
    protocol: 'MQTT 5.0',
    certificate: undefined,
    groups: [],
    cleanStart: false,
    keepAliveSeconds: 100,
    connectedSeconds: 16,
    silentSeconds: 4,
    messagesReceived: 1,
    bytesReceived: 78,
    messagesSent: 0,
    bytesSent: client.receivedHex.length / 2,
    outboxBytes: 0,
    waiting: [],
  });
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  assert.deepEqual(session, {
    clientId: 'c',
    user: undefined,
    isPersistent: true,
    expirySeconds: 60,
    expiresInSeconds: undefined,
    subscriptions: 2,
    queuedMessages: 0,
    queuedBytes: 0,
    inFlight: 0,
    inFlightFromClient: 1,
    will: { topic: 'gone', qos: 1, retain: true, payloadBytes: 3, delaySeconds: 30, dueInSeconds: undefined },
    subscriptionList: [
      { filter: 'a/#', qos: 1, ...options, identifier: 7 },
      { filter: '$share/g/b', qos: 0, ...options, identifier: 0 },
    ],
  });
  client.cut();
  host.pass(10_000);
  const away = host.broker.inspection.session('c');
  assert.deepEqual([away?.connection, away?.expiresInSeconds, away?.will?.dueInSeconds], [undefined, 50, 20]);
  assert.equal(host.broker.inspection.session('nobody'), undefined);
});

test('what a client waits for has a name', async () => {
  const { store, commit } = lateStore();
  const host = await TestBroker.open({ store, limits: { outboxBytesMax: 1_000 } });
  const reader = host.knock({ clientId: 'reader', properties: { receiveMaximum: 1 } });
  const writer = host.knock({ clientId: 'writer' });
  commit();
  reader.requestSubscription(['t'], { qos: 1 });
  commit();
  const waiting = (clientId: string) => host.broker.inspection.session(clientId)?.connection?.waiting;
  writer.publish('t', '1', { qos: 1 });
  writer.publish('t', '2', { qos: 1 });
  assert.deepEqual([waiting('reader'), waiting('writer')], [['window-full'], []]);
  reader.stopReading(1_500);
  assert.deepEqual(waiting('reader'), ['slow-reader']);
  reader.stopReading(3_000);
  reader.sendBytes('c0 00');
  assert.deepEqual(waiting('reader'), ['slow-reader', 'not-read-from']);
  const keeper = host.knock({ clientId: 'keeper', clean: false, properties: { sessionExpiryInterval: 60 } });
  keeper.requestSubscription(['k'], { qos: 1 });
  commit();
  keeper.disconnect();
  writer.publish('k', '1', { qos: 1 });
  assert.deepEqual(waiting('writer'), ['disk']);
  commit();
  assert.deepEqual(waiting('writer'), []);
});

test('a client that waits for its rates says which way, and no more once they allow it', async () => {
  const host = await TestBroker.open({ limits: { messageRateIn: 10, messageRateOut: 5 } });
  const reader = host.connect({ clientId: 'reader' });
  reader.subscribe('t', { qos: 1 });
  const writer = host.connect({ clientId: 'writer' });
  const waiting = (clientId: string) => host.broker.inspection.session(clientId)?.connection?.waiting;
  for (let n = 1; n <= 8; n++) writer.publish('t', `${n}`, { qos: 1 });
  assert.deepEqual([waiting('reader'), waiting('writer')], [['rate-limit-out'], []]);
  for (let n = 9; n <= 12; n++) writer.publish('t', `${n}`, { qos: 1 });
  assert.deepEqual(waiting('writer'), ['rate-limit-in']);
  for (let second = 0; second < 10; second++) {
    reader.acknowledgeAll();
    host.pass(1_000);
  }
  assert.deepEqual([waiting('reader'), waiting('writer')], [[], []]);
});

test('a queue is shown from the store, what is in flight before what waits, and stays as it was', async () => {
  const host = await TestBroker.open();
  const choice = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60, receiveMaximum: 2 } };
  const client = host.connect(choice);
  client.subscribe('t/#', { qos: 2 });
  const writer = host.connect({ clientId: 'w' });
  for (let index = 0; index < 600; index++) {
    const properties = index === 3 ? { messageExpiryInterval: 90 } : {};
    writer.publish(`t/${index}`, String(index), { qos: index === 0 ? 2 : 1, properties });
  }
  const [first] = client.publishes();
  client.answer('pubrec', first?.id);
  const rows = await queueOf(host, 'c');
  assert.equal(rows.length, 600);
  const shown = rows
    .slice(0, 5)
    .map(({ state, topic, qos, expiresInSeconds }) => [state, topic, qos, expiresInSeconds]);
  assert.deepEqual(shown, [
    ['released', 't/0', 2, undefined],
    ['sent', 't/1', 1, undefined],
    ['queued', 't/2', 1, undefined],
    ['queued', 't/3', 1, 90],
    ['queued', 't/4', 1, undefined],
  ]);
  assert.equal(rows.at(-1)?.topic, 't/599');
  client.cut();
  assert.equal((await queueOf(host, 'c')).length, 600);
  const again = host.connect(choice);
  assert.equal(again.acknowledgeAll().length, 599, 'nothing of it was taken by looking');
  assert.deepEqual(await queueOf(host, 'c'), []);
  assert.equal(host.broker.inspection.queue('nobody'), undefined);
});

test('the queue of a session that ends with its connection is shown, too', async () => {
  const host = await TestBroker.open();
  const client = host.connect({ clientId: 'c', properties: { receiveMaximum: 1 } });
  client.subscribe('t', { qos: 1 });
  for (const payload of ['1', '2', '3']) host.connect({ clientId: 'w' }).publish('t', payload, { qos: 1 });
  const rows = await queueOf(host, 'c');
  const shown = rows.map(({ state, payload }) => `${state} ${Buffer.from(payload).toString()}`);
  assert.deepEqual(shown, ['sent 1', 'queued 2', 'queued 3']);
});

// Not in the queue of any session, and who looks for what waits would miss it.
test('what waits for a shared subscription is shown: in memory, in the store, and what a member has borrowed', async () => {
  const host = await TestBroker.open();
  const writer = host.connect({ clientId: 'w' });
  const publish = (...texts: readonly string[]): void => {
    for (const text of texts) writer.publish('t', text, { qos: 1 });
  };
  const shown = async (): Promise<readonly string[]> =>
    (await queueOf(host, '$share/g/t')).map(
      ({ state, payload, sharedFilter }) => `${state} ${Buffer.from(payload).toString()} ${sharedFilter}`,
    );
  const groups = () => Array.from(host.broker.inspection.groups(undefined));
  const brief = host.connect({ clientId: 'brief', properties: { receiveMaximum: 1 } });
  brief.subscribe('$share/g/t', { qos: 1 });
  publish('1', '2', '3');
  assert.deepEqual(await shown(), ['queued 2 $share/g/t', 'queued 3 $share/g/t'], 'the first is the member’s own');
  const about = { filter: '$share/g/t', members: 1, connectedMembers: 1, lentMessages: 0 };
  assert.deepEqual(groups(), [{ ...about, isPersistent: false, queuedMessages: 2, queuedBytes: 2 }]);
  // From here on the group is in the store; what came before is not.
  const lasting = { clientId: 'lasting', clean: false, properties: { sessionExpiryInterval: 60, receiveMaximum: 1 } };
  host.connect(lasting).subscribe('$share/g/t', { qos: 1 });
  publish('4', '5');
  const one = 'queued 3 $share/g/t';
  assert.deepEqual(await shown(), [one, 'queued 4 $share/g/t', 'queued 5 $share/g/t']);
  brief.acknowledgeAll();
  assert.deepEqual(await shown(), []);
  publish('6', '7', '8');
  assert.deepEqual(await shown(), ['sent 6 $share/g/t', 'queued 7 $share/g/t', 'queued 8 $share/g/t']);
  assert.deepEqual(groups(), [
    {
      ...about,
      members: 2,
      connectedMembers: 2,
      isPersistent: true,
      queuedMessages: 2,
      queuedBytes: 2,
      lentMessages: 1,
    },
  ]);
  assert.deepEqual(Array.from(host.broker.inspection.groups('$share/h*')), [undefined]);
  assert.equal(host.broker.inspection.groupQueue('$share/h/t'), undefined);
});

test('retained messages are found by filter, without the broker’s own', async () => {
  const host = await TestBroker.open({ limits: { systemTopicsInterval: 1_000 as never } });
  const client = host.connect({ clientId: 'c' });
  client.publish('a/b', '12', { retain: true, properties: { messageExpiryInterval: 60 } });
  client.publish('a/c', '3', { retain: true, qos: 1 });
  client.publish('b', '4', { retain: true });
  const found = (filter: string) =>
    Array.from(host.broker.inspection.retained(topicFilter(filter))).flatMap((view) =>
      view === undefined
        ? []
        : [`${view.topic} ${view.qos} ${view.payload.length} ${view.expiresInSeconds ?? 'never'}`],
    );
  assert.deepEqual(found('a/#').sort(), ['a/b 0 2 60', 'a/c 1 1 never']);
  assert.equal(found('#').length, 3);
  assert.deepEqual(found('$SYS/#'), []);
});

test('a right is asked about with what the connected client has, and what was said instead', async () => {
  const host = await TestBroker.open({
    authenticator: { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }) },
    authorizer: {
      allowsAll: false,
      allows: () => true,
      explain: ({ principal = '', remote }, action, topic) => ({
        isAllowed: principal === 'alice',
        sentence: `${principal} ${remote} ${action} ${topic}`,
        rule: undefined,
        tell: undefined,
      }),
    },
  });
  host.connect({ clientId: 'c', userName: 'alice' });
  const ask = (clientId: string | undefined, user: string | undefined) => {
    const question = { action: 'publish', topic: 't', qos: 0, retain: false } as const;
    const unsaid = { address: undefined, certificate: undefined, groups: undefined };
    return host.broker.inspection.explain({ ...question, ...unsaid, clientId, user });
  };
  const connected = ask('c', undefined);
  assert.deepEqual([connected.isConnected, connected.explanation.isAllowed], [true, true]);
  assert.equal(connected.explanation.sentence, 'alice test:1 publish t');
  assert.equal(ask('c', 'bob').explanation.sentence, 'bob test:1 publish t');
  assert.deepEqual([ask('d', 'bob').isConnected, ask('d', 'bob').identity.remote], [false, '']);
  const open = await TestBroker.open();
  assert.match(
    open.broker.inspection.explain({
      ...ask('c', 'x').identity,
      action: 'publish',
      topic: 't',
      qos: 0,
      retain: false,
      user: undefined,
      address: undefined,
      groups: undefined,
      certificate: undefined,
    }).explanation.sentence,
    /has no rules, so everything is allowed/,
  );
});

test('what came with the answer about who a client is holds where it is asked about, and not for another user or other groups', async () => {
  const rights = { source: 'the answer of a test' };
  const judge = ({ rights: given }: Identity): boolean => given === undefined;
  const host = await TestBroker.open({
    authenticator: { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName, rights }) },
    authorizer: { allowsAll: false, allows: judge },
  });
  host.connect({ clientId: 'c', userName: 'alice' });
  const ask = (given: { clientId?: string; user?: string; groups?: readonly string[]; address?: string }): boolean =>
    host.broker.inspection.explain({
      action: 'publish',
      topic: 't',
      qos: 0,
      retain: false,
      clientId: 'c',
      user: undefined,
      address: undefined,
      certificate: undefined,
      groups: undefined,
      ...given,
    }).explanation.isAllowed;
  assert.deepEqual([ask({}), ask({ address: '192.0.2.1' })], [false, false]);
  assert.deepEqual([ask({ user: 'bob' }), ask({ groups: ['dev'] }), ask({ clientId: 'd' })], [true, true, true]);
});
