import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { BackOff } from './back-off.ts';
import { CheckLine } from './check-line.ts';
import { ExpiringMap } from './expiring-map.ts';
import { type Caller, callerOf, Guesses } from './guesses.ts';
import { DEFAULT_AUTH_LIMITS } from './limits.ts';
import { networkOf } from '../base/network-of.ts';

const user = (network: string, name: string): Caller => ({ network, kind: 'user', name });

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

/** A line whose jobs run until the test ends them. */
function stage(runningMax: number, waitingMax: number) {
  const line = new CheckLine(runningMax, waitingMax);
  const started: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const deferred = new Set<string>();
  return {
    started,
    ends,
    deferred,
    /** @param name  Its first letter is the network. */
    run: (name: string): Promise<string | undefined> =>
      line.run({
        network: name.charAt(0),
        mayStart: () => !deferred.has(name),
        run: () => {
          started.push(name);
          const end = Promise.withResolvers<string>();
          ends.set(name, end);
          return end.promise;
        },
      }),
    end: async (name: string): Promise<void> => {
      ends.get(name)?.resolve(name);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    },
  };
}

test('so many jobs run at a time, in the order in which they came, and too many are turned away', async () => {
  const { run, started, ends } = stage(2, 1);
  const jobs = [run('a0'), run('a1'), run('a2')];
  assert.equal(await run('a3'), undefined);
  assert.deepEqual(started, ['a0', 'a1']);
  ends.get('a1')?.reject(new Error('broken'));
  await assert.rejects(async () => await jobs[1], /broken/);
  await Promise.resolve();
  assert.deepEqual(started, ['a0', 'a1', 'a2']);
  ends.get('a2')?.resolve('two');
  ends.get('a0')?.resolve('nought');
  assert.deepEqual([await jobs[0], await jobs[2]], ['nought', 'two']);
  void run('a4');
  assert.equal(started.at(-1), 'a4');
});

test('networks have turns, however many of one wait', async () => {
  const { run, started, end } = stage(1, 100);
  for (let n = 0; n < 5; n++) void run(`a${n}`);
  for (const name of ['b0', 'b1', 'c0']) void run(name);
  for (let n = 0; n < 8; n++) await end(started.at(-1) ?? '');
  assert.deepEqual(started, ['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3', 'a4']);
});

test('in a full line the network with the most makes room, its last first, until each has its share', async () => {
  const { run, started, end } = stage(1, 4);
  const names = ['a0', 'a1', 'a2', 'a3', 'a4', 'b0', 'b1', 'a5', 'b2', 'c0'];
  const outcomes = names.map(async (name) => `${name} ${(await run(name)) ?? 'turned away'}`);
  for (let n = 0; n < 5; n++) await end(started.at(-1) ?? '');
  assert.deepEqual(
    await Promise.all(outcomes),
    names.map((name) => `${name} ${started.includes(name) ? name : 'turned away'}`),
  );
  assert.deepEqual(started, ['a0', 'a1', 'b0', 'c0', 'b1']);
});

test('a job that may not start yet holds up its own network alone, and is asked again when one is done', async () => {
  const { run, started, deferred, end } = stage(2, 10);
  void run('a0');
  deferred.add('a1');
  void run('a1');
  void run('a2');
  void run('b0');
  assert.deepEqual(started, ['a0', 'b0']);
  await end('b0');
  assert.deepEqual(started, ['a0', 'b0']);
  deferred.delete('a1');
  await end('a0');
  assert.deepEqual(started, ['a0', 'b0', 'a1', 'a2']);
});

test('an IPv6 address stands for its network, an IPv4 address for itself, everything else for itself', () => {
  for (const [remote, network] of [
    ['192.0.2.1:1883', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:1883', '192.0.2.1'],
    ['::ffff:192.0.2.1:1883', '192.0.2.1'],
    ['[::ffff:cb00:7109]:1883', '203.0.113.9'],
    ['[0:0:0:0:0:FFFF:cb00:7109]:1883', '203.0.113.9'],
    ['[::1:ffff:cb00:7109]:1', '0:0:0:0::/64'],
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
