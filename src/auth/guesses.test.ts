import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { type Caller, callerOf, Guesses } from './guesses.ts';
import { DEFAULT_AUTH_LIMITS } from './limits.ts';

const user = (network: string, name: string): Caller => ({ network, kind: 'user', name });

test('a name of any length is remembered in little room, and not taken for another', () => {
  const guesses = new Guesses({ ...DEFAULT_AUTH_LIMITS, authFailuresMax: 1 });
  const [name, other] = ['x'.repeat(65_535), `${'x'.repeat(65_534)}y`];
  guesses.fail(user('192.0.2.1', name), millis(0));
  assert.match(guesses.held(user('192.0.2.1', name), millis(0)) ?? '', /for this user from this address/);
  assert.match(guesses.held(user('192.0.2.2', name), millis(0)) ?? '', /for this user from too many addresses/);
  assert.match(guesses.held(user('192.0.2.1', other), millis(0)) ?? '', /for too many users from this address/);
  assert.equal(guesses.held(user('192.0.2.2', other), millis(0)), undefined);
});

test('a client without a user name is known by its client identifier, and is not the user of that name', () => {
  const guesses = new Guesses({ ...DEFAULT_AUTH_LIMITS, authFailuresMax: 2 });
  const caller = callerOf({ userName: undefined, clientId: 'anna', remote: '192.0.2.1:1' });
  guesses.fail(caller, millis(0));
  guesses.fail(caller, millis(0));
  assert.match(guesses.held(caller, millis(0)) ?? '', /for this client from this address/);
  assert.equal(guesses.held(user('192.0.2.1', 'anna'), millis(0)), undefined);
});

test('no more checks are under way than may still fail; one always may be, and who was let in before is asked of itself alone', async () => {
  const guesses = new Guesses({ ...DEFAULT_AUTH_LIMITS, authFailuresMax: 3 });
  const mayBegin = (network: string, name: string): boolean => guesses.mayBegin(user(network, name), millis(0));
  guesses.succeed(user('192.0.2.1', 'bob'), millis(0));
  guesses.fail(user('192.0.2.1', 'anna'), millis(0));
  const { promise, resolve } = Promise.withResolvers<void>();
  const checks: Promise<void>[] = [];
  const begin = (name: string): unknown => checks.push(guesses.during(user('192.0.2.1', name), () => promise));
  begin('anna');
  assert.ok(mayBegin('192.0.2.1', 'anna'));
  begin('anna');
  assert.ok(!mayBegin('192.0.2.1', 'anna'));
  assert.ok(!mayBegin('192.0.2.1', 'carl'), 'it may be one user too many for the address');
  assert.ok(!mayBegin('192.0.2.2', 'anna'), 'it may be one address too many for the user');
  assert.ok(mayBegin('192.0.2.1', 'bob'));
  assert.ok(mayBegin('192.0.2.2', 'carl'));
  resolve();
  await Promise.all(checks);
  for (let failure = 0; failure < 5; failure++) guesses.fail(user('192.0.2.1', 'anna'), millis(0));
  assert.ok(mayBegin('192.0.2.1', 'anna'), 'whether it is held off is another question');
});
