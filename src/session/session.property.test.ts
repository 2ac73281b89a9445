import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Session } from './session.ts';
import { type MakeSession, runPair, type Step } from './session-pair.arbitrary.ts';
import type { LinkTerms } from './session-side.arbitrary.ts';

const side = fc.constantFrom(0 as const, 1 as const);
const terms: fc.Arbitrary<LinkTerms> = fc.record({
  receiveMaximum: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
  aliasMaximum: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      side,
      qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('carry' as const), side, packets: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), side, which: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('postpone' as const), side, on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      side,
      lane: fc.constantFrom('answers' as const, 'deliveries' as const),
      on: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lend' as const), side }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cut' as const),
      crash: fc.constantFrom(undefined, 0 as const, 1 as const),
      terms,
    }),
  },
);
const steps = fc.array(step, { maxLength: 150, size: 'max' });

test('over any link and any owners: QoS 2 once, QoS 1 at least once, in order, within the window, and all of it', () => {
  fc.assert(
    fc.property(steps, (run) => runPair(run)),
    { numRuns: 400 },
  );
});

// The checks must be able to fail, or they prove nothing.

/** A property of the same runs on sessions that `breakIt` has damaged; it has to be refuted. */
function refuted(breakIt: (session: object) => void): void {
  const makeSession: MakeSession = (owner) => {
    const session = new Session(owner);
    breakIt(session);
    return session;
  };
  const outcome = fc.check(
    fc.property(steps, (run) => runPair(run, makeSession)),
    { numRuns: 400, seed: 1, endOnFailure: true },
  );
  assert.equal(outcome.failed, true);
}

function part(session: object, name: string): object {
  const value: unknown = Reflect.get(session, name);
  assert.ok(typeof value === 'object' && value !== null, `a session has its ${name}`);
  return value;
}

test('a session that takes each QoS 2 PUBLISH for new is found out', () => {
  refuted((session) => Reflect.set(part(session, 'inbound'), 'standing', () => 'new'));
});

test('a session that does not send again is found out', () => {
  refuted((session) => Reflect.set(session, 'resend', () => undefined));
});

test('a session that has no window is found out', () => {
  refuted((session) => Reflect.set(session, 'canPublish', () => Reflect.get(session, 'terms') !== undefined));
});

test('a session that acknowledges out of turn is found out', () => {
  refuted((session) => Object.defineProperty(part(session, 'inbound'), 'mustWait', { get: () => false }));
});
