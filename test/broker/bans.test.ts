// Bans: who is refused, what it hears, what becomes of those who are connected, and when it is over.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { UsageError } from '../../src/base/errors.ts';
import type { Authentication, Authenticator } from '../../src/auth/contract.ts';
import type { Ban } from '../../src/broker/bans.ts';
import { TestBroker } from './harness.ts';

/** A ban by an operator, for ever. */
function ban(kind: Ban['kind'], value: string, choice: Partial<Ban> = {}): Ban {
  return { kind, value, until: undefined, reason: '', by: 'operator', ...choice };
}

/** One of each kind, under which the client falls that the tests have come. */
const EACH = [
  ['client', 'c'],
  ['user', 'u'],
  ['address', '192.0.2.0/24'],
] as const;

describe('a client under a ban', () => {
  test('is refused with 0x8A, return code 5 to 3.x, by its identifier, its user name or its address', async () => {
    for (const [kind, value] of EACH) {
      const broker = await TestBroker.open();
      broker.broker.ban(ban(kind, value, { reason: 'too loud' }));
      for (const version of [3, 4, 5] as const) {
        const client = broker.knock({ version, clientId: 'c', userName: 'u', address: '192.0.2.7' });
        assert.equal(client.expect('connack').reasonCode, version === 5 ? 0x8a : 5);
        assert.equal(client.ended, 'end');
      }
      broker.connect({ clientId: 'd', userName: 'v', address: '192.0.3.7' });
      assert.equal(broker.broker.counters.limitsReached.bans, 3);
      assert.match(broker.warnings()[0] ?? '', new RegExp(`"c" at 192.*The ${kind} "${value}" is banned: too loud\\.`));
    }
  });

  test('is refused by the name that its certificate or token gives it, too', async () => {
    const authenticator: Authenticator = { authenticate: () => ({ kind: 'accepted', principal: 'proved' }) };
    const broker = await TestBroker.open({ authenticator });
    broker.broker.ban(ban('user', 'proved'));
    assert.equal(broker.knock({ userName: 'claimed' }).expect('connack').reasonCode, 0x8a);
  });

  test('is refused if it is banned while it is asked who it is', async () => {
    for (const [kind, value] of EACH) {
      const { promise, resolve } = Promise.withResolvers<Authentication>();
      const broker = await TestBroker.open({ authenticator: { authenticate: () => promise } });
      const client = broker.knock({ clientId: 'c', userName: 'u', address: '192.0.2.7' });
      broker.broker.ban(ban(kind, value));
      resolve({ kind: 'accepted', principal: 'u' });
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      // By its address it is found before it is known who it is, and hears that the connection ends.
      assert.deepEqual(client.said(), [kind === 'address' ? 'CONNACK 0x80' : 'CONNACK 0x8a'], kind);
      assert.equal(client.ended, 'end');
    }
  });

  test('ends with others in slices of 2 ms, where there are many; who is unbanned meanwhile stays', async () => {
    const host: TestBroker = await TestBroker.open({ events: { clientDisconnected: () => host.passUnnoticed(1) } });
    const clients = Array.from({ length: 5 }, (_, index) =>
      host.connect({ clientId: `c${index}`, address: '192.0.2.7' }),
    );
    const ended = (): number => clients.filter(({ ended: how }) => how === 'end').length;
    const sweep = host.broker.ban(ban('address', '192.0.2.0/24'));
    assert.equal(ended(), 2);
    assert.equal(sweep.step(), true);
    assert.equal(ended(), 4);
    host.broker.unban('address', '192.0.2.0/24');
    assert.equal(sweep.step(), false);
    assert.deepEqual([ended(), sweep.ended], [4, 4]);
  });

  test('is not let in at the door if its address is banned, IPv4 in IPv6 included, which the log says once a minute', async () => {
    const broker = await TestBroker.open();
    broker.broker.ban(ban('address', '192.0.2.1'));
    broker.broker.ban(ban('address', '2001:db8::/32'));
    for (const remote of ['192.0.2.1:1', '[::ffff:192.0.2.1]:1', '[2001:db8:1::1]:1'])
      assert.equal(broker.broker.admits(remote), false, remote);
    for (const remote of ['192.0.2.2:1', '[2001:db9::1]:1', 'unknown'])
      assert.equal(broker.broker.admits(remote), true);
    assert.equal(broker.warnings().length, 1);
    broker.passUnnoticed(60_000);
    broker.broker.admits('192.0.2.1:1');
    assert.match(broker.warnings()[1] ?? '', /192\.0\.2\.1:1 .* 2 more like it since the last such line\.$/);
    assert.equal(broker.broker.counters.limitsReached.bans, 4);
  });

  test('is disconnected with 0x98 if it is connected, and keeps its session', async () => {
    const broker = await TestBroker.open();
    const clients = [
      broker.connect({ clientId: 'c', clean: false, properties: { sessionExpiryInterval: 100 } }),
      broker.connect({ clientId: 'old', version: 4, userName: 'u' }),
      broker.dial(5, undefined, '192.0.2.7'),
    ];
    const other = broker.connect({ clientId: 'other' });
    broker.broker.ban(ban('client', 'c'));
    broker.broker.ban(ban('address', '192.0.2.7'));
    clients[0]?.expectEnd(0x98);
    assert.equal(clients[1]?.ended, 'not yet', 'nobody has said who "u" is');
    assert.equal(clients[2]?.ended, 'end');
    assert.equal(other.ended, 'not yet');
    assert.equal(broker.broker.unban('client', 'c'), true);
    const back = broker.connect({ clientId: 'c', clean: false });
    assert.equal(back.connack?.sessionPresent, true);
  });
});

