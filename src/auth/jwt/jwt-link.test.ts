// Which tokens let a client in, and as whom.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../../base/millis.ts';
import type { Credentials } from '../contract.ts';
import { DEFAULT_AUTH_SOURCES, PUBLIC_KEY_ALGORITHMS } from '../sources.ts';
import { JwtLink } from './jwt-link.ts';
import { readKeySet, readSecret, type TokenKeys } from './key-file.ts';
import {
  claims,
  keySet,
  NOW_SECONDS,
  publicPem,
  secretToken,
  type Signer,
  signer,
  token,
  unsignedToken,
} from './tokens.arbitrary.ts';
import type { TokenRules } from './verify-token.ts';

const EC = signer('ES256', 'ec');
const RSA = signer('RS256', 'rsa');
const ED = signer('EdDSA', 'ed');
const SECRET = 'a secret of more than thirty-two bytes';
const CLOCK = { wall: () => millis(NOW_SECONDS * 1000) };

const RULES: TokenRules = {
  ...DEFAULT_AUTH_SOURCES,
  jwtAlgorithms: PUBLIC_KEY_ALGORITHMS,
  jwtClockTolerance: millis(0),
};
const SECRET_RULES: TokenRules = { ...RULES, jwtAlgorithms: ['HS256'] };

function keysOf(...signers: readonly Signer[]): TokenKeys {
  const read = readKeySet(keySet(...signers));
  return read.kind === 'keys' ? read.keys : assert.fail(read.faults.join());
}

function secretKeys(text: string): TokenKeys {
  const read = readSecret(text, ['HS256']);
  return read.kind === 'keys' ? read.keys : assert.fail(read.faults.join());
}

function withToken(text: string, given: Partial<Credentials> = {}): Credentials {
  return { clientId: 'c', userName: undefined, password: Buffer.from(text), remote: '192.0.2.7:1', ...given };
}

/** The user's name, or the reason code and what the log says. Asserts that nothing of the token is in that. */
async function ask(
  rules: Partial<TokenRules>,
  text: string,
  given: Partial<Credentials> = {},
  keys = keysOf(EC, RSA, ED),
) {
  const link = new JwtLink({ ...RULES, ...rules }, keys, CLOCK);
  const answer = await link.authenticate(withToken(text, given));
  if (answer.kind === 'accepted') return answer.principal;
  for (const part of text.split('.')) assert.ok(part.length < 8 || !answer.detail.includes(part), answer.detail);
  return `0x${answer.reasonCode.toString(16)} ${answer.detail}`;
}

test('a token that is signed with one of the keys is its user, whichever kind of key that is', async () => {
  for (const by of [EC, RSA, ED]) assert.equal(await ask({}, token(by, claims())), 'anna', by.algorithm);
  assert.equal(await ask(SECRET_RULES, secretToken(SECRET, claims()), {}, secretKeys(`${SECRET}\n`)), 'anna');
});

test('groups and the end come with the user; the tolerance is added to the end', async () => {
  const link = new JwtLink({ ...RULES, jwtClockTolerance: millis(5_000) }, keysOf(EC), CLOCK);
  const answer = await link.authenticate(withToken(token(EC, claims({ groups: ['meters', 'dev'] }))));
  const expiresAt = (NOW_SECONDS + 3_605) * 1000;
  assert.deepEqual(answer, { kind: 'accepted', principal: 'anna', groups: ['meters', 'dev'], expiresAt });
});

test('a token that says alg none, in whatever spelling, is refused', async () => {
  const NOT_ALLOWED = '0x86 Its token is signed in a way that is not allowed (jwtAlgorithms).';
  for (const algorithm of ['none', 'None', 'NONE', 'nOnE']) {
    assert.equal(await ask({}, unsignedToken(claims(), algorithm)), NOT_ALLOWED);
    assert.equal(await ask(SECRET_RULES, unsignedToken(claims(), algorithm), {}, secretKeys(SECRET)), NOT_ALLOWED);
  }
});

test('a token signed with the public key as if it were a secret is refused', async () => {
  for (const by of [EC, RSA, ED]) {
    for (const secret of [
      publicPem(by),
      JSON.stringify(by.jwk),
      Buffer.from(by.jwk.x ?? by.jwk.n ?? '', 'base64url'),
    ]) {
      assert.match(String(await ask({}, secretToken(secret, claims(), { kid: by.kid }))), /^0x86 .* not allowed/u);
    }
  }
});

