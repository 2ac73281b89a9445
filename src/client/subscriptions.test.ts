import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Subscription } from './client.ts';
import type { ReceivedMessage } from './received-message.ts';
import { recorder, SubscribingClient, textOf } from './subscribing.arbitrary.ts';

test('a subscription waits for a connection and for SUBACK, and says what was granted', async () => {
  const client = new SubscribingClient();
  const subscribing = client.subscriptions.subscribe(['a', { filter: 'b', qos: 2, noLocal: true }, 'c'], { qos: 1 });
  client.expect().connect().expect('SUBSCRIBE a 1, b 2 no-local, c 1 identifier 1').answer(1, 0x87, 0);
  const subscription = await subscribing;
  assert.deepEqual(subscription.filters, ['a', 'b', 'c']);
  assert.deepEqual(subscription.granted, [1, 0x87, 0]);
});

test('messages come to the loop of the subscription', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe('a/+');
  client.answer(0);
  const subscription = await subscribing;
  client.message('a/x', '1').message('b', '2').message('a/y', '3');
  assert.equal(client.subscriptions.bufferedCount, 2);
  const all: string[] = [];
  for await (const message of subscription) {
    all.push(textOf(message));
    if (all.length === 2) break;
  }
  assert.deepEqual(all, ['1', '3']);
  assert.deepEqual(client.done, ['1']);
  assert.deepEqual(client.unclaimedTexts, ['2']);
  assert.equal(client.subscriptions.bufferedCount, 0);
  assert.equal(client.takenCount, 2);
});

test('messages that come before SUBACK are held until then', async () => {
  const client = new SubscribingClient().connect();
  const heard: string[] = [];
  const subscribing = client.subscriptions.subscribe('a', { onMessage: recorder(heard, 'A') });
  client.message('a', '1', { subscriptionIdentifiers: [1], retain: true });
  assert.deepEqual(heard, []);
  assert.equal(client.subscriptions.bufferedCount, 0);
  client.answer(0).message('a', '2');
  await subscribing;
  client.message('a', '3');
  assert.deepEqual(heard, ['A 1', 'A 2', 'A 3']);
  assert.deepEqual(client.done, ['1', '2', '3']);
});

test('identifiers say which of several overlapping subscriptions a copy is for', async () => {
  const client = new SubscribingClient().connect();
  const heard: string[] = [];
  const both = [
    client.subscriptions.subscribe('a/#', { onMessage: recorder(heard, 'A') }),
    client.subscriptions.subscribe('a/b', { onMessage: recorder(heard, 'B') }),
  ];
  client.expect('SUBSCRIBE a/# 0 identifier 1', 'SUBSCRIBE a/b 0 identifier 2').answer(0).answer(0);
  await Promise.all(both);
  client.message('a/b', '1', { subscriptionIdentifiers: [1] });
  client.message('a/b', '2', { subscriptionIdentifiers: [2] });
  client.message('a/b', '3', { subscriptionIdentifiers: [2, 1] });
  client.message('a/b', '4');
  client.message('a/b', '5', { subscriptionIdentifiers: [9] });
  client.message('a/c', '6', { subscriptionIdentifiers: [2] });
  assert.deepEqual(heard, ['A 1', 'B 2', 'A 3', 'B 3', 'A 4', 'B 4', 'A 5', 'B 5', 'A 6']);
  assert.deepEqual(client.done, ['1', '2', '3', '4', '5', '6']);
});

test('a message is done when each of its takers is', async () => {
  const client = new SubscribingClient(4).connect();
  const kept: ReceivedMessage[] = [];
  const onMessage = (message: ReceivedMessage): void => void kept.push(message);
  const both = [
    client.subscriptions.subscribe('a', { onMessage, acknowledge: 'manual' }),
    client.subscriptions.subscribe('+', { onMessage, acknowledge: 'manual' }),
  ];
  client.expect('SUBSCRIBE a 0', 'SUBSCRIBE + 0').answer(0).answer(0);
  await Promise.all(both);
  client.message('a', '1');
  kept[1]?.ack();
  kept[1]?.ack();
  assert.deepEqual(client.done, []);
  kept[0]?.ack();
  assert.deepEqual(client.done, ['1']);
});

