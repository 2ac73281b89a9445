// Who is at the door: connections of one address and of one user, how often an address connects, and connections that say nothing.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Authenticator } from '../../src/auth/contract.ts';
import type { LimitName } from '../../src/broker/counters.ts';
import { type ConnectChoice, connectPacket, bytesOf, TestBroker, type TestClient } from './harness.ts';

/** Everybody is who it says. */
const BY_NAME: Authenticator = { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }) };

function expectRefusal(client: TestClient, reasonCode: number): void {
  assert.equal(client.expect('connack').reasonCode, client.version === 5 ? reasonCode : 3);
  assert.equal(client.ended, 'end');
}

function held(broker: TestBroker, name: LimitName): number {
  return broker.broker.counters.limitsReached[name];
}

/** What comes from one address, in as many connections as there are. */
function from(address: string, choice: ConnectChoice = {}): ConnectChoice {
  return { address, ...choice };
}

describe('connectionsPerAddressMax', () => {
  test('refuses with 0x97, return code 3, whoever is one too many of an address, and nobody else', async () => {
    const broker = await TestBroker.open({ limits: { connectionsPerAddressMax: 2 } });
    const first = broker.connect(from('192.0.2.1'));
    broker.connect(from('192.0.2.1'));
    for (const version of [3, 4, 5] as const)
      expectRefusal(broker.knock(from('192.0.2.1', { version, clientId: 'c' })), 0x97);
    broker.connect(from('192.0.2.2'));
    first.disconnect();
    broker.connect(from('192.0.2.1'));
    assert.equal(held(broker, 'connectionsPerAddressMax'), 3);
  });

  test('takes the /64 of an IPv6 address for one', async () => {
    const broker = await TestBroker.open({ limits: { connectionsPerAddressMax: 1 } });
    broker.connect(from('[2001:db8:0:1::1]'));
    expectRefusal(broker.knock(from('[2001:db8:0:1:ffff::2]')), 0x97);
    broker.connect(from('[2001:db8:0:2::1]'));
  });

  test('counts silent connections, too: far beyond it nobody comes in at the door', async () => {
    const broker = await TestBroker.open({ limits: { connectionsPerAddressMax: 10 } });
    for (let n = 0; n < 11; n++) {
      assert.equal(broker.broker.admits('192.0.2.1:1'), true);
      broker.dial(5, undefined, '192.0.2.1');
    }
    assert.equal(broker.broker.admits('192.0.2.1:1'), false);
    assert.equal(broker.broker.admits('192.0.2.2:1'), true);
    assert.match(
      broker.warnings()[0] ?? '',
      /Cut off 192\.0\.2\.1:1 before anything was read\. .*connectionsPerAddressMax/,
    );
  });

  test('is not about Unix sockets, which have no address', async () => {
    const broker = await TestBroker.open({ limits: { connectionsPerAddressMax: 1, connectRatePerAddress: 1 } });
    for (let n = 0; n < 30; n++) broker.connect(from('unix:///run/vouch.sock'));
  });
});

test('connectionsPerUserMax refuses with 0x97 a connection too many of a user; who comes back takes its own place', async () => {
  const broker = await TestBroker.open({ limits: { connectionsPerUserMax: 2 }, authenticator: BY_NAME });
  const a = broker.connect({ clientId: 'a', userName: 'u' });
  broker.connect({ clientId: 'b', userName: 'u' });
  expectRefusal(broker.knock({ clientId: 'c', userName: 'u' }), 0x97);
  broker.connect({ clientId: 'c', userName: 'v' });
  const again = broker.connect({ clientId: 'a', userName: 'u' });
  assert.equal(a.ended, 'end', 'taken over');
  expectRefusal(broker.knock({ clientId: 'd', userName: 'u' }), 0x97);
  again.cut();
  broker.connect({ clientId: 'd', userName: 'u' });
  for (let n = 0; n < 3; n++) broker.connect({ clientId: `nobody ${n}` });
  assert.equal(held(broker, 'connectionsPerUserMax'), 2);
});

test('connectRatePerAddress: ten seconds may be saved up, then 0x9F, and at twice the rate the door stays shut; time mends it', async () => {
  const broker = await TestBroker.open({ limits: { connectRatePerAddress: 2 } });
  const remote = '192.0.2.1:1';
  const arrive = (): TestClient => {
    assert.equal(broker.broker.admits(remote), true);
    return broker.knock(from('192.0.2.1'));
  };
  for (let n = 0; n < 20; n++) assert.equal(arrive().expect('connack').reasonCode, 0);
  for (let n = 0; n < 20; n++) expectRefusal(arrive(), 0x9f);
  arrive();
  assert.equal(broker.broker.admits(remote), false);
  assert.equal(broker.broker.admits('192.0.2.2:1'), true);
  broker.passUnnoticed(10_000);
  expectRefusal(arrive(), 0x9f);
  broker.passUnnoticed(1_500);
  assert.equal(arrive().expect('connack').reasonCode, 0);
  assert.equal(held(broker, 'connectRatePerAddress'), 23);
});

