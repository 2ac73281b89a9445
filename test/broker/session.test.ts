// Sessions (section 4.1 of both specifications): when one begins, when it is resumed, what belongs to it, and
// that nothing is left of it afterwards. How long it lasts: expiry.test.ts. Who takes it: takeover.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { type ConnectChoice, TestBroker } from './harness.ts';

const VERSIONS = [3, 4, 5] as const;

/** A CONNECT whose session outlives the connection, or does not. 3.x knows no other way than Clean Session. */
function choose(version: 3 | 4 | 5, clean: boolean, lasts: boolean): ConnectChoice {
  const properties = version === 5 && lasts ? { sessionExpiryInterval: 60 } : {};
  return { version, clean, clientId: 'c', properties };
}

/** Every first CONNECT there is, and whether its session outlives its connection. */
const FIRST = ([3, 4] as const)
  .flatMap((version) => [true, false].map((clean): First => ({ version, clean, lasts: !clean })))
  .concat([true, false].flatMap((clean) => [true, false].map((lasts): First => ({ version: 5, clean, lasts }))));

interface First {
  readonly version: 3 | 4 | 5;
  readonly clean: boolean;
  readonly lasts: boolean;
}

for (const { version, clean, lasts } of FIRST) {
  const expiry = version === 5 ? `, Session Expiry ${lasts ? 60 : 0}` : '';
  // [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.1.4-4]
  test(`after a connection of version ${version}, clean ${clean}${expiry}, the session is ${lasts ? '' : 'not '}there for those who do not begin anew`, async () => {
    for (const second of VERSIONS) {
      for (const anew of [true, false]) {
        const broker = await TestBroker.open();
        const first = broker.connect(choose(version, clean, lasts));
        assert.equal(first.connack?.sessionPresent, false);
        first.subscribe('a', { qos: 1 });
        first.cut();
        broker.connect({ clientId: 'publisher' }).publish('a', 'meanwhile', { qos: 1 });
        const resumes = lasts && !anew;
        const back = broker.connect(choose(second, anew, true));
        // MQTT 3.1 has no such flag.
        assert.equal(back.connack?.sessionPresent, resumes && second !== 3);
        assert.deepEqual(back.messages(), resumes ? ['a=meanwhile'] : []);
        assert.equal(broker.broker.sizes.subscriptions, resumes ? 1 : 0);
      }
    }
  });
}

test('a session that is present but empty is present all the same', async () => {
  const broker = await TestBroker.open();
  broker.connect(choose(5, true, true)).disconnect();
  assert.equal(broker.connect(choose(5, false, true)).connack?.sessionPresent, true);
});

// [MQTT-3.1.3-2]
test('sessions are told apart by client identifier, to the letter', async () => {
  const broker = await TestBroker.open();
  const ids = [
    'a',
    'A',
    'a ',
    ' a',
    'á',
    'a\u0301',
    '\ufeffa',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
  ];
  for (const clientId of ids) {
    const client = broker.connect({ ...choose(5, false, true), clientId });
    assert.equal(client.connack?.sessionPresent, false, JSON.stringify(clientId));
    client.subscribe(`only/${clientId}`, { qos: 1 });
    client.cut();
  }
  const publisher = broker.connect({ clientId: 'publisher' });
  for (const clientId of ids) publisher.publish(`only/${clientId}`, clientId, { qos: 1 });
  for (const clientId of ids) {
    const client = broker.connect({ ...choose(5, false, true), clientId });
    assert.equal(client.connack?.sessionPresent, true);
    assert.deepEqual(client.messages(), [`only/${clientId}=${clientId}`]);
  }
});

// [MQTT-4.4.0-1]; MQTT 3.1.1 [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-4.1.0-1].
test('a resumed session has its subscriptions, what is owed, and both halves of every QoS 2 handshake', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const observer = broker.connect({ clientId: 'observer' });
    observer.subscribe('from/c');
    const publisher = broker.connect({ clientId: 'publisher' });
    const client = broker.connect(choose(version, false, true));
    client.subscribe('a', { qos: 2 });
    publisher.publish('a', 'never acknowledged', { qos: 1 });
    publisher.publish('a', 'past PUBREC', { qos: 2 });
    publisher.publish('a', 'before PUBREC', { qos: 2 });
    const [, second] = client.publishes();
    client.answer('pubrec', second?.id);
    client.publish('from/c', 'once', { qos: 2, id: 7 });
    assert.deepEqual(client.said(), ['PUBREL 2', 'PUBREC 7']);
    client.cut();
    publisher.publish('a', 'while away', { qos: 1 });

    const back = broker.connect(choose(version, false, true));
    assert.deepEqual(back.said(), [
      'PUBREL 2',
      'PUBLISH a=never acknowledged QoS 1 id 1 dup',
      'PUBLISH a=before PUBREC QoS 2 id 3 dup',
      'PUBLISH a=while away QoS 1 id 4',
    ]);
    back.publish('from/c', 'once', { qos: 2, id: 7, dup: true });
    assert.deepEqual(back.said(), ['PUBREC 7']);
    assert.deepEqual(observer.messages(), ['from/c=once']);
  }
});