test('a token signed in a way that is not allowed is refused, although its key is known', async () => {
  assert.match(String(await ask({ jwtAlgorithms: ['ES256'] }, token(RSA, claims()))), /^0x86 .* not allowed/u);
  // What the header says does not make a signature another one.
  assert.match(String(await ask({}, token(EC, claims(), { alg: 'RS256', kid: 'rsa' }))), /^0x86 .* wrong signature/u);
});

test('a token that was tampered with is refused', async () => {
  const good = token(EC, claims());
  const [header = '', , signature = ''] = good.split('.');
  const other = token(EC, claims({ sub: 'root' })).split('.')[1] ?? '';
  assert.match(String(await ask({}, `${header}.${other}.${signature}`)), /^0x86 Its token has a wrong signature/u);
  assert.match(String(await ask({}, `${header}.${other}.`)), /^0x86 Its token (?:has a wrong signature|is malformed)/u);
  assert.match(String(await ask({}, token(signer('ES256', 'ec'), claims()))), /^0x86 .* wrong signature/u);
});

test('a key that is not known, or that none of several is named for, is a refusal', async () => {
  assert.match(String(await ask({}, token(signer('ES256', 'new'), claims()))), /^0x86 .* a key that is not known/u);
  const two = keysOf(signer('ES256', 'one'), signer('ES256', 'two'));
  assert.match(
    String(await ask({}, token(signer('ES256'), claims()), {}, two)),
    /^0x86 .* which of several keys \(kid\)/u,
  );
  const one = signer('ES256');
  assert.equal(await ask({}, token(one, claims()), {}, keysOf(one)), 'anna');
});

test('a token is good in its time, for here, and not without an end', async () => {
  const at = (given: object, rules: Partial<TokenRules> = {}) => ask(rules, token(EC, claims(given)));
  assert.equal(await at({ exp: NOW_SECONDS }), '0x87 Its token has expired.');
  assert.equal(await at({ exp: NOW_SECONDS - 4 }, { jwtClockTolerance: millis(5_000) }), 'anna');
  assert.match(String(await at({ exp: undefined })), /^0x87 .* the claim "exp" is missing/u);
  assert.match(String(await at({ exp: 'soon' })), /^0x87 /u);
  assert.match(String(await at({ nbf: NOW_SECONDS + 60 })), /^0x87 .* "nbf" says that it is not good yet/u);
  const here = { jwtIssuer: 'https://id.example', jwtAudience: 'mqtt' };
  assert.equal(await at({ iss: here.jwtIssuer, aud: ['web', 'mqtt'] }, here), 'anna');
  assert.match(String(await at({ iss: 'https://evil.example', aud: 'mqtt' }, here)), /^0x87 .* "iss" is another one/u);
  assert.match(String(await at({ iss: here.jwtIssuer, aud: 'web' }, here)), /^0x87 .* "aud" is another one/u);
  assert.match(String(await at({ iss: here.jwtIssuer }, here)), /^0x87 .* "aud" is missing/u);
});

test('the claims that are named say who it is, in which groups, and for which client identifier', async () => {
  const of = async (given: object, rules: Partial<TokenRules>) => {
    const link = new JwtLink({ ...RULES, ...rules }, keysOf(EC), CLOCK);
    const answer = await link.authenticate(withToken(token(EC, claims(given))));
    return answer.kind === 'accepted' ? [answer.principal, ...(answer.groups ?? [])] : answer.detail;
  };
  assert.deepEqual(await of({ user: { name: 'bob' } }, { jwtUserClaim: 'user.name' }), ['bob']);
  assert.deepEqual(await of({ 'a.b': 'bob', a: { b: 'eve' } }, { jwtUserClaim: 'a.b' }), ['bob']);
  assert.deepEqual(await of({ scope: 'read  write' }, { jwtGroupsClaim: 'scope' }), ['anna', 'read', 'write']);
  assert.deepEqual(await of({ groups: 'x' }, { jwtGroupsClaim: '' }), ['anna']);
  assert.match(String(await of({ groups: { admin: true } }, {})), /something else than groups in the claim "groups"/u);
  assert.match(String(await of({ groups: ['a', 7] }, {})), /something else than groups/u);
  for (const sub of ['', 7, null, undefined, 'a\0b', ['anna']]) {
    assert.match(String(await of({ sub }, {})), /no user name in the claim "sub"/u);
  }
  // Threat 15: a property of objects is no claim.
  for (const name of ['__proto__', 'constructor.name', 'toString']) {
    assert.match(String(await of({}, { jwtUserClaim: name })), /no user name in the claim/u);
  }
  assert.deepEqual(await of({ device: 'c' }, { jwtClientIdClaim: 'device' }), ['anna']);
  assert.match(String(await of({ device: 'd' }, { jwtClientIdClaim: 'device' })), /not for this client identifier/u);
  assert.match(String(await of({}, { jwtClientIdClaim: 'device' })), /not for this client identifier/u);
});

