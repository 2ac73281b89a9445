import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHECKERS, checkHistory } from './checkers.ts';
import { exceptions } from './exceptions.ts';
import { leftovers } from './leftovers.ts';
import { liveness } from './liveness.ts';
import { NOTHING, sentencesOf, Story } from './sample-history.ts';

test('a clean history is clean, whoever looks at it', () => {
  const told = new Story().connects('s').subscribes('s', 'a/#', 2).connects('p');
  told.publishes('p', 'a/b', 1).delivers('s', 'p#1', 1).publishes('p', 'a/b', 2).delivers('s', 'p#2', 2);
  const held = {
    sizes: { ...NOTHING.sizes, connections: 2, sessions: 2, subscriptions: 1 },
    stored: { ...NOTHING.stored, sessions: 2 },
  };
  assert.deepEqual(checkHistory(told.ends(held)), []);
});

test('violations bear the name of their checker', () => {
  const told = new Story().connects('s').subscribes('s', 'a', 1).connects('p').publishes('p', 'a', 1);
  const names = new Set(checkHistory(told.ends({ unrest: ['something moves'] })).map(({ checker }) => checker));
  assert.deepEqual(Array.from(names), ['liveness', 'at-least-once', 'growth']);
  for (const name of names) assert.ok(CHECKERS.has(name));
});

test('unrest is told as it is', () => {
  assert.deepEqual(sentencesOf(liveness, new Story().ends({ unrest: ['p is not connected'] })), ['p is not connected']);
});

test('an exception is told, and a process that ends by itself', () => {
  assert.deepEqual(sentencesOf(exceptions, new Story().ends({ exceptions: ['broker: Error'] })), ['broker: Error']);
  const over = { kind: 'over', who: 's', life: 1, how: 'disconnected-by-broker' } as const;
  assert.deepEqual(sentencesOf(exceptions, new Story().add(over).ends()), [
    's ended by itself: disconnected-by-broker.',
  ]);
  const taken = new Story().fault({ kind: 'intruder', at: 0, client: 's', clean: false, millis: 1 }).add(over);
  assert.deepEqual(sentencesOf(exceptions, taken.ends()), []);
});

test('a client may be thrown out by an older connection of its own, whose CONNECT came late', () => {
  const late = new Story().add({ kind: 'dialled', client: 's', connection: 0, isIntruder: false }).connects('s');
  const connect = late.events.find(({ kind }) => kind === 'came');
  if (connect?.kind === 'came') late.add({ ...connect, connection: 0 });
  const over = { kind: 'over', who: 's', life: 1, how: 'disconnected-by-broker' } as const;
  assert.deepEqual(sentencesOf(exceptions, late.add(over).ends()), []);
});

test('a store fails only where its disk did', () => {
  const failed = { kind: 'store-failed', who: 'p', life: 1, code: 'store-failed' } as const;
  assert.deepEqual(sentencesOf(exceptions, new Story().add(failed).ends()), [
    'The store of p failed (store-failed), though its disk did not.',
  ]);
  const fault = { kind: 'disk', at: 0, who: 'p', fault: 'failing', millis: 1 } as const;
  assert.deepEqual(sentencesOf(exceptions, new Story().fault(fault).add(failed).ends()), []);
  assert.equal(
    exceptions(
      new Story()
        .fault({ ...fault, who: 's' })
        .add(failed)
        .ends(),
    ).length,
    1,
  );
});

test('when everybody has gone nothing but retained messages may be left', () => {
  assert.deepEqual(sentencesOf(leftovers, new Story().ends()), []);
  const sizes = { ...NOTHING.sizes, retained: 2, subscriptions: 1 };
  assert.deepEqual(sentencesOf(leftovers, new Story().ends({ leftovers: { ...NOTHING, sizes } })), [
    '1 subscriptions are left when all sessions have ended',
  ]);
});
