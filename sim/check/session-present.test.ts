import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { History } from '../history.ts';
import { connack, sentencesOf, Story } from './sample-history.ts';
import { sessionPresent } from './session-present.ts';

function said(history: History): readonly string[] {
  return sentencesOf(sessionPresent, history);
}

function wrong(present: 0 | 1, why: string, connection = 2): readonly string[] {
  return [`CONNACK of connection ${connection} told s session present ${present}, but ${why}.`];
}

const PRESENT = { present: true } as const;

/** s was connected, with a session that stays for so long. */
function story(expirySeconds = 3_600): Story {
  return new Story().connects('s', { expirySeconds }).cut('s').pass(1_000);
}

test('a session that was left is there until it expires, and no longer', () => {
  assert.deepEqual(said(story().connects('s', PRESENT).ends()), []);
  assert.equal(said(story().connects('s').ends()).length, 1);
  assert.deepEqual(said(story(1).connects('s').ends()), []);
  assert.equal(said(story(1).connects('s', PRESENT).ends()).length, 1);
});

test('a session that ends with its connection is gone, and so is one that nobody had', () => {
  assert.deepEqual(said(story(0).connects('s', PRESENT).ends()), wrong(1, 'its last session had ended'));
  assert.deepEqual(said(new Story().connects('s', PRESENT).ends()), wrong(1, 'it never had a session', 1));
});

test('after Clean Start nothing is there', () => {
  const clean = { clean: true, present: true } as const;
  assert.deepEqual(said(story().connects('s', clean).ends()), wrong(1, 'it asked for a clean start'));
});

test('DISCONNECT may change how long', () => {
  const told = new Story().connects('s').leaves('s', 0, 1).pass(2_000);
  assert.deepEqual(said(told.connects('s').ends()), []);
  assert.equal(said(new Story().connects('s').leaves('s', 0, 1).pass(2_000).connects('s', PRESENT).ends()).length, 1);
});

test('MQTT 3.1.1: Clean Session 0 is for ever, 1 is for the connection', () => {
  const kept = new Story().connects('s', { version: 4 }).cut('s').pass(1_000_000);
  assert.equal(said(kept.connects('s', { version: 4 }).ends()).length, 1);
  const clean = new Story().connects('s', { version: 4, clean: true }).cut('s');
  assert.equal(said(clean.connects('s', { version: 4, present: true }).ends()).length, 1);
});

test('a crash of the broker ends no session, and begins the time of one that was connected', () => {
  const crashed = (): Story =>
    new Story().connects('s', { expirySeconds: 2 }).pass(5_000).crashes('broker').starts('broker');
  assert.deepEqual(said(crashed().connects('s', PRESENT).ends()), []);
  assert.equal(said(crashed().connects('s').ends()).length, 1);
  assert.equal(said(crashed().pass(3_000).connects('s', PRESENT).ends()).length, 1);
});

test('a CONNECT that had no answer when the broker crashed may have done what it asked for, or not', () => {
  for (const present of [true, false]) {
    const told = story().connects('s', { clean: true, isUnanswered: true }).crashes('broker').starts('broker');
    assert.deepEqual(said(told.connects('s', { present }).ends()), []);
  }
  const gone = story().connects('s', { clean: true, expirySeconds: 0, isUnanswered: true }).cut('s');
  assert.deepEqual(said(gone.connects('s', PRESENT).ends()), wrong(1, 'its last session had ended', 3));
});

test('a session does not expire while a CONNECT for it waits for its answer', () => {
  const unanswered = { expirySeconds: 2, isUnanswered: true } as const;
  const asked = (): Story => story(2).connects('s', unanswered).pass(3_000);
  const takenOver = (present: boolean): History => {
    const told = asked().connects('s', unanswered);
    told.add({ kind: 'connection-over', side: 'broker', client: 's', connection: 2, how: 'end' });
    return told.passes('broker', 's', connack(present)).ends();
  };
  assert.deepEqual(said(takenOver(true)), []);
  assert.equal(said(takenOver(false)).length, 1);
  assert.deepEqual(said(asked().cut('s').pass(3_000).connects('s').ends()), []);
});

test('what ended and was told to nobody may be undone by a crash', () => {
  for (const present of [true, false]) {
    const told = new Story().connects('s').leaves('s', 0, 0).crashes('broker').starts('broker');
    assert.deepEqual(said(told.connects('s', { present }).ends()), []);
  }
});

test('a session that was begun and ended, and of which nobody was told, may be found after a crash', () => {
  for (const present of [true, false]) {
    const told = new Story()
      .connects('s', { isUnanswered: true })
      .cut('s')
      .connects('s', { clean: true, expirySeconds: 0, isUnanswered: true })
      .cut('s')
      .crashes('broker')
      .starts('broker');
    assert.deepEqual(said(told.connects('s', { present }).ends()), []);
  }
});

test('a session that is there does not end for no reason', () => {
  const told = story().drops('s', 'a', 'session-ended');
  assert.deepEqual(said(told.ends()), ['The session of s was said to have ended, though nothing had ended it.']);
  const limits = { sessionQueueMessagesMax: 1, sessionQueueMessagesPolicy: 'end-session' } as const;
  const limited = new Story([], { limits }).connects('s').cut('s').drops('s', 'a', 'session-ended');
  assert.deepEqual(said(limited.connects('s').ends()), []);
});

test('who was connected at a crash is away since the first restart that was not in vain', () => {
  const crashed = (): Story => new Story().connects('s', { expirySeconds: 5 }).crashes('broker');
  const awayFor = (millis: number, told: Story, present: boolean): readonly string[] =>
    said(told.starts('broker').pass(millis).connects('s', { present }).ends());
  assert.deepEqual(awayFor(4_900, crashed().startsInVain('broker').pass(4_000), true), []);
  assert.equal(awayFor(5_100, crashed().startsInVain('broker').pass(4_000), true).length, 1);
  assert.equal(
    awayFor(4_900, crashed().starts('broker').isToldToStop('broker').stops('broker').pass(4_000), true).length,
    1,
  );
});

test('a CONNECT without an answer keeps a session, unless the broker is lost before that is stored', () => {
  const kept = (millis: number): Story => {
    const told = new Story().connects('s', { expirySeconds: 5 }).cut('s').pass(4_000);
    return told.connects('s', { isUnanswered: true }).cut('s').pass(millis);
  };
  const afterwards = (told: Story, present: boolean): readonly string[] =>
    said(told.starts('broker').pass(1_500).connects('s', { present }).ends());
  assert.deepEqual(afterwards(kept(0).crashes('broker'), true), []);
  assert.deepEqual(afterwards(kept(0).crashes('broker'), false), []);
  assert.deepEqual(afterwards(kept(1_000).crashes('broker'), true), []);
  assert.equal(afterwards(kept(1_000).crashes('broker'), false).length, 1);
  assert.equal(afterwards(kept(0).stops('broker'), false).length, 1);
});
