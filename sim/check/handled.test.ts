import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { QoS } from '../../src/packet/packet.ts';
import { packetId } from '../../src/packet/packet-id.ts';
import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { handled } from './handled.ts';
import { ack, sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(handled, history);
}

/** s is sent p#1 under the identifier 7. */
function story(qos: QoS, store: 'none' | 'model' = 'none'): Story {
  const told = new Story([plainClient('s', { store })]).connects('s').subscribes('s', 'a', qos).connects('p');
  told.publishes('p', 'a', qos);
  return told.passes('broker', 's', told.packetOf('p#1', { id: packetId(7) }), 'p#1');
}

test('an acknowledgement follows the one of the application', () => {
  assert.deepEqual(said(story(1).receives('s', 'p#1', 1).passes('client', 's', ack('puback', 7)).ends()), []);
  const early = (told: Story, kind: 'puback' | 'pubrec'): readonly string[] =>
    said(told.receives('s', 'p#1', 1, { isUnhandled: true }).passes('client', 's', ack(kind, 7)).ends());
  const why = 'for p#1, with which its application was not done.';
  assert.deepEqual(early(story(1), 'puback'), [`s sent PUBACK 7 ${why}`]);
  assert.deepEqual(early(story(2), 'pubrec'), [`s sent PUBREC 7 ${why}`]);
  assert.deepEqual(early(story(1, 'model'), 'puback'), []);
});

test('what comes late for an ended subscription is acknowledged unseen', () => {
  const ended = story(1).add({ kind: 'unsubscribe', client: 's', life: 1, filters: ['a'] });
  assert.deepEqual(said(ended.passes('client', 's', ack('puback', 7)).ends()), []);
});
