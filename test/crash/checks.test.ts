// Every fault that the crash harness is there to find, in a history written by hand; and what must not be taken for one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { findFaults } from './checks.ts';
import type { History } from './history.ts';
import { copy, history, message, session, subscription } from './sample-history.ts';

function faultsOf(...args: Parameters<typeof history>): readonly string[] {
  return findFaults(history(...args)).map(({ kind, sentence }) => `${kind}: ${sentence}`);
}

describe('acknowledged means delivered', () => {
  test('a history in which everything went well has no faults', () => {
    assert.deepEqual(faultsOf([message(0), message(1)], [session([copy(0), copy(1)])]), []);
  });

  test('an acknowledged message that a session never got is lost', () => {
    assert.deepEqual(faultsOf([message(0), message(1)], [session([copy(1)])]), ['lost: s never got p#0 (t, QoS 2)']);
  });

  test('a message that nobody acknowledged may be lost, and may come', () => {
    const sent = message(0, { acknowledgedAt: undefined });
    assert.deepEqual(faultsOf([sent], [session([])]), []);
    assert.deepEqual(faultsOf([sent], [session([copy(0)])]), []);
  });

  test('a copy from the retained messages does not stand for the message that is owed', () => {
    const greeted = session([copy(0, { retain: true })], { subscriptions: [subscription({ wantsRetained: true })] });
    assert.match(faultsOf([message(0, { retain: true })], [greeted]).join(), /lost: s never got p#0/);
  });

  test('each session is owed its own copy', () => {
    const sessions = [session([copy(0)]), session([], { name: 'other' })];
    assert.deepEqual(faultsOf([message(0)], sessions), ['lost: other never got p#0 (t, QoS 2)']);
  });

  test('a shared group is owed one copy, whichever member gets it', () => {
    const group = { name: 'group', isGroup: true };
    assert.deepEqual(faultsOf([message(0)], [session([copy(0)], group)]), []);
    assert.deepEqual(faultsOf([message(0)], [session([], group)]), ['lost: group never got p#0 (t, QoS 2)']);
    assert.equal(faultsOf([message(0)], [session([copy(0), copy(0)], group)]).length, 1);
  });

  test('a session that its client ended is owed nothing', () => {
    assert.deepEqual(faultsOf([message(0)], [session([], { endedAt: 16 })]), []);
  });

  test('an empty message is not looked for: its copies have no label', () => {
    assert.deepEqual(faultsOf([message(0, { retain: true, isClear: true })], [session([])]), []);
  });
});

describe('subscriptions are in force from SUBACK to UNSUBSCRIBE', () => {
  test('a message sent before the SUBACK may come, and need not', () => {
    const subscriptions = [subscription({ requestedAt: 1, grantedAt: 12 })];
    assert.deepEqual(faultsOf([message(0)], [session([], { subscriptions })]), []);
    assert.deepEqual(faultsOf([message(0)], [session([copy(0)], { subscriptions })]), []);
  });

  test('a message acknowledged after the UNSUBSCRIBE was sent may come, and need not', () => {
    const subscriptions = [subscription({ cancelRequestedAt: 14, cancelledAt: 19 })];
    assert.deepEqual(faultsOf([message(0)], [session([], { subscriptions })]), []);
    assert.deepEqual(faultsOf([message(0)], [session([copy(0)], { subscriptions })]), []);
  });

  test('a message acknowledged before the UNSUBSCRIBE must come', () => {
    const subscriptions = [subscription({ cancelRequestedAt: 17, cancelledAt: 19 })];
    assert.match(faultsOf([message(0)], [session([], { subscriptions })]).join(), /^lost/);
  });

  test('a message sent after the UNSUBACK must not come', () => {
    const subscriptions = [subscription({ cancelRequestedAt: 3, cancelledAt: 4 })];
    assert.match(faultsOf([message(0)], [session([copy(0)], { subscriptions })]).join(), /^phantom/);
  });

  test('a message acknowledged before the SUBSCRIBE must not come', () => {
    const subscriptions = [subscription({ requestedAt: 16, grantedAt: 17 })];
    assert.match(faultsOf([message(0)], [session([copy(0)], { subscriptions })]).join(), /^phantom/);
  });

  test('the QoS is the lower of the two; of several subscriptions the highest counts', () => {
    const subscriptions = [subscription({ qos: 1 }), subscription({ filter: '#', qos: 2 })];
    const once = (qos: 1 | 2, got: 1 | 2): readonly string[] =>
      faultsOf([message(0, { qos })], [session([copy(0, { qos: got })], { subscriptions })]);
    assert.deepEqual(once(2, 2), []);
    assert.deepEqual(once(1, 1), []);
    assert.match(once(2, 1).join(), /^wrong-qos/);
    assert.match(once(1, 2).join(), /^wrong-qos/);
  });
});

describe('what comes', () => {
  test('a QoS 2 message that comes twice is a fault', () => {
    assert.deepEqual(faultsOf([message(0)], [session([copy(0), copy(0, { dup: true })])]), [
      'twice: s got p#0 (t) once more with QoS 2',
    ]);
  });

  test('a QoS 1 message may come twice', () => {
    const once = copy(0, { qos: 1 });
    assert.deepEqual(faultsOf([message(0, { qos: 1 })], [session([once, { ...once, dup: true }])]), []);
  });

  test('a settled message may come once more with QoS 1, never with QoS 2', () => {
    const settled: Partial<History> = { settledTo: new Map([['p', 3]]) };
    assert.deepEqual(faultsOf([], [session([copy(3, { qos: 1 })])], settled), []);
    assert.match(faultsOf([], [session([copy(3)])], settled).join(), /^twice/);
  });

  test('a message that nobody sent, or to another topic, is a phantom', () => {
    assert.match(faultsOf([], [session([copy(0)])]).join(), /^phantom: s got p#0 \(t\), which nobody sent/);
    const elsewhere = [message(0, { topic: 'u', acknowledgedAt: undefined })];
    assert.match(faultsOf(elsewhere, [session([copy(0)])]).join(), /^phantom: .* which was sent to u/);
  });

  test('first copies out of order are a fault, repetitions behind them are not', () => {
    const messages = [message(0, { qos: 1 }), message(1, { qos: 1 })];
    const [zero, one] = [copy(0, { qos: 1 }), copy(1, { qos: 1 })];
    assert.deepEqual(faultsOf(messages, [session([one, zero])]), ['out-of-order: s got p#0 (t, QoS 1) after p#1']);
    assert.deepEqual(faultsOf(messages, [session([zero, one, zero, one])]), []);
  });

  test('between topics, QoS levels and publishers, and in a shared group, there is no order', () => {
    const subscriptions = [subscription({ filter: '#' })];
    const other = { ...message(1), publisher: 'q' };
    const later = [message(1, { topic: 'u' }), message(1, { qos: 1 }), other];
    for (const each of later) {
      const copies = [{ ...copy(1, { topic: each.topic, qos: each.qos }), publisher: each.publisher }, copy(0)];
      assert.deepEqual(faultsOf([message(0), each], [session(copies, { subscriptions })]), []);
    }
    assert.deepEqual(faultsOf([message(0), message(1)], [session([copy(1), copy(0)], { isGroup: true })]), []);
  });

  test('a refusal, or whatever a client complained of, is a fault', () => {
    assert.deepEqual(faultsOf([], [], { complaints: ['p was refused'] }), ['complaint: p was refused']);
  });
});

describe('Session Present tells the truth', () => {
  const greeted = (expected: boolean | undefined, found: boolean): number =>
    faultsOf([], [], { greetings: [{ client: 'c', expected, found }] }).length;

  test('a session that was confirmed is there, one that was ended is not, of others nobody knows', () => {
    assert.deepEqual(
      [greeted(true, true), greeted(false, false), greeted(undefined, true), greeted(undefined, false)],
      [0, 0, 0, 0],
    );
    assert.deepEqual([greeted(true, false), greeted(false, true)], [1, 1]);
  });
});

describe('retained messages', () => {
  const write = (number: number, change: Parameters<typeof message>[1] = {}): ReturnType<typeof message> =>
    message(number, { retain: true, ...change });
  const lookedAt = (messages: readonly ReturnType<typeof message>[], number: number | undefined): readonly string[] => {
    const found = new Map(number === undefined ? [] : [['t', { publisher: 'p', number }]]);
    return faultsOf(messages, [], { looks: [{ at: 1000, found }] });
  };
  const unknown = { acknowledgedAt: undefined };

  test('a topic retains the last acknowledged write, or one sent after it', () => {
    const writes = [write(0), write(1), write(2, unknown), write(3, unknown)];
    assert.deepEqual(
      [1, 2, 3].flatMap((number) => lookedAt(writes, number)),
      [],
    );
    assert.deepEqual(lookedAt(writes, 0), ['retained: t retains p#0 instead of p#1 or p#2 or p#3']);
    assert.deepEqual(lookedAt(writes, undefined), ['retained: t retains nothing instead of p#1 or p#2 or p#3']);
  });

  test('a topic retains nothing where no write was acknowledged, or the last one removed it', () => {
    assert.deepEqual(lookedAt([write(0, unknown)], undefined), []);
    assert.deepEqual(lookedAt([write(0), write(1, { isClear: true })], undefined), []);
    assert.deepEqual(lookedAt([write(0), write(1, { isClear: true })], 0), [
      'retained: t retains p#0 instead of nothing',
    ]);
    assert.deepEqual(lookedAt([write(0), write(1, { isClear: true, ...unknown })], 0), []);
  });

  test('a topic that nobody wrote to retains nothing', () => {
    assert.deepEqual(lookedAt([], 0), ['phantom: t retains p#0, which nobody sent']);
  });

  test('who subscribes and asks for retained messages gets what was there, or what came after', () => {
    const settled: Partial<History> = { settledTo: new Map([['p', 0]]) };
    const asked = subscription({ wantsRetained: true, requestedAt: 20, grantedAt: 22 });
    const greeted = (...copies: readonly ReturnType<typeof copy>[]): readonly string[] =>
      faultsOf([write(0)], [session(copies, { subscriptions: [asked] })], settled);
    assert.deepEqual(greeted(copy(0, { retain: true, at: 23 })), []);
    assert.deepEqual(greeted(), ['retained: s subscribed to t and never got the retained p#0 (t, QoS 2)']);
    assert.match(greeted(copy(0, { retain: true, at: 19 })).join(), /phantom/);
  });

  test('who did not ask for retained messages gets none', () => {
    const greeted = session([copy(0), copy(0, { retain: true })]);
    assert.match(faultsOf([write(0)], [greeted]).join(), /^phantom/);
  });
});
