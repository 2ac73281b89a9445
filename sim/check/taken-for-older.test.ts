import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { atLeastOnce } from './at-least-once.ts';
import { handled } from './handled.ts';
import { ack, connack, sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return [...sentencesOf(handled, history), ...sentencesOf(atLeastOnce, history)];
}

/**
 * s acknowledges p#1 under the identifier 7, then its session ends; `hears`: s hears of the new one, else the CONNACK that says so is lost. In the new session
 * p#2 comes under the identifier 7, and s acknowledges it unseen.
 */
function story({ hears = false, releases = false, restarts = false, ends = true, store = 'none' as 'none' | 'model' }) {
  const told = new Story([plainClient('s', { store })]).connects('s').subscribes('s', 'a', 2).connects('p');
  told.publishes('p', 'a', 2).passes('broker', 's', told.packetOf('p#1', { id: packetId(7) }), 'p#1');
  told.receives('s', 'p#1', 2).passes('client', 's', ack('pubrec', 7));
  if (releases) told.passes('broker', 's', ack('pubrel', 7));
  if (restarts) told.crashes('s').starts('s');
  else told.cut('s');
  if (ends) {
    told.connects('s', { clean: true, isUnanswered: true, isIntruder: true }).cut('s');
    told.connects('s', { isUnanswered: true }).sends('broker', 's', connack(false));
    if (hears) told.comes('client', 's', connack(false));
    told.cut('s');
  }
  told.connects('s', { present: true }).subscribes('s', 'a', 2).publishes('p', 'a', 2);
  return told
    .passes('broker', 's', told.packetOf('p#2', { id: packetId(7) }), 'p#2')
    .passes('client', 's', ack('pubrec', 7))
    .ends();
}

const UNHANDLED = 's sent PUBREC 7 for p#2, with which its application was not done.';
const MISSING = 's never got p#2, published to a with QoS 2 and taken by the broker.';

test('a message of a new session that nobody has told the client of may be taken for an older one', () => {
  assert.deepEqual(said(story({})), []);
  assert.deepEqual(said(story({ store: 'model', restarts: true })), []);
});

test('it may not where the client has heard of the new session, or of the end of the older message, or has forgotten both', () => {
  for (const what of [{ hears: true }, { releases: true }, { restarts: true }, { ends: false }]) {
    assert.deepEqual(said(story(what)), [UNHANDLED, MISSING]);
  }
});
