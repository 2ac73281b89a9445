// Clients that come and go without end are held off for a while, and nobody else is.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Authenticator } from '../../src/auth/contract.ts';
import { millis } from '../../src/base/millis.ts';
import { TestBroker } from './harness.ts';

const LIMITS = { flappingConnectsMax: 5, flappingWindow: millis(10_000), flappingHold: millis(30_000) };

test('threat 53: a client that connects too often is refused with 0x9F, return code 3, for a while; the log says so once', async () => {
  const broker = await TestBroker.open({ limits: LIMITS });
  for (let n = 0; n < 5; n++) broker.connect({ clientId: 'c' }).cut();
  for (const version of [3, 4, 5] as const) {
    const client = broker.knock({ version, clientId: 'c' });
    assert.equal(client.expect('connack').reasonCode, version === 5 ? 0x9f : 3);
    assert.equal(client.ended, 'end');
  }
  broker.connect({ clientId: 'd' });
  assert.equal(broker.warnings().length, 1);
  assert.match(broker.warnings()[0] ?? '', /"c" at .* held off for 30 s \(flappingConnectsMax\)/);
  assert.equal(broker.broker.counters.limitsReached.flappingConnectsMax, 3);
  const [ban] = broker.broker.bans;
  assert.deepEqual([ban?.kind, ban?.value, ban?.by], ['client', 'c', 'flapping']);
  broker.pass(30_000);
  broker.connect({ clientId: 'c' });
});

test('of two devices with one identifier the one that is connected stays, and is left alone', async () => {
  const broker = await TestBroker.open({ limits: LIMITS });
  const quarrel = Array.from({ length: 8 }, () => broker.knock({ clientId: 'c' }));
  assert.deepEqual(
    quarrel.map((client) => client.expect('connack').reasonCode),
    [0, 0, 0, 0, 0, 0x9f, 0x9f, 0x9f],
  );
  const last = quarrel[4];
  last?.send({ kind: 'pingreq' });
  assert.deepEqual(last?.said(), ['PINGRESP']);
});

test('a client that takes its time may come as often as it likes', async () => {
  const broker = await TestBroker.open({ limits: LIMITS });
  for (let n = 0; n < 50; n++) {
    broker.connect({ clientId: 'c' }).cut();
    broker.pass(2_500);
  }
});

test('who is refused does not count: nobody can have another client held off whose password it does not know', async () => {
  const authenticator: Authenticator = {
    authenticate: ({ userName }) =>
      userName === 'right'
        ? { kind: 'accepted', principal: userName }
        : { kind: 'refused', reasonCode: 0x86, detail: 'wrong' },
  };
  const broker = await TestBroker.open({ limits: LIMITS, authenticator });
  for (let n = 0; n < 20; n++) broker.knock({ clientId: 'c', userName: 'wrong' });
  broker.connect({ clientId: 'c', userName: 'right' });
});

test('an operator can let a client in that is held off', async () => {
  const broker = await TestBroker.open({ limits: LIMITS });
  for (let n = 0; n < 6; n++) broker.knock({ clientId: 'c' }).cut();
  assert.equal(broker.broker.unban('client', 'c'), true);
  broker.connect({ clientId: 'c' });
});
