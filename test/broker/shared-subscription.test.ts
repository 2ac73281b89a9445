// Shared subscriptions (MQTT 5.0 section 4.8.2): one member gets each message, and what becomes of the
// messages of a member that is away, refuses or ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { QoS } from '../../src/packet/packet.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

/** A persistent session. */
function kept(clientId: string, sessionExpiryInterval = 1000, receiveMaximum = 65_535): ConnectChoice {
  return { clientId, clean: false, properties: { sessionExpiryInterval, receiveMaximum } };
}

function sayTopic({ topic }: { readonly topic: string }): string {
  return topic;
}

/** Publishes numbered messages to `a` and takes the answers. */
function publish(publisher: TestClient, count: number, qos: QoS): void {
  for (let n = 1; n <= count; n++) {
    const id = publisher.publish('a', String(n), { qos });
    if (qos === 2) publisher.answer('pubrel', id);
  }
  publisher.take();
}

test('each message goes to one member, in turn', async () => {
  for (const qos of [0, 1, 2] as const) {
    const broker = await TestBroker.open();
    const members = [3, 4, 5].map((version) =>
      broker.connect({ version: version as 3 | 4 | 5, clientId: `m${version}` }),
    );
    for (const member of members) assert.deepEqual(member.subscribe('$share/g/a'), [2]);
    publish(broker.connect(), 9, qos);
    assert.deepEqual(
      members.map((member) => member.acknowledgeAll().map(textOf)),
      [
        ['1', '4', '7'],
        ['2', '5', '8'],
        ['3', '6', '9'],
      ],
    );
    assert.equal(broker.broker.sizes.subscriptions, 1);
  }
});

test('the examples of the specification: groups by name and filter, an empty first level, plain subscribers beside them', async () => {
  const broker = await TestBroker.open();
  const filters = [
    '$share/consumer1/sport/tennis/+',
    '$share/consumer2/sport/tennis/+',
    '$share/consumer1//finance',
    'sport/#',
  ];
  const clients = filters.map((filter) => {
    const pair = [broker.connect(), broker.connect()];
    for (const client of pair) client.subscribe(filter);
    return pair;
  });
  const publisher = broker.connect();
  publisher.publish('sport/tennis/x', 'tennis');
  publisher.publish('/finance', 'money');
  assert.deepEqual(
    clients.map((pair) => pair.map((client) => client.messages().length)),
    [
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 1],
    ],
  );
});

test('a group name may be any text without wildcards, and topics that look like one are refused', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  for (const name of ['g', '__proto__', ' ', 'ä', '$share', 'constructor']) {
    assert.deepEqual(client.subscribe(`$share/${name}/${name}`), [2], name);
  }
  const publisher = broker.connect();
  for (const name of ['g', '__proto__', ' ', 'ä', 'constructor']) publisher.publish(name, 'x');
  assert.equal(client.messages().length, 5);
});

// [MQTT-4.8.2-1] [MQTT-4.8.2-2]
test('a filter that begins like a shared one and is none is refused: 0x8F, 0x80 to 3.x', async () => {
  const broker = await TestBroker.open();
  const bad = [
    '$share',
    '$share/',
    '$share/g',
    '$share/g/',
    '$share//a',
    '$share/+/a',
    '$share/#/a',
    '$share/g+/a',
    '$share/g/a/#/b',
  ];
  for (const version of [3, 4, 5] as const) {
    const client = broker.connect({ version, clientId: `c${version}` });
    for (const filter of bad) assert.deepEqual(client.subscribe(filter), [version === 5 ? 0x8f : 0x80], filter);
    assert.equal(client.ended, 'not yet');
  }
  assert.equal(broker.broker.sizes.subscriptions, 0);
});

// [MQTT-4.8.2-3]
test('a member gets each message with the QoS that it was granted', async () => {
  const broker = await TestBroker.open();
  const members = ([0, 1, 2] as const).map((qos) => {
    const member = broker.connect();
    member.subscribe('$share/g/a', { qos }, qos + 1);
    return member;
  });
  publish(broker.connect(), 3, 2);
  assert.deepEqual(
    members.flatMap((member) => member.said()),
    ['PUBLISH a=1 for 1', 'PUBLISH a=2 QoS 1 id 1 for 2', 'PUBLISH a=3 QoS 2 id 1 for 3'],
  );
});

