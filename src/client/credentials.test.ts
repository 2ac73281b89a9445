import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CredentialSource } from './credentials.ts';
import { type ConnectOptions, type Credentials, readOptions } from './options.ts';

const RANDOM = { next: () => 0.5, bytes: (count: number) => new Uint8Array(count) };
const PATIENT = new AbortController().signal;
const ENCODER = new TextEncoder();

test('without a function each CONNECT has the credentials of the options', async () => {
  const source = sourceOf({ userName: 'somebody', password: 'secret', clientId: 'one' });
  const packet = await source.connectPacket(false, 'two', PATIENT);
  assert.equal(packet.userName, 'somebody');
  assert.deepEqual(packet.password, ENCODER.encode('secret'));
  assert.deepEqual([packet.clean, packet.clientId], [false, 'two']);
});

test('without a function there are no others to be had', async () => {
  const source = sourceOf({ userName: 'somebody' });
  await source.connectPacket(true, '', PATIENT);
  assert.equal(source.refused(), false);
});

test('the function is asked before each attempt, in place of the options', async () => {
  const given: Credentials[] = [{ userName: 'a', password: 'A' }, { userName: 'b', password: Uint8Array.of(1) }, {}];
  const source = sourceOf({ userName: 'nobody', password: 'x', credentials: () => given.shift() ?? {} });
  const packets = [];
  for (let attempt = 0; attempt < 3; attempt++) packets.push(await source.connectPacket(true, '', PATIENT));
  assert.deepEqual(
    packets.map(({ userName, password }) => [userName, password]),
    [
      ['a', ENCODER.encode('A')],
      ['b', Uint8Array.of(1)],
      [undefined, undefined],
    ],
  );
});

test('credentials that were refused are not sent a second time', async () => {
  const given = ['old', 'old', 'new'];
  const source = sourceOf({ credentials: async () => ({ userName: 'me', password: given.shift() ?? '' }) });
  await source.connectPacket(true, '', PATIENT);
  assert.equal(source.refused(), true);
  await assert.rejects(source.connectPacket(true, '', PATIENT), { code: 'connection-refused', reasonCode: 0x87 });
  assert.equal(source.refused(), false);
});

test('each refusal of new credentials is followed by a question for newer ones', async () => {
  const given = ['first', 'second', 'third'];
  const source = sourceOf({ credentials: () => ({ userName: 'me', password: given.shift() ?? '' }) });
  await source.connectPacket(true, '', PATIENT);
  assert.equal(source.refused(), true);
  await source.connectPacket(true, '', PATIENT);
  assert.equal(source.refused(), true);
  await source.connectPacket(true, '', PATIENT);
});

test('a user name that differs is enough, and so is a password that goes away', async () => {
  const given: Credentials[] = [{ userName: 'a', password: 'x' }, { userName: 'b', password: 'x' }, { userName: 'b' }];
  const source = sourceOf({ credentials: () => given.shift() ?? {} });
  await source.connectPacket(true, '', PATIENT);
  assert.equal(source.refused(), true);
  await source.connectPacket(true, '', PATIENT);
  assert.equal(source.refused(), true);
  const packet = await source.connectPacket(true, '', PATIENT);
  assert.equal(packet.password, undefined);
});

test('credentials that have worked may be asked for again when they no longer do', async () => {
  const given = ['kept', 'kept', 'kept', 'renewed'];
  const source = sourceOf({ credentials: () => ({ password: given.shift() ?? '' }) });
  for (let attempt = 0; attempt < 3; attempt++) await source.connectPacket(true, '', PATIENT);
  assert.equal(source.refused(), true);
  const packet = await source.connectPacket(true, '', PATIENT);
  assert.deepEqual(packet.password, ENCODER.encode('renewed'));
});

test('a function that fails is a failed attempt, with its own error', async () => {
  const error = new Error('the token service is down');
  const source = sourceOf({ credentials: () => Promise.reject(error) });
  await assert.rejects(source.connectPacket(true, '', PATIENT), error);
  const throwing = sourceOf({
    credentials: () => {
      throw error;
    },
  });
  await assert.rejects(throwing.connectPacket(true, '', PATIENT), error);
});

test('a function that does not answer is given up with the signal', async () => {
  const controller = new AbortController();
  const source = sourceOf({ credentials: () => Promise.withResolvers<Credentials>().promise });
  const asking = source.connectPacket(true, '', controller.signal);
  const reason = new Error('too late');
  controller.abort(reason);
  await assert.rejects(asking, reason);
  await assert.rejects(source.connectPacket(true, '', controller.signal), reason);
});

test('what MQTT has no place for is refused', async () => {
  const cases: readonly (readonly [ConnectOptions, Credentials, string])[] = [
    [{}, { userName: 'a\0b' }, 'invalid-argument'],
    [{}, { password: new Uint8Array(65_536) }, 'invalid-argument'],
    [{ version: 4 }, { password: 'x' }, 'invalid-option'],
  ];
  for (const [options, credentials, code] of cases) {
    const source = sourceOf({ ...options, credentials: () => credentials });
    await assert.rejects(source.connectPacket(true, '', PATIENT), { name: 'UsageError', code });
  }
  const alone = await sourceOf({ credentials: () => ({ password: 'x' }) }).connectPacket(true, '', PATIENT);
  assert.deepEqual(alone.password, ENCODER.encode('x'));
});

test('a password that its owner wipes after the call is sent, and compared, as it was', async () => {
  const password = Uint8Array.of(1, 2, 3);
  const source = sourceOf({ credentials: () => ({ password }) });
  const packet = await source.connectPacket(true, '', PATIENT);
  password.fill(0);
  assert.deepEqual(packet.password, Uint8Array.of(1, 2, 3));
});

function sourceOf(options: ConnectOptions): CredentialSource {
  return new CredentialSource(readOptions(options, RANDOM));
}
