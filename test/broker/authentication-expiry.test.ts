// What a client is let in with may be good for a time only, as a token is: the connection ends then, and the session stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AuthenticationStep, Authenticator } from '../../src/auth/contract.ts';
import { type Millis, millis } from '../../src/base/millis.ts';
import { NO_AUTH_PROPERTIES } from '../../src/packet/properties.ts';
import { TestBroker } from './harness.ts';
import { will } from './sample-will.ts';

const START = 1_700_000_000_000;
const PERSISTENT = { clean: false, properties: { sessionExpiryInterval: 600 } } as const;

/** Lets everybody in for so long after the start of the test. */
function forTime(milliseconds: number): Authenticator {
  return {
    authenticate: () => ({ kind: 'accepted', principal: 'meter', expiresAt: millis(START + milliseconds) }),
  };
}

for (const version of [3, 4, 5] as const) {
  test(`a connection ends when its authentication expires, and the session stays, in version ${version}`, async () => {
    const broker = await TestBroker.open({ authenticator: forTime(60_000), wall: START });
    const client = broker.connect({ ...PERSISTENT, version, clientId: 'c', keepAlive: 10_000 });
    client.subscribe('a');
    broker.pass(59_999);
    assert.equal(client.ended, 'not yet');
    broker.pass(1);
    assert.equal(client.ended, 'end');
    if (version === 5) {
      const { reasonCode, properties } = client.expect('disconnect');
      assert.deepEqual([reasonCode, properties.reasonString], [0x87, 'Its authentication has expired.']);
    } else assert.deepEqual(client.take(), []);
    assert.match(broker.warnings().join('\n'), /Client "c" .* was disconnected: Its authentication has expired\./);
    assert.deepEqual([broker.broker.sizes.sessions, broker.broker.sizes.subscriptions], [1, 1]);
  });
}

test('without a Keep Alive, too; and a client that is not read from is no exception', async () => {
  const broker = await TestBroker.open({ authenticator: forTime(1_000), wall: START });
  const client = broker.connect({ clientId: 'c', keepAlive: 0 });
  assert.ok((broker.broker.nextDeadline() ?? Number.POSITIVE_INFINITY) <= broker.monotonicClock + 1_000);
  broker.pass(1_000);
  assert.equal(client.expect('disconnect').reasonCode, 0x87);
});

test('the Will of a client whose authentication expires is published', async () => {
  const authenticator: Authenticator = {
    authenticate: ({ clientId }) =>
      clientId === 'watcher'
        ? { kind: 'accepted', principal: undefined }
        : { kind: 'accepted', principal: 'meter', expiresAt: millis(START + 1_000) },
  };
  const broker = await TestBroker.open({ authenticator, wall: START });
  const watcher = broker.connect({ clientId: 'watcher' });
  watcher.subscribe('will');
  broker.connect({ clientId: 'c', will: will({ qos: 0 }) });
  broker.pass(1_000);
  assert.equal(watcher.expect('publish').topic, 'will');
});

test('who comes with what has expired is refused with 0x87, and so is who comes with no moment at all', async () => {
  for (const expiresAt of [START, START - 1, Number.NaN]) {
    const broker = await TestBroker.open({ authenticator: forTime(expiresAt - START), wall: START });
    const client = broker.knock({ clientId: 'c' });
    assert.equal(client.expect('connack').reasonCode, 0x87);
    assert.equal(client.ended, 'end');
  }
});

test('what never expires does not, and a clock on the wall that is set changes nothing', async () => {
  const broker = await TestBroker.open({ authenticator: forTime(Number.POSITIVE_INFINITY), wall: START });
  const client = broker.connect({ clientId: 'c' });
  broker.pass(1e12);
  assert.equal(client.ended, 'not yet');
  const timed = await TestBroker.open({ authenticator: forTime(60_000), wall: START });
  const other = timed.connect({ clientId: 'c' });
  timed.setWall(START + 1e9);
  timed.pass(59_000);
  assert.equal(other.ended, 'not yet');
});

test('who authenticates again has the time that is said then', async () => {
  const moments: Millis[] = [millis(START + 60_000), millis(START + 600_000)];
  const next = (): AuthenticationStep => ({
    kind: 'accepted',
    principal: 'meter',
    data: undefined,
    expiresAt: moments.shift(),
  });
  const authenticator: Authenticator = {
    authenticate: () => assert.fail('nobody comes without a method'),
    methods: new Map([['M', { begin: () => ({ next }) }]]),
  };
  const broker = await TestBroker.open({ authenticator, wall: START });
  const client = broker.connect({ clientId: 'c', properties: { authenticationMethod: 'M' } });
  broker.pass(30_000);
  client.send({ kind: 'auth', reasonCode: 0x19, properties: { ...NO_AUTH_PROPERTIES, authenticationMethod: 'M' } });
  assert.equal(client.expect('auth').reasonCode, 0);
  broker.pass(500_000);
  assert.equal(client.ended, 'not yet');
  broker.pass(70_000);
  assert.equal(client.expect('disconnect').reasonCode, 0x87);
});
