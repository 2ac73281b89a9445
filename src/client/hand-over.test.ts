import assert from 'node:assert/strict';
import { test } from 'node:test';

import { handOver } from './hand-over.ts';
import type { MessageHandler } from './received-message.ts';
import { arrivals } from './subscribing.arbitrary.ts';

function handed(handler: MessageHandler, acknowledges: 'automatic' | 'manual'): { done: string[]; failed: unknown[] } {
  const done: string[] = [];
  const failed: unknown[] = [];
  handOver(handler, arrivals(done)('a', 'A'), acknowledges, (error) => failed.push(error));
  return { done, failed };
}

test('a message is acknowledged when the handler has returned', () => {
  assert.deepEqual(
    handed(() => undefined, 'automatic'),
    { done: ['A'], failed: [] },
  );
});

test('a message is acknowledged when the promise of the handler is fulfilled, not before', async () => {
  const handling = Promise.withResolvers<void>();
  const { done } = handed(() => handling.promise, 'automatic');
  assert.deepEqual(done, []);
  handling.resolve();
  await handling.promise;
  assert.deepEqual(done, ['A']);
});

test('with manual acknowledgement, the handler alone acknowledges', async () => {
  assert.deepEqual(handed(() => undefined, 'manual').done, []);
  const later = handed(async () => await Promise.resolve(), 'manual');
  await new Promise(setImmediate);
  assert.deepEqual(later, { done: [], failed: [] });
  assert.deepEqual(handed((message) => message.ack(), 'manual').done, ['A']);
});

test('what a handler throws, or why its promise is rejected, is told, and the message stays unacknowledged', async () => {
  const error = new Error('broken');
  const thrown = handed(() => {
    throw error;
  }, 'automatic');
  assert.deepEqual(thrown, { done: [], failed: [error] });
  const rejected = handed(async () => await Promise.reject(error), 'automatic');
  await new Promise(setImmediate);
  assert.deepEqual(rejected, { done: [], failed: [error] });
});
