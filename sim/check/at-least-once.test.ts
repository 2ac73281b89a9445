import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { History } from '../history.ts';
import { atLeastOnce } from './at-least-once.ts';
import { sentencesOf, Story, suback } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(atLeastOnce, history);
}

/** s has subscribed, p is there. */
function story(): Story {
  return new Story().connects('s').subscribes('s', 'a/#', 1).connects('p');
}

const LOST_1 = 's never got p#1, published to a/b with QoS 1 and taken by the broker.';

test('a message that was acknowledged and never came is missing', () => {
  assert.deepEqual(said(story().publishes('p', 'a/b', 1).ends()), [LOST_1]);
  assert.deepEqual(said(story().publishes('p', 'a/b', 1).delivers('s', 'p#1', 1).ends()), []);
});

test('a message that an application had in hand when its process died has not come', () => {
  const inHand = story().publishes('p', 'a/b', 1).delivers('s', 'p#1', 1, { isUnanswered: true, isUnhandled: true });
  assert.deepEqual(said(inHand.crashes('s').connects('s', { present: true }).ends()), [LOST_1]);
});

test('one that is not acknowledged may be lost in a crash of the broker, and in nothing else', () => {
  const taken = { isUnanswered: true } as const;
  assert.deepEqual(said(story().publishes('p', 'a/b', 1, taken).ends()), [LOST_1]);
  const lost = story().publishes('p', 'a/b', 1, taken).crashes('broker').starts('broker');
  assert.deepEqual(said(lost.connects('s', { present: true }).ends()), []);
  const kept = story().publishes('p', 'a/b', 1).crashes('broker').starts('broker');
  assert.deepEqual(said(kept.connects('s', { present: true }).ends()), [LOST_1]);
});

test('nobody is owed what was published before the subscription, or what it does not match', () => {
  const early = new Story().connects('s').connects('p').publishes('p', 'a/b', 1).subscribes('s', 'a/#', 1);
  assert.deepEqual(said(early.ends()), []);
  assert.deepEqual(said(story().publishes('p', 'b', 1).ends()), []);
  const unanswered = new Story().connects('s').connects('p').asks('s', 'a/#', 1).publishes('p', 'a/b', 1);
  assert.deepEqual(said(unanswered.ends()), []);
});

test('nobody is owed what was published after UNSUBSCRIBE came; what came before it must come to the process at least', () => {
  assert.deepEqual(said(story().unsubscribes('s', 'a/#').publishes('p', 'a/b', 1).ends()), []);
  assert.deepEqual(said(story().publishes('p', 'a/b', 1).unsubscribes('s', 'a/#').ends()), [LOST_1]);
  const late = story().publishes('p', 'a/b', 1).unsubscribes('s', 'a/#');
  late.passes('broker', 's', late.packetOf('p#1', { qos: 1 }), 'p#1');
  assert.deepEqual(said(late.ends()), []);
});

test('who was refused a subscription that goes on is owed what comes to the process, and no more', () => {
  const refused = (): Story => story().asks('s', 'a/#', 1).passes('broker', 's', suback(2, 0x97));
  assert.deepEqual(said(refused().publishes('p', 'a/b', 1).ends()), [LOST_1]);
  const told = refused().publishes('p', 'a/b', 1);
  told.passes('broker', 's', told.packetOf('p#1', { qos: 1 }), 'p#1');
  assert.deepEqual(said(told.ends()), []);
});

test('a session that ended is owed nothing; one that was left and resumed is', () => {
  const left = story().publishes('p', 'a/b', 1).cut('s');
  assert.deepEqual(said(left.ends()), []);
  assert.deepEqual(said(left.connects('s', { present: true }).ends()), [LOST_1]);
  const clean = story().publishes('p', 'a/b', 1).cut('s').connects('s', { clean: true });
  assert.deepEqual(said(clean.ends()), []);
});

test('each drop accounts for one message of its topic, or of any, that was published before', () => {
  const two = (): Story => story().publishes('p', 'a/b', 1).publishes('p', 'a/b', 1);
  assert.equal(said(two().drops('s', 'a/b', 'queue-full').ends()).length, 1);
  assert.deepEqual(said(two().drops('s', 'a/b', 'queue-full').drops('s', '', 'displaced').ends()), []);
  assert.equal(said(two().drops('s', 'a/c', 'queue-full', 2).ends()).length, 2);
  assert.equal(said(two().drops('p', 'a/b', 'queue-full', 2).ends()).length, 2);
  assert.equal(said(two().drops('s', 'a/b', 'session-ended', 2).ends()).length, 2);
  const before = story().drops('s', 'a/b', 'queue-full').pass(5).publishes('p', 'a/b', 1);
  assert.equal(said(before.ends()).length, 1);
});

test('No Local: nobody is owed his own messages, unless another subscription of his wants them', () => {
  const own = new Story().connects('p').subscribes('p', 'a/#', 1, { noLocal: true });
  assert.deepEqual(said(own.publishes('p', 'a/b', 1).ends()), []);
  const both = new Story().connects('p').subscribes('p', 'a/#', 1, { noLocal: true }).subscribes('p', 'a/b', 1);
  assert.equal(said(both.publishes('p', 'a/b', 1).ends()).length, 1);
});

// docs/decisions/032.
test('No Local: nobody is owed his own Will', () => {
  const own = (noLocal: boolean) =>
    said(
      new Story()
        .connects('s', { will: { topic: 'a' } })
        .subscribes('s', 'a', 1, { noLocal })
        .cut('s')
        .fires('s', 'a')
        .connects('s', { present: true })
        .ends(),
    );
  assert.deepEqual(own(true), []);
  assert.equal(own(false).length, 1);
});

test('QoS 0 is sent to who is connected', () => {
  assert.equal(said(story().publishes('p', 'a/b', 0).ends()).length, 1);
  assert.deepEqual(said(story().publishes('p', 'a/b', 0).delivers('s', 'p#1', 0).ends()), []);
  assert.deepEqual(said(story().publishes('p', 'a/b', 0).drops('s', 'a/b', 'slow-reader').ends()), []);
  const away = story().cut('s').publishes('p', 'a/b', 0).connects('s', { present: true });
  assert.deepEqual(said(away.ends()), []);
});

test('a shared subscription owes nobody in particular', () => {
  const shared = new Story().connects('s').subscribes('s', '$share/g/a/#', 1).connects('p');
  assert.deepEqual(said(shared.publishes('p', 'a/b', 1).ends()), []);
});
