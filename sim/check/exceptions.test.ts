import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { History } from '../history.ts';
import { exceptions } from './exceptions.ts';
import { sentencesOf, Story } from './sample-history.ts';

function said(history: History): readonly string[] {
  return sentencesOf(exceptions, history);
}

function ends(told: Story, life: number): History {
  return told.add({ kind: 'over', who: 's', life, how: 'disconnected-by-broker' }).ends();
}

const ENDED = ['s ended by itself: disconnected-by-broker.'];

test('no client ends by itself, unless another process has taken its session', () => {
  assert.deepEqual(said(ends(new Story().connects('s'), 1)), ENDED);
  const intruder = { at: 0, kind: 'intruder', client: 's', clean: false, millis: 1 } as const;
  assert.deepEqual(said(ends(new Story().connects('s').fault(intruder), 1)), []);
});

/** A CONNECT comes when a later one is already answered. */
function late(restarts: boolean): Story {
  const told = new Story().connects('s');
  const connect = told.events.findLast((event) => event.kind === 'sent' && event.packet.packet.kind === 'connect');
  assert(connect?.kind === 'sent');
  told.add({ ...connect, kind: 'dialled', connection: 90, isIntruder: false });
  told.add({ ...connect, connection: 90 });
  if (restarts) told.starts('s');
  told.connects('s');
  return told.add({ ...connect, kind: 'came', to: 'broker', connection: 90 });
}

test('a late CONNECT of its own does not end a client; one of an earlier process, of which it cannot know, may', () => {
  assert.deepEqual(said(ends(late(false), 1)), ENDED);
  assert.deepEqual(said(ends(late(true), 2)), []);
});

test('a store fails only where its disk did', () => {
  const failed = { kind: 'store-failed', who: 's', life: 1, code: 'store-failed' } as const;
  assert.deepEqual(said(new Story().add(failed).ends()), [
    'The store of s failed (store-failed), though its disk did not.',
  ]);
  const broken = new Story().fault({ at: 0, kind: 'disk', who: 's', fault: 'failing', millis: 1 });
  assert.deepEqual(said(broken.add(failed).ends()), []);
});
