import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyLevel, levelEnd, restMatches, sameLevel } from './topic-levels.ts';

test('a level ends at the next separator or with the text', () => {
  assert.equal(levelEnd('ab/c', 0), 2);
  assert.equal(levelEnd('ab/c', 3), 4);
  assert.equal(levelEnd('ab', 0), 2);
  assert.equal(levelEnd('/a', 0), 0);
  assert.equal(levelEnd('a/', 2), 2);
  assert.equal(levelEnd('', 0), 0);
});

test('levels agree unit for unit and end together', () => {
  assert.equal(sameLevel('a/bc/d', 2, 'bc', 0), true);
  assert.equal(sameLevel('a/bc', 2, 'bc/d', 0), true);
  assert.equal(sameLevel('a/bc', 2, 'bcd', 0), false);
  assert.equal(sameLevel('a/bcd', 2, 'bc', 0), false);
  assert.equal(sameLevel('a/', 2, '/b', 0), true);
  assert.equal(sameLevel('a/', 2, 'b', 0), false);
});

test('a rest begins at a level or at the end of one', () => {
  // filter: a/+/c/#   name: a/bbbb/c
  assert.equal(restMatches('a/+/c/#', 2, 'a/bbbb/c', 2), true);
  assert.equal(restMatches('a/+/c/#', 3, 'a/bbbb/c', 6), true);
  assert.equal(restMatches('a/+/c/#', 5, 'a/bbbb/c', 8), true);
  assert.equal(restMatches('a/+/c/+', 5, 'a/bbbb/c', 8), false);
  assert.equal(restMatches('a/+/c', 5, 'a/bbbb/c', 8), true);
  assert.equal(restMatches('a/+/c', 5, 'a/bbbb/c/', 8), false);
});

test('a copied level has the text of the level', () => {
  for (const level of ['', 'a', '123456789012', '1234567890123', '\u{1F980}'.repeat(20)]) {
    assert.equal(copyLevel(`x/${level}/y`, 2, 2 + level.length), level);
  }
});
