import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PublishPacket } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import type { History } from '../history.ts';
import { phantom } from './phantom.ts';
import { sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(phantom, history);
}

/** s has subscribed with QoS 1, p is there. */
function story(): Story {
  return new Story().connects('s').subscribes('s', 'a', 1).connects('p');
}

/** The broker sends s a message, with QoS 1 under the identifier 1. */
function sends(told: Story, label: string, more: Partial<PublishPacket> = {}): Story {
  return told.passes(
    'broker',
    's',
    { ...told.packetOf(label), qos: 1, id: packetId(1), retain: false, ...more },
    label,
  );
}

test('what was published, taken and subscribed to may be sent', () => {
  assert.deepEqual(said(sends(story().publishes('p', 'a', 2), 'p#1').ends()), []);
});

test('what nobody has published, or not to this topic, or not yet, may not', () => {
  const unknown = story().publishes('p', 'a', 1);
  unknown.passes('broker', 's', unknown.packetOf('p#1'), 'x#1');
  assert.deepEqual(said(unknown.ends()), ['s was sent x#1 (a, QoS 1), which nobody has published.']);
  assert.deepEqual(said(sends(story().publishes('p', 'a', 1), 'p#1', { topic: 'b' }).ends()), [
    's was sent p#1 (b, QoS 1), which was published to a.',
  ]);
  const early = story();
  early.says('p', 'a', 1);
  assert.deepEqual(said(sends(early, 'p#1').ends()), ['s was sent p#1 (a, QoS 1) before the broker had taken it.']);
});

const UNASKED = 's was sent p#1 (a, QoS 1), but had no subscription for it.';

test('nobody is sent what was taken when he had no subscription', () => {
  const before = new Story().connects('s').connects('p').publishes('p', 'a', 1).subscribes('s', 'a', 1);
  assert.deepEqual(said(sends(before, 'p#1').ends()), [UNASKED]);
  const after = story().unsubscribes('s', 'a').publishes('p', 'a', 1);
  assert.deepEqual(said(sends(after, 'p#1').ends()), [UNASKED]);
  const queued = story().publishes('p', 'a', 1).unsubscribes('s', 'a');
  assert.deepEqual(said(sends(queued, 'p#1').ends()), []);
  const ended = story().publishes('p', 'a', 1).cut('s').connects('s', { clean: true }).subscribes('s', 'a', 1);
  assert.deepEqual(said(sends(ended, 'p#1').ends()), [UNASKED]);
});

test('between SUBSCRIBE and SUBACK both are possible', () => {
  const asked = new Story().connects('s').connects('p').asks('s', 'a', 1).publishes('p', 'a', 1);
  assert.deepEqual(said(sends(asked, 'p#1').ends()), []);
  assert.deepEqual(said(asked.ends()), []);
});

test('the QoS is the lower one of message and subscription; of several, the highest', () => {
  const wrong = ', published with QoS 2; none of its subscriptions makes that of it.';
  const two = { qos: 2 } as const;
  assert.deepEqual(said(sends(story().publishes('p', 'a', 2), 'p#1', two).ends()), [
    `s was sent p#1 (a, QoS 2)${wrong}`,
  ]);
  const overlapping = (): Story => story().subscribes('s', '+', 2).publishes('p', 'a', 2);
  assert.deepEqual(said(sends(overlapping(), 'p#1', two).ends()), []);
  assert.deepEqual(said(sends(overlapping(), 'p#1').ends()), [`s was sent p#1 (a, QoS 1)${wrong}`]);
});

test('RETAIN is kept for who asked for that, and set on retained copies', () => {
  const kept = { retain: true } as const;
  const live = story().publishes('p', 'a', 1, kept);
  assert.deepEqual(said(sends(live, 'p#1', kept).ends()), [
    's was sent p#1 (a, QoS 1), published with RETAIN, with it.',
  ]);
  const asPublished = new Story().connects('s').subscribes('s', 'a', 1, { retainAsPublished: true }).connects('p');
  const published = asPublished.publishes('p', 'a', 1, kept);
  assert.deepEqual(said(sends(published, 'p#1').ends()), [
    's was sent p#1 (a, QoS 1), published with RETAIN, without it.',
  ]);
  const later = new Story().connects('s').connects('p').publishes('p', 'a', 1, kept).subscribes('s', 'a', 1);
  assert.deepEqual(said(sends(later, 'p#1', kept).ends()), []);
  const meanwhile = new Story().connects('s').connects('p').asks('s', 'a', 1).publishes('p', 'a', 1, kept);
  assert.deepEqual(said(sends(meanwhile, 'p#1', kept).ends()), []);
  const never = new Story().connects('s').connects('p').publishes('p', 'a', 1, kept);
  never.subscribes('s', 'a', 1, { retainHandling: 2 });
  assert.deepEqual(said(sends(never, 'p#1', kept).ends()), [UNASKED]);
});