describe('connections that have not sent their CONNECT', () => {
  const LIMITS = { connectPendingBytesMax: 16 * 4096 };

  test('are cut off when they are too many: the oldest of the address that has most, and nobody of another', async () => {
    const broker = await TestBroker.open({ limits: LIMITS });
    const quiet = broker.dial(5, undefined, '192.0.2.2');
    const flood = Array.from({ length: 40 }, () => broker.dial(5, undefined, '192.0.2.1'));
    assert.ok(broker.broker.sizes.connections <= 16);
    assert.equal(flood[0]?.ended, 'destroy');
    assert.equal(flood.at(-1)?.ended, 'not yet');
    quiet.send(connectPacket({ clientId: 'late' }));
    assert.equal(quiet.expect('connack').reasonCode, 0);
    assert.equal(held(broker, 'connectPendingBytesMax'), 40 - flood.filter(({ ended }) => ended === 'not yet').length);
    assert.equal(broker.warnings().length, 1, 'said once a minute');
  });

  test('weigh what has come of a CONNECT, and nothing once it is there', async () => {
    const broker = await TestBroker.open({ limits: LIMITS });
    const whole = bytesOf(connectPacket({ clientId: 'c', userName: 'x'.repeat(20_000) }), 5);
    const halves = Array.from({ length: 3 }, () => broker.dial(5, undefined, '192.0.2.1'));
    for (const half of halves) half.sendBytes(whole.subarray(0, 18_000));
    assert.deepEqual(
      halves.map(({ ended }) => ended),
      ['destroy', 'not yet', 'not yet'],
    );
    halves[1]?.sendBytes(whole.subarray(18_000));
    halves[2]?.sendBytes(whole.subarray(18_000));
    for (let n = 0; n < 15; n++) broker.dial(5, undefined, '192.0.2.1');
    assert.equal(halves[2]?.ended, 'not yet');
  });

  test('weigh what the transport holds of a message that is not whole, and may hold so much each', async () => {
    const broker = await TestBroker.open({ limits: LIMITS });
    const [first, second] = [broker.dial(5, undefined, '192.0.2.1'), broker.dial(5, undefined, '192.0.2.1')];
    assert.equal(first?.gather(30_000), true);
    assert.equal(second?.gather(20_000), true);
    assert.equal(second?.gather(40_000), true);
    assert.deepEqual([first?.ended, second?.ended], ['destroy', 'not yet']);
    assert.equal(first?.gather(40_000), false);
    assert.equal(held(broker, 'connectPendingBytesMax'), 1);
    second?.send(connectPacket({ clientId: 'c' }));
    assert.equal(second?.gather(10_000_000), false, 'a client may');
    assert.equal(second?.ended, 'not yet');
    const roomy = await TestBroker.open({ limits: { connectPacketBytesMax: 1_000 } });
    const peer = roomy.dial();
    assert.equal(peer.gather(66_536), true);
    assert.equal(peer.gather(66_537), false);
    assert.equal(peer.ended, 'end');
    assert.match(roomy.warnings()[0] ?? '', /CONNECT was not complete when 66536 bytes had come/);
  });

  test('are bounded in all by connectionsMax: far beyond it nobody comes in at the door', async () => {
    const broker = await TestBroker.open({ limits: { connectionsMax: 1 } });
    for (let n = 0; n < 1_001; n++) {
      assert.equal(broker.broker.admits('192.0.2.1:1'), true);
      broker.dial();
    }
    assert.equal(broker.broker.admits('192.0.2.1:1'), false);
    assert.equal(held(broker, 'connectionsMax'), 1);
  });
});

describe('sessionsMax', () => {
  const KEPT = { clean: false, properties: { sessionExpiryInterval: 10 } } as const;

  test('refuses with 0x97, return code 3, who would have a session too many; what ends with its connection is let in', async () => {
    const broker = await TestBroker.open({ limits: { sessionsMax: 2 } });
    const one = broker.connect({ ...KEPT, clientId: 'one' });
    broker.connect({ ...KEPT, clientId: 'two', version: 4 });
    for (const version of [3, 4, 5] as const)
      expectRefusal(broker.knock({ ...KEPT, version, clientId: 'three' }), 0x97);
    broker.connect({ clientId: 'clean' });
    broker.connect({ ...KEPT, clientId: 'two', version: 4 });
    broker.connect({ ...KEPT, clientId: 'one', clean: true });
    assert.equal(one.ended, 'end');
    assert.equal(held(broker, 'sessionsMax'), 3);
  });

  test('has room again when a session has expired', async () => {
    const broker = await TestBroker.open({ limits: { sessionsMax: 1 } });
    broker.connect({ ...KEPT, clientId: 'one' }).cut();
    expectRefusal(broker.knock({ ...KEPT, clientId: 'two' }), 0x97);
    broker.pass(10_000);
    broker.connect({ ...KEPT, clientId: 'two' });
  });
});
