import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { BackOff } from './back-off.ts';
import { CheckLine } from './check-line.ts';
import { ExpiringMap } from './expiring-map.ts';
import { Guesses } from './guesses.ts';
import { DEFAULT_AUTH_LIMITS } from './limits.ts';
import { networkOf } from '../base/network-of.ts';

test('after the failures that are allowed each further one doubles the while, up to the longest', () => {
  const backOff = new BackOff({ failuresMax: 3, longest: millis(5_000) });
  let now = 0;
  const whiles: number[] = [];
  for (let failure = 0; failure < 7; failure++) {
    backOff.fail('a', millis(now));
    const left = backOff.remaining('a', millis(now));
    whiles.push(left);
    now += left;
    assert.equal(backOff.remaining('a', millis(now)), 0);
  }
  assert.deepEqual(whiles, [0, 0, 1000, 2000, 4000, 5000, 5000]);
  assert.equal(backOff.remaining('b', millis(now)), 0);
});

test('failures are forgotten with time, or when they are forgiven', () => {
  const backOff = new BackOff({ failuresMax: 2, longest: millis(1_000) });
  assert.equal(backOff.fail('a', millis(0)), 1);
  assert.equal(backOff.fail('a', millis(600_000)), 1);
  assert.equal(backOff.fail('a', millis(600_001)), 2);
  backOff.forgive('a');
  assert.equal(backOff.remaining('a', millis(600_002)), 0);
  assert.equal(backOff.fail('a', millis(600_002)), 1);
});

test('who is asked about again and again is forgotten all the same', () => {
  const backOff = new BackOff({ failuresMax: 2, longest: millis(1_000) });
  backOff.fail('a', millis(0));
  for (let now = 0; now < 600_000; now += 10_000) assert.equal(backOff.remaining('a', millis(now)), 0);
  assert.equal(backOff.fail('a', millis(600_000)), 1);
});

test('a name of any length is remembered in little room, and not taken for another', () => {
  const guesses = new Guesses({ ...DEFAULT_AUTH_LIMITS, authFailuresMax: 1 });
  const [name, other] = ['x'.repeat(65_535), `${'x'.repeat(65_534)}y`];
  guesses.fail('192.0.2.1', name, millis(0));
  assert.match(guesses.held('192.0.2.1', name, millis(0)) ?? '', /for this user from this address/);
  assert.match(guesses.held('192.0.2.2', name, millis(0)) ?? '', /for this user from too many addresses/);
  assert.match(guesses.held('192.0.2.1', other, millis(0)) ?? '', /for too many users from this address/);
  assert.equal(guesses.held('192.0.2.2', other, millis(0)), undefined);
});

test('a map forgets what was not used for its time, and beyond its bound what was not used for longest', () => {
  const map = new ExpiringMap<number>(2, millis(10));
  map.set('a', 1, millis(0));
  map.set('b', 2, millis(1));
  assert.equal(map.get('a', millis(2)), 1);
  map.set('c', 3, millis(3));
  assert.deepEqual([map.get('a', millis(4)), map.get('b', millis(4)), map.get('c', millis(4))], [1, undefined, 3]);
  assert.equal(map.get('c', millis(13)), 3);
  assert.equal(map.get('a', millis(14)), undefined);
  map.set('d', 4, millis(30));
  assert.equal(map.size, 1);
});

test('so many jobs run at a time, in the order in which they came, and too many are turned away', async () => {
  const line = new CheckLine(2, 1);
  const started: number[] = [];
  const ends: PromiseWithResolvers<number>[] = [];
  const run = (n: number): Promise<number> | undefined =>
    line.run(() => {
      started.push(n);
      const end = Promise.withResolvers<number>();
      ends.push(end);
      return end.promise;
    });
  const jobs = [run(0), run(1), run(2)];
  assert.equal(run(3), undefined);
  assert.deepEqual(started, [0, 1]);
  ends[1]?.reject(new Error('broken'));
  await assert.rejects(async () => await jobs[1], /broken/);
  await Promise.resolve();
  assert.deepEqual(started, [0, 1, 2]);
  ends[2]?.resolve(22);
  ends[0]?.resolve(20);
  assert.deepEqual([await jobs[0], await jobs[2]], [20, 22]);
  assert.notEqual(run(4), undefined);
});

test('an IPv6 address stands for its network, an IPv4 address for itself, everything else for itself', () => {
  for (const [remote, network] of [
    ['192.0.2.1:1883', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:1883', '192.0.2.1'],
    ['::ffff:192.0.2.1:1883', '192.0.2.1'],
    ['[2001:DB8:1:2:3:4:5:6]:1', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:1', '2001:db8:1:2::/64'],
    ['[2001:db8::1]:1', '2001:db8:0:0::/64'],
    ['[::1]:1', '0:0:0:0::/64'],
    ['[fe80::1%eth0]:1', 'fe80:0:0:0::/64'],
    ['/run/vouch.sock', '/run/vouch.sock'],
    ['', ''],
  ] as const) {
    assert.equal(networkOf(remote), network, remote);
  }
});
