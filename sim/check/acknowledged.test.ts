import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import { plainClient } from '../generate/plain-parts.ts';
import type { History } from '../history.ts';
import { acknowledged } from './acknowledged.ts';
import { ack, sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(acknowledged, history);
}

function story(store: 'none' | 'model' = 'none'): Story {
  return new Story([plainClient('p', { store })]).connects('p');
}

test('what is acknowledged was taken, what is refused was not', () => {
  assert.deepEqual(said(story().publishes('p', 'a', 1).publishes('p', 'a', 2).ends()), []);
  assert.deepEqual(said(story().publishes('p', 'a', 1, { refusal: 0x97 }).ends()), []);
  const untaken = story();
  untaken.says('p', 'a', 1);
  untaken.passes('client', 'p', untaken.packetOf('p#1'), 'p#1').passes('broker', 'p', ack('puback', 1));
  assert.deepEqual(said(untaken.ends()), ["PUBACK 1 of p's p#1 to a acknowledges what the broker had not taken."]);
  const refused = story()
    .publishes('p', 'a', 2, { isUnanswered: true })
    .passes('broker', 'p', ack('pubrec', 1, 0x97));
  assert.deepEqual(said(refused.ends()), ["PUBREC 1 of p's p#1 to a refuses what the broker had taken."]);
});

test('of empty messages that are alike, as many are taken as are not refused, whichever they are', () => {
  const accepted = { kind: 'published', label: '', topic: 'a', qos: 1, retain: false, by: 'p' } as const;
  const two = (): Story => {
    const told = story();
    told.says('p', 'a', 1);
    for (const id of [1, 2]) told.passes('client', 'p', told.packetOf('p#1', { id: packetId(id) }));
    return told;
  };
  const first = story();
  first.says('p', 'a', 1);
  first.passes('client', 'p', first.packetOf('p#1')).passes('broker', 'p', ack('puback', 1, 0x97));
  first.passes('client', 'p', first.packetOf('p#1', { id: packetId(2) })).add(accepted);
  assert.deepEqual(said(first.passes('broker', 'p', ack('puback', 2)).ends()), []);
  // The refusal waited for something before it.
  const answered = (told: Story, code: number): History =>
    told
      .passes('broker', 'p', ack('puback', 1, code))
      .passes('broker', 'p', ack('puback', 2))
      .ends();
  assert.deepEqual(said(answered(two().add(accepted), 0x97)), []);
  assert.deepEqual(said(answered(two().add(accepted).add(accepted), 0)), []);
  const refused = ["PUBACK 1 of p's empty message to a refuses what the broker had taken."];
  assert.deepEqual(said(answered(two().add(accepted).add(accepted), 0x97)), refused);
  const untaken = ["PUBACK 2 of p's empty message to a acknowledges what the broker had not taken."];
  assert.deepEqual(said(answered(two().add(accepted), 0)), untaken);
});

test('a QoS 2 PUBLISH that is repeated is acknowledged for its first copy', () => {
  const repeated = story('model')
    .publishes('p', 'a', 2, { isUnanswered: true })
    .cut('p')
    .connects('p', { present: true });
  repeated
    .passes('client', 'p', repeated.packetOf('p#1', { dup: true }), 'p#1')
    .passes('broker', 'p', ack('pubrec', 1));
  assert.deepEqual(said(repeated.ends()), []);
});

test('a message that is taken for another one is lost, unless its client has forgotten the other one', () => {
  const taken = (store: 'none' | 'model'): History => {
    const told = story(store).publishes('p', 'a', 2, { isUnanswered: true }).crashes('p').starts('p');
    told.connects('p', { present: true }).says('p', 'a', 2);
    const { id } = told.packetOf('p#1');
    return told
      .passes('client', 'p', told.packetOf('p#2', { id }), 'p#2')
      .passes('broker', 'p', ack('pubrec', 1))
      .ends();
  };
  assert.deepEqual(said(taken('none')), []);
  assert.deepEqual(said(taken('model')), ["PUBREC 1 of p's p#2 to a acknowledges what the broker had not taken."]);
});

test('what is settled was taken, and what was stored is taken in the end, or somebody is told why not', () => {
  const who = { client: 'p', life: 1, label: 'p#1' } as const;
  const settled = story();
  settled.says('p', 'a', 1);
  assert.deepEqual(said(settled.add({ kind: 'settled', ...who, reasonCode: 0 }).ends()), [
    'p was told that p#1 to a is settled; the broker never took it.',
  ]);
  const stored = (): Story => {
    const told = story('model');
    told.says('p', 'a', 1);
    return told.add({ kind: 'stored', ...who });
  };
  assert.deepEqual(said(stored().ends()), [
    'p had stored p#1 to a (QoS 1); the broker never took it, and nobody was told why.',
  ]);
  const failed = { kind: 'failed', ...who, reasonCode: undefined } as const;
  assert.deepEqual(
    said(
      stored()
        .add({ ...failed, code: 'expired' })
        .ends(),
    ),
    [],
  );
  assert.equal(
    said(
      stored()
        .add({ ...failed, code: 'closed' })
        .ends(),
    ).length,
    1,
  );
  const undelivered = { kind: 'undelivered', client: 'p', life: 2, topic: 'a', code: 'expired' } as const;
  assert.deepEqual(said(stored().add(undelivered).ends()), []);
  assert.deepEqual(said(stored().ends({ clients: [] })), []);
});