test('a user name besides the token is that of the token, or none', async () => {
  const good = token(EC, claims());
  assert.equal(await ask({}, good, { userName: 'anna' }), 'anna');
  assert.equal(await ask({}, good, { userName: '' }), 'anna');
  assert.equal(
    await ask({}, good, { userName: 'bob' }),
    '0x87 Its token is for "anna", and it says that its user name is "bob".',
  );
});

test('a token may stand in the place of the user name, where that is said', async () => {
  const good = token(EC, claims());
  const asName = { userName: good, password: undefined };
  assert.equal(await ask({ jwtField: 'user-name' }, '', asName), 'anna');
  assert.match(String(await ask({}, '', asName)), /^0x/u);
  const link = new JwtLink({ ...RULES, jwtField: 'user-name' }, keysOf(EC), CLOCK);
  assert.deepEqual([link.knows(withToken(good)), link.knows({ ...withToken(''), ...asName })], [false, true]);
});

test('what has the form of a token is known, however bad it is; a password with dots in it is none', () => {
  const link = new JwtLink(RULES, keysOf(EC), CLOCK);
  const known = (text: string) => link.knows(withToken(text));
  assert.ok(known(token(EC, claims())) && known(unsignedToken(claims())) && known('eyJhbGciOiJub25lIn0..'));
  for (const text of ['', 'a.b.c', 'correct.horse.battery', 'bnVsbA.a.b', `${token(EC, claims())}.`, 'ünicode.a.b']) {
    assert.ok(!known(text), text);
  }
  assert.ok(!link.knows({ ...withToken(''), password: undefined }));
});

test('a token that is too long is not looked at', async () => {
  const long = token(EC, claims({ filler: 'x'.repeat(20_000) }));
  assert.equal(await ask({}, long), '0x86 Its token is longer than 16 KiB.');
});

test('keys that are replaced hold from then on', async () => {
  const link = new JwtLink(RULES, keysOf(EC), CLOCK);
  const [old, young] = [withToken(token(EC, claims())), withToken(token(RSA, claims()))];
  const kinds = async () => [(await link.authenticate(old)).kind, (await link.authenticate(young)).kind];
  assert.deepEqual(await kinds(), ['accepted', 'refused']);
  link.replace(keysOf(RSA));
  assert.deepEqual(await kinds(), ['refused', 'accepted']);
});

test('keys of a URL are fetched when they are needed, and not again for each key that nobody knows', async () => {
  let fetched = 0;
  const fetch = async () => {
    fetched++;
    return await Promise.resolve(keySet(EC));
  };
  const link = new JwtLink(RULES, { kind: 'fetched', url: 'https://id.example/keys', fetch }, CLOCK);
  const good = withToken(token(EC, claims()));
  const answers = await Promise.all([link.authenticate(good), link.authenticate(good)]);
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['accepted', 'accepted'],
  );
  for (let time = 0; time < 5; time++) {
    const answer = await link.authenticate(withToken(token(signer('ES256', 'unknown'), claims())));
    assert.equal(answer.kind === 'refused' ? answer.reasonCode : 0, 0x86);
  }
  assert.equal(fetched, 1);
});

test('keys of a URL that cannot be had, or are none, let nobody in: 0x88', async () => {
  const failing = () => Promise.reject(new Error('https://id.example: it answers with the status 503'));
  for (const fetch of [failing, () => Promise.resolve('{"keys": 7}'), () => Promise.resolve('<html>')]) {
    const link = new JwtLink(RULES, { kind: 'fetched', url: 'https://id.example/keys', fetch }, CLOCK);
    const answer = await link.authenticate(withToken(token(EC, claims())));
    assert.ok(answer.kind === 'refused');
    assert.equal(answer.reasonCode, 0x88);
    assert.match(answer.detail, /^The keys of tokens cannot be had: /u);
  }
});

test('a secret among the keys of a URL is not taken', async () => {
  const keys = JSON.stringify({ keys: [{ kty: 'oct', kid: 's', k: Buffer.from(SECRET).toString('base64url') }] });
  const link = new JwtLink(
    RULES,
    { kind: 'fetched', url: 'https://id.example/k', fetch: () => Promise.resolve(keys) },
    CLOCK,
  );
  const answer = await link.authenticate(withToken(secretToken(SECRET, claims(), { kid: 's' })));
  assert.equal(answer.kind, 'refused');
});
