import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inRounds } from './rounds.ts';
import { type Advantage, advantageOf, betterOf, isSettled, type Pair, type Terms } from './verdict.ts';

const TERMS: Terms = { margin: 1.5, noise: 1.5, differenceMin: 0, isMoreBetter: false };
const ROUNDS = { min: 5, max: 31 };

/** Numbers from 0 to 1 that a seed repeats (xorshift). */
function chance(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A machine that others work on, too: what is measured is too long by some ten percent, and one time in ten by a factor of up to five. */
function busyMachine(next: () => number): (truth: number) => number {
  return (truth) => {
    const usual = 1 + next() * 0.4;
    const hiccup = next() < 0.1 ? 1 + next() * 4 : 1;
    return truth * usual * hiccup;
  };
}

/** One run of the comparison, on a machine that is in its own mood throughout. */
async function run(factor: number, next: () => number): Promise<'MQTT' | 'HTTP' | 'even'> {
  const measured = busyMachine(next);
  const mood = 1 + next();
  const pairs = async (): Promise<Pair> => ({ mqtt: measured(10 * mood), http: measured(10 * factor * mood) });
  const advantage = (rounds: readonly (readonly Pair[])[]): Advantage => advantageOf(rounds.flat(), TERMS);
  const rounds = await inRounds({
    rivals: ['both'],
    rounds: ROUNDS,
    stop: new AbortController().signal,
    measure: pairs,
    undecided: (done) => (isSettled(advantage(done), TERMS) ? [] : ['both']),
  });
  return betterOf(advantage(rounds), TERMS);
}

/** How often each verdict is given, of many runs. */
async function verdicts(factor: number, runs: number): Promise<{ readonly [verdict: string]: number }> {
  const next = chance(Math.round(factor * 1000));
  const counts: { [verdict: string]: number } = { MQTT: 0, HTTP: 0, even: 0 };
  for (let each = 0; each < runs; each++) {
    const verdict = await run(factor, next);
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return counts;
}

test('on a busy machine all of 500 runs agree, but where the truth is just outside a margin', async () => {
  for (const factor of [0.8, 1, 1.2, 1.4]) assert.equal((await verdicts(factor, 500))['even'], 500, `factor ${factor}`);
  for (const factor of [2.1, 2.4, 4, 50]) assert.equal((await verdicts(factor, 500))['MQTT'], 500, `factor ${factor}`);
  for (const factor of [0.45, 0.1]) assert.equal((await verdicts(factor, 500))['HTTP'], 500, `factor ${factor}`);
});

test('just outside a margin runs may differ in how sure they are, and never in who is better', async () => {
  for (const factor of [1.5, 1.6, 1.7, 1.8]) assert.equal((await verdicts(factor, 300))['HTTP'], 0, `factor ${factor}`);
});

test('one round decides only what its noise cannot turn', () => {
  const of = (http: number): Advantage => advantageOf([{ mqtt: 1, http }], TERMS);
  assert.deepEqual(
    [1, 1.6, 2.2, 2.3, 0.5, 0.4].map((http) => [betterOf(of(http), TERMS), isSettled(of(http), TERMS)]),
    [
      ['even', false],
      ['even', false],
      ['even', false],
      ['MQTT', true],
      ['even', false],
      ['HTTP', true],
    ],
  );
});

test('from eight rounds on the interval is what was measured, and leaves outliers out where there are enough rounds', () => {
  const range = (count: number): readonly number[] => {
    const { low, high } = advantageOf(
      Array.from({ length: count }, (_, index) => ({ mqtt: 1, http: index + 1 })),
      TERMS,
    );
    return [low, high];
  };
  assert.deepEqual(range(8), [1, 8]);
  // Of 12 coins one at most falls on one side with a chance of 13 in 4,096.
  assert.deepEqual(range(12), [2, 11]);
  assert.deepEqual(range(31), [8, 24]);
});

test('a difference that is too small to matter is none, and more may be better', () => {
  const delay: Terms = { ...TERMS, differenceMin: 5 };
  assert.equal(advantageOf([{ mqtt: 1, http: 5 }], delay).median, 1);
  assert.equal(advantageOf([{ mqtt: 1, http: 6 }], delay).median, 6);
  assert.equal(advantageOf([{ mqtt: 1, http: 6 }], { ...delay, isMoreBetter: true }).median, 1 / 6);
  assert.equal(advantageOf([{ mqtt: 0, http: 0 }], TERMS).median, 1);
  assert.equal(betterOf(advantageOf([{ mqtt: 9, http: 0 }], { ...TERMS, isMoreBetter: true }), TERMS), 'MQTT');
});

test('rivals take turns, each of them first once, until it is clear what is to be said of them', async () => {
  const turns: string[] = [];
  const done = await inRounds({
    rivals: ['a', 'b', 'c'],
    rounds: { min: 2, max: 9 },
    stop: new AbortController().signal,
    measure: async (rival, round) => {
      turns.push(`${rival}${round}`);
      return rival;
    },
    undecided: (rounds) => (rounds.length === 2 ? ['a', 'b', 'c'] : rounds.length === 3 ? ['a', 'c'] : []),
  });
  assert.deepEqual(turns, ['a1', 'b1', 'c1', 'b2', 'c2', 'a2', 'c3', 'a3', 'b3', 'c4', 'a4']);
  assert.equal(done.length, 4);
});

test('rounds end at the most that there may be, and in the middle of one when they are stopped', async () => {
  const stop = new AbortController();
  const contest = {
    rivals: ['a', 'b', 'c'],
    rounds: { min: 1, max: 4 },
    stop: stop.signal,
    measure: async (rival: string) => rival,
    undecided: () => ['a', 'b', 'c'],
  };
  assert.equal((await inRounds(contest)).length, 4);
  const stopping = async (rival: string): Promise<string> => {
    if (rival === 'b') stop.abort();
    return rival;
  };
  assert.deepEqual(await inRounds({ ...contest, measure: stopping }), [['a', 'b']]);
  assert.deepEqual(await inRounds(contest), []);
});
