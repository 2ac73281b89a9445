import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SubscribeOptions, SubscribeRequest } from './client.ts';
import { connected, granted } from './scripted-broker.arbitrary.ts';

test("subscribe yields the broker's answer to each filter, a refusal too", async () => {
  const { client, broker } = await connected();
  const subscribing = client.subscribe([{ filter: 'a/+', qos: 2 }, { filter: '$share/g/b' }], { identifier: 7 });
  broker.expect('SUBSCRIBE 1 a/+ 2, $share/g/b 0 identifier 7').send(granted('suback', 1, 1, 0x87));
  assert.deepEqual(await subscribing, [1, 0x87]);
});

test('unsubscribe yields an answer to each filter, also on 3.x where UNSUBACK says nothing', async () => {
  const { client, broker } = await connected();
  const unsubscribing = client.unsubscribe(['a', 'b']);
  broker.expect('UNSUBSCRIBE 1 a, b').send(granted('unsuback', 1, 0, 0x11));
  assert.deepEqual(await unsubscribing, [0, 0x11]);

  const old = await connected({ version: 4 });
  const unsubscribingOld = old.client.unsubscribe(['a', 'b']);
  old.broker.expect('UNSUBSCRIBE 1 a, b').send(granted('unsuback', 1));
  assert.deepEqual(await unsubscribingOld, [0, 0]);
});

test('requests share the identifiers of messages, and give them back', async () => {
  const { client, broker } = await connected();
  const first = client.subscribe([{ filter: 'a' }]);
  const message = client.publish('b', 'B', { qos: 1 });
  const second = client.unsubscribe(['a']);
  broker.expect('SUBSCRIBE 1 a 0', 'PUBLISH b QoS 1 id 2 "B"', 'UNSUBSCRIBE 3 a');
  broker.send(granted('unsuback', 3, 0), granted('suback', 1, 0)).cut();
  assert.deepEqual(await Promise.all([first, second]), [[0], [0]]);
  await assert.rejects(message, { code: 'connection-lost' });
});

test('an answer to nothing, or to less than was asked, ends the connection', async () => {
  for (const [packet, statement] of [
    [granted('suback', 9, 0), 'MQTT-2.2.1-6'],
    [granted('unsuback', 1, 0), 'MQTT-2.2.1-6'],
    [granted('suback', 1, 0), 'MQTT-3.9.3-1'],
  ] as const) {
    const { client, broker } = await connected();
    const subscribing = client.subscribe([{ filter: 'a' }, { filter: 'b' }]);
    broker.send(packet).expect('SUBSCRIBE 1 a 0, b 0', 'DISCONNECT 0x82');
    await assert.rejects(subscribing, { code: 'protocol-error', reasonCode: 0x82 });
    const end = await client.closed;
    assert.ok(end.kind === 'protocol-error');
    assert.equal(end.error.statement, statement);
  }
});

test('what MQTT, its version or the broker has no place for is not sent', async () => {
  const cases: readonly (readonly [SubscribeRequest[], SubscribeOptions, string])[] = [
    [[], {}, 'UsageError'],
    [[{ filter: 'a/#/b' }], {}, 'UsageError'],
    [[{ filter: '$share/g' }], {}, 'UsageError'],
    [[{ filter: '$share/g/a', noLocal: true }], {}, 'UsageError'],
    [[{ filter: 'a' }], { identifier: 0 }, 'UsageError'],
    [[{ filter: '$share/g/a' }], {}, 'OperationError'],
    [[{ filter: 'a/#' }], {}, 'OperationError'],
    [[{ filter: 'a' }], { identifier: 1 }, 'OperationError'],
    [[{ filter: 'x'.repeat(100) }], {}, 'OperationError'],
  ];
  const { client, broker } = await connected(
    {},
    {
      wildcardSubscriptionAvailable: false,
      sharedSubscriptionAvailable: false,
      subscriptionIdentifierAvailable: false,
      maximumPacketSize: 100,
    },
  );
  for (const [requests, options, name] of cases) await assert.rejects(client.subscribe(requests, options), { name });
  await assert.rejects(client.unsubscribe([]), { name: 'UsageError' });
  await assert.rejects(client.unsubscribe(['#a']), { name: 'UsageError' });
  broker.expect();

  const old = await connected({ version: 4 });
  await assert.rejects(old.client.subscribe([{ filter: 'a', noLocal: true }]), { name: 'UsageError' });
  await assert.rejects(old.client.subscribe([{ filter: 'a' }], { identifier: 1 }), { name: 'UsageError' });
  old.broker.expect();
});
