// Any history of an engine: a list of steps, each a kind and three numbers, which pick from what there is at that moment;
// so every list is a history. engine-world.fixture.ts lets it happen.

import fc from 'fast-check';

/** What can happen. */
const STEPS = [
  'session',
  'group',
  'end',
  'append',
  'append-alone',
  'append-origin',
  'settle-oldest',
  'settle-any',
  'send-oldest',
  'send-any',
  'send-again',
  'receive',
  'release',
  'subscribe',
  'unsubscribe',
  'retain',
  'clear-retained',
  'will',
  'clear-will',
  'commit',
  'read',
  'maintain',
  'close',
  'crash',
] as const;

/** Something that happens. */
export type Step = readonly [kind: (typeof STEPS)[number], a: number, b: number, c: number];

/** How often each happens, where it is not once. */
const WEIGHTS: Partial<Record<Step[0], number>> = {
  session: 2,
  append: 12,
  'append-alone': 6,
  'append-origin': 2,
  'settle-oldest': 10,
  'settle-any': 3,
  'send-oldest': 6,
  'send-any': 2,
  receive: 3,
  release: 2,
  commit: 8,
  read: 3,
  maintain: 5,
};

/** Any history. */
export const anyHistory: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.oneof(...STEPS.map((kind) => ({ weight: WEIGHTS[kind] ?? 1, arbitrary: fc.constant(kind) }))),
    fc.nat(1000),
    fc.nat(1000),
    fc.nat(1000),
  ),
  { minLength: 20, maxLength: 400, size: 'max' },
);
