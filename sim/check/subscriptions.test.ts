import assert from 'node:assert/strict';
import { test } from 'node:test';

import { plainFilter } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { connack, sentencesOf, Story } from './sample-history.ts';
import { subscriptions } from './subscriptions.ts';

function said(history: History): readonly string[] {
  return sentencesOf(subscriptions, history);
}

const S = { client: 's', life: 1 } as const;

/** The application of s has subscribed to a. */
function story(granted = 1): Story {
  const told = new Story().connects('s').add({ kind: 'subscribe', ...S, handle: 0, filters: [plainFilter('a', 1)] });
  return told.subscribes('s', 'a', 1).add({ kind: 'subscribed', ...S, handle: 0, granted: [granted] });
}

const LOST = ['s was granted a in this life, and has no such subscription in its session any more.'];

test('a subscription is there as long as its session is, and is made again in the next', () => {
  assert.deepEqual(said(story().ends()), []);
  assert.deepEqual(said(story().cut('s').connects('s', { present: true }).ends()), []);
  assert.deepEqual(said(story().cut('s').connects('s').ends()), LOST);
  assert.deepEqual(said(story().cut('s').connects('s').subscribes('s', 'a', 1).ends()), []);
});

test('who was refused on the way may have got a new session, and does not know it', () => {
  const refused = story().cut('s').connects('s', { isUnanswered: true });
  refused.passes('broker', 's', { ...connack(false), reasonCode: 0x88 }).cut('s');
  assert.deepEqual(said(refused.connects('s', { present: true }).ends()), []);
});

test('what was refused, ended, or is of an earlier life need not be', () => {
  assert.deepEqual(said(story(0x80).cut('s').connects('s').ends()), []);
  const ended = story()
    .add({ kind: 'unsubscribe', ...S, filters: ['a'] })
    .unsubscribes('s', 'a');
  assert.deepEqual(said(ended.ends()), []);
  assert.deepEqual(said(story().crashes('s').starts('s').connects('s').ends()), []);
});