// [MQTT-3.1.2-4]; MQTT 3.1.1 [MQTT-3.1.2-6].
test('a session that begins anew knows nothing of the one before: no packet identifier, message or subscription', async () => {
  for (const version of VERSIONS) {
    const broker = await TestBroker.open();
    const observer = broker.connect({ clientId: 'observer' });
    observer.subscribe('from/c');
    const publisher = broker.connect({ clientId: 'publisher' });
    const client = broker.connect(choose(version, false, true));
    client.subscribe('a', { qos: 2 });
    publisher.publish('a', 'in flight', { qos: 2 });
    client.publish('from/c', 'first', { qos: 2, id: 7 });
    client.cut();
    publisher.publish('a', 'queued', { qos: 1 });

    const anew = broker.connect(choose(version, true, true));
    assert.deepEqual(anew.take(), []);
    anew.publish('from/c', 'second', { qos: 2, id: 7 });
    assert.deepEqual(anew.said(), ['PUBREC 7']);
    assert.deepEqual(observer.messages(), ['from/c=first', 'from/c=second']);
    anew.subscribe('a', { qos: 2 });
    publisher.publish('a', 'new', { qos: 2 });
    assert.deepEqual(anew.said(), ['PUBLISH a=new QoS 2 id 1']);
  }
});

// [MQTT-4.1.0-1]; MQTT 3.1.1 [MQTT-4.1.0-2].
test('a session lasts as long as its connection, however short its expiry', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.connect({ version, clientId: `c${version}`, clean: true });
    client.subscribe('a', { qos: 1 });
  }
  const brief = broker.connect({ clientId: 'brief', properties: { sessionExpiryInterval: 1 } });
  brief.subscribe('a');
  broker.pass(365 * 24 * 3600 * 1000);
  assert.equal(broker.broker.sizes.sessions, 4);
  assert.equal(broker.broker.sizes.subscriptions, 4);
});

// Section 4.1; MQTT 3.1.1 [MQTT-3.1.2-7].
test('retained messages do not end with the session that published them', async () => {
  const broker = await TestBroker.open();
  for (const version of VERSIONS) {
    const client = broker.connect(choose(version, true, false));
    client.publish(`kept/${version}`, 'x', { retain: true });
    client.disconnect();
  }
  const reader = broker.connect({ clientId: 'reader' });
  reader.subscribe('kept/#');
  assert.deepEqual(reader.messages().sort(), ['kept/3=x', 'kept/4=x', 'kept/5=x']);
});

// Sections 3.1.2.11.3 and 3.3.2.3.4: these belong to the connection.
test('Receive Maximum and topic aliases of one connection do not hold on the next', async () => {
  const broker = await TestBroker.open();
  const publisher = broker.connect({ clientId: 'publisher' });
  const properties = { sessionExpiryInterval: 60 };
  const narrow = broker.connect({
    ...choose(5, false, true),
    properties: { ...properties, receiveMaximum: 1, topicAliasMaximum: 5 },
  });
  narrow.subscribe('a', { qos: 1 });
  narrow.publish('x', '', { topicAlias: 1 });
  for (const payload of ['1', '2', '3']) publisher.publish('a', payload, { qos: 1 });
  assert.deepEqual(narrow.said(), ['PUBLISH a=1 QoS 1 id 1 alias 1']);
  narrow.cut();
  const wide = broker.connect({ ...choose(5, false, true), properties });
  assert.deepEqual(wide.said(), ['PUBLISH a=1 QoS 1 id 1 dup', 'PUBLISH a=2 QoS 1 id 2', 'PUBLISH a=3 QoS 1 id 3']);
  wide.publish('', '', { topicAlias: 1 });
  wide.expectEnd(0x82);
});

test('clients that came and went in every way leave nothing behind', async () => {
  const broker = await TestBroker.open();
  const will = {
    topic: 'will',
    payload: Buffer.from('w'),
    qos: 1,
    retain: false,
    delayInterval: 5,
    properties: NO_MESSAGE_PROPERTIES,
  } as const;
  for (const version of VERSIONS) {
    for (const lasts of [true, false]) {
      for (const end of ['disconnect', 'cut', 'hangUp', 'confirmEnd'] as const) {
        const client = broker.connect({
          ...choose(version, !lasts, lasts),
          clientId: `${version} ${lasts} ${end}`,
          will,
          keepAlive: 10,
        });
        client.subscribe('a/#', { qos: 2 });
        client.subscribe('$share/g/a/+', { qos: 1 });
        client.publish('a/b', 'x', { qos: 2 });
        if (end === 'confirmEnd') client.sendBytes('00');
        client[end]();
      }
    }
  }
  assert.equal(broker.broker.sizes.connections, 0);
  assert.equal(broker.broker.sizes.sessions, 12);
  broker.pass(31 * 24 * 3600 * 1000);
  assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
  assert.equal(broker.broker.nextDeadline(), undefined);
});

test('the embedder hears of every client that connected when it does, and once when it goes', async () => {
  const told: string[] = [];
  const broker = await TestBroker.open({
    limits: { topicLevelsMax: 3 },
    events: {
      clientConnected: (clientId, remote) => told.push(`+ ${clientId} ${remote}`),
      clientDisconnected: (clientId, remote, reasonCode) => told.push(`- ${clientId} ${remote} ${reasonCode}`),
    },
  });
  broker.dial().cut();
  broker.dial().sendBytes('00');
  broker.knock({ version: 3 });
  const a = broker.connect({ clientId: 'a' });
  const b = broker.connect({ clientId: 'b', version: 4 });
  a.disconnect(0x04);
  a.confirmEnd();
  b.cut();
  const first = broker.connect({ clientId: 'c' });
  const second = broker.connect({ clientId: 'c' });
  first.confirmEnd();
  second.sendBytes('00');
  second.confirmEnd();
  assert.deepEqual(told, [
    '+ a test:4',
    '+ b test:5',
    '- a test:4 4',
    '- b test:5 undefined',
    '+ c test:6',
    '- c test:6 142',
    '+ c test:7',
    '- c test:7 129',
  ]);
  assert.equal(broker.broker.counters.connectionsAccepted, 4);
  assert.equal(broker.broker.counters.connectionsRefused, 1);
});
