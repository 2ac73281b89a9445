import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import type { Subscription } from './client.ts';
import { recorder, SubscribingClient, textOf } from './subscribing.arbitrary.ts';

/** Everything that the loop of a subscription gets. */
async function texts(subscription: Subscription): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const message of subscription) all.push(textOf(message));
  return all;
}

test('the end of a subscription unsubscribes, and drops what still comes for it', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe('a');
  client.expect('SUBSCRIBE a 0 identifier 1').answer(0);
  const subscription = await subscribing;
  client.message('a', '1', { subscriptionIdentifiers: [1] });
  const ending = subscription.end();
  assert.equal(subscription.end(), ending);
  client.message('a', '2', { subscriptionIdentifiers: [1] });
  client.expect('UNSUBSCRIBE a').answer(0);
  await ending;
  client.message('a', '3').message('b', '4');
  client.message('a', '5', { subscriptionIdentifiers: [7] });
  assert.deepEqual(client.done, ['1', '2', '3']);
  assert.deepEqual(client.unclaimedTexts, ['4', '5']);
});

test('what comes late without an identifier may be of an earlier process: whoever takes the rest gets it', async () => {
  const client = new SubscribingClient(4).connect({}, 'present');
  client.rest = [];
  const subscribing = client.subscriptions.subscribe('a');
  client.answer(0);
  const ending = (await subscribing).end();
  client.answer(0);
  await ending;
  // The session has, say, `#` from the process before.
  client.message('a', '1');
  assert.deepEqual(client.rest, ['1']);
  assert.deepEqual(client.done, []);
});

test("what waits for two subscriptions that the broker both refuses is not lost: it is nobody's", async () => {
  const client = new SubscribingClient().connect({}, 'present');
  const heard: string[] = [];
  const both = ['A', 'B'].map((name) => client.subscriptions.subscribe('a', { onMessage: recorder(heard, name) }));
  // The session has it from the process before, whose identifiers were the same.
  client.message('a', '1', { subscriptionIdentifiers: [1] });
  client.answer(0x97).answer(0x97);
  for (const each of both) await assert.rejects(each, (error) => error instanceof OperationError);
  assert.deepEqual([heard, client.done, client.unclaimedTexts], [[], [], ['1']]);
});

test("what waits for two subscriptions of which the broker refuses one is the other one's", async () => {
  const client = new SubscribingClient().connect({}, 'present');
  const heard: string[] = [];
  const both = ['A', 'B'].map((name) => client.subscriptions.subscribe('a', { onMessage: recorder(heard, name) }));
  client.message('a', '1', { subscriptionIdentifiers: [1] });
  client.answer(0x97).answer(0);
  await assert.rejects(both[0] as Promise<Subscription>, (error) => error instanceof OperationError);
  await both[1];
  assert.deepEqual([heard, client.done, client.unclaimedTexts], [['B 1'], ['1'], []]);
});

test('at the end of the client, what one subscription is done with does not wait for another one that has no answer', async () => {
  const client = new SubscribingClient().connect({}, 'present');
  const heard: string[] = [];
  const first = client.subscriptions.subscribe('a', { onMessage: recorder(heard, 'A') });
  client.answer(0);
  await first;
  const unanswered = client.subscriptions.subscribe('a', { onMessage: recorder(heard, 'B') });
  unanswered.catch(() => undefined);
  client.message('a', '1');
  assert.deepEqual([heard, client.done], [['A 1'], []]);
  client.subscriptions.close(undefined);
  assert.deepEqual([heard, client.done], [['A 1'], ['1']]);
});

test('what waits for nobody but subscriptions without an answer stays unacknowledged at the end of the client', () => {
  const client = new SubscribingClient().connect({}, 'present');
  for (const name of ['A', 'B']) {
    client.subscriptions.subscribe('a', { onMessage: recorder([], name) }).catch(() => undefined);
  }
  client.message('a', '1').subscriptions.close(undefined);
  assert.deepEqual(client.done, []);
});

