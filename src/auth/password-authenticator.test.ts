import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Authentication } from './contract.ts';
import { decoyOf } from './password-table.ts';
import { credentials, PASSWORD, tableFrom, tableOf, usersOf } from './password-users.arbitrary.ts';

const [BAD, NOT_AUTHORIZED, BUSY, TOO_OFTEN] = [0x86, 0x87, 0x89, 0x9f];

test('a user with its password is let in under its name; anything else is not, and the log hears why', async () => {
  const users = usersOf(await tableOf('anna', 'bob'));
  assert.deepEqual(await users.login('anna', PASSWORD), { kind: 'accepted', principal: 'anna' });
  for (const [userName, password, reasonCode, detail] of [
    ['anna', 'open', BAD, 'The password of "anna" is wrong.'],
    ['anna', '', BAD, 'The password of "anna" is wrong.'],
    ['Anna', PASSWORD, BAD, 'There is no user "Anna".'],
    ['', PASSWORD, BAD, 'There is no user "".'],
    ['anna', undefined, BAD, '"anna" has no password.'],
    // Threat 28: without a user name nobody is anybody.
    [undefined, PASSWORD, NOT_AUTHORIZED, 'It has a password without a user name.'],
    [undefined, undefined, NOT_AUTHORIZED, 'It has neither user name nor password.'],
  ] as const) {
    assert.deepEqual(await users.login(userName, password), { kind: 'refused', reasonCode, detail });
  }
});

// Threat 15, 29.
test('threat 15: a name that is a property of objects is no user, nor is one that is a line of the file', async () => {
  const users = usersOf(await tableOf('anna'));
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'anna:', '#', `anna\n`, 'anna\0']) {
    assert.equal(await users.code(name, PASSWORD), BAD, name);
  }
});

test('whose password was right before is let in at once; what has changed in the file is checked anew', async () => {
  const table = await tableOf('anna', 'bob');
  const users = usersOf(table);
  const ask = (userName: string): Authentication | Promise<Authentication> =>
    users.authenticator.authenticate(credentials(userName, PASSWORD));
  assert.ok(ask('anna') instanceof Promise);
  assert.equal(await users.code('anna', PASSWORD), 0);
  assert.deepEqual(ask('anna'), { kind: 'accepted', principal: 'anna' });
  // Another line for bob changes nothing for anna; then she is gone.
  users.authenticator.replace(await tableOf('anna', 'bob', 'carl'));
  assert.ok(!(ask('anna') instanceof Promise));
  users.authenticator.replace(await tableOf('bob'));
  assert.equal(await users.code('anna', PASSWORD), BAD);
  users.authenticator.replace(table);
  assert.equal(await users.code('anna', PASSWORD), 0);
});

test('a user who is deleted, or gets another line, while the password is checked is not let in by the old one', async () => {
  const table = await tableOf('anna', 'bob');
  const line = `bob:${table.users.get('bob')?.text}`;
  for (const after of [line, `${line}\nanna:$7$1$c2FsdA==$${'A'.repeat(86)}==`]) {
    const users = usersOf(table);
    const [anna, bob] = [users.code('anna', PASSWORD), users.code('bob', PASSWORD)];
    assert.deepEqual(users.authenticator.replace(tableFrom(after)), { isSame: false, gone: new Set(['anna']) });
    assert.deepEqual([await anna, await bob], [BUSY, 0]);
  }
  assert.deepEqual(usersOf(table).authenticator.replace(table), { isSame: true, gone: new Set() });
});

test('a password that was right is forgotten when it was not used for passwordCacheExpiry', async () => {
  const users = usersOf(await tableOf('anna'));
  await users.login('anna', PASSWORD);
  users.pass(24 * 60 * 60_000 - 1);
  assert.ok(!(users.authenticator.authenticate(credentials('anna', PASSWORD)) instanceof Promise));
  users.pass(24 * 60 * 60_000);
  assert.ok(users.authenticator.authenticate(credentials('anna', PASSWORD)) instanceof Promise);
});

