// The heap against the plain thing: a list that is searched for the earliest.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Deadlined, DeadlineQueue } from './deadline-queue.ts';
import { millis } from './millis.ts';

interface Owner extends Deadlined {
  readonly name: string;
}

function owner(name: string): Owner {
  return { name, deadline: millis(0), deadlineIndex: -1 };
}

test('the earliest deadline is taken first, and none before its time', () => {
  const queue = new DeadlineQueue<Owner>();
  const [a, b, c] = [owner('a'), owner('b'), owner('c')];
  queue.set(a, millis(30));
  queue.set(b, millis(10));
  queue.set(c, millis(20));
  assert.equal(queue.nextDeadline(), 10);
  assert.equal(queue.takeDue(millis(9)), undefined);
  assert.equal(queue.takeDue(millis(20)), b);
  assert.equal(queue.takeDue(millis(20)), c);
  assert.equal(queue.takeDue(millis(20)), undefined);
  assert.equal(queue.length, 1);
});

test('an owner stands in the queue once, at its latest deadline', () => {
  const queue = new DeadlineQueue<Owner>();
  const a = owner('a');
  queue.set(a, millis(10));
  queue.set(a, millis(50));
  assert.equal(queue.length, 1);
  assert.equal(queue.takeDue(millis(49)), undefined);
  assert.equal(queue.takeDue(millis(50)), a);
  assert.equal(queue.length, 0);
});

test('an owner that is taken out leaves nothing behind, and may be taken out twice', () => {
  const queue = new DeadlineQueue<Owner>();
  const [a, b] = [owner('a'), owner('b')];
  queue.set(a, millis(1));
  queue.set(b, millis(2));
  queue.remove(a);
  queue.remove(a);
  assert.equal(queue.nextDeadline(), 2);
  assert.equal(queue.length, 1);
});

test('whatever is set, moved, removed and taken, the queue agrees with a list', () => {
  const step = fc.record({
    kind: fc.constantFrom('set', 'set', 'set', 'remove', 'take'),
    owner: fc.nat(15),
    at: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 300 }), (steps) => {
      const queue = new DeadlineQueue<Owner>();
      const owners = Array.from({ length: 16 }, (_, index) => owner(`owner ${index}`));
      const model = new Map<Owner, number>();
      for (const { kind, owner: index, at } of steps) {
        const one = owners[index];
        assert.ok(one !== undefined);
        if (kind === 'set') {
          queue.set(one, millis(at));
          model.set(one, at);
        } else if (kind === 'remove') {
          queue.remove(one);
          model.delete(one);
        } else {
          const taken = queue.takeDue(millis(at));
          const earliest = Math.min(...model.values());
          assert.equal(
            taken === undefined ? Number.POSITIVE_INFINITY : model.get(taken),
            earliest <= at ? earliest : Number.POSITIVE_INFINITY,
          );
          if (taken !== undefined) model.delete(taken);
        }
        assert.equal(queue.length, model.size);
        assert.equal(queue.nextDeadline(), model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});
