import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { SILENT_LOG } from '../base/log.ts';
import { Progress } from './progress.ts';

/** Lets the clock go on, on which progress is shown. */
function watched(isTTY: boolean, isWanted: boolean): { readonly written: string[]; readonly progress: Progress } {
  const written: string[] = [];
  const progress = new Progress({ isTTY, write: (text) => written.push(text) }, isWanted, () => '7 of 9');
  return { written, progress };
}

test('progress is shown after a second, gives way to what is logged, and leaves nothing behind', (context) => {
  mock.timers.enable({ apis: ['setInterval'] });
  context.after(() => mock.timers.reset());
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const { written, progress } = watched(true, true);
  const log = progress.around({ ...SILENT_LOG, warn: (sentence) => written.push(sentence) });
  const pass = (millis: number): void => {
    now += millis;
    mock.timers.tick(millis);
  };
  pass(200);
  assert.deepEqual(written, []);
  now += 1_000;
  pass(200);
  log.warn('something');
  pass(200);
  progress.end();
  pass(1_000);
  assert.deepEqual(written, ['\r\x1b[K7 of 9', '\r\x1b[K', 'something', '\r\x1b[K7 of 9', '\r\x1b[K']);
});

test('progress is no longer than a line of the terminal, so that it can be written over', (context) => {
  mock.timers.enable({ apis: ['setInterval'] });
  context.after(() => mock.timers.reset());
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const written: string[] = [];
  const terminal = { isTTY: true, columns: 20, write: (text: string) => written.push(text) };
  const progress = new Progress(terminal, true, () => '0123456789'.repeat(3));
  now += 1_200;
  mock.timers.tick(200);
  progress.end();
  assert.deepEqual(written, ['\r\x1b[K0123456789012345678', '\r\x1b[K']);
});

test('where there is no terminal, or nobody wants it, nothing is shown', (context) => {
  mock.timers.enable({ apis: ['setInterval'] });
  context.after(() => mock.timers.reset());
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const all = [watched(false, true), watched(true, false)];
  now += 2_000;
  mock.timers.tick(2_000);
  for (const { written, progress } of all) {
    progress.end();
    assert.deepEqual(written, []);
  }
});
