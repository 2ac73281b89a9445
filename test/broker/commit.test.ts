// The table of src/broker/commit.ts, row by row: what waits for what, and what waits for nothing. CONNACK, and
// what the end of a connection discards, are in commit-connection.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import { connectPacket } from './harness.ts';
import { holds, kept, passes, setStage } from './late-stage.ts';

// PUBACK, PUBREC, PUBCOMP.

holds(
  'PUBACK waits for the message with its persistent recipients, whatever session the publisher has',
  ({ keeper, connect, commit }) => {
    keeper();
    for (const choice of [{}, kept('publisher')]) {
      const publisher = connect(choice);
      publisher.publish('a', 'x', { qos: 1, id: 1 });
      assert.deepEqual(publisher.said(), []);
      commit();
      assert.deepEqual(publisher.said(), ['PUBACK 1']);
    }
  },
);

holds('PUBREC waits for the message, PUBCOMP for the removal of its identifier', ({ keeper, connect, commit }) => {
  keeper();
  const publisher = connect(kept('publisher'));
  const id = publisher.publish('a', 'x', { qos: 2 });
  assert.deepEqual(publisher.said(), []);
  commit();
  assert.deepEqual(publisher.said(), ['PUBREC 1']);
  publisher.answer('pubrel', id);
  assert.deepEqual(publisher.said(), []);
  commit();
  assert.deepEqual(publisher.said(), ['PUBCOMP 1']);
});

holds('PUBREC waits for the origin alone where nobody persistent is subscribed', ({ connect, commit }) => {
  const publisher = connect(kept('publisher'));
  publisher.publish('a', 'x', { qos: 2 });
  assert.deepEqual(publisher.said(), []);
  commit();
  assert.deepEqual(publisher.said(), ['PUBREC 1 0x10']);
});

holds(
  'the acknowledgement of a retained message waits for it, and for its removal, even if nobody is subscribed',
  ({ connect, commit }) => {
    const publisher = connect({});
    for (const payload of ['set', '']) {
      publisher.publish('r', payload, { qos: 1, id: 1, retain: true });
      publisher.publish('r', payload, { qos: 2, id: 2, retain: true });
      publisher.publish('s', payload, { qos: 0, retain: true });
      assert.deepEqual(publisher.said(), []);
      commit();
      assert.deepEqual(publisher.said(), ['PUBACK 1 0x10', 'PUBREC 2 0x10']);
      publisher.sendBytes('62 02 00 02');
      publisher.take();
    }
  },
);

holds('whoever clears a topic that has just been cleared waits for that', ({ connect, commit }) => {
  const [first, second] = [connect({}), connect({})];
  first.publish('r', 'kept', { retain: true });
  commit();
  first.publish('r', '', { retain: true });
  second.publish('r', '', { qos: 1, retain: true });
  assert.deepEqual(second.said(), []);
  commit();
  assert.deepEqual(second.said(), ['PUBACK 1 0x10']);
});

holds(
  'each acknowledgement leaves with its own batch, not with a later one',
  ({ keeper, connect, commit, written }) => {
    keeper();
    const publisher = connect({});
    const batches = [1, 2, 3].map((id) => {
      publisher.publish('a', String(id), { qos: 1, id });
      return written();
    });
    for (const [index, batch] of batches.entries()) {
      commit(batch);
      assert.deepEqual(publisher.said(), [`PUBACK ${index + 1}`]);
    }
  },
);

holds(
  'all copies for a session that is reached twice are awaited, the only one of a publisher without Local ones as well',
  ({ connect, commit, written }) => {
    const both = connect(kept('both'));
    both.requestSubscription(['a'], { noLocal: true });
    both.requestSubscription(['$share/g/a']);
    commit();
    both.take();
    both.publish('a', 'mine', { qos: 1, id: 1 });
    assert.deepEqual(both.said(), ['PUBLISH a=mine QoS 1 id 1']);
    commit();
    assert.deepEqual(both.said(), ['PUBACK 1']);
    const publisher = connect({});
    const before = written();
    publisher.publish('a', 'x', { qos: 1, id: 1 });
    commit(before + 1);
    assert.deepEqual(publisher.said(), []);
    commit(before + 2);
    assert.deepEqual(publisher.said(), ['PUBACK 1']);
  },
);