test('who asks no longer for RETAIN as published is sent it with RETAIN, or without, until SUBACK', () => {
  const kept = { retain: true } as const;
  const asked = (): Story => {
    const told = new Story().connects('s').subscribes('s', 'a', 1, { retainAsPublished: true }).connects('p');
    return told.asks('s', 'a', 1, { retainHandling: 2 }).publishes('p', 'a', 1, kept);
  };
  assert.deepEqual(said(sends(asked(), 'p#1').ends()), []);
  assert.deepEqual(said(sends(asked(), 'p#1', kept).ends()), []);
  const other = new Story().connects('s').subscribes('s', 'a', 1, { retainAsPublished: true }).connects('p');
  other.asks('s', '+', 1, { retainHandling: 2 }).publishes('p', 'a', 1, kept);
  assert.equal(said(sends(other, 'p#1').ends()).length, 1);
});

test('No Local: nobody is sent his own message', () => {
  const own = (noLocal: boolean): History => {
    const told = new Story().connects('s').subscribes('s', 'a', 1, { noLocal }).publishes('s', 'a', 1);
    return sends(told, 's#1').ends();
  };
  assert.deepEqual(said(own(true)), ['s was sent s#1 (a, QoS 1), but had no subscription for it.']);
  assert.deepEqual(said(own(false)), []);
});

// docs/decisions/032.
test('No Local: nobody is sent his own Will', () => {
  const own = (noLocal: boolean): History => {
    const told = new Story().connects('s', { will: { topic: 'a' } }).subscribes('s', 'a', 1, { noLocal });
    return sends(told.cut('s').fires('s', 'a').connects('s', { present: true }), 's!1').ends();
  };
  assert.deepEqual(said(own(true)), ['s was sent s!1 (a, QoS 1), but had no subscription for it.']);
  assert.deepEqual(said(own(false)), []);
});

test('a message whose time is over is not sent, unless its sending had begun; and it says what is left of its time', () => {
  const expiring = (millis: number, left: number, dup = false): History => {
    const told = story().publishes('p', 'a', 1, { expirySeconds: 2 }).pass(millis);
    const { properties } = told.packetOf('p#1');
    return sends(told, 'p#1', { dup, properties: { ...properties, messageExpiryInterval: left } }).ends();
  };
  assert.deepEqual(said(expiring(1_500, 1)), []);
  assert.deepEqual(said(expiring(1_500, 2)), [
    's was sent p#1 with a Message Expiry Interval of 2; it was published with 2.',
  ]);
  assert.equal(said(expiring(2_500, 1)).length, 1);
  assert.deepEqual(said(expiring(2_500, 1, true)), []);
});

test('an application gets what has come, as it has come', () => {
  const told = (): Story => sends(story().publishes('p', 'a', 1), 'p#1');
  assert.deepEqual(said(told().receives('s', 'p#1', 1).ends()), []);
  assert.deepEqual(said(told().receives('s', 'p#1', 2).ends()), [
    'The application of s got p#1 (a, QoS 2), which did not come so.',
  ]);
});

test('what came by an older subscription may come in a session that a crash has left in doubt', () => {
  const doubtful = (isSubscribed: boolean): History => {
    const told = new Story().connects('s').connects('p');
    if (isSubscribed) told.subscribes('s', 'a', 1);
    told.publishes('p', 'a', 1).subscribes('s', 'a', 1);
    told.cut('s').connects('s', { clean: true, isUnanswered: true }).crashes('broker').starts('broker');
    return sends(told.connects('s', { present: true }), 'p#1').ends();
  };
  assert.deepEqual(said(doubtful(true)), []);
  assert.deepEqual(said(doubtful(false)), ['s was sent p#1 (a, QoS 1), but had no subscription for it.']);
});