test('a late copy of an ended subscription is not taken for one of another', async () => {
  const client = new SubscribingClient().connect();
  const heard: string[] = [];
  const both = [
    client.subscriptions.subscribe('a/#', { onMessage: recorder(heard, 'A') }),
    client.subscriptions.subscribe('a/b', { onMessage: recorder(heard, 'B') }),
  ];
  client.answer(0).answer(0);
  const [, second] = await Promise.all(both);
  void second?.end();
  client.message('a/b', '1', { subscriptionIdentifiers: [2] }).message('a/b', '1', { subscriptionIdentifiers: [1] });
  assert.deepEqual(heard, ['A 1']);
});

test('an end while nobody is connected is fulfilled at once, and sent with the next connection', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe('a');
  client.answer(0).cut();
  const subscription = await subscribing;
  await subscription.end();
  client.expect('SUBSCRIBE a 0 identifier 1').connect({}, 'present').expect('UNSUBSCRIBE a');
});

test('calls reach the broker in their order, whatever they are', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe('a');
  client.answer(0).cut();
  const subscription = await subscribing;
  await subscription.end();
  const again = client.subscriptions.subscribe('a');
  client.expect('SUBSCRIBE a 0 identifier 1').connect();
  client.expect('UNSUBSCRIBE a', 'SUBSCRIBE a 0 identifier 2').answer(0x11).answer(0);
  assert.deepEqual((await again).granted, [0]);
});

test('a broker that has lost the session is asked again for what it had granted', async () => {
  const client = new SubscribingClient().connect();
  const both = [client.subscriptions.subscribe(['a', 'b'], { qos: 1 }), client.subscriptions.subscribe('c')];
  client.answer(1, 1).answer(0);
  const [first] = await Promise.all(both);
  const third = client.subscriptions.subscribe('d');
  client.cut().connect({}, 'present');
  client.expect(
    'SUBSCRIBE a 1, b 1 identifier 1',
    'SUBSCRIBE c 0 identifier 2',
    'SUBSCRIBE d 0 identifier 3',
    'SUBSCRIBE d 0 identifier 3',
  );
  client.cut().connect();
  client.expect('SUBSCRIBE a 1, b 1 identifier 1', 'SUBSCRIBE c 0 identifier 2', 'SUBSCRIBE d 0 identifier 3');
  client.answer(0, 0x87).answer(0x97).answer(0);
  await third;
  await new Promise(setImmediate);
  assert.deepEqual(first?.granted, [0, 0x87]);
  assert.deepEqual(client.told, ['subscriptionRefused b 135', 'subscriptionRefused c 151']);
  // They are asked for again, should the broker forget once more.
  client.cut().connect();
  client.expect('SUBSCRIBE a 1, b 1 identifier 1', 'SUBSCRIBE c 0 identifier 2', 'SUBSCRIBE d 0 identifier 3');
});

test('what is being unsubscribed from when the session is lost is not subscribed to again', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe('a');
  client.answer(0);
  await subscribing;
  const leaving = client.subscriptions.unsubscribe(['a']);
  client.cut().connect();
  // Behind UNSUBSCRIBE, the renewal would undo it.
  client.expect('SUBSCRIBE a 0 identifier 1', 'UNSUBSCRIBE a', 'SUBSCRIBE a 0 identifier 1', 'UNSUBSCRIBE a');
  client.cut().connect();
  client.expect('SUBSCRIBE a 0 identifier 1', 'UNSUBSCRIBE a');
  client.answer(0).answer(0);
  assert.deepEqual(await leaving, [0]);
  client.cut().connect().expect();
});

test('what another broker lacks is told as refused when the session is renewed', async () => {
  const client = new SubscribingClient().connect();
  const subscribing = client.subscriptions.subscribe('a/#');
  client.answer(0);
  const subscription = await subscribing;
  client.cut().connect({ wildcardSubscriptionAvailable: false });
  await new Promise(setImmediate);
  assert.deepEqual(client.told, ['subscriptionRefused a/# 162']);
  assert.deepEqual(subscription.granted, [0xa2]);
});

test('what ends before it is renewed is not asked for', async () => {
  const client = new SubscribingClient().connect();
  const both = [client.subscriptions.subscribe('a'), client.subscriptions.subscribe('b')];
  client.expect('SUBSCRIBE a 0 identifier 1', 'SUBSCRIBE b 0 identifier 2').answer(0).answer(0);
  const [first] = await Promise.all(both);
  client.cut().freeIds = 0;
  client.connect().expect();
  void first?.end();
  client.freeIds = 9;
  client.requests.sendWaiting();
  client.expect('SUBSCRIBE b 0 identifier 2', 'UNSUBSCRIBE a').answer(0).answer(0x11);
  await new Promise(setImmediate);
  assert.deepEqual(client.told, []);
});

