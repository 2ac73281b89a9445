import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Log } from '../base/log.ts';
import { unlessStopped, untilStopped } from './until-stopped.ts';

function recorder(): { readonly log: Log; readonly said: string[] } {
  const said: string[] = [];
  const say = (sentence: string): void => void said.push(sentence);
  return { said, log: { debug: say, info: say, warn: say, error: say } };
}

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

test('a start is waited for, and its failure is passed on', async () => {
  const { log } = recorder();
  const never = new Promise<NodeJS.Signals>(() => {});
  const server = {};
  assert.equal(await unlessStopped(never, Promise.resolve(server), log), server);
  await assert.rejects(unlessStopped(never, Promise.reject(new Error('in use')), log), /in use/);
});

test('a signal during the start is not kept waiting, whatever becomes of the start', async () => {
  const { log, said } = recorder();
  const { promise, reject } = Promise.withResolvers<object>();
  assert.equal(await unlessStopped(Promise.resolve('SIGTERM'), promise, log), undefined);
  assert.deepEqual(said, ['Stopped before it was started']);
  reject(new Error('in use'));
});
