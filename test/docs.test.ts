// The pages of docs/ that are made from the code say what the code says.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PAGES, stalePages } from '../scripts/pages.ts';

test('every page that is made from the code is current', () => {
  assert.deepEqual(stalePages(), [], 'npm run docs rewrites these pages');
});

test('no cell of a table breaks it', () => {
  for (const [file, text] of PAGES) {
    for (const lines of text()
      .split('\n\n')
      .map((block) => block.split('\n').filter((line) => line.startsWith('| ')))) {
      const columns = new Set(lines.map((line) => line.split('|').length));
      assert(columns.size <= 1, `${file}: ${lines[0]}`);
    }
  }
});