test('a broker that knows no identifiers is sent none', () => {
  const client = new SubscribingClient().connect({ subscriptionIdentifierAvailable: false });
  void client.subscriptions.subscribe('a');
  client.expect('SUBSCRIBE a 0');
});

test('two subscriptions to one filter are one to the broker: one identifier, the higher QoS, one end', async () => {
  const client = new SubscribingClient().connect();
  const heard: string[] = [];
  const firstly = client.subscriptions.subscribe({ filter: 'a', qos: 2 }, { onMessage: recorder(heard, 'A') });
  client.answer(2);
  const first = await firstly;
  const secondly = client.subscriptions.subscribe(['b', { filter: 'a', qos: 1 }], { onMessage: recorder(heard, 'B') });
  client.expect('SUBSCRIBE a 2 identifier 1', 'SUBSCRIBE b 0 identifier 2', 'SUBSCRIBE a 2 identifier 1');
  client.answer(0).answer(1);
  const second = await secondly;
  assert.deepEqual([first.granted, second.granted], [[1], [0, 1]]);
  client.message('a', '1', { subscriptionIdentifiers: [1] });
  assert.deepEqual(heard, ['A 1', 'B 1']);
  await first.end();
  client.expect().message('a', '2', { subscriptionIdentifiers: [1] });
  assert.deepEqual(heard, ['A 1', 'B 1', 'B 2']);
  const ending = second.end();
  client.expect('UNSUBSCRIBE b, a').answer(0, 0);
  await ending;
});

test('what was granted of a subscription that still waits for the rest is asked for again when the session is lost', async () => {
  const client = new SubscribingClient().connect();
  const first = client.subscriptions.subscribe('a');
  const second = client.subscriptions.subscribe(['b', 'a']);
  client.expect('SUBSCRIBE a 0 identifier 1', 'SUBSCRIBE b 0 identifier 2', 'SUBSCRIBE a 0 identifier 1');
  client.answer(0).answer(0);
  await first;
  // b is granted on the first connection, a on the next one.
  client.cut().connect().expect('SUBSCRIBE b 0 identifier 2', 'SUBSCRIBE a 0 identifier 1').answer(0).answer(0);
  assert.deepEqual((await second).granted, [0, 0]);
});

test('a filter that is named twice is asked for once, and answered twice', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe(['a', 'b', 'a']);
  client.expect('SUBSCRIBE a 0, b 0 identifier 1').answer(1, 2);
  assert.deepEqual((await subscribing).granted, [1, 2, 1]);
});

test('where the broker refuses every filter the call is rejected with its first code', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe(['a', 'b']);
  client.answer(0x87, 0x80);
  await assert.rejects(subscribing, {
    name: 'OperationError',
    code: 'rejected',
    reasonCode: 0x87,
    message: 'The broker refused to subscribe to "a", "b": not authorized (0x87).',
  });
  // There is nothing to end, and nobody claims them.
  client.expect('SUBSCRIBE a 0, b 0 identifier 1').message('a', '1');
  assert.deepEqual(client.unclaimedTexts, ['1']);
});

test('a filter that was refused among others claims nothing, and is not asked for again', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe(['a', 'b']);
  client.answer(0, 0x87);
  const subscription = await subscribing;
  client.message('b', '1');
  assert.deepEqual(client.unclaimedTexts, ['1']);
  client.expect('SUBSCRIBE a 0, b 0 identifier 1').cut().connect().expect('SUBSCRIBE a 0 identifier 1');
  client.answer(0);
  void subscription.end();
  client.expect('UNSUBSCRIBE a');
});

test('what this broker has said that it lacks rejects the call, and what was asked beside it is ended', async () => {
  const client = new SubscribingClient().connect({ wildcardSubscriptionAvailable: false });
  const firstly = client.subscriptions.subscribe('a', { onMessage: () => undefined });
  client.answer(0);
  await firstly;
  const subscribing = client.subscriptions.subscribe(['b', 'c/#']);
  await assert.rejects(subscribing, { code: 'rejected', reasonCode: 0xa2 });
  client.expect('SUBSCRIBE a 0 identifier 1');
  const shared = client.subscriptions.subscribe(['a', 'd/+']);
  await assert.rejects(shared, { code: 'rejected', reasonCode: 0xa2 });
  client.expect('SUBSCRIBE a 0 identifier 1').message('a', '1');
  assert.deepEqual(client.done, ['1']);
});

