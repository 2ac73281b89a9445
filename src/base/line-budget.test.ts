import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LineBudget } from './line-budget.ts';
import { millis } from './millis.ts';

test('of one kind and place thirty are told a minute; what was not is counted in the next line', () => {
  const budget = new LineBudget<string>();
  const told: (string | undefined)[] = [];
  for (let n = 0; n < 50; n++) told.push(budget.note('a', 'here', millis(n)));
  assert.deepEqual(told, [...new Array<string>(30).fill(''), ...new Array<undefined>(20).fill(undefined)]);
  assert.equal(budget.note('b', 'here', millis(50)), '', 'another kind has lines of its own');
  assert.equal(budget.note('a', 'there', millis(51)), ' 20 more like it since the last such line.');
  assert.equal(budget.note('a', 'here', millis(59_999)), undefined);
  assert.equal(budget.note('a', 'here', millis(60_000)), ' 1 more like it since the last such line.');
  assert.equal(budget.note('a', 'here', millis(60_001)), '');
});

test('of one kind a hundred are told a minute, whatever places they come from', () => {
  const budget = new LineBudget<string>();
  let told = 0;
  for (let n = 0; n < 1_000; n++) if (budget.note('a', `${n}`, millis(n)) !== undefined) told++;
  assert.equal(told, 100);
  assert.equal(budget.note('a', 'x', millis(60_000)), ' 900 more like it since the last such line.');
});