test('clients that come with the same at once are one check, and one failure', async () => {
  const users = usersOf(await tableOf('anna'), {
    passwordChecksMax: 1,
    passwordChecksWaitingMax: 0,
    authFailuresMax: 2,
  });
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => users.code('anna', PASSWORD))), [0, 0, 0]);
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => users.code('anna', 'x'))), [BAD, BAD, BAD]);
  assert.equal(await users.code('anna', 'y'), BAD);
  assert.equal(await users.code('anna', 'z'), TOO_OFTEN);
});

test('while as many checks wait as may, a further client is told that the server is busy, and no failure is counted', async () => {
  const users = usersOf(await tableOf('anna'), { passwordChecksMax: 1, passwordChecksWaitingMax: 1 });
  const guesses = [1, 2, 3].map((n) => users.code('anna', `guess ${n}`));
  assert.deepEqual(await Promise.all(guesses), [BAD, BAD, BUSY]);
  assert.equal(await users.code('anna', 'guess 3'), BAD);
});

test('an unknown user waits in the same line for as long as a known one: it is checked against somebody of the file', async () => {
  const table = await tableOf('anna', 'bob');
  const users = usersOf(table, { passwordChecksMax: 1, passwordChecksWaitingMax: 0 });
  const first = users.authenticator.authenticate(credentials('nobody', 'x'));
  assert.ok(first instanceof Promise);
  assert.equal(await users.code('anna', PASSWORD), BUSY);
  assert.equal((await first).kind, 'refused');
  // Even with that somebody's password.
  assert.ok(table.entries.includes(decoyOf(table, 'nobody', table.decoyBytes)));
  assert.equal(await users.code('nobody', PASSWORD), BAD);
});

test('who guesses is held off, longer each time, and is heard again after that, known user or not', async () => {
  for (const name of ['anna', 'nobody']) {
    const users = usersOf(await tableOf('anna'), { authFailuresMax: 3 });
    for (let guess = 0; guess < 3; guess++) assert.equal(await users.code(name, `guess ${guess}`), BAD);
    assert.equal(await users.code(name, 'guess 3'), TOO_OFTEN);
    assert.equal(await users.code(name, PASSWORD), TOO_OFTEN, 'not even the right one is heard');
    users.pass(999);
    assert.equal(await users.code(name, 'guess 3'), TOO_OFTEN);
    users.pass(1);
    assert.equal(await users.code(name, 'guess 3'), BAD);
    users.pass(1_999);
    assert.equal(await users.code(name, 'guess 4'), TOO_OFTEN);
    users.pass(1);
    assert.equal(await users.code(name, PASSWORD), name === 'anna' ? 0 : BAD);
  }
});

const countsOf = async (answers: readonly Promise<number>[]): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const code of await Promise.all(answers)) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
};

test('who makes all guesses at once has no more of them than who waits for each answer', async () => {
  for (const passwordChecksMax of [1, 2, 64]) {
    const users = usersOf(await tableOf('anna'), { passwordChecksMax });
    const guesses = Array.from({ length: 200 }, (_, n) => users.code('anna', `guess ${n}`));
    assert.deepEqual(await countsOf(guesses), { [BAD]: 10, [TOO_OFTEN]: 190 });
  }
  // The same of one address with many names, and of one name from many addresses.
  const users = usersOf(await tableOf('anna'), { passwordChecksMax: 64 });
  const names = Array.from({ length: 100 }, (_, n) => users.code(`user ${n}`, 'guess'));
  assert.deepEqual(await countsOf(names), { [BAD]: 10, [TOO_OFTEN]: 90 });
  const hosts = Array.from({ length: 100 }, (_, n) => users.code('anna', `guess ${n}`, `198.51.100.${n}`));
  assert.deepEqual(await countsOf(hosts), { [BAD]: 10, [TOO_OFTEN]: 90 });
});

test('one address that fills the line does not keep others from their turn', async () => {
  const users = usersOf(await tableOf('anna', 'bob'), { passwordChecksMax: 1, passwordChecksWaitingMax: 20 });
  const guesses = Array.from({ length: 200 }, (_, n) => users.code('anna', `guess ${n}`));
  const bob = users.code('bob', PASSWORD, '192.0.2.2');
  assert.equal(await Promise.race([bob, ...guesses.slice(3, 20)]), 0, 'before the fourth of the guesses');
  assert.deepEqual(await countsOf(guesses), { [BAD]: 10, [TOO_OFTEN]: 10, [BUSY]: 180 });
});

