import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PublishPacket } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { packetIds } from './packet-ids.ts';
import { ack, sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(packetIds, history);
}

/** p publishes so many messages of a QoS, which come to the broker. */
function story(qos: 0 | 1 | 2, count = 1, store: 'none' | 'model' = 'none'): Story {
  const told = new Story([plainClient('p', { store })]).connects('p');
  for (let i = 0; i < count; i++) {
    const label = told.says('p', 'a', qos);
    told.passes('client', 'p', told.packetOf(label), label);
  }
  return told;
}

/** p sends a message once more. */
function again(told: Story, label: string, more: Partial<PublishPacket> = {}): Story {
  return told.passes('client', 'p', told.packetOf(label, { dup: true, ...more }), label);
}

const PRESENT = { present: true } as const;

test('an identifier is in one flow at a time, of messages and requests', () => {
  const shared = story(1, 2);
  assert.deepEqual(said(shared.ends()), []);
  assert.deepEqual(said(again(story(1, 2), 'p#2', { dup: false, id: packetId(1) }).ends()), [
    "p sent p#2 under the identifier 1, which is p#1's (connection 1).",
  ]);
  assert.deepEqual(said(story(1).passes('broker', 'p', ack('puback', 1)).ends()), []);
  assert.deepEqual(said(again(story(0, 1).asks('p', 'a', 1), 'p#1', { qos: 1, id: packetId(1), dup: false }).ends()), [
    "p sent p#1 under the identifier 1, which is a request's (connection 1).",
  ]);
});

test('an identifier is free when its flow is over, not when PUBREC has come', () => {
  const next = (told: Story): History => {
    told.says('p', 'a', 2);
    return again(told, 'p#2', { dup: false, id: packetId(1) }).ends();
  };
  const received = (): Story =>
    story(2).passes('broker', 'p', ack('pubrec', 1)).passes('client', 'p', ack('pubrel', 1));
  assert.equal(said(next(received())).length, 1);
  assert.deepEqual(said(next(received().passes('broker', 'p', ack('pubcomp', 1)))), []);
  assert.deepEqual(said(next(story(2).passes('broker', 'p', ack('pubrec', 1, 0x97)))), []);
});

test('what is sent again on a new connection of the session has DUP, and nothing else has', () => {
  assert.deepEqual(said(again(story(1).cut('p').connects('p', PRESENT), 'p#1').ends()), []);
  assert.deepEqual(said(again(story(1).cut('p').connects('p', PRESENT), 'p#1', { dup: false }).ends()), [
    'p sent p#1 under the identifier 1 again, without DUP (connection 2).',
  ]);
  assert.deepEqual(said(again(story(1).cut('p').connects('p'), 'p#1', { dup: false }).ends()), []);
  assert.deepEqual(said(again(story(1).cut('p').connects('p'), 'p#1').ends()), [
    'p sent p#1 under the identifier 1 with DUP in a new session (connection 2).',
  ]);
  assert.deepEqual(said(again(story(0), 'p#1').ends()), ['p sent p#1 with DUP and QoS 0 (connection 1).']);
  const first = new Story().connects('p');
  first.says('p', 'a', 1);
  assert.deepEqual(said(again(first, 'p#1').ends()), [
    'p sent p#1 under the identifier 1 with DUP, though it cannot have been sent before (connection 1).',
  ]);
});

test('nothing is sent again on one connection, nor after PUBREC', () => {
  assert.deepEqual(said(again(story(1), 'p#1').ends()), [
    'p sent p#1 under the identifier 1 twice on one connection (connection 1).',
  ]);
  const received = story(2).passes('broker', 'p', ack('pubrec', 1)).cut('p').connects('p', PRESENT);
  assert.deepEqual(said(again(received, 'p#1').ends()), [
    'p sent p#1 under the identifier 1 again, though its PUBREC had come (connection 2).',
  ]);
});

test('what is sent again is sent in its order', () => {
  const resumed = (): Story => story(1, 2).cut('p').connects('p', PRESENT);
  assert.deepEqual(said(again(again(resumed(), 'p#1'), 'p#2').ends()), []);
  assert.deepEqual(said(again(again(resumed(), 'p#2'), 'p#1').ends()), [
    'p sent p#1 under the identifier 1 after messages that it had sent later (connection 2).',
  ]);
});

