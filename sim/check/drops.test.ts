import assert from 'node:assert/strict';
import { test } from 'node:test';

import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { drops } from './drops.ts';
import { sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(drops, history);
}

function story(): Story {
  return new Story().connects('p').publishes('p', 'a', 1, { expirySeconds: 1 });
}

test('what is said and what is counted are the same', () => {
  const dropped = (): Story => story().drops('s', 'a', 'queue-full', 3).drops('s', '', 'queue-full', 2);
  assert.deepEqual(said(dropped().ends()), []);
  assert.deepEqual(said(dropped().ends({ dropsCounted: { 'queue-full': 4 } })), [
    '5 messages were said to be dropped (queue-full), but 4 were counted.',
  ]);
  assert.deepEqual(said(story().ends({ dropsCounted: { 'queue-full': 0, displaced: 1 } })), [
    '0 messages were said to be dropped (displaced), but 1 were counted.',
  ]);
});

test('what expired had lived long enough', () => {
  assert.deepEqual(said(story().pass(1_000).drops('s', 'a', 'expired').ends()), []);
  const early = 'A message to a was dropped for s (expired), but none had lived so long.';
  assert.deepEqual(said(story().drops('s', 'a', 'expired').ends()), [early]);
  assert.equal(said(story().pass(1_000).drops('s', 'b', 'expired').ends()).length, 1);
  assert.deepEqual(said(story().pass(1_000).drops('$share/g/a', '', 'expired').ends()), []);
  assert.equal(said(story().pass(1_000).drops('$share/g/b', '', 'expired').ends()).length, 1);
});

test('other reasons need their cause, too', () => {
  for (const [reason, why] of [
    ['too-large', 'no packet is too large for it'],
    ['not-authorized', 'everything is allowed here'],
    ['refused-by-client', 'no client refuses anything'],
    ['queues-full', 'there is no such limit'],
  ] as const) {
    assert.deepEqual(said(story().drops('s', 'a', reason).ends()), [
      `A message to a was dropped for s (${reason}), but ${why}.`,
    ]);
  }
  const small = new Story([plainClient('s', { maximumPacketSize: 100 })]).drops('s', 'a', 'too-large');
  assert.deepEqual(said(small.ends()), []);
});

test('who is refused hears it, or loses the connection', () => {
  const refused = (version: 4 | 5): Story => {
    const told = new Story().connects('p', { version });
    const label = told.says('p', 'a', 1);
    return told.passes('client', 'p', told.packetOf(label), label);
  };
  assert.deepEqual(said(refused(5).ends()), ["p's p#1 to a (1, connection 1) has no answer."]);
  assert.equal(said(refused(4).ends()).length, 1);
  assert.deepEqual(said(refused(4).cut('p').ends()), []);
  assert.deepEqual(said(new Story().connects('p').publishes('p', 'a', 1, { refusal: 0x97 }).ends()), []);
});