test('a member that subscribes again has new options and is a member once; one UNSUBSCRIBE ends that', async () => {
  const broker = await TestBroker.open();
  const one = broker.connect();
  const two = broker.connect();
  one.subscribe('$share/g/a', { qos: 1 });
  two.subscribe('$share/g/a');
  one.subscribe('$share/g/a', { qos: 0 });
  const publisher = broker.connect();
  publish(publisher, 4, 1);
  assert.deepEqual(
    [one, two].map((member) => member.acknowledgeAll().map((packet) => [packet.qos, textOf(packet)])),
    [
      [
        [0, '1'],
        [0, '3'],
      ],
      [
        [1, '2'],
        [1, '4'],
      ],
    ],
  );
  assert.deepEqual(one.unsubscribe('$share/g/a'), [0]);
  publish(publisher, 2, 1);
  assert.deepEqual(one.said(), []);
  assert.equal(two.acknowledgeAll().length, 2);
});

test('a group ends with its last member, however that leaves', async () => {
  const broker = await TestBroker.open();
  const unsubscribes = broker.connect();
  const disconnects = broker.connect();
  const expires = broker.connect(kept('expires', 10));
  for (const member of [unsubscribes, disconnects, expires]) member.subscribe('$share/g/a');
  expires.cut();
  unsubscribes.unsubscribe('$share/g/a');
  disconnects.disconnect();
  assert.equal(broker.broker.sizes.subscriptions, 1);
  broker.pass(10_000);
  assert.equal(broker.broker.sizes.subscriptions, 0);
  const publisher = broker.connect();
  publisher.publish('a', 'x', { qos: 1 });
  assert.deepEqual(publisher.said(), ['PUBACK 1 0x10']);
});

test('a plain and a shared subscription of one session are two copies', async () => {
  for (const version of [4, 5] as const) {
    for (const receiveMaximum of [1, 10]) {
      const broker = await TestBroker.open({ limits: { inFlightMax: receiveMaximum } });
      const choice = { ...kept('both'), version };
      const client = broker.connect(choice);
      client.subscribe('a', { qos: 1 });
      client.subscribe('$share/g/+', { qos: 2 });
      const publisher = broker.connect();
      publish(publisher, 2, 2);
      client.cut();
      const back = broker.connect(choice);
      const got = back.acknowledgeAll().map((packet) => `${textOf(packet)} ${packet.qos}`);
      assert.deepEqual(got.toSorted(), ['1 1', '1 2', '2 1', '2 2']);
      publish(publisher, 1, 2);
      assert.equal(back.acknowledgeAll().length, 2);
      back.cut();
      assert.deepEqual(broker.connect(choice).said(), []);
    }
  }
});

// [MQTT-3.3.4-5]
test('two groups of one session are two copies, each with its own identifier', async () => {
  const broker = await TestBroker.open({ limits: { inFlightMax: 1 } });
  const client = broker.connect(kept('both'));
  client.subscribe('$share/g/a', {}, 1);
  client.subscribe('$share/h/a', {}, 2);
  client.cut();
  publish(broker.connect(), 2, 1);
  const copies = broker
    .connect(kept('both'))
    .acknowledgeAll()
    .map((packet) => `${textOf(packet)} for ${packet.subscriptionIdentifiers.join(',')}`);
  assert.deepEqual(copies.toSorted(), ['1 for 1', '1 for 2', '2 for 1', '2 for 2']);
});

test('a message for which one of its queues has no room is refused for all of them', async () => {
  const broker = await TestBroker.open({ limits: { sessionQueueMessagesMax: 1 } });
  const client = broker.connect(kept('c'));
  for (const filter of ['a', '$share/g/a', '$share/h/+']) client.subscribe(filter, { qos: 1 });
  client.cut();
  const publisher = broker.connect();
  for (const topic of ['b', 'a', 'c']) publisher.publish(topic, 'x', { qos: 1 });
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2 0x97', 'PUBACK 3 0x97']);
  assert.deepEqual(broker.broker.queues, { messages: 1, bytes: 1 });
  assert.deepEqual(broker.connect(kept('c')).acknowledgeAll().map(sayTopic), ['b']);
});

