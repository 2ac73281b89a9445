// The table of src/broker/commit.ts where a connection begins or ends: CONNACK waits, and what was held when
// the connection ended is never sent on the next one, where it would acknowledge something else.

import assert from 'node:assert/strict';

import { connectPacket } from './harness.ts';
import { holds, kept, passes } from './late-stage.ts';

// The beginning: CONNACK.

holds(
  'CONNACK waits for the record of a persistent session; what came behind CONNECT is handled after it',
  ({ broker, commit }) => {
    const client = broker.dial();
    client.send(connectPacket(kept('c')));
    client.send({ kind: 'pingreq' });
    client.requestSubscription(['a']);
    assert.deepEqual(client.said(), []);
    commit();
    assert.deepEqual(client.said(), ['CONNACK', 'PINGRESP']);
    commit();
    assert.deepEqual(client.said(), ['SUBACK 1 0x02']);
  },
);

holds(
  'CONNACK of a Clean Start waits for the deletion of the old session, even if the new one is not persistent',
  ({ broker, keeper, commit }) => {
    keeper('c').cut();
    const client = broker.dial();
    client.send(connectPacket({ clientId: 'c', clean: true }));
    assert.deepEqual(client.said(), []);
    commit();
    assert.deepEqual(client.said(), ['CONNACK']);
  },
);

holds(
  'CONNACK waits for the deletion of a session that its client has just ended, so that it does not come back',
  ({ broker, keeper, commit }) => {
    keeper('c').disconnect(0, { sessionExpiryInterval: 0 });
    const client = broker.dial();
    client.send(connectPacket({ clientId: 'c', clean: false }));
    assert.deepEqual(client.said(), []);
    commit();
    assert.deepEqual(client.said(), ['CONNACK']);
  },
);

passes('CONNACK of a session that ends with its connection does not wait', ({ broker, keeper }) => {
  keeper();
  const client = broker.dial();
  client.send(connectPacket({ clientId: 'c', clean: false }));
  assert.deepEqual(client.said(), ['CONNACK']);
});

holds(
  'a client that is gone before its CONNACK gets none, and its session is there when it comes back',
  ({ broker, commit }) => {
    const gone = broker.dial();
    gone.send(connectPacket(kept('c')));
    gone.cut();
    const back = broker.dial();
    back.send(connectPacket(kept('c')));
    assert.deepEqual(back.said(), []);
    commit();
    assert.deepEqual(gone.said(), []);
    assert.deepEqual(back.said(), ['CONNACK session present']);
  },
);

holds(
  'a client that is taken over before its CONNACK gets none; the one that took over gets its own',
  ({ broker, commit }) => {
    const first = broker.dial();
    first.send(connectPacket(kept('c')));
    const second = broker.dial();
    second.send(connectPacket(kept('c', true)));
    assert.equal(first.ended, 'end');
    commit();
    assert.deepEqual(first.said(), []);
    assert.deepEqual(second.said(), ['CONNACK']);
  },
);

// The end of a connection.

for (const end of ['cut', 'disconnect', 'takeover', 'shutdown'] as const) {
  holds(
    `held answers are discarded when their connection ends by ${end}, and never sent on the next one`,
    async ({ broker, keeper, connect, commit }) => {
      keeper();
      const first = connect(kept('publisher'));
      first.publish('a', 'one', { qos: 1, id: 1 });
      first.publish('a', 'two', { qos: 2, id: 2 });
      first.requestSubscription(['b']);
      if (end === 'cut') first.cut();
      if (end === 'disconnect') first.disconnect();
      if (end === 'shutdown') await broker.broker.close();
      if (end === 'shutdown') assert.deepEqual(first.said(), ['DISCONNECT 0x8b']);
      if (end === 'shutdown') return;
      const second = connect(kept('publisher'));
      assert.deepEqual(first.said(), end === 'takeover' ? ['DISCONNECT 0x8e'] : []);
      assert.deepEqual(second.said(), []);
      second.publish('a', 'new', { qos: 1, id: 1 });
      commit();
      assert.deepEqual(second.said(), ['PUBACK 1']);
    },
  );
}

passes(
  'a connection that a held answer ends has ended when that was durable, not when its last packet came',
  ({ broker, connect, commit }) => {
    const client = connect({ ...kept('c'), properties: { sessionExpiryInterval: 10, maximumPacketSize: 64 } });
    client.requestSubscription(Array.from({ length: 100 }, (_, n) => `a/${n}`));
    broker.pass(11_000);
    commit();
    client.expectEnd(0x95);
    broker.pass(9_999);
    assert.equal(broker.broker.sizes.sessions, 1);
    broker.pass(1);
    assert.equal(broker.broker.sizes.sessions, 0);
  },
);

holds(
  'held QoS 2 deliveries and PUBRELs are discarded with the connection, and sent again on the next one',
  ({ keeper, connect, commit }) => {
    const first = keeper('c');
    const publisher = connect({});
    publisher.publish('a', '1', { qos: 2 });
    commit();
    const { id } = first.expect('publish');
    first.answer('pubrec', id);
    publisher.publish('a', '2', { qos: 2 });
    first.cut();
    commit();
    assert.deepEqual(first.said(), []);
    const second = connect(kept('c'));
    assert.deepEqual(second.said(), ['PUBREL 1', 'PUBLISH a=2 QoS 2 id 2 dup']);
  },
);

holds(
  'a publisher that comes back before its QoS 2 message is durable gets the PUBREC on the new connection alone',
  ({ keeper, connect, broker, commit }) => {
    const subscriber = keeper();
    const first = connect(kept('publisher'));
    first.publish('a', 'x', { qos: 2, id: 5 });
    first.cut();
    const second = broker.dial();
    second.send(connectPacket(kept('publisher')));
    second.publish('a', 'x', { qos: 2, id: 5, dup: true });
    assert.deepEqual(second.said(), []);
    commit();
    assert.deepEqual(second.said(), ['CONNACK session present', 'PUBREC 5']);
    assert.deepEqual([first.said(), subscriber.messages()], [[], ['a=x']]);
  },
);
