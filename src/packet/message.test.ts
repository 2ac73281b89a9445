import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../base/millis.ts';
import type { Message } from './message.ts';
import { remainingExpiry } from './message.ts';
import { NO_MESSAGE_PROPERTIES } from './properties.ts';

const MESSAGE: Message = {
  topic: 't',
  payload: new Uint8Array(0),
  qos: 0,
  retain: false,
  properties: { ...NO_MESSAGE_PROPERTIES, messageExpiryInterval: 10 },
  expiresAt: millis(10_000),
};

test('a message that never expires has no remaining expiry', () => {
  assert.equal(remainingExpiry({ ...MESSAGE, expiresAt: undefined }, millis(0)), undefined);
});

test('what is left is counted in seconds, rounded up', () => {
  assert.equal(remainingExpiry(MESSAGE, millis(0)), 10);
  assert.equal(remainingExpiry(MESSAGE, millis(1)), 10);
  assert.equal(remainingExpiry(MESSAGE, millis(1000)), 9);
});

test('at least one second is left, however late it is', () => {
  assert.equal(remainingExpiry(MESSAGE, millis(9999)), 1);
  assert.equal(remainingExpiry(MESSAGE, millis(10_000)), 1);
  assert.equal(remainingExpiry(MESSAGE, millis(99_999)), 1);
});

test('no more is left than the message came with', () => {
  const properties = { ...NO_MESSAGE_PROPERTIES, messageExpiryInterval: 0 };
  assert.equal(remainingExpiry({ ...MESSAGE, properties, expiresAt: millis(0) }, millis(0)), 0);
});
