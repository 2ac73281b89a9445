import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { History } from '../history.ts';
import { sentencesOf, Story } from './sample-history.ts';
import { wills } from './wills.ts';

function said(history: History): readonly string[] {
  return sentencesOf(wills, history);
}

const WILL = "The Will of s's connection 1 (s!1)";

/** s is connected, with a Will that waits so long, in a session that stays for so long. */
function story(delaySeconds = 0, expirySeconds = 3_600): Story {
  return new Story([], { limits: { willRestartGrace: 1_000 as never } }).connects('s', {
    expirySeconds,
    will: { delaySeconds },
  });
}

/** Long after. */
function later(told: Story): History {
  return told.pass(60_000).connects('p').ends();
}

test('a Will fires when its connection has ended without DISCONNECT', () => {
  assert.deepEqual(said(later(story().cut('s').fires('s'))), []);
  assert.deepEqual(said(later(story().cut('s'))), [
    `${WILL} never fired: its connection ended, and nothing delays it.`,
  ]);
  assert.deepEqual(said(later(story().leaves('s', 0x04).fires('s'))), []);
});

test('it never fires after DISCONNECT with 0x00, nor while its connection is open', () => {
  assert.deepEqual(said(later(story().leaves('s'))), []);
  assert.deepEqual(said(later(story().leaves('s').fires('s'))), [`${WILL} fired: the client had said goodbye.`]);
  assert.deepEqual(said(later(story().fires('s'))), [
    'The Will of s fired (s!1), though no connection that had set it was over.',
  ]);
});

test('it fires once', () => {
  assert.deepEqual(said(later(story().cut('s').fires('s').fires('s'))), [
    `${WILL} fired 2 times: its connection ended, and nothing delays it.`,
  ]);
});

test('it waits for its delay, or for the end of the session, whichever comes first', () => {
  assert.deepEqual(said(later(story(5).cut('s').pass(5_000).fires('s'))), []);
  assert.equal(said(later(story(5).cut('s').pass(1_000).fires('s'))).length, 1);
  assert.equal(said(later(story(5).cut('s').pass(9_000).fires('s'))).length, 1);
  assert.deepEqual(said(later(story(5, 2).cut('s').pass(2_000).fires('s'))), []);
  assert.deepEqual(said(later(story(5, 0).cut('s').fires('s'))), []);
});

test('a client that is back before has no Will to fire; one that begins anew has ended its session, and it fires', () => {
  const back = story(5).cut('s').pass(100);
  assert.deepEqual(said(later(back.connects('s', { present: true }))), []);
  assert.deepEqual(said(later(story(5).cut('s').pass(100).connects('s', { present: true }).fires('s'))), [
    `${WILL} fired: the client was back before it was due.`,
  ]);
  assert.deepEqual(said(later(story(5).cut('s').pass(100).connects('s', { clean: true }))), [
    `${WILL} never fired: the client came back with Clean Start, which ended the session.`,
  ]);
  assert.deepEqual(said(later(story(5).cut('s').pass(100).connects('s', { clean: true }).fires('s'))), []);
});

test('after a crash of the broker it fires when the client is not back within the grace, once', () => {
  const crashed = (): Story => story().crashes('broker').pass(500).starts('broker');
  assert.deepEqual(said(later(crashed().pass(1_000).fires('s'))), []);
  assert.deepEqual(said(later(crashed())), [
    `${WILL} never fired: the broker was restarted, and the client did not come back in time.`,
  ]);
  assert.equal(said(later(crashed().pass(100).fires('s'))).length, 1);
  assert.deepEqual(said(later(crashed().pass(100).connects('s', { present: true }))), []);
  assert.deepEqual(said(later(crashed().pass(100).connects('s', { present: true }).fires('s'))), [
    `${WILL} fired: the client was back after the restart.`,
  ]);
});

test('a broker that was told to stop publishes nothing more, however long it takes for that; the next one does', () => {
  const stopped = (): Story => story(5).cut('s').pass(4_950).isToldToStop('broker').pass(200).stops('broker');
  assert.deepEqual(said(later(stopped().starts('broker').pass(1_000).fires('s'))), []);
  assert.deepEqual(said(later(stopped().starts('broker'))), [
    `${WILL} never fired: the broker was restarted, and the client did not come back in time.`,
  ]);
  const tooSoon = story(5).cut('s').pass(4_950).isToldToStop('broker').pass(50).fires('s').stops('broker');
  assert.equal(said(later(tooSoon.starts('broker'))).length, 1);
  // The same where it waits for the second restart.
  const twice = story(5)
    .crashes('broker')
    .starts('broker')
    .pass(4_950)
    .isToldToStop('broker')
    .pass(200)
    .stops('broker');
  assert.deepEqual(said(later(twice.starts('broker').pass(1_000).fires('s'))), []);
});

test('what a crash may have undone may happen again', () => {
  const fired = story().cut('s').fires('s').crashes('broker').starts('broker').pass(1_000).fires('s');
  assert.deepEqual(said(later(fired)), []);
});

test('one that is due while the store is full may wait until there is room, and no longer', () => {
  const full = (): Story => story().add({ kind: 'store-full', isFull: true }).cut('s').pass(3_000);
  const room = (told: Story): Story => told.add({ kind: 'store-full', isFull: false });
  assert.deepEqual(said(later(room(full()).fires('s'))), []);
  assert.deepEqual(said(later(room(full()))), []);
  assert.equal(said(later(room(full()).pass(1_000).fires('s'))).length, 1);
  assert.deepEqual(said(later(room(full()).fires('s').fires('s'))), [
    `${WILL} fired 2 times: its connection ended, and nothing delays it.`,
  ]);
  // It has waited longer than its client was away: the next connection has a Will of its own.
  const two = full().connects('s', { present: true, will: {} }).cut('s');
  assert.deepEqual(said(later(room(two).fires('s').fires('s'))), []);
  const restarted = full().isToldToStop('broker').stops('broker').pass(1_000).starts('broker').pass(1_000).fires('s');
  assert.deepEqual(said(later(restarted)), []);
  // There was room when it was due.
  assert.equal(
    said(
      later(
        room(story().add({ kind: 'store-full', isFull: true }))
          .cut('s')
          .pass(3_000)
          .fires('s'),
      ),
    ).length,
    1,
  );
});

test('a broker that refuses for want of room may refuse a Will', () => {
  const limits = { sessionQueueMessagesMax: 1 };
  const refused = new Story([], { limits }).connects('s', { will: {} }).cut('s');
  assert.deepEqual(said(later(refused)), []);
});
