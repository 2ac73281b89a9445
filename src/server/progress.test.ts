import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Log } from '../base/log.ts';
import { SILENT_LOG } from '../base/log.ts';
import { withProgress } from './progress.ts';

test('what takes longer than two seconds says so every two seconds, and no longer than it takes', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const said: string[] = [];
  const log: Log = { ...SILENT_LOG, info: (sentence) => said.push(sentence) };
  const { promise, resolve } = Promise.withResolvers<number>();
  let share = 0;
  const waiting = withProgress('opening the store', { log, terminal: undefined }, promise, () => share);
  context.mock.timers.tick(1999);
  assert.deepEqual(said, []);
  context.mock.timers.tick(1);
  share = 0.439;
  context.mock.timers.tick(2000);
  assert.deepEqual(said, ['Still opening the store (2 s)', 'Still opening the store (4 s, 43 %)']);
  resolve(7);
  assert.equal(await waiting, 7);
  context.mock.timers.tick(10_000);
  assert.equal(said.length, 2);
});

test('on a terminal it is one line that changes, and that is gone when the work is done or fails', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let shown = '';
  const { promise, reject } = Promise.withResolvers<never>();
  const audience = { log: SILENT_LOG, terminal: (text: string) => void (shown += text) };
  const waiting = withProgress('opening the store', audience, promise, () => 0.5);
  context.mock.timers.tick(1999);
  assert.equal(shown, '');
  context.mock.timers.tick(251);
  assert.equal(shown, '  Still opening the store (2 s, 50 %) ...\u001b[K\r'.repeat(2));
  shown = '';
  reject(new Error('no'));
  await assert.rejects(waiting, /no/);
  assert.equal(shown, '\u001b[K');
});

test('what is done within two seconds leaves no trace on a terminal', async () => {
  const audience = { log: SILENT_LOG, terminal: () => assert.fail('nothing was to be said') };
  assert.equal(await withProgress('stopping', audience, Promise.resolve(7)), 7);
});
