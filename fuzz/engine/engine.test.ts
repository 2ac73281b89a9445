// The loop and what it is made of, on a target that is a few lines long.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BlackBox } from './black-box.ts';
import { Chance } from './chance.ts';
import { claimOf, Escape, expect } from './escape.ts';
import { Features, templateOf } from './features.ts';
import { hunt } from './hunt.fixture.ts';
import { parseInput, sayInput } from './input-file.ts';
import { minimise, refutedBy, simplerBytes } from './minimise.ts';
import type { Target } from './target.ts';

const CLAIM = 'nobody says the word';
const WORD = Uint8Array.of(0xca, 0xfe, 0xba, 0xbe);

/** Refuted by four bytes in a row, which nobody finds who is not told when the first of them are right. */
const WORD_TARGET: Target = {
  name: 'codec',
  seeds: [Uint8Array.of(1, 2, 3, 4, 5, 6)],
  batch: 64,
  counted: 1_000,
  hangMillis: 1_000,
  execute: (input, features) => {
    for (let at = 0; at < input.length; at++) {
      let right = 0;
      while (right < WORD.length && input[at + right] === WORD[right]) right++;
      features.note(at * 8 + right);
      expect(right < WORD.length, CLAIM, () => sayInput(input));
    }
  },
  mutate: (input, _, chance) => input.with(chance.below(input.length), chance.below(256)),
  simpler: simplerBytes,
  describe: sayInput,
};

test('what is new to the features leads to an input that chance alone would not find', async () => {
  const caught = await hunt(WORD_TARGET, 1, 200_000);
  assert.equal(caught?.claim, CLAIM);
  assert.deepEqual(caught?.input, WORD);
});

test('an escape is made as small as the claim allows', async () => {
  const input = Uint8Array.of(9, 9, ...WORD, 9, 9, 9, ...WORD, 1);
  assert.deepEqual(await minimise(WORD_TARGET, input, CLAIM, 1_000), WORD);
  assert.equal(await refutedBy(WORD_TARGET, Uint8Array.of(1)), undefined);
});

test('what is thrown refutes a claim that stays the same for other inputs', () => {
  assert.equal(claimOf(new Escape('a claim', 'with 1')), 'a claim');
  assert.equal(claimOf(new TypeError('index 7 of "a"')), claimOf(new TypeError('index 12 of "bcd"')));
  assert.notEqual(claimOf(new TypeError('index 7')), claimOf(new RangeError('index 7')));
  assert.equal(claimOf(7), 'only errors are thrown');
});

test('a seed repeats chance, and every number of a range comes', () => {
  const draw = (seed: number): readonly number[] => {
    const chance = new Chance(seed);
    return Array.from({ length: 200 }, () => chance.below(7));
  };
  assert.deepEqual(draw(3), draw(3));
  assert.notDeepEqual(draw(3), draw(4));
  assert.deepEqual(new Set(draw(3)), new Set([0, 1, 2, 3, 4, 5, 6]));
  assert.throws(() => new Chance(1).pick([]), RangeError);
});

test('a feature is new once', () => {
  const features = new Features();
  for (const feature of [1, 2, 1]) features.note(feature);
  assert.equal(features.takeFresh(), 2);
  features.note(2);
  assert.equal(features.takeFresh(), 0);
  assert.equal(features.count, 2);
});

test('a sentence stands for all that differ in numbers and quoted names only', () => {
  const one = templateOf('Client "a" at x:1 was disconnected: there is no property 0x2b');
  assert.equal(templateOf('Client "b \\" c" at x:23 was disconnected: there is no property 0xff'), one);
  assert.notEqual(templateOf('Client "a" at x:1 was disconnected: there is no property'), one);
});

test('a black box tells another thread which input is at hand', () => {
  const box = new BlackBox();
  const other = new BlackBox(box.memory);
  box.record(Uint8Array.of(1, 2, 3));
  box.record(Uint8Array.of(4, 5));
  assert.deepEqual(other.input, Uint8Array.of(4, 5));
  assert.equal(other.executions, 2);
  assert.equal(box.isEnding, false);
  other.end();
  assert.equal(box.isEnding, true);
});

test('an input is read as it was written, and what is no input is refused', () => {
  assert.deepEqual(parseInput(sayInput(WORD)), WORD);
  assert.throws(() => parseInput('0x12'), SyntaxError);
  assert.throws(() => parseInput('123'), SyntaxError);
});