holds(
  'answers leave in the order of what they answer, those that need not wait behind those that must',
  ({ keeper, connect, commit }) => {
    keeper();
    const publisher = connect({});
    publisher.publish('a', 'must wait', { qos: 1, id: 1 });
    publisher.publish('nobody', 'x', { qos: 1, id: 2 });
    const id = publisher.publish('nobody', 'x', { qos: 2, id: 3 });
    publisher.requestSubscription(['b']);
    publisher.answer('pubrel', id);
    publisher.publish('$x', 'refused', { qos: 1, id: 4 });
    assert.deepEqual(publisher.said(), []);
    commit();
    assert.deepEqual(publisher.said(), [
      'PUBACK 1',
      'PUBACK 2 0x10',
      'PUBREC 3 0x10',
      'SUBACK 1 0x02',
      'PUBCOMP 3',
      'PUBACK 4 0x90',
    ]);
  },
);

passes('what needs nothing durable is acknowledged at once, while others wait', ({ keeper, connect, commit }) => {
  keeper();
  const waiting = connect({});
  const free = connect({});
  waiting.publish('a', 'x', { qos: 1 });
  free.publish('nobody', 'x', { qos: 1, id: 1 });
  free.publish('a', 'x', { qos: 0 });
  const id = free.publish('nobody', 'x', { qos: 2, id: 2 });
  free.answer('pubrel', id);
  assert.deepEqual(free.said(), ['PUBACK 1 0x10', 'PUBREC 2 0x10', 'PUBCOMP 2']);
  commit();
  assert.deepEqual(waiting.said(), ['PUBACK 1']);
});

holds(
  'a QoS 2 PUBLISH that comes again before the first is durable is acknowledged with it, and delivered once',
  ({ keeper, connect, commit }) => {
    const subscriber = keeper();
    const publisher = connect(kept('publisher'));
    for (let copy = 0; copy < 3; copy++) publisher.publish('a', 'x', { qos: 2, id: 5, dup: copy > 0 });
    assert.deepEqual(publisher.said(), []);
    commit();
    assert.deepEqual(publisher.said(), ['PUBREC 5', 'PUBREC 5', 'PUBREC 5']);
    assert.deepEqual(subscriber.messages(), ['a=x']);
  },
);

// [MQTT-4.3.3-12]
holds(
  'an identifier that is used again before its PUBCOMP has left is a new message, answered behind the PUBCOMP',
  ({ keeper, connect, commit }) => {
    const subscriber = keeper();
    const publisher = connect(kept('publisher'));
    const id = publisher.publish('a', 'first', { qos: 2, id: 5 });
    publisher.answer('pubrel', id);
    publisher.publish('a', 'second', { qos: 2, id: 5 });
    assert.deepEqual(publisher.said(), []);
    commit();
    assert.deepEqual(publisher.said(), ['PUBREC 5', 'PUBCOMP 5', 'PUBREC 5']);
    assert.deepEqual(subscriber.messages(), ['a=first', 'a=second']);
  },
);

holds(
  'the promise of a message that the embedding program publishes is kept when it is durable',
  async ({ broker, keeper, commit }) => {
    keeper();
    let reasonCode: number | undefined;
    const message = {
      topic: 'a',
      payload: Buffer.from('x'),
      qos: 1,
      retain: false,
      properties: NO_MESSAGE_PROPERTIES,
    } as const;
    const published = broker.broker.publish(message).then((code) => (reasonCode = code));
    await new Promise(setImmediate);
    assert.equal(reasonCode, undefined);
    commit();
    assert.equal(await published, 0);
  },
);

// SUBACK, UNSUBACK.

holds('SUBACK and UNSUBACK of a persistent session wait for the change', ({ connect, commit }) => {
  const client = connect(kept('c'));
  client.requestSubscription(['b', 'b/#']);
  client.sendBytes('a2 06 00 09 00 00 01 62');
  assert.deepEqual(client.said(), []);
  commit();
  assert.deepEqual(client.said(), ['SUBACK 1 0x02 0x02', 'UNSUBACK 9 0x00']);
});

holds(
  'SUBACK waits for the retained messages that are owed with it; those of QoS 1 and 0 need not wait themselves',
  ({ connect, commit }) => {
    const publisher = connect({});
    for (const qos of [0, 1, 2] as const) publisher.publish(`r/${qos}`, 'x', { qos, retain: true });
    commit();
    const client = connect(kept('c'));
    client.requestSubscription(['r/0', 'r/1', 'r/2']);
    assert.deepEqual(client.said(), ['PUBLISH r/0=x retain', 'PUBLISH r/1=x QoS 1 id 1 retain']);
    commit();
    assert.deepEqual(client.said(), ['SUBACK 1 0x02 0x02 0x02', 'PUBLISH r/2=x QoS 2 id 2 retain']);
  },
);

