// Every fault that the crash harness for clients is there to find, in a history written by hand; and what must not be taken
// for one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { findFaults } from './checks.ts';
import { history, message, taker, taking } from './sample-history.ts';

function faultsOf(...args: Parameters<typeof history>): readonly string[] {
  return findFaults(history(...args)).map(({ kind, sentence }) => `${kind}: ${sentence}`);
}

describe('stored means delivered', () => {
  test('a history in which everything went well has no faults', () => {
    assert.deepEqual(faultsOf([message(0), message(1)], [taker([taking(0), taking(1)])]), []);
  });

  test('a stored message that a subscriber never processed is lost', () => {
    assert.deepEqual(faultsOf([message(0), message(1)], [taker([taking(1)])]), ['lost: s never got p#0 (t, QoS 2)']);
  });

  test('a message that was tried and not stored may arrive, and need not', () => {
    const tried = message(0, { isStored: false });
    assert.deepEqual(faultsOf([tried], [taker([])]), []);
    assert.deepEqual(faultsOf([tried], [taker([taking(0)])]), []);
  });

  test('each subscriber is owed its own', () => {
    const other = taker([], { name: 'other' });
    assert.deepEqual(faultsOf([message(0)], [taker([taking(0)]), other]), ['lost: other never got p#0 (t, QoS 2)']);
  });

  test('a subscriber is owed nothing that it has not subscribed to', () => {
    assert.deepEqual(faultsOf([message(0, { topic: 'u' })], [taker([])]), []);
  });
});

describe('QoS 2 is exactly once for an application that looks at keys', () => {
  test('the same message under the same key in a later life is what a crash before the acknowledgement leaves', () => {
    assert.deepEqual(faultsOf([message(0)], [taker([taking(0), taking(0, { life: 2 })])]), []);
  });

  test('the same message under another key came twice', () => {
    const again = taking(0, { life: 2, key: 200 });
    assert.deepEqual(faultsOf([message(0)], [taker([taking(0), again])]), [
      'twice: s got p#0 with QoS 2 under key 200, and before under key 100',
    ]);
  });

  test('a message that was done long ago came twice, under whatever key', () => {
    const late = taker([taking(1), taking(0, { key: 300 })], { keyBefore: 100 });
    const faults = faultsOf([message(1)], [late], { settledTo: new Map([['p', 0]]) });
    assert.deepEqual(faults, ['twice: s got p#0 once more with QoS 2, long after it was done']);
  });

  test('what was only tried comes once, too', () => {
    const again = taking(0, { life: 2, key: 200 });
    const faults = faultsOf([message(0, { isStored: false })], [taker([taking(0), again])]);
    assert.match(faults.join(), /^twice/);
  });

  test('with QoS 1 a message may come again under another key', () => {
    const once = taking(0, { qos: 1 });
    const again = taking(0, { qos: 1, key: 200 });
    assert.deepEqual(faultsOf([message(0, { qos: 1 })], [taker([once, again])]), []);
    const late = taker([taking(0, { qos: 1 })]);
    assert.deepEqual(faultsOf([], [late], { settledTo: new Map([['p', 0]]) }), []);
  });

  test('a subscription with QoS 1 makes a message of QoS 2 one of QoS 1', () => {
    const subscriptions = [{ filter: 't', qos: 1 }] as const;
    const both = [taking(0, { qos: 1 }), taking(0, { qos: 1, key: 200 })];
    assert.deepEqual(faultsOf([message(0)], [taker(both, { subscriptions })]), []);
    assert.deepEqual(faultsOf([message(0)], [taker([taking(0)], { subscriptions })]), [
      'phantom: s got p#0 (t, QoS 2), which was to come with QoS 1',
    ]);
  });
});

describe('keys', () => {
  test('the key of one message must not be that of another, in whatever life', () => {
    const faults = faultsOf([message(0), message(1)], [taker([taking(0), taking(1, { life: 2, key: 100 })])]);
    assert.deepEqual(faults, ['key: s got p#1 under key 100, which was that of p#0']);
  });

  test('nothing is handed over twice in one life', () => {
    assert.deepEqual(faultsOf([message(0)], [taker([taking(0), taking(0)])]), [
      'key: s got p#0 under key 100 after key 100 in one life',
    ]);
  });

  test('what waits in the inbox comes before what is new', () => {
    const takings = [taking(0), taking(1), taking(2, { life: 2 }), taking(1, { life: 2 })];
    assert.deepEqual(faultsOf([message(0), message(1), message(2)], [taker(takings)]), [
      'key: s got p#1 under key 101 after key 102 in one life',
    ]);
    const inTurn = [taking(0), taking(1), taking(0, { life: 2 }), taking(1, { life: 2 }), taking(2, { life: 2 })];
    assert.deepEqual(faultsOf([message(0), message(1), message(2)], [taker(inTurn)]), []);
  });

  test('a new message has a key above all that were seen, also in a new life', () => {
    const takings = [taking(0), taking(1, { life: 2, key: 50 })];
    assert.deepEqual(faultsOf([message(0), message(1)], [taker(takings)]), [
      'key: s got p#1 first under key 50, after key 100',
    ]);
    assert.match(faultsOf([message(0)], [taker([taking(0)], { keyBefore: 100 })]).join(), /^key/);
  });
});

describe('order', () => {
  test('of two messages of one publisher, topic and QoS the earlier one comes first', () => {
    const turned = [taking(1, { key: 1 }), taking(0, { key: 2 })];
    assert.deepEqual(faultsOf([message(0), message(1)], [taker(turned)]), [
      'out-of-order: s got p#0 (t, QoS 2) after p#1',
    ]);
  });

  test('messages of different topics, publishers and QoS may overtake each other', () => {
    for (const change of [{ topic: 'u' }, { publisher: 'q' }, { qos: 1 }] as const) {
      const subscriptions = [{ filter: '#', qos: 2 }] as const;
      const turned = [taking(1, { key: 1, ...change }), taking(0, { key: 2 })];
      assert.deepEqual(faultsOf([message(0), message(1, change)], [taker(turned, { subscriptions })]), []);
    }
  });

  test('only the first time counts', () => {
    const takings = [taking(0), taking(1), taking(0, { life: 2 })];
    assert.deepEqual(faultsOf([message(0), message(1)], [taker(takings)]), []);
  });

  test('a gap is no disorder', () => {
    const tried = message(1, { isStored: false });
    assert.deepEqual(faultsOf([message(0), tried, message(2)], [taker([taking(0), taking(2)])]), []);
  });
});

describe('nothing comes from nowhere', () => {
  test('a message that nobody published is a phantom', () => {
    assert.deepEqual(faultsOf([], [taker([taking(0)])]), ['phantom: s got p#0 (t, QoS 2), which nobody published']);
  });

  test('a message on another topic is a phantom', () => {
    const faults = faultsOf([message(0, { topic: 'u' })], [taker([taking(0)])]);
    assert.deepEqual(faults, ['phantom: s got p#0 (t, QoS 2), which was published to u']);
  });

  test('a message that was not subscribed to is a phantom', () => {
    const subscriptions = [{ filter: 'u', qos: 2 }] as const;
    const faults = faultsOf([message(0)], [taker([taking(0)], { subscriptions })]);
    assert.deepEqual(faults, ['phantom: s got p#0 (t, QoS 2), which nobody subscribed to']);
  });
});

test('what a client told of itself is a fault as it stands', () => {
  assert.deepEqual(faultsOf([], [], { complaints: ['s ended by itself'] }), ['complaint: s ended by itself']);
});
