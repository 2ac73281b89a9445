import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import { type Owed, OwedQueue } from './owed-queue.ts';

function owed(messageId: number): Owed {
  return {
    messageId,
    message: {
      topic: 'a',
      payload: new Uint8Array(),
      qos: 1,
      retain: false,
      properties: NO_MESSAGE_PROPERTIES,
      expiresAt: undefined,
    },
    recipient: { key: 1, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' },
    waiting: undefined,
    state: 'queued',
    id: undefined,
    order: 0,
  };
}

test('a queue holds what a Map holds, in the same order, whatever is pushed, removed and looked for', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('push'), number: fc.integer({ min: 1, max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('push many'), number: fc.nat(300) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('remove', 'remove first', 'get'), number: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove many'), number: fc.nat(400) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const queue = new OwedQueue();
      const map = new Map<number, Owed>();
      let newest = 0;
      const push = (by: number): void => {
        newest += by;
        map.set(newest, owed(newest));
        queue.push(map.get(newest) ?? assert.fail());
      };
      const remove = (messageId: number): void => {
        assert.equal(queue.remove(messageId), map.get(messageId));
        map.delete(messageId);
      };
      for (const { kind, number } of steps) {
        const [first = 0] = map.keys();
        const any = newest === 0 ? 0 : number % (newest + 2);
        if (kind === 'push') push(number);
        if (kind === 'push many') for (let n = 0; n < number; n++) push(1);
        if (kind === 'remove') remove(any);
        if (kind === 'remove first') remove(first);
        if (kind === 'remove many') for (let n = 0; n < number; n++) remove(first + n * 2);
        assert.equal(queue.get(any), map.get(any));
        assert.equal(queue.size, map.size);
        assert.deepEqual(
          Array.from(queue.newerThan(any), ({ messageId }) => messageId),
          Array.from(map.keys()).filter((messageId) => messageId > any),
        );
      }
    }),
  );
});

test('numbers may be as large as numbers get', () => {
  const queue = new OwedQueue();
  for (const messageId of [1, 2 ** 31, 2 ** 32 + 1, 2 ** 53 - 2]) queue.push(owed(messageId));
  assert.equal(queue.get(2 ** 32 + 1)?.messageId, 2 ** 32 + 1);
  assert.equal(queue.remove(2 ** 31)?.messageId, 2 ** 31);
  assert.equal(queue.get(2 ** 31), undefined);
  assert.equal(queue.size, 3);
});