passes('SUBACK and UNSUBACK of a session that ends with its connection do not wait, nor do refusals', ({ connect }) => {
  const client = connect({});
  client.subscribe('b');
  client.unsubscribe('b');
  const persistent = connect(kept('c'));
  persistent.requestSubscription(['bad/#/']);
  assert.deepEqual(persistent.said(), ['SUBACK 1 0x8f']);
});

// Deliveries.

holds(
  'a QoS 2 delivery to a persistent session waits for its message and identifier, its PUBREL for the PUBREC',
  ({ keeper, connect, commit }) => {
    const subscriber = keeper();
    connect({}).publish('a', 'x', { qos: 2 });
    assert.deepEqual(subscriber.said(), []);
    commit();
    const { id } = subscriber.expect('publish');
    subscriber.answer('pubrec', id);
    assert.deepEqual(subscriber.said(), []);
    commit();
    assert.deepEqual(subscriber.said(), ['PUBREL 1']);
  },
);

holds(
  'QoS 2 deliveries and PUBRELs leave in their order, each with its own batch',
  ({ keeper, connect, commit, written }) => {
    const subscriber = keeper();
    const publisher = connect({});
    publisher.publish('a', '1', { qos: 2 });
    commit();
    const { id } = subscriber.expect('publish');
    publisher.publish('a', '2', { qos: 2 });
    const second = written();
    subscriber.answer('pubrec', id);
    const released = written();
    publisher.publish('a', '3', { qos: 2 });
    assert.deepEqual(subscriber.said(), []);
    commit(second);
    assert.deepEqual(subscriber.said(), ['PUBLISH a=2 QoS 2 id 2']);
    commit(released);
    assert.deepEqual(subscriber.said(), ['PUBREL 1']);
    commit();
    assert.deepEqual(subscriber.said(), ['PUBLISH a=3 QoS 2 id 3']);
  },
);

holds(
  'QoS 0 and 1 deliveries, PINGRESP and DISCONNECT wait for nothing, not even behind a QoS 2 delivery that waits',
  ({ keeper, connect, broker }) => {
    const subscriber = keeper();
    const publisher = connect({});
    for (const [payload, qos] of [
      ['2', 2],
      ['1', 1],
      ['0', 0],
    ] as const)
      publisher.publish('a', payload, { qos });
    subscriber.send({ kind: 'pingreq' });
    publisher.send({ kind: 'pingreq' });
    assert.deepEqual(subscriber.said(), ['PUBLISH a=1 QoS 1 id 2', 'PUBLISH a=0', 'PINGRESP']);
    assert.deepEqual(publisher.said(), ['PINGRESP']);
    broker.dial().send(connectPacket(kept('keeper')));
    assert.deepEqual(subscriber.said(), ['DISCONNECT 0x8e']);
  },
);

passes(
  'all three QoS pass between sessions that end with their connections without anything durable',
  ({ connect }) => {
    const subscriber = connect({});
    subscriber.subscribe('b');
    const publisher = connect({});
    for (const qos of [0, 1, 2] as const) {
      const id = publisher.publish('b', String(qos), { qos });
      if (qos === 2) publisher.answer('pubrel', id);
    }
    assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBREC 2', 'PUBCOMP 2']);
    assert.equal(subscriber.acknowledgeAll().length, 3);
  },
);

passes(
  'a session that ends with its connection gets QoS 2 at once, though the persistent one beside it waits',
  ({ keeper, connect, commit }) => {
    const persistent = keeper();
    const clean = connect({});
    clean.subscribe('a');
    connect({}).publish('a', 'x', { qos: 2 });
    const { id } = clean.expect('publish');
    clean.answer('pubrec', id);
    assert.deepEqual(clean.said(), ['PUBREL 1']);
    assert.deepEqual(persistent.said(), []);
    commit();
    assert.deepEqual(persistent.messages(), ['a=x']);
  },
);

test('a delivery that waited for its batch is sent with what is left of its Message Expiry Interval', async () => {
  const { keeper, connect, commit, broker } = await setStage(true);
  const subscriber = keeper();
  connect({}).publish('a', 'x', { qos: 2, properties: { messageExpiryInterval: 10 } });
  broker.pass(4_000);
  commit();
  assert.deepEqual(subscriber.said(), ['PUBLISH a=x QoS 2 id 1 expires 6']);
});
