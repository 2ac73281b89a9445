import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RingQueue } from './ring-queue.ts';

test('an empty queue has no first element', () => {
  const queue = new RingQueue<string>();
  assert.equal(queue.length, 0);
  assert.equal(queue.peek(), undefined);
  assert.equal(queue.shift(), undefined);
});

test('elements leave in the order in which they came', () => {
  const queue = new RingQueue<string>();
  for (const element of ['a', 'b', 'c']) queue.push(element);
  assert.equal(queue.peek(), 'a');
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift(), queue.shift()], ['a', 'b', 'c', undefined]);
});

test('what is put back at the front leaves first', () => {
  const queue = new RingQueue<string>();
  queue.unshift('c');
  queue.push('d');
  for (const element of ['b', 'a']) queue.unshift(element);
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift(), queue.shift()], ['a', 'b', 'c', 'd']);
});

test('an index counts from the front, and outside the queue fails an assertion', () => {
  const queue = new RingQueue<number>();
  for (let element = 0; element < 20; element++) queue.push(element);
  queue.shift();
  assert.equal(queue.at(0), 1);
  assert.equal(queue.at(18), 19);
  for (const index of [-1, 19]) assert.throws(() => queue.at(index), { name: 'AssertionError' });
  assert.throws(() => new RingQueue<number>().at(0), { name: 'AssertionError' });
});

test('a queue that was cleared is empty and can be used again', () => {
  const queue = new RingQueue<number>();
  queue.push(1);
  queue.clear();
  assert.equal(queue.length, 0);
  queue.push(2);
  assert.equal(queue.shift(), 2);
});

test('a queue behaves like an array, whatever is done to it', () => {
  const anyStep = fc.oneof(
    { weight: 6, arbitrary: fc.constant('push' as const) },
    { weight: 2, arbitrary: fc.constant('unshift' as const) },
    { weight: 4, arbitrary: fc.constant('shift' as const) },
    { weight: 1, arbitrary: fc.constant('drain' as const) },
    { weight: 1, arbitrary: fc.constant('burst' as const) },
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200 }), (steps) => {
      const queue = new RingQueue<number>();
      const model: number[] = [];
      let next = 1;
      for (const step of steps) {
        const pushes = step === 'push' ? 1 : step === 'burst' ? 70 : 0;
        const shifts = step === 'shift' ? 1 : step === 'drain' ? model.length : 0;
        for (let i = 0; i < pushes; i++) {
          queue.push(next);
          model.push(next++);
        }
        if (step === 'unshift') {
          queue.unshift(next);
          model.unshift(next++);
        }
        for (let i = 0; i < shifts; i++) assert.equal(queue.shift(), model.shift());
        assert.equal(queue.length, model.length);
        assert.equal(queue.peek(), model[0]);
      }
      for (const [index, element] of model.entries()) assert.equal(queue.at(index), element);
    }),
  );
});
