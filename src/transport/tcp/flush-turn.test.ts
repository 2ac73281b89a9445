import assert from 'node:assert/strict';
import { it } from 'node:test';
import { flushAtEndOfTurn } from './flush-turn.ts';

it('everything is flushed once, in the order in which it was asked for, after the turn', async () => {
  const flushed: string[] = [];
  for (const name of ['a', 'b', 'c']) flushAtEndOfTurn({ flush: () => void flushed.push(name) });
  assert.deepEqual(flushed, []);
  await endOfTurn();
  await endOfTurn();
  assert.deepEqual(flushed, ['a', 'b', 'c']);
});

it('what asks for a flush while others are flushed has its turn next', async () => {
  const flushed: string[] = [];
  const late = { flush: () => void flushed.push('late') };
  flushAtEndOfTurn({
    flush: () => {
      flushed.push('early');
      flushAtEndOfTurn(late);
    },
  });
  await endOfTurn();
  assert.deepEqual(flushed, ['early']);
  await endOfTurn();
  assert.deepEqual(flushed, ['early', 'late']);
});

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
