// The promise: what a publisher was told is kept, whatever crashes. Random traffic over a late store that
// loses what was not durable; see crash-run.ts for what the clients do and journal-store.ts for what is lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { BrokerState } from '../../src/broker/broker-state.ts';
import { CommitGate } from '../../src/broker/commit.ts';
import { CRASH_CLIENTS, type CrashRun, type CrashStep, runCrashes } from './crash-run.ts';

const client = fc.nat({ max: CRASH_CLIENTS - 1 });
const step: fc.Arbitrary<CrashStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      publisher: fc.nat({ max: 1 }),
      qos: fc.constantFrom(1 as const, 2 as const),
      retain: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), turns: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('react' as const), client, packets: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'leave' as const, 'come back' as const), client }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
);
const run: fc.Arbitrary<CrashRun> = fc.record({
  receiveMaximum: fc.constantFrom(1, 2, 5, 65_535),
  queueHeadMessagesMax: fc.constantFrom(1, 2, 3, 1_024),
  sharedSubscriptionStrategy: fc.constantFrom('round-robin', 'least-loaded', 'sticky-by-publisher', 'sticky-by-topic'),
  retainedQos: fc.constantFrom(1 as const, 2 as const),
  steps: fc.array(step, { maxLength: 120, size: 'max' }),
});

/** What failed once. */
const LOST_ONCE: readonly CrashRun[] = [
  {
    // The origin of a QoS 2 message was durable, and its retained message was not.
    receiveMaximum: 5,
    queueHeadMessagesMax: 1_024,
    sharedSubscriptionStrategy: 'round-robin',
    retainedQos: 2,
    steps: [{ kind: 'publish', publisher: 0, qos: 2, retain: true }, { kind: 'commit', turns: 1 }, { kind: 'crash' }],
  },
];

test('whatever crashes: each acknowledged QoS 1 message comes at least once, QoS 2 exactly once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(run, (each) => runCrashes(each, false)),
    { numRuns: 300, examples: LOST_ONCE.map((each) => [each]) },
  );
});

// The checks must be able to fail, or they prove nothing.

/** The same property with a store that lies, or with a gate that is damaged; it has to be refuted. */
async function refuted(lies: boolean): Promise<void> {
  const outcome = await fc.check(
    fc.asyncProperty(run, (each) => runCrashes(each, lies)),
    { numRuns: 500, seed: 1, endOnFailure: true },
  );
  assert.equal(outcome.failed, true);
}

test('a store that says "durable" too early is found out', () => refuted(true));

test('a store that says that nobody needs a message when one of several has it is found out', async (context) => {
  context.mock.method(
    BrokerState.prototype,
    'settle',
    function (this: BrokerState, recipient: number, messageId: number) {
      this.store.settle(recipient, messageId);
      this.elision.elide(messageId);
    },
  );
  await refuted(false);
});

for (const lane of ['holdAnswers', 'holdDeliveries'] as const) {
  test(`a gate without ${lane} is found out`, async (context) => {
    context.mock.method(CommitGate.prototype, lane, () => undefined);
    await refuted(false);
  });
}
