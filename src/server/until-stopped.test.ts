import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Log } from '../base/log.ts';
import { withProgress } from './progress.ts';
import { untilStopped } from './until-stopped.ts';

function recorder(): { readonly log: Log; readonly said: string[] } {
  const said: string[] = [];
  const say = (sentence: string): void => void said.push(sentence);
  return { said, log: { debug: say, info: say, warn: say, error: say } };
}

test('what takes longer than two seconds says so every two seconds, and no longer than it takes', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const { log, said } = recorder();
  const { promise, resolve } = Promise.withResolvers<number>();
  const waiting = withProgress('opening the store', log, promise);
  context.mock.timers.tick(1999);
  assert.deepEqual(said, []);
  context.mock.timers.tick(2001);
  assert.deepEqual(said, ['Still opening the store (2 s)', 'Still opening the store (4 s)']);
  resolve(7);
  assert.equal(await waiting, 7);
  context.mock.timers.tick(10_000);
  assert.equal(said.length, 2);
});

test('a stop that is done gives exit code 0', async () => {
  const { log, said } = recorder();
  let stops = 0;
  const code = await untilStopped(
    Promise.resolve('SIGTERM'),
    () => {
      stops++;
      return Promise.resolve();
    },
    log,
  );
  assert.deepEqual([code, stops, said.at(-1)], [0, 1, 'Stopped']);
});

test('a stop that takes longer than ten seconds is given up with exit code 1', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { log, said } = recorder();
  const asked = Promise.withResolvers<undefined>();
  const stop = (): Promise<void> => {
    asked.resolve(undefined);
    return new Promise(() => {});
  };
  const stopping = untilStopped(Promise.resolve('SIGTERM'), stop, log);
  await asked.promise;
  context.mock.timers.tick(10_000);
  assert.equal(await stopping, 1);
  assert.match(said.at(-1) ?? '', /did not stop within 10 s/);
});
