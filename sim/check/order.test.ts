import assert from 'node:assert/strict';
import { test } from 'node:test';

import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { order } from './order.ts';
import { sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(order, history);
}

/** p has published three messages of QoS 1 to a, to which s has subscribed. */
function story(): Story {
  const told = new Story([plainClient('s', { store: 'model' })]).connects('s').subscribes('s', 'a', 1).connects('p');
  return told.publishes('p', 'a', 1).publishes('p', 'a', 1).publishes('p', 'a', 1);
}

const SWAPPED = 'Subscription 0 of s got p#1 after p#2 (a, QoS 1); the broker had taken them in order.';

test('what comes for the first time comes in order; gaps are none', () => {
  assert.deepEqual(said(story().receives('s', 'p#1', 1).receives('s', 'p#3', 1).ends()), []);
  assert.deepEqual(said(story().receives('s', 'p#2', 1).receives('s', 'p#1', 1).ends()), [SWAPPED]);
});

test('what comes again comes where it likes', () => {
  const again = story().receives('s', 'p#1', 1).receives('s', 'p#2', 1).receives('s', 'p#1', 1).receives('s', 'p#2', 1);
  assert.deepEqual(said(again.receives('s', 'p#3', 1).ends()), []);
  const life = story().receives('s', 'p#1', 1).receives('s', 'p#2', 1).crashes('s').starts('s');
  assert.deepEqual(said(life.receives('s', 'p#2', 1).receives('s', 'p#1', 1).receives('s', 'p#3', 1).ends()), []);
});

test('what the broker takes again comes in the order of either', () => {
  const taken = story().accepts('p#1').accepts('p#2').receives('s', 'p#2', 1).receives('s', 'p#1', 1);
  assert.deepEqual(said(taken.receives('s', 'p#3', 1).ends()), [
    'Subscription 0 of s got p#3 after p#1 (a, QoS 1); the broker had taken them in order.',
  ]);
});

test('other subscriptions, topics and QoS levels have an order of their own', () => {
  assert.deepEqual(said(story().receives('s', 'p#2', 1).receives('s', 'p#1', 1, { handle: 1 }).ends()), []);
  const mixed = story().publishes('p', 'a', 2).publishes('p', 'a', 0).receives('s', 'p#5', 0).receives('s', 'p#4', 1);
  assert.deepEqual(said(mixed.receives('s', 'p#1', 1).ends()), []);
});

test('a shared subscription keeps no order, and a retained copy comes when somebody subscribes', () => {
  const shared = story().subscribes('s', '$share/g/a', 1);
  assert.deepEqual(said(shared.receives('s', 'p#2', 1).receives('s', 'p#1', 1).ends()), []);
  const retained = story().publishes('p', 'a', 1, { retain: true }).publishes('p', 'a', 1).receives('s', 'p#5', 1);
  assert.deepEqual(said(retained.subscribes('s', '+', 1).receives('s', 'p#4', 1, { retain: true }).ends()), []);
});

test('what gave way in a full queue and came back with a crash comes where it likes', () => {
  const dropped = story().drops('s', 'a', 'displaced').receives('s', 'p#2', 1);
  assert.equal(said(dropped.receives('s', 'p#1', 1).ends()).length, 1);
  const undone = story().drops('s', 'a', 'displaced').receives('s', 'p#2', 1).crashes('broker').starts('broker');
  assert.deepEqual(said(undone.connects('s', { present: true }).receives('s', 'p#1', 1).ends()), []);
});

test('what came in order for an ended subscription, and comes again for the next one, comes where it likes', () => {
  const told = (unsubscribes: boolean, again: boolean): History => {
    const unseen = story();
    if (unsubscribes) unseen.add({ kind: 'unsubscribe', client: 's', life: 1, filters: ['a'] });
    const came = (label: string): void => void unseen.passes('broker', 's', unseen.packetOf(label), label);
    came('p#1');
    came('p#2');
    if (again) came('p#1');
    return unseen.receives('s', 'p#2', 1).receives('s', 'p#1', 1).ends();
  };
  assert.deepEqual(said(told(true, true)), []);
  assert.equal(said(told(false, true)).length, 1);
  assert.equal(said(told(true, false)).length, 1);
});

test('a broker takes for the first time in the order of publication', () => {
  const told = new Story().connects('p');
  told.says('p', 'a', 1);
  told.says('p', 'a', 1);
  assert.deepEqual(said(told.accepts('p#2').accepts('p#1').ends()), [
    'The broker took p#1 after p#2; p had published both to a with QoS 1, in order.',
  ]);
});

test('keys grow within a life', () => {
  const keys = story().receives('s', 'p#1', 1, { key: 7 }).receives('s', 'p#2', 1, { key: 6 });
  assert.deepEqual(said(keys.ends()), ['Subscription 0 of s got p#2 under the key 6 after the key 7.']);
  const lives = story().receives('s', 'p#1', 1, { key: 7 }).starts('s').receives('s', 'p#1', 1, { key: 7 });
  assert.deepEqual(said(lives.ends()), []);
});
