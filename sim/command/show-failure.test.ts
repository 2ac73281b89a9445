import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cutMiddle, sayViolations } from './show-failure.ts';

test('a long timeline loses its middle: the beginning, and more of the end', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `${index}`);
  assert.deepEqual(cutMiddle(lines, 100), lines);
  const cut = cutMiddle(lines, 8);
  assert.deepEqual(cut, ['0', '1', '  ... 92 lines ...', '94', '95', '96', '97', '98', '99']);
});

test('what is said alike is said once', () => {
  const violation = { checker: 'order', sentence: 'ann#2 before ann#1' };
  assert.deepEqual(
    sayViolations([
      { ...violation, at: 1 },
      { ...violation, at: 2 },
      { ...violation, checker: 'drops', at: 3 },
    ]),
    ['  order: ann#2 before ann#1', '  drops: ann#2 before ann#1'],
  );
});