test('what MQTT or its version has no place for is refused before anything is sent', async () => {
  const client = new SubscribingClient().connect();
  const { subscriptions } = client;
  await assert.rejects(subscriptions.subscribe([]), { name: 'UsageError' });
  await assert.rejects(subscriptions.subscribe('a#'), { name: 'UsageError' });
  await assert.rejects(subscriptions.subscribe('$share/g'), { name: 'UsageError' });
  await assert.rejects(subscriptions.subscribe({ filter: '$share/g/a', noLocal: true }), { name: 'UsageError' });
  await assert.rejects(subscriptions.unsubscribe([]), { name: 'UsageError' });
  const old = new SubscribingClient(4).connect();
  await assert.rejects(old.subscriptions.subscribe({ filter: 'a', noLocal: true }), { name: 'UsageError' });
  await assert.rejects(old.subscriptions.subscribe('a', { userProperties: [] }), { name: 'UsageError' });
  client.expect();
  old.expect();
});

test('messages that nobody claimed go to the subscription that comes, before those that come later', async () => {
  const client = new SubscribingClient().connect({}, 'present');
  const heard: string[] = [];
  client.message('a', '1').message('b', '2');
  const subscribing = client.subscriptions.subscribe('a', { onMessage: recorder(heard, 'A') });
  client.message('a', '3').answer(0);
  await subscribing;
  client.message('a', '4');
  assert.deepEqual(heard, ['A 1', 'A 3', 'A 4']);
  assert.deepEqual(client.unclaimedTexts, ['2']);
});

test('what came before the broker was asked is lost neither by its refusal nor by an abort', async () => {
  for (const how of ['refused', 'aborted'] as const) {
    const client = new SubscribingClient(4).connect({}, 'present');
    const giveUp = new AbortController();
    client.message('a', '1');
    const subscribing = client.subscriptions.subscribe('a', { signal: giveUp.signal });
    client.message('a', '2');
    if (how === 'refused') client.answer(0x80);
    else giveUp.abort();
    await assert.rejects(subscribing);
    // Once the broker was asked, without identifiers, what comes is of this subscription; refused, it never was.
    assert.deepEqual(client.unclaimedTexts, how === 'refused' ? ['1', '2'] : ['1']);
    assert.deepEqual(client.done, how === 'refused' ? [] : ['2']);
  }
});

test('a handler that fails is told of, and its message stays unacknowledged', async () => {
  const client = new SubscribingClient().connect();
  const onMessage = (): void => {
    throw new Error('broken');
  };
  const subscribing = client.subscriptions.subscribe('a', { onMessage });
  client.answer(0);
  await subscribing;
  client.message('a', '1');
  assert.deepEqual(client.told, ['failed: Error: broken']);
  assert.deepEqual(client.done, []);
});

test('a subscription with onMessage is not iterated, and acknowledge takes two words', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe('a', { onMessage: () => undefined });
  client.answer(0);
  const subscription = await subscribing;
  assert.throws(() => subscription[Symbol.asyncIterator](), { name: 'UsageError' });
  const wrong = { acknowledge: 'never' };
  const subscribe = client.subscriptions.subscribe.bind(client.subscriptions);
  await assert.rejects(async () => void (await Reflect.apply(subscribe, undefined, ['a', wrong])), {
    name: 'UsageError',
    code: 'invalid-option',
  });
});

test('a taker that ends another one leaves no message behind', async () => {
  const client = new SubscribingClient(4).connect();
  const live: Subscription[] = [];
  const heard: string[] = [];
  const both = [
    client.subscriptions.subscribe('a', { onMessage: () => void live[1]?.end() }),
    client.subscriptions.subscribe('+', { onMessage: recorder(heard, 'B') }),
  ];
  client.answer(0).answer(0);
  live.push(...(await Promise.all(both)));
  client.message('a', '1');
  assert.deepEqual(heard, []);
  assert.deepEqual(client.done, ['1']);
});