test('many users of one address who come at once with the right passwords are all let in', async () => {
  const names = Array.from({ length: 50 }, (_, n) => `user ${n}`);
  const users = usersOf(await tableOf(...names), { passwordChecksMax: 16 });
  assert.deepEqual(await countsOf(names.map((name) => users.code(name, PASSWORD))), { 0: 50 });
});

test('who comes from elsewhere with the same as somebody who turns out to be held off is checked for itself', async () => {
  const users = usersOf(await tableOf('anna'), { passwordChecksMax: 1, authFailuresMax: 2 });
  const guesses = ['x', 'y'].map((guess) => users.code('anna', guess));
  const [here, there] = [users.code('anna', PASSWORD), users.code('anna', PASSWORD, '192.0.2.2')];
  assert.deepEqual(await Promise.all([...guesses, here, there]), [BAD, BAD, TOO_OFTEN, 0]);
});

test('the same wrong password again costs nothing and counts once, so that a forgotten device does not hurt its neighbours', async () => {
  const users = usersOf(await tableOf('anna', 'bob'), { authFailuresMax: 3 });
  for (let attempt = 0; attempt < 20; attempt++) assert.equal(await users.code('anna', 'old password'), BAD);
  assert.ok(!(users.authenticator.authenticate(credentials('anna', 'old password')) instanceof Promise));
  assert.equal(await users.code('bob', PASSWORD), 0);
  assert.equal(await users.code('anna', PASSWORD), 0);
});

test('an address that fails for many users is held off for others, but not for those it was right for before', async () => {
  const users = usersOf(await tableOf('anna', 'bob'), { authFailuresMax: 3 });
  assert.equal(await users.code('anna', PASSWORD), 0);
  for (const name of ['x', 'y', 'z']) assert.equal(await users.code(name, 'guess'), BAD);
  assert.equal(await users.code('bob', PASSWORD), TOO_OFTEN);
  assert.equal(await users.code('bob', PASSWORD, '192.0.2.2'), 0);
  assert.equal(await users.code('anna', PASSWORD), 0);
});

test('guesses from many addresses hold a user name off, but not where its user is known from', async () => {
  const users = usersOf(await tableOf('anna', 'bob'), { authFailuresMax: 3 });
  assert.equal(await users.code('anna', PASSWORD, '192.0.2.9'), 0);
  for (const host of [1, 2, 3]) assert.equal(await users.code('anna', `guess ${host}`, `192.0.2.${host}`), BAD);
  // A right guess from elsewhere is not heard either, although the password is known to be right.
  assert.equal(await users.code('anna', PASSWORD, '192.0.2.4'), TOO_OFTEN);
  assert.equal(await users.code('anna', PASSWORD, '192.0.2.9'), 0);
  assert.equal(await users.code('bob', PASSWORD, '192.0.2.4'), 0);
});

test('an address of IPv6 is held off with its network', async () => {
  const users = usersOf(await tableOf('anna'), { authFailuresMax: 1 });
  assert.equal(await users.code('x', 'guess', '[2001:db8::1]'), BAD);
  assert.equal(await users.code('anna', PASSWORD, '[2001:db8::2]'), TOO_OFTEN);
  assert.equal(await users.code('anna', PASSWORD, '[2001:db8:0:1::2]'), 0);
});

test('no refusal shows the password, and a long name is shown in part', async () => {
  const users = usersOf(tableFrom(`anna:$7$1$c2FsdA==$${'A'.repeat(86)}==`), { authFailuresMax: 2 });
  for (const name of ['anna', 'nobody', 'x'.repeat(65_535)]) {
    for (const guess of ['hunter2', 'hunter2', 'hunter22']) {
      const answer = await users.login(name, guess);
      assert.ok(answer.kind === 'refused');
      assert.ok(!answer.detail.includes('hunter2'));
      assert.ok(answer.detail.length < 160, answer.detail);
    }
  }
});