test('a publisher may be a member, and may get its own messages', async () => {
  const broker = await TestBroker.open();
  const client = broker.connect();
  client.subscribe('$share/g/a');
  client.publish('a', 'mine', { qos: 1, id: 77 });
  assert.deepEqual(client.said(), ['PUBLISH a=mine QoS 1 id 1', 'PUBACK 77']);
});

test('a member with room has its turn before one whose window is full, and a connected one before one that is away', async () => {
  const broker = await TestBroker.open();
  const away = broker.connect(kept('away'));
  const full = broker.connect(kept('full', 1000, 1));
  const free = broker.connect();
  for (const member of [away, full, free]) member.subscribe('$share/g/a');
  away.cut();
  publish(broker.connect(), 5, 1);
  assert.equal(full.publishes().length, 1);
  assert.equal(free.publishes().length, 4);
  assert.deepEqual(broker.connect(kept('away')).said(), []);
});

test('with no member connected, QoS 1 and 2 wait for the first one that is, QoS 0 is gone', async () => {
  const broker = await TestBroker.open();
  for (const clientId of ['one', 'two']) {
    const member = broker.connect(kept(clientId));
    member.subscribe('$share/g/a');
    member.cut();
  }
  const publisher = broker.connect();
  for (const qos of [0, 1, 2] as const) publish(publisher, 2, qos);
  const one = broker.connect(kept('one', 1000, 3));
  assert.deepEqual(one.said(), ['PUBLISH a=1 QoS 1 id 1', 'PUBLISH a=2 QoS 1 id 2', 'PUBLISH a=1 QoS 2 id 3']);
  assert.deepEqual(broker.connect(kept('two')).said(), ['PUBLISH a=2 QoS 2 id 1']);
});

test('what no window has room for goes to whoever acknowledges first', async () => {
  const broker = await TestBroker.open();
  const members = [broker.connect(kept('one', 1000, 1)), broker.connect(kept('two', 1000, 2))];
  for (const member of members) member.subscribe('$share/g/a');
  publish(broker.connect(), 10, 1);
  const [one, two] = members;
  assert.deepEqual(two?.acknowledgeAll().map(textOf), ['2', '3', '4', '5', '6', '7', '8', '9', '10']);
  assert.deepEqual(one?.acknowledgeAll().map(textOf), ['1']);
});

// [MQTT-4.8.2-4]
test('a message that was on its way to a member waits for it to come back, QoS 1 and 2 alike', async () => {
  const broker = await TestBroker.open();
  const chosen = broker.connect(kept('chosen'));
  chosen.subscribe('$share/g/a');
  const publisher = broker.connect();
  publish(publisher, 1, 1);
  publish(publisher, 1, 2);
  chosen.cut();
  const other = broker.connect();
  other.subscribe('$share/g/a');
  assert.deepEqual(broker.connect(kept('chosen')).said(), ['PUBLISH a=1 QoS 1 id 1 dup', 'PUBLISH a=1 QoS 2 id 2 dup']);
  assert.deepEqual(other.said(), []);
});

// [MQTT-4.8.2-5]
test('when a member ends, what it had not got goes to another one, but for QoS 2 messages whose sending had begun', async () => {
  for (const end of ['expiry', 'clean start', 'disconnect'] as const) {
    const broker = await TestBroker.open();
    const leaver = broker.connect(kept('leaver', 10, 3));
    leaver.subscribe('$share/g/a');
    const publisher = broker.connect();
    const levels = [1, 2, 2, 1, 2] as const;
    for (const [index, qos] of levels.entries()) publisher.publish('a', String(index + 1), { qos });
    const sent = leaver.publishes();
    assert.equal(sent.length, 3);
    leaver.answer('pubrec', sent[1]?.id);
    const heir = broker.connect();
    heir.subscribe('$share/g/a');
    if (end === 'disconnect') leaver.disconnect(0, { sessionExpiryInterval: 0 });
    else leaver.cut();
    if (end === 'expiry') broker.pass(10_000);
    if (end === 'clean start') broker.connect({ clientId: 'leaver', clean: true });
    // What waited came to the heir when it subscribed.
    assert.deepEqual(heir.said(), ['PUBLISH a=4 QoS 1 id 1', 'PUBLISH a=5 QoS 2 id 2', 'PUBLISH a=1 QoS 1 id 3']);
    assert.equal(broker.broker.counters.messagesDropped['session-ended'], 1, 'message 3: nobody may get it');
  }
});

