import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import type { ClientPlan } from '../plan.ts';
import { exactlyOnce } from './exactly-once.ts';
import { ack, sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(exactlyOnce, history);
}

/** s has subscribed with QoS 2, p is there. */
function story(s: Partial<ClientPlan> = {}, p: Partial<ClientPlan> = {}): Story {
  const clients = [plainClient('s', s), plainClient('p', p)];
  return new Story(clients).connects('s').subscribes('s', 'a', 2).connects('p');
}

const TWICE = 's was sent p#1 (a) 2 times with QoS 2, under the identifiers 7, 8.';

test('a message that is sent under two identifiers is sent twice; under one, again, it is not', () => {
  const first = { id: 7, key: 1, isUnanswered: true } as const;
  const twice = story().publishes('p', 'a', 2).delivers('s', 'p#1', 2, first);
  twice.passes('broker', 's', twice.packetOf('p#1', { id: packetId(8) }), 'p#1');
  assert.deepEqual(said(twice.ends()), [TWICE]);
  const again = story().publishes('p', 'a', 2).delivers('s', 'p#1', 2, first).cut('s').connects('s', { present: true });
  again.passes('broker', 's', again.packetOf('p#1', { id: packetId(7), dup: true }), 'p#1');
  assert.deepEqual(said(again.ends()), []);
});

test('a session that has it again under a shared subscription, or as a retained copy, has it twice with right', () => {
  const first = { id: 7, key: 1 } as const;
  const second = { id: 8, key: 2 } as const;
  const shared = story().subscribes('s', '$share/g/a', 2).publishes('p', 'a', 2);
  assert.deepEqual(said(shared.delivers('s', 'p#1', 2, first).delivers('s', 'p#1', 2, second).ends()), []);
  const retained = story().publishes('p', 'a', 2, { retain: true }).delivers('s', 'p#1', 2, first);
  assert.deepEqual(
    said(
      retained
        .subscribes('s', 'a', 2)
        .delivers('s', 'p#1', 2, { ...second, retain: true })
        .ends(),
    ),
    [],
  );
});

test('what its publisher sends again in a new session may come again', () => {
  const resent = story().publishes('p', 'a', 2, { isUnanswered: true }).delivers('s', 'p#1', 2, { id: 7, key: 1 });
  resent.cut('p').connects('p', { present: false }).passes('client', 'p', resent.packetOf('p#1'), 'p#1').accepts('p#1');
  assert.deepEqual(said(resent.delivers('s', 'p#1', 2, { id: 8, key: 2 }).ends()), []);
});

test('a broker takes a message once in a session, unless a crash has undone it before anybody heard', () => {
  const again = (told: Story): Story =>
    told
      .connects('p', { present: true })
      .passes('client', 'p', told.packetOf('p#1', { dup: true }), 'p#1')
      .accepts('p#1');
  const unheard = { isUnanswered: true } as const;
  const sentence = "The broker took p's p#1 to a, and again in the same session.";
  assert.deepEqual(said(again(story().publishes('p', 'a', 2, unheard).cut('p')).ends()), [sentence]);
  const crashed = story().publishes('p', 'a', 2, unheard).crashes('broker').starts('broker');
  assert.deepEqual(said(again(crashed).ends()), []);
  const heard = story().publishes('p', 'a', 2).crashes('broker').starts('broker');
  assert.deepEqual(said(again(heard).ends()), [sentence]);
});

test('who would rather reject what is ambiguous does not send it in a second session', () => {
  const resent = (onAmbiguous: 'resend' | 'reject'): Story => {
    const told = story({}, { onAmbiguous }).publishes('p', 'a', 2, { isUnanswered: true }).cut('p');
    return told.connects('p', { present: false }).passes('client', 'p', told.packetOf('p#1'), 'p#1');
  };
  const sentence = 'p sent p#1 to a again, though it knew that the session was lost, and is to reject it.';
  assert.deepEqual(said(resent('reject').ends()), [sentence]);
  assert.deepEqual(said(resent('resend').ends()), []);
});

test('an application gets a delivery once; again only from a process without a store, after the first one is gone', () => {
  const once = (s: Partial<ClientPlan>): Story =>
    story(s).publishes('p', 'a', 2).delivers('s', 'p#1', 2, { id: 7, key: 1, isUnanswered: true });
  const sentence = 'The application of s got p#1 2 times with QoS 2, under the keys 1, 2.';
  assert.deepEqual(said(once({}).receives('s', 'p#1', 2, { key: 2 }).ends()), [sentence]);
  const comesBack = (told: Story, key: number): History => {
    told.crashes('s').starts('s').connects('s', { present: true });
    return told
      .passes('broker', 's', told.packetOf('p#1', { id: packetId(7), dup: true }), 'p#1')
      .receives('s', 'p#1', 2, { key })
      .ends();
  };
  assert.deepEqual(said(comesBack(once({}), 2)), []);
  assert.deepEqual(said(comesBack(once({ store: 'model' }), 2)), [sentence]);
  assert.deepEqual(said(comesBack(once({ store: 'model' }), 1)), []);
});

test('a key names one message, comes to a subscription once in a life, and not again after an end in order', () => {
  const stored = (): Story =>
    story({ store: 'model' }).publishes('p', 'a', 2).delivers('s', 'p#1', 2, { id: 7, key: 1 }).publishes('p', 'a', 2);
  assert.deepEqual(said(stored().delivers('s', 'p#2', 2, { id: 8, key: 1 }).ends()).slice(0, 1), [
    "s got p#2 under the key 1, which is p#1's.",
  ]);
  assert.deepEqual(said(stored().receives('s', 'p#1', 2, { key: 1 }).ends()), [
    'Subscription 0 of s got p#1 twice in one life, under the key 1.',
  ]);
  assert.deepEqual(said(stored().receives('s', 'p#1', 2, { key: 1, handle: 1 }).ends()), []);
  const ended = stored().stops('s').cut('s').starts('s');
  assert.deepEqual(said(ended.receives('s', 'p#1', 2, { key: 1 }).ends()), [
    's got p#1 again, under the key 1, which it had acknowledged before it ended in order.',
  ]);
});

test('QoS 1 may come twice', () => {
  const twice = story().publishes('p', 'a', 1).delivers('s', 'p#1', 1).delivers('s', 'p#1', 1);
  assert.deepEqual(said(twice.passes('client', 's', ack('puback', 9)).ends()), []);
});
