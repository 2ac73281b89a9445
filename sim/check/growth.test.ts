import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { EndState, History } from '../history.ts';
import { growth } from './growth.ts';
import { NOTHING, sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(growth, history);
}

/** s is there, in a session that stays, with a Will and a subscription of each kind. */
function story(): Story {
  return new Story().connects('s', { will: {} }).subscribes('s', 'a', 1).subscribes('s', '$share/g/a', 1);
}

/** What the broker has then. */
const HOLDS: Pick<EndState, 'sizes' | 'stored'> = {
  sizes: { ...NOTHING.sizes, connections: 1, sessions: 1, subscriptions: 2 },
  stored: { ...NOTHING.stored, sessions: 1, wills: 1 },
};

test('what is there is as much as should be', () => {
  assert.deepEqual(said(story().ends(HOLDS)), []);
  assert.deepEqual(said(new Story().ends()), []);
});

test('whatever is too much, or too little, is told', () => {
  const { sizes, stored } = HOLDS;
  for (const [more, sentence] of [
    [{ sizes: { ...sizes, connections: 2 } }, 'The broker has 2 connections; 1 should be there.'],
    [{ sizes: { ...sizes, sessions: 2 } }, 'The broker has 2 sessions; 1 should be there.'],
    [{ sizes: { ...sizes, subscriptions: 1 } }, 'The broker has 1 subscriptions; 2 should be there.'],
    [{ sizes: { ...sizes, queuedMessages: 1 } }, 'The broker has 1 messages in queues; 0 should be there.'],
    [{ sizes: { ...sizes, queuedBytes: 1 } }, 'The broker has 1 bytes in queues; 0 should be there.'],
    [{ stored: { ...stored, sessions: 0 } }, 'The broker has 0 sessions in its store; 1 should be there.'],
    [{ stored: { ...stored, wills: 2 } }, 'The broker has 2 Wills in its store; 1 should be there.'],
    [{ stored: { ...stored, messages: 1 } }, 'The broker has 1 messages in its store; 0 should be there.'],
    [{ stored: { ...stored, deliveries: 1 } }, 'The broker has 1 deliveries in its store; 0 should be there.'],
    [{ clients: [{ client: 's', unsettled: 1, stored: 0 }] }, 's has 1 messages that are not settled.'],
    [{ clients: [{ client: 's', unsettled: 0, stored: 2 }] }, 's has 2 messages in its store.'],
  ] as const) {
    assert.deepEqual(said(story().ends({ ...HOLDS, ...more })), [sentence]);
  }
});

test('who is away may be owed messages; who has gone for good has left nothing', () => {
  const away = story().cut('s');
  const left = {
    sizes: { ...HOLDS.sizes, connections: 0, queuedMessages: 3 },
    stored: { ...HOLDS.stored, messages: 3 },
  };
  assert.deepEqual(said(away.ends(left)), []);
  const gone = new Story().connects('s', { expirySeconds: 0 }).cut('s');
  assert.equal(said(gone.ends({ ...HOLDS, sizes: { ...HOLDS.sizes, connections: 0, subscriptions: 0 } })).length, 3);
});