test("what is handed to another member has that one's QoS, identifier and Retain As Published", async () => {
  const broker = await TestBroker.open();
  const leaver = broker.connect(kept('leaver', 10));
  leaver.subscribe('$share/g/a', { qos: 2 }, 1);
  leaver.cut();
  const heir = broker.connect(kept('heir'));
  const publisher = broker.connect();
  for (const payload of ['1', '2']) publisher.publish('a', payload, { qos: 2, retain: payload === '2' });
  heir.subscribe('$share/g/a', { qos: 1, retainAsPublished: true }, 2);
  broker.pass(10_000);
  assert.deepEqual(heir.said(), ['PUBLISH a=1 QoS 1 id 1 for 2', 'PUBLISH a=2 QoS 1 id 2 retain for 2']);
  heir.cut();
  assert.deepEqual(broker.connect(kept('heir')).said(), [
    'PUBLISH a=1 QoS 1 id 1 dup for 2',
    'PUBLISH a=2 QoS 1 id 2 dup retain for 2',
  ]);
});

test('what the last member had not got is gone, counted and said', async () => {
  const broker = await TestBroker.open();
  const last = broker.connect(kept('last', 10));
  last.subscribe('$share/g/a');
  last.cut();
  publish(broker.connect(), 3, 1);
  broker.pass(10_000);
  assert.equal(broker.broker.counters.messagesDropped['session-ended'], 3);
  const heir = broker.connect();
  heir.subscribe('$share/g/a');
  assert.deepEqual(heir.said(), []);
});

test('messages of its own subscriptions are not handed on when a session ends', async () => {
  const broker = await TestBroker.open();
  const leaver = broker.connect(kept('leaver', 10));
  leaver.subscribe('a');
  leaver.subscribe('$share/g/b');
  leaver.cut();
  const heir = broker.connect();
  publish(broker.connect(), 1, 1);
  heir.subscribe('$share/g/a');
  heir.subscribe('$share/g/b');
  broker.pass(10_000);
  assert.deepEqual(heir.said(), []);
});

// [MQTT-4.8.2-6]
test('a message that its member refuses goes to nobody else', async () => {
  const broker = await TestBroker.open();
  const one = broker.connect();
  const two = broker.connect();
  for (const member of [one, two]) member.subscribe('$share/g/a');
  const publisher = broker.connect();
  publish(publisher, 1, 1);
  one.answer('puback', one.expect('publish').id, 0x97);
  publish(publisher, 1, 2);
  two.answer('pubrec', two.expect('publish').id, 0x80);
  assert.deepEqual([one.said(), two.said()], [[], []]);
  assert.equal(broker.broker.counters.messagesDropped['refused-by-client'], 2);
});

// [MQTT-3.10.4-3]
test('a member that unsubscribes still gets what was on its way to it, and what waited goes to the others', async () => {
  const broker = await TestBroker.open();
  const clients = [1, 2].map(() => broker.connect({ properties: { receiveMaximum: 1 } }));
  const [one, other] = clients;
  for (const client of clients) client.subscribe('$share/g/a');
  publish(broker.connect(), 4, 1);
  one?.unsubscribe('$share/g/a');
  assert.deepEqual(one?.acknowledgeAll().map(textOf), ['1']);
  assert.deepEqual(other?.acknowledgeAll().map(textOf), ['2', '3', '4']);
});

test("RETAIN on what is forwarded follows the member's Retain As Published", async () => {
  const broker = await TestBroker.open();
  const as = broker.connect();
  const not = broker.connect();
  as.subscribe('$share/g/a', { retainAsPublished: true });
  not.subscribe('$share/g/a');
  const publisher = broker.connect();
  for (const payload of ['1', '2']) publisher.publish('a', payload, { retain: true });
  assert.deepEqual([...as.said(), ...not.said()], ['PUBLISH a=1 retain', 'PUBLISH a=2']);
});
