import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Tally } from './messages.ts';
import { type RunChoice, runSeeds, WorkersFailedError } from './run-seeds.ts';

const QUIETLY: RunChoice = {
  from: 0,
  seeds: 50,
  scenario: 'nothing-breaks',
  mutant: undefined,
  jobs: 2,
  keepGoing: true,
  timeline: false,
  stop: new AbortController().signal,
  onTally: () => undefined,
  onFailure: () => undefined,
  onTimeline: () => undefined,
};

test('every seed is run once, one in a hundred twice, and what was covered comes back', async () => {
  let last: Tally | undefined;
  const { tally, coverage } = await runSeeds({ ...QUIETLY, onTally: (sum) => void (last = sum) });
  assert.equal(tally.runs, 50);
  assert.equal(tally.compared, 1);
  assert.deepEqual(last, tally);
  assert.equal(coverage.plans('v5.0') + coverage.plans('v3.1.1') >= 50, true);
});

test('timelines come when they are asked for', async () => {
  const seen = new Map<number, readonly string[]>();
  await runSeeds({ ...QUIETLY, seeds: 3, timeline: true, onTimeline: (seed, lines) => void seen.set(seed, lines) });
  assert.deepEqual(Array.from(seen.keys()), [0, 1, 2]);
  assert.match(seen.get(0)?.[0] ?? '', /broker +starts/);
});

test('what is stopped before it begins runs nothing, what is stopped later comes to an end', async () => {
  assert.equal((await runSeeds({ ...QUIETLY, stop: AbortSignal.abort() })).tally.runs, 0);
  const stop = new AbortController();
  const { tally } = await runSeeds({
    ...QUIETLY,
    seeds: undefined,
    stop: stop.signal,
    onTally: ({ runs }) => {
      if (runs >= 40) stop.abort();
    },
  });
  assert.ok(tally.runs >= 40 && tally.runs <= 120, `${tally.runs} runs`);
});

test('a worker that cannot even begin is an error that says why', async () => {
  await assert.rejects(
    runSeeds({ ...QUIETLY, mutant: 'there-is-no-such-mutant' }),
    (error) => error instanceof WorkersFailedError && error.message.includes('there-is-no-such-mutant'),
  );
});