test('a subscription that is aborted before it is sent never was', async () => {
  const client = new SubscribingClient();
  const giveUp = new AbortController();
  const subscribing = client.subscriptions.subscribe('a', { signal: giveUp.signal });
  giveUp.abort(new Error('enough'));
  await assert.rejects(subscribing, new Error('enough'));
  await assert.rejects(client.subscriptions.subscribe('a', { signal: giveUp.signal }), new Error('enough'));
  client.connect().expect();
});

test('a subscription that is aborted when it was sent is ended at the broker, unless somebody else has it', async () => {
  const client = new SubscribingClient().connect();
  const firstly = client.subscriptions.subscribe('a', { onMessage: () => undefined });
  client.answer(0);
  await firstly;
  const giveUp = new AbortController();
  const subscribing = client.subscriptions.subscribe(['a', 'b'], { signal: giveUp.signal });
  client.message('a', '1', { subscriptionIdentifiers: [1] });
  client.message('b', '2', { subscriptionIdentifiers: [2], retain: true });
  client.message('b', '3', { subscriptionIdentifiers: [9] });
  giveUp.abort();
  await assert.rejects(subscribing, { name: 'AbortError' });
  client.expect(
    'SUBSCRIBE a 0 identifier 1',
    'SUBSCRIBE a 0 identifier 1',
    'SUBSCRIBE b 0 identifier 2',
    'UNSUBSCRIBE b',
  );
  assert.deepEqual(client.done, ['1', '2']);
  assert.deepEqual(client.unclaimedTexts, ['3']);
});

test('once a subscription is there, its signal ends it', async () => {
  const client = new SubscribingClient().connect();
  const giveUp = new AbortController();
  const subscribing = client.subscriptions.subscribe('a', { signal: giveUp.signal });
  client.answer(0);
  const subscription = await subscribing;
  const looping = texts(subscription);
  giveUp.abort();
  assert.deepEqual(await looping, []);
  client.expect('SUBSCRIBE a 0 identifier 1', 'UNSUBSCRIBE a');
});

test('when the client is over, loops end, or throw why it failed, and nothing is acknowledged', async () => {
  for (const error of [undefined, new OperationError('connection-lost', 'Gone.')]) {
    const client = new SubscribingClient().connect();
    const subscribing = client.subscriptions.subscribe('a');
    client.answer(0);
    const subscription = await subscribing;
    const pending = client.subscriptions.subscribe('b');
    client.message('a', '1').message('b', '2');
    client.close(error);
    client.message('a', '3');
    await assert.rejects(pending);
    const looping = texts(subscription);
    if (error === undefined) assert.deepEqual(await looping, []);
    else await assert.rejects(looping, error);
    assert.deepEqual(client.done, []);
    assert.equal(client.subscriptions.bufferedCount, 0);
    await subscription.end();
    await assert.rejects(client.subscriptions.subscribe('c'));
  }
});

test('unsubscribe by filter takes it from the subscriptions that name it, but not from those that come after', async () => {
  const client = new SubscribingClient().connect();
  const heard: string[] = [];
  const firstly = client.subscriptions.subscribe(['a', 'b'], { onMessage: recorder(heard, 'A') });
  client.answer(0, 0);
  await firstly;
  const unsubscribing = client.subscriptions.unsubscribe(['a', 'x']);
  const secondly = client.subscriptions.subscribe('a', { onMessage: recorder(heard, 'B') });
  client.expect('SUBSCRIBE a 0, b 0 identifier 1', 'UNSUBSCRIBE a, x', 'SUBSCRIBE a 0 identifier 1');
  client.answer(0, 0x11).answer(0);
  assert.deepEqual(await unsubscribing, [0, 0x11]);
  await secondly;
  client.message('a', '1').message('b', '2');
  assert.deepEqual(heard, ['B 1', 'A 2']);
  client.cut().connect().expect('SUBSCRIBE a 0, b 0 identifier 1');
});
