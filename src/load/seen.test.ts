import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Seen } from './seen.ts';

test('for any numbers, each is new once, and what two know together is what a set knows', () => {
  const numbers = fc.array(fc.nat(20_000), { maxLength: 50 });
  fc.assert(
    fc.property(numbers, numbers, (mine, yours) => {
      const [a, b] = [new Seen(), new Seen()];
      const known = new Set<number>();
      for (const each of mine) {
        assert.equal(a.add(each), !known.has(each));
        known.add(each);
      }
      for (const each of yours) b.add(each);
      assert.equal(a.count(), known.size);
      a.merge(b.toBytes());
      assert.equal(a.count(), new Set([...mine, ...yours]).size);
    }),
  );
});

test('a number that no publisher gets to takes no memory', () => {
  const seen = new Seen();
  assert.equal(seen.add(2 ** 32 - 1), false);
  assert.ok(seen.toBytes().length < 10_000);
});
