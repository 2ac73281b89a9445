import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { EndState, History } from '../history.ts';
import { retained } from './retained.ts';
import { NOTHING, sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(retained, history);
}

/** An end state with so many retained messages. */
function keeping(count: number): Partial<EndState> {
  return { sizes: { ...NOTHING.sizes, retained: count }, stored: { ...NOTHING.stored, retained: count } };
}

/** p retains p#1 in a, and s is there. */
function story(): Story {
  return new Story().connects('s').connects('p').publishes('p', 'a', 1, { retain: true });
}

const COPY = { retain: true } as const;

test('who subscribes gets what is retained', () => {
  assert.deepEqual(said(story().subscribes('s', 'a', 1).delivers('s', 'p#1', 1, COPY).ends(keeping(1))), []);
  assert.deepEqual(said(story().subscribes('s', '+', 1).ends(keeping(1))), [
    's subscribed to +, and was never sent the retained message of a, p#1.',
  ]);
});

test('who does not want it, has it already, or is not there long enough does not', () => {
  assert.deepEqual(said(story().subscribes('s', 'a', 1, { retainHandling: 2 }).ends(keeping(1))), []);
  const again = story()
    .subscribes('s', 'a', 1)
    .delivers('s', 'p#1', 1, COPY)
    .subscribes('s', 'a', 1, { retainHandling: 1 });
  assert.deepEqual(said(again.ends(keeping(1))), []);
  assert.deepEqual(said(story().subscribes('s', '$share/g/a', 1).ends(keeping(1))), []);
  assert.deepEqual(said(story().subscribes('s', 'a', 1).cut('s').ends(keeping(1))), []);
  assert.deepEqual(said(story().subscribes('s', 'a', 1).drops('s', 'a', 'queue-full').ends(keeping(1))), []);
});

test('a copy is of what was retained when its receiver subscribed', () => {
  const stale = story().publishes('p', 'a', 1, COPY).subscribes('s', 'a', 1).delivers('s', 'p#1', 1, COPY);
  assert.deepEqual(said(stale.delivers('s', 'p#2', 1, COPY).ends(keeping(1))), [
    's was sent p#1 as the retained message of a, which it was not when the client subscribed.',
  ]);
  const queued = story().subscribes('s', 'a', 1).publishes('p', 'a', 1, COPY).delivers('s', 'p#1', 1, COPY);
  assert.deepEqual(said(queued.ends(keeping(1))), []);
});

test('after a crash the last one that was acknowledged is there, or a later one', () => {
  const crashed = (): Story =>
    story().publishes('p', 'a', 1, { retain: true, isUnanswered: true }).crashes('broker').starts('broker');
  for (const label of ['p#1', 'p#2']) {
    const told = crashed().connects('s', { present: true }).subscribes('s', 'a', 1).delivers('s', label, 1, COPY);
    assert.deepEqual(said(told.ends(keeping(1))), []);
  }
  assert.deepEqual(said(crashed().ends(keeping(1))), []);
  assert.equal(said(crashed().ends(keeping(0))).length, 2);
  const older = new Story().connects('s').connects('p').publishes('p', 'a', 1, COPY).publishes('p', 'a', 1, COPY);
  older.crashes('broker').starts('broker').connects('s', { present: true }).subscribes('s', 'a', 1);
  assert.equal(said(older.delivers('s', 'p#1', 1, COPY).delivers('s', 'p#2', 1, COPY).ends(keeping(1))).length, 1);
});

test('an empty message clears, and one whose time is over is gone', () => {
  const cleared = story().add({ kind: 'published', label: '', topic: 'a', qos: 1, retain: true, by: 'p' });
  assert.deepEqual(said(cleared.subscribes('s', 'a', 1).ends(keeping(0))), []);
  const expired = new Story().connects('s').connects('p').publishes('p', 'a', 1, { retain: true, expirySeconds: 1 });
  assert.deepEqual(said(expired.pass(2_000).subscribes('s', 'a', 1).ends(keeping(0))), []);
});

test('at the end there are as many as there should be', () => {
  assert.deepEqual(said(story().publishes('p', 'b', 1, COPY).publishes('p', 'b', 1, COPY).ends(keeping(2))), []);
  assert.deepEqual(said(story().ends(keeping(2))), [
    'The broker has 2 retained messages; 1 should be there.',
    'The broker has 2 retained messages in its store; 1 should be there.',
  ]);
});
