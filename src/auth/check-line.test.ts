import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CheckLine } from './check-line.ts';

/** A line whose jobs run until the test ends them. */
function stage(runningMax: number, waitingMax: number) {
  const line = new CheckLine(runningMax, waitingMax);
  const started: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const deferred = new Set<string>();
  return {
    started,
    ends,
    deferred,
    /** @param name  Its first letter is the network. */
    run: (name: string): Promise<string | undefined> =>
      line.run({
        network: name.charAt(0),
        mayStart: () => !deferred.has(name),
        run: () => {
          started.push(name);
          const end = Promise.withResolvers<string>();
          ends.set(name, end);
          return end.promise;
        },
      }),
    end: async (name: string): Promise<void> => {
      ends.get(name)?.resolve(name);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    },
  };
}

test('so many jobs run at a time, in the order in which they came, and too many are turned away', async () => {
  const { run, started, ends } = stage(2, 1);
  const jobs = [run('a0'), run('a1'), run('a2')];
  assert.equal(await run('a3'), undefined);
  assert.deepEqual(started, ['a0', 'a1']);
  ends.get('a1')?.reject(new Error('broken'));
  await assert.rejects(async () => await jobs[1], /broken/);
  await Promise.resolve();
  assert.deepEqual(started, ['a0', 'a1', 'a2']);
  ends.get('a2')?.resolve('two');
  ends.get('a0')?.resolve('nought');
  assert.deepEqual([await jobs[0], await jobs[2]], ['nought', 'two']);
  void run('a4');
  assert.equal(started.at(-1), 'a4');
});

test('networks have turns, however many of one wait', async () => {
  const { run, started, end } = stage(1, 100);
  for (let n = 0; n < 5; n++) void run(`a${n}`);
  for (const name of ['b0', 'b1', 'c0']) void run(name);
  for (let n = 0; n < 8; n++) await end(started.at(-1) ?? '');
  assert.deepEqual(started, ['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3', 'a4']);
});

test('in a full line the network with the most makes room, its last first, until each has its share', async () => {
  const { run, started, end } = stage(1, 4);
  const names = ['a0', 'a1', 'a2', 'a3', 'a4', 'b0', 'b1', 'a5', 'b2', 'c0'];
  const outcomes = names.map(async (name) => `${name} ${(await run(name)) ?? 'turned away'}`);
  for (let n = 0; n < 5; n++) await end(started.at(-1) ?? '');
  assert.deepEqual(
    await Promise.all(outcomes),
    names.map((name) => `${name} ${started.includes(name) ? name : 'turned away'}`),
  );
  assert.deepEqual(started, ['a0', 'a1', 'b0', 'c0', 'b1']);
});

test('a job that may not start yet holds up its own network alone, and is asked again when one is done', async () => {
  const { run, started, deferred, end } = stage(2, 10);
  void run('a0');
  deferred.add('a1');
  void run('a1');
  void run('a2');
  void run('b0');
  assert.deepEqual(started, ['a0', 'b0']);
  await end('b0');
  assert.deepEqual(started, ['a0', 'b0']);
  deferred.delete('a1');
  await end('a0');
  assert.deepEqual(started, ['a0', 'b0', 'a1', 'a2']);
});
