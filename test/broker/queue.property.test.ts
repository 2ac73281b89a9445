// Queues through all that happens to them: sent from directly, from the head, from the store, over reconnections and restarts
// (queue-run.ts). Nothing is lost, nothing comes twice, order is kept, and what is counted is what waits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { DeliveryQueue } from '../../src/store/delivery-queue.ts';
import { QUEUE_CLIENTS, QUEUE_TOPICS, type QueueRun, runQueues } from './queue-run.ts';

const client = fc.nat({ max: QUEUE_CLIENTS - 1 });

const anyRun: fc.Arbitrary<QueueRun> = fc.record({
  limits: fc.record({
    queueHeadMessagesMax: fc.integer({ min: 1, max: 4 }),
    queueHeadBytesMax: fc.constantFrom(1, 20, 1_000),
    queueHeadsBytesMax: fc.constantFrom(0, 1_000, 1_000_000),
  }),
  receiveMaximum: fc.integer({ min: 1, max: 3 }),
  hasTransientMember: fc.boolean(),
  steps: fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('publish' as const),
          topic: fc.constantFrom(...QUEUE_TOPICS),
          qos: fc.constantFrom(1 as const, 2 as const),
          bytes: fc.nat(12),
          count: fc.integer({ min: 1, max: 3 }),
        }),
      },
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('react' as const), client, packets: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 4, arbitrary: fc.constant({ kind: 'answer' as const }) },
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'come' as const), client }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constantFrom('stop reading' as const, 'read again' as const), client }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    ),
    { maxLength: 80, size: 'max' },
  ),
});

test('whoever comes and goes however: nothing is lost, nothing comes twice, order is kept, and the counts are right', async () => {
  await fc.assert(fc.asyncProperty(anyRun, runQueues), { numRuns: 400 });
});

test('a queue that goes on reading where the last connection left off is found out', async () => {
  const descriptor = Object.getOwnPropertyDescriptor(DeliveryQueue.prototype, 'letGo');
  assert.ok(descriptor !== undefined);
  const letGo = descriptor.value as (this: { newest: number }) => void;
  Object.defineProperty(DeliveryQueue.prototype, 'letGo', {
    ...descriptor,
    value(this: { newest: number }): void {
      const { newest } = this;
      letGo.call(this);
      this.newest = newest;
    },
  });
  try {
    const outcome = await fc.check(fc.asyncProperty(anyRun, runQueues), { numRuns: 200, seed: 1, endOnFailure: true });
    assert.equal(outcome.failed, true);
  } finally {
    Object.defineProperty(DeliveryQueue.prototype, 'letGo', descriptor);
  }
});
