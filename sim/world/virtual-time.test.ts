import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { VirtualTime } from './virtual-time.ts';

/** Lets everything happen, in order. */
function runAll(time: VirtualTime): void {
  for (let task = time.next(); task !== undefined; task = time.next()) task();
}

test('what is to happen happens in order of time, and at one moment in the order in which it was asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (times) => {
      const time = new VirtualTime();
      const seen: { readonly at: number; readonly place: number }[] = [];
      for (const [place, at] of times.entries()) time.at(at, () => void seen.push({ at: time.now, place }));
      runAll(time);
      const expected = times.map((at, place) => ({ at, place })).toSorted((one, other) => one.at - other.at);
      assert.deepEqual(seen, expected);
    }),
  );
});

test('a moment that is past is now, and what is cancelled does not happen', () => {
  const time = new VirtualTime();
  const seen: string[] = [];
  time.at(10, () => {
    time.at(5, () => void seen.push(`late at ${time.now}`));
    time.after(3, () => void seen.push(`after at ${time.now}`));
  });
  time.at(11, () => void seen.push('never')).cancel();
  runAll(time);
  assert.deepEqual(seen, ['late at 10', 'after at 13']);
});