describe('a ban', () => {
  test('ends the connections that fall under it, and not those under another one', async () => {
    const broker = await TestBroker.open({ limits: { flappingConnectsMax: 2 } });
    for (let n = 0; n < 4; n++) broker.knock({ clientId: 'often' });
    assert.deepEqual(
      broker.broker.bans.map(({ value }) => value),
      ['often'],
    );
    const [known, gone] = [broker.broker.sizes.connections, broker.connect({ clientId: 'c', address: '192.0.2.7' })];
    broker.broker.ban(ban('address', '192.0.2.0/24', { until: broker.wallClock }));
    assert.equal(gone.ended, 'not yet', 'it is over already');
    broker.broker.ban(ban('address', '192.0.2.0/24'));
    gone.expectEnd(0x98);
    assert.equal(broker.broker.sizes.connections, known);
  });

  test('of an address is found among thousands of others, and not when it has ended', async () => {
    const broker = await TestBroker.open();
    for (let n = 0; n < 2_000; n++) broker.broker.ban(ban('address', `10.${n >> 8}.${n & 255}.0/24`));
    broker.broker.ban(ban('address', '10.0.0.0/16', { reason: 'wide' }));
    assert.equal(broker.broker.admits('10.7.207.9:1'), false);
    assert.equal(broker.broker.admits('10.7.208.9:1'), true);
    assert.equal(broker.broker.unban('address', '10.7.207.0/24'), true);
    assert.equal(broker.broker.admits('10.7.207.9:1'), true);
    assert.equal(broker.broker.unban('address', '10.0.5.0/24'), true);
    assert.equal(broker.broker.admits('10.0.5.1:1'), false, 'the wider one');
  });

  test('ends at its moment, and is not listed any more', async () => {
    const broker = await TestBroker.open();
    broker.broker.ban(ban('client', 'c', { until: broker.wallClock + 1_000 }));
    assert.equal(broker.knock({ clientId: 'c' }).expect('connack').reasonCode, 0x8a);
    broker.pass(1_000);
    broker.connect({ clientId: 'c' });
    assert.deepEqual(broker.broker.bans, []);
    assert.equal(broker.broker.unban('client', 'c'), false);
  });

  test('takes the place of an older one of the same client', async () => {
    const broker = await TestBroker.open();
    const second = ban('client', 'c', { reason: 'second' });
    broker.broker.ban(ban('client', 'c', { reason: 'first', until: 1 }));
    broker.broker.ban(second);
    assert.deepEqual(broker.broker.bans, [second]);
  });

  test('of an address that is none, or of nobody, is refused', async () => {
    const broker = await TestBroker.open();
    for (const value of ['somewhere', '10.0.0.0/33', '10.0.0', '']) {
      assert.throws(() => broker.broker.ban(ban('address', value)), UsageError, value);
    }
    assert.throws(() => broker.broker.ban(ban('client', '')), UsageError);
    assert.deepEqual(broker.broker.bans, []);
  });

  test('that cannot be kept is none, and one whose end cannot be kept stays', async () => {
    let isBroken = false;
    const saved: Ban[][] = [];
    const kept = ban('user', 'kept');
    const banKeeper = {
      bans: [kept],
      save(bans: readonly Ban[]): void {
        if (isBroken) throw new Error('the disk is full');
        saved.push(Array.from(bans));
      },
    };
    const broker = await TestBroker.open({ banKeeper });
    const first = ban('client', 'c', { reason: 'first' });
    broker.broker.ban(first);
    isBroken = true;
    assert.throws(() => broker.broker.ban(ban('client', 'd')));
    assert.throws(() => broker.broker.ban(ban('client', 'c', { reason: 'second' })));
    assert.throws(() => broker.broker.unban('user', 'kept'));
    assert.deepEqual(new Set(broker.broker.bans), new Set([kept, first]));
    assert.deepEqual(saved, [[kept, first]]);
  });
});
