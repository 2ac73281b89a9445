// What is taken as keys of tokens, and what is said of what is not.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';

import { readKeySet, readSecret } from './key-file.ts';
import { keySet, signer } from './tokens.arbitrary.ts';

function faults(text: string): readonly string[] {
  const read = readKeySet(text);
  return read.kind === 'wrong' ? read.faults : [];
}

test('a set of public keys is taken, and how many there are is told', () => {
  const read = readKeySet(keySet(signer('ES256', 'a'), signer('RS256', 'b'), signer('EdDSA')));
  assert.deepEqual([read.kind, read.kind === 'keys' ? read.count : 0], ['keys', 3]);
});

test('what is no set of keys is not taken', () => {
  assert.match(faults('-----BEGIN PUBLIC KEY-----')[0] ?? '', /^it is no JSON/u);
  for (const text of ['null', '[]', '{}', '{"keys": {}}'])
    assert.match(faults(text)[0] ?? '', /no set of keys \(JWKS\)/u);
  assert.deepEqual(faults('{"keys": []}'), ['there is no key in it']);
  assert.match(faults(JSON.stringify({ keys: Array.from({ length: 101 }, () => ({})) }))[0] ?? '', /101 keys/u);
});

test('a set with a secret, a private key, a short one or something else is not taken, and each is told by its place', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const { privateKey, jwk } = signer('ES256');
  const hidden = { kty: 'oct', k: 'c2VjcmV0LWNhbmFyeQ' };
  const text = JSON.stringify({ keys: [jwk, hidden, privateKey.export({ format: 'jwk' }), short, { kty: 'EC' }, 7] });
  const said = faults(text);
  assert.deepEqual(said, [
    'key 2 is a secret (oct): it goes into a file of its own (jwtSecretFile)',
    'key 3 is a private key: the broker needs the public one alone',
    'key 4 (rsa) has 1024 bits, less than 2048',
    'key 5 is no public key of a kind that is known',
    'key 6 is no object',
  ]);
});

test('a secret has to be as long as the algorithms want it; a line break at its end is not of it', () => {
  const secret = 'x'.repeat(32);
  const read = readSecret(`${secret}\r\n`, ['HS256']);
  assert.ok(read.kind === 'keys' && read.keys.kind === 'secret');
  assert.equal(Buffer.from(read.keys.secret).toString(), secret);
  for (const [text, algorithms] of [
    ['canary', ['HS256']],
    [secret, ['HS256', 'HS512']],
  ] as const) {
    const refused = readSecret(text, algorithms);
    assert.ok(refused.kind === 'wrong');
    assert.match(refused.faults[0] ?? '', /^the secret has \d+ bytes, and HS.* at least (?:32|64): make a longer one/u);
    assert.ok(!refused.faults[0]?.includes(text));
  }
});
