// The table of src/broker/commit.ts where nothing need be remembered: a QoS 1 message that everybody who is owed it has
// acknowledged is not written, and its PUBACK waits for the answers before it alone. Nothing else is let go for that.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TestClient } from './harness.ts';
import { holds, kept, type Stage, setStage } from './late-stage.ts';

/** Acknowledges the QoS 1 deliveries that have come. */
function acknowledge(subscriber: TestClient): void {
  for (const packet of subscriber.publishes()) subscriber.answer('puback', packet.id);
}

/** A client with a persistent session, subscribed to `b` with QoS 1, that acknowledges nothing by itself; commits. */
function idle({ connect, commit }: Stage): TestClient {
  const client = connect(kept('idle'));
  client.requestSubscription(['b'], { qos: 1 });
  commit();
  client.expect('suback');
  return client;
}

holds('the PUBACK of a message that everybody has acknowledged leaves at once', ({ keeper, connect }) => {
  const subscriber = keeper();
  for (const choice of [{}, kept('publisher')]) {
    const publisher = connect(choice);
    publisher.publish('a', 'x', { qos: 1, id: 1 });
    assert.deepEqual(publisher.said(), []);
    acknowledge(subscriber);
    assert.deepEqual(publisher.said(), ['PUBACK 1']);
  }
});

holds('it waits until the last of several recipients has acknowledged', ({ keeper, connect }) => {
  const [one, other] = [keeper('one'), keeper('other')];
  const publisher = connect({});
  publisher.publish('a', 'x', { qos: 1, id: 1 });
  acknowledge(one);
  assert.deepEqual(publisher.said(), []);
  acknowledge(other);
  assert.deepEqual(publisher.said(), ['PUBACK 1']);
});

holds('it waits for the answers before it, and those behind it that wait for it alone leave with it', (stage) => {
  const { keeper, connect, commit } = stage;
  const subscriber = keeper();
  const slow = idle(stage);
  const publisher = connect({});
  publisher.publish('b', 'slow', { qos: 1, id: 1 });
  publisher.publish('a', 'x', { qos: 1, id: 2 });
  publisher.publish('nobody', 'x', { qos: 1, id: 3 });
  publisher.publish('nobody', 'x', { qos: 2, id: 4 });
  publisher.requestSubscription(['c']);
  publisher.publish('b', 'slow', { qos: 1, id: 5 });
  acknowledge(subscriber);
  assert.deepEqual(publisher.said(), []);
  slow.answer('puback', slow.expect('publish').id);
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3 0x10', 'PUBREC 4 0x10', 'SUBACK 1 0x02']);
  commit();
  assert.deepEqual(publisher.said(), ['PUBACK 5']);
});

holds('messages that are acknowledged out of order are answered in order', ({ keeper, connect }) => {
  const subscriber = keeper();
  const publishers = [connect({}), connect({})];
  for (const payload of ['1', '2', '3']) for (const each of publishers) each.publish('a', payload, { qos: 1 });
  const deliveries = subscriber.publishes();
  for (const place of [3, 5, 1, 4, 2]) subscriber.answer('puback', deliveries[place]?.id);
  assert.deepEqual(
    publishers.map((each) => each.said()),
    [[], ['PUBACK 1', 'PUBACK 2', 'PUBACK 3']],
  );
  subscriber.answer('puback', deliveries[0]?.id);
  assert.deepEqual(publishers[0]?.said(), ['PUBACK 1', 'PUBACK 2', 'PUBACK 3']);
});

holds('a client that subscribes to what it publishes gets its PUBACK for its own', ({ keeper }) => {
  const both = keeper();
  both.publish('a', 'x', { qos: 1, id: 9 });
  const { id } = both.expect('publish');
  assert.deepEqual(both.said(), []);
  both.answer('puback', id);
  assert.deepEqual(both.said(), ['PUBACK 9']);
});

for (const [claim, choice, topic] of [
  ['QoS 2, though its recipients have it with QoS 1,', { qos: 2 }, 'b'],
  ['QoS 1 that is retained', { qos: 1, retain: true }, 'b'],
] as const) {
  holds(`the answer to a message of ${claim} waits for its batch`, (stage) => {
    const subscriber = idle(stage);
    for (const publisher of [stage.connect({}), stage.connect(kept('publisher'))]) {
      publisher.publish(topic, 'x', { ...choice, id: 1 });
      subscriber.answer('puback', subscriber.expect('publish').id);
      assert.deepEqual(publisher.said(), []);
      stage.commit();
      assert.deepEqual(publisher.said(), [choice.qos === 1 ? 'PUBACK 1' : 'PUBREC 1']);
    }
  });
}

holds('a message that is written already is acknowledged with its batch, whoever acknowledges later', (stage) => {
  const { keeper, connect, commit, written } = stage;
  const subscriber = keeper();
  const slow = idle(stage);
  const publisher = connect({});
  publisher.publish('b', 'slow', { qos: 1, id: 1 });
  publisher.publish('a', 'x', { qos: 1, id: 2 });
  const { id } = subscriber.expect('publish');
  assert.deepEqual(publisher.said(), []);
  commit(written() - 1);
  assert.deepEqual(publisher.said(), ['PUBACK 1', 'PUBACK 2']);
  subscriber.answer('puback', id);
  slow.answer('puback', slow.expect('publish').id);
  assert.deepEqual(publisher.said(), []);
});

holds('what is elided after its publisher has gone is answered to nobody', ({ keeper, broker, connect, commit }) => {
  const subscriber = keeper();
  const first = connect(kept('publisher'));
  first.publish('a', 'one', { qos: 1, id: 1 });
  assert.deepEqual(first.said(), []);
  first.cut();
  const second = broker.knock(kept('publisher'));
  commit();
  assert.deepEqual(second.said(), ['CONNACK session present']);
  second.publish('a', 'new', { qos: 1, id: 1 });
  const deliveries = subscriber.publishes();
  subscriber.answer('puback', deliveries[0]?.id);
  assert.deepEqual([first.said(), second.said()], [[], []]);
  subscriber.answer('puback', deliveries[1]?.id);
  assert.deepEqual(second.said(), ['PUBACK 1']);
});

test('an answer that leaves early and ends its connection does so when the packet that let it go is done with', async () => {
  // The publisher takes no packets of the size of its SUBACK; it is ended from inside the subscriber's PUBACK.
  const { keeper, connect, broker } = await setStage(true);
  const subscriber = keeper();
  const publisher = connect({ properties: { maximumPacketSize: 64 } });
  publisher.publish('a', 'x', { qos: 1, id: 1 });
  publisher.requestSubscription(Array.from({ length: 100 }, (_, n) => `c/${n}`));
  assert.deepEqual(publisher.said(), []);
  acknowledge(subscriber);
  assert.equal(publisher.received[0]?.kind, 'puback');
  publisher.expectEnd(0x95);
  assert.equal(broker.broker.sizes.connections, 1);
  subscriber.send({ kind: 'pingreq' });
  assert.deepEqual(subscriber.said(), ['PINGRESP']);
});
