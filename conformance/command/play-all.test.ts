import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import type { Outcome } from '../play.ts';
import { type Job, playAll } from './play-all.ts';
import { Progress } from './progress.ts';

function job(claim: string, play: () => Promise<Outcome>): Job {
  return { side: 'server', version: '5.0', claim, ids: [], play };
}

test('checks are played side by side, and come out in the order in which they went in', async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const done: string[] = [];
  const jobs = [
    job('waits for the next one', () => promise),
    job('ends at once', () => {
      resolve({ kind: 'passed' });
      return Promise.resolve({ kind: 'not-offered', why: '' });
    }),
  ];
  const played = await playAll(jobs, ({ claim }, count) => void done.push(`${count} ${claim}`));
  assert.deepEqual(
    played.map(({ outcome }) => outcome.kind),
    ['passed', 'not-offered'],
  );
  assert.deepEqual(
    done.map((line) => line.slice(0, 1)),
    ['1', '2'],
  );
});

test('no more than so many are played at once', async () => {
  let now = 0;
  let most = 0;
  const jobs = Array.from({ length: 100 }, () =>
    job('counts', async () => {
      most = Math.max(most, ++now);
      await setImmediate();
      now--;
      return { kind: 'passed' };
    }),
  );
  assert.equal((await playAll(jobs)).length, 100);
  assert.equal(most, 24);
});

test('a check that breaks breaks the run', async () => {
  await assert.rejects(playAll([job('breaks', () => Promise.reject(new TypeError('a bug')))]), TypeError);
});

test('progress is for terminals: one line that is replaced, and taken away', () => {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  const pipe = new Progress({ write });
  pipe.show('1 of 2');
  pipe.clear();
  assert.deepEqual(written, []);
  const terminal = new Progress({ isTTY: true, write });
  terminal.show('1 of 2');
  terminal.clear();
  terminal.clear();
  assert.deepEqual(written, ['\r\u001b[K1 of 2', '\r\u001b[K']);
});