test('a client without a store forgets with its process; with one, the identifiers of QoS 2 are kept', () => {
  const restarted = (store: 'none' | 'model', qos: 1 | 2): Story => {
    const told = story(qos, 1, store).crashes('p').starts('p').connects('p', PRESENT);
    told.says('p', 'a', qos);
    return again(told, 'p#2', { dup: false, id: packetId(1) });
  };
  assert.deepEqual(said(restarted('none', 2).ends()), []);
  assert.deepEqual(said(restarted('model', 1).ends()), []);
  assert.deepEqual(said(restarted('model', 2).ends()), [
    "p sent p#2 under the identifier 1, which is p#1's (connection 2).",
  ]);
});

test('what is past PUBREC when the session is lost is over, also if a crash came between', () => {
  const restarted = (isReceived: boolean): History => {
    const told = story(2, 1, 'model');
    if (isReceived) told.passes('broker', 'p', ack('pubrec', 1));
    told.crashes('p').starts('p').connects('p').cut('p').connects('p', PRESENT);
    told.says('p', 'a', 2);
    return again(told, 'p#2', { dup: false, id: packetId(1) }).ends();
  };
  assert.deepEqual(said(restarted(true)), []);
  assert.deepEqual(said(restarted(false)), ["p sent p#2 under the identifier 1, which is p#1's (connection 3)."]);
});

test('what a crash may have made of a PUBREC, it may not: all is sent anew in its order', () => {
  const renewed = (): Story => {
    const told = story(2, 2, 'model').passes('broker', 'p', ack('pubrec', 1));
    return told.crashes('p').starts('p').connects('p');
  };
  const anew = { dup: false } as const;
  assert.deepEqual(said(again(again(renewed(), 'p#1', anew), 'p#2', anew).ends()), []);
  assert.deepEqual(said(again(again(renewed(), 'p#2', anew), 'p#1', anew).ends()), [
    'p sent p#1 under the identifier 1 after messages that it had sent later (connection 2).',
  ]);
});

test('the broker, too: after a crash QoS 2 goes on under its identifier, QoS 1 where it likes', () => {
  const crashed = (qos: 1 | 2, id: number, dup: boolean): History => {
    const told = new Story().connects('s').connects('p').publishes('p', 'a', 2);
    const sent = told.packetOf('p#1', { qos, id: packetId(1) });
    told.passes('broker', 's', sent, 'p#1').crashes('broker').starts('broker').connects('s', PRESENT);
    return told.passes('broker', 's', { ...sent, dup, id: packetId(id) }, 'p#1').ends();
  };
  assert.deepEqual(said(crashed(2, 1, true)), []);
  assert.equal(said(crashed(2, 1, false)).length, 1);
  assert.deepEqual(said(crashed(1, 1, true)), []);
  assert.deepEqual(said(crashed(1, 2, false)), []);
});

test('a delivery that was not seen before a crash may come with DUP where another copy was finished, if there can be two', () => {
  const crashed = (retain: boolean, resubscribes: boolean, isMember = false): History => {
    const told = new Story().connects('s').subscribes('s', 'a', 2);
    if (isMember) told.subscribes('s', '$share/g/+', 2);
    told.connects('p').publishes('p', 'a', 2, { retain: true });
    told.delivers('s', 'p#1', 2, { id: 1 });
    if (resubscribes) told.asks('s', 'a', 2);
    told.crashes('broker').starts('broker').connects('s', PRESENT);
    return told.passes('broker', 's', told.packetOf('p#1', { id: packetId(1), dup: true, retain }), 'p#1').ends();
  };
  assert.deepEqual(said(crashed(true, true)), []);
  const wrong = ['The broker, to s, sent p#1 under the identifier 1 again, after its PUBREL (connection 3).'];
  assert.deepEqual(said(crashed(true, false)), wrong);
  assert.deepEqual(said(crashed(false, true)), wrong);
  assert.deepEqual(said(crashed(false, false, true)), [], 'one copy for itself, one for the group');
  const empty = new Story().connects('s').connects('p').publishes('p', 'a', 2);
  const clear = empty.packetOf('p#1', { id: packetId(1) });
  empty.passes('broker', 's', clear).passes('client', 's', ack('pubrec', 1)).passes('broker', 's', ack('pubrel', 1));
  empty.passes('client', 's', ack('pubcomp', 1)).crashes('broker').starts('broker').connects('s', PRESENT);
  assert.deepEqual(said(empty.passes('broker', 's', { ...clear, dup: true }).ends()), []);
});
