// Promises settle in the middle of a function, however many lead to each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inOwnTurn, settlePromises } from './settle-promises.ts';

test('what promises and ticks lead to has happened when it returns', async () => {
  const counts = await inOwnTurn(() => {
    let steps = 0;
    const chain = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        await Promise.resolve();
        steps++;
      }
      process.nextTick(() => {
        void Promise.resolve().then(() => steps++);
      });
    };
    void chain();
    const before = steps;
    settlePromises();
    return [before, steps];
  });
  assert.deepEqual(counts, [0, 101]);
});

test('what waits for the event loop has not', async () => {
  const happened = await inOwnTurn(() => {
    let isOver = false;
    setImmediate(() => {
      isOver = true;
    });
    settlePromises();
    return isOver;
  });
  assert.equal(happened, false);
});

test('it does nothing where promises are being settled already: so a world is run in a turn of its own', async () => {
  await Promise.resolve();
  let isSettled = false;
  void Promise.resolve().then(() => {
    isSettled = true;
  });
  settlePromises();
  assert.equal(isSettled, false);
});

test('what is thrown in a turn of its own is what is rejected', async () => {
  const thrown = new Error('thrown');
  await assert.rejects(
    inOwnTurn(() => {
      throw thrown;
    }),
    thrown,
  );
});
