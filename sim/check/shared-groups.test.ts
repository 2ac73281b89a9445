import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { QoS } from '../../src/packet/packet.ts';
import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { sentencesOf, Story } from './sample-history.ts';
import { sharedGroups } from './shared-groups.ts';

function said(history: History): readonly string[] {
  return sentencesOf(sharedGroups, history);
}

/** s and t share a subscription; p publishes a message. */
function story(qos: QoS): Story {
  const told = new Story([plainClient('t')]).connects('s').connects('t').connects('p');
  return told.subscribes('s', '$share/g/a', qos).subscribes('t', '$share/g/a', qos).publishes('p', 'a', qos);
}

const UNANSWERED = { isUnanswered: true } as const;

test('one member gets it', () => {
  for (const qos of [1, 2] as const) assert.deepEqual(said(story(qos).delivers('s', 'p#1', qos).ends()), []);
});

test('two do not, unless one of them was lost with a message of QoS 1 in hand', () => {
  const names = 'p#1 (a) went to s (1), t (1)';
  const rest = '; 1 copies are all that its subscriptions and shared groups make.';
  assert.deepEqual(said(story(1).delivers('s', 'p#1', 1).delivers('t', 'p#1', 1).ends()), [`${names}${rest}`]);
  const lost = story(1).delivers('s', 'p#1', 1, UNANSWERED).cut('s').connects('s', { clean: true });
  assert.deepEqual(said(lost.delivers('t', 'p#1', 1).ends()), []);
  const again = story(2).delivers('s', 'p#1', 2, UNANSWERED).cut('s').connects('s', { clean: true });
  assert.equal(said(again.delivers('t', 'p#1', 2).ends())[0], `${names} with QoS 2${rest}`);
});

test('a member gets it once more by a subscription of its own', () => {
  const both = story(2).subscribes('s', 'a', 2).publishes('p', 'a', 2);
  assert.deepEqual(said(both.delivers('s', 'p#2', 2).delivers('s', 'p#2', 2).delivers('t', 'p#1', 2).ends()), []);
});

test('of what was taken three times, and is retained, a subscriber gets three copies, and one more with each SUBSCRIBE', () => {
  const retain = { retain: true, isUnanswered: true } as const;
  const told = new Story().connects('s').connects('p').subscribes('s', '$share/g/a', 1).subscribes('p', 'a', 1);
  told.publishes('p', 'a', 1, retain).delivers('s', 'p#1', 1).delivers('p', 'p#1', 1);
  for (let time = 0; time < 2; time++) {
    told
      .cut('p')
      .connects('p', { present: true })
      .passes('client', 'p', told.packetOf('p#1', { dup: true }), 'p#1');
    told.accepts('p#1').delivers('s', 'p#1', 1).delivers('p', 'p#1', 1);
    told.subscribes('p', 'a', 1).delivers('p', 'p#1', 1, { retain: true });
  }
  assert.deepEqual(said(told.ends()), []);
  assert.equal(said(told.delivers('s', 'p#1', 1).delivers('s', 'p#1', 1).ends()).length, 1);
});

test('a message that nobody got is lost, unless it was dropped, or the one who had it with QoS 2 is gone', () => {
  const lost = 'No member of $share/g/a got p#1, published to a and taken by the broker.';
  assert.deepEqual(said(story(1).ends()), [lost]);
  assert.deepEqual(said(story(1).drops('$share/g/a', 'a', 'queue-full').ends()), []);
  assert.deepEqual(said(story(1).drops('t', 'a', 'queue-full').ends()), []);
  const gone = story(2).delivers('s', 'p#1', 2, UNANSWERED).cut('s').connects('s', { clean: true });
  assert.deepEqual(said(gone.ends()), []);
});

test('a group that nobody has stayed in is owed nothing', () => {
  const left = story(1).unsubscribes('s', '$share/g/a').unsubscribes('t', '$share/g/a');
  assert.deepEqual(said(left.ends()), []);
});
