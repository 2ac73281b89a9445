import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { matchesWildcard } from './wildcard.ts';

test('a star stands for any characters, or none, and all else for itself', () => {
  const cases: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['meter-*', 'meter-1', true],
    ['meter-*', 'meter', false],
    ['*-1', 'meter-1', true],
    ['*-1', 'meter-11', false],
    ['*-1', 'meter-12', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c2b', false],
    ['a**b', 'ab', true],
    ['.*', 'a', false],
    ['a+', 'aa', false],
    ['[ab]', 'a', false],
  ];
  for (const [pattern, text, matches] of cases) assert.equal(matchesWildcard(pattern, text), matches, pattern + text);
});

test('a pattern says what its expression says', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  fc.assert(
    fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      assert.equal(matchesWildcard(pattern, text), expression.test(text));
    }),
  );
});

test('a pattern made to be slow is not', () => {
  const text = 'a'.repeat(1_000);
  assert.equal(matchesWildcard(`${'*a'.repeat(200)}*b`, text), false);
});
