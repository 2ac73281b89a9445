// Whatever a client sends as a token, and whatever a server answers: it is let in, refused or somebody else's, and nothing throws.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { millis } from '../../src/base/millis.ts';
import { readAnswer } from '../../src/auth/http/http-answer.ts';
import { groupsIn, claimOf, nameIn } from '../../src/auth/jwt/claims.ts';
import { JwtLink } from '../../src/auth/jwt/jwt-link.ts';
import { readKeySet } from '../../src/auth/jwt/key-file.ts';
import { claims, keySet, NOW_SECONDS, signer, token } from '../../src/auth/jwt/tokens.arbitrary.ts';
import { DEFAULT_AUTH_SOURCES, PUBLIC_KEY_ALGORITHMS } from '../../src/auth/sources.ts';

const BY = signer('ES256', 'k');
const GOOD = token(BY, claims());

function link(): JwtLink {
  const read = readKeySet(keySet(BY));
  assert.ok(read.kind === 'keys');
  const rules = { ...DEFAULT_AUTH_SOURCES, jwtAlgorithms: PUBLIC_KEY_ALGORITHMS };
  return new JwtLink(rules, read.keys, { wall: () => millis(NOW_SECONDS * 1000) });
}

test('no token lets anybody in that differs in one character from a good one, or is anything else', async () => {
  const tokens = link();
  const anyPart = fc.oneof(fc.string(), fc.json(), fc.constantFrom('{"alg":"ES256","kid":"k"}', '{"alg":"none"}'));
  const anyToken = fc.oneof(
    fc.tuple(fc.nat(GOOD.length - 1), fc.string({ minLength: 1, maxLength: 1 })).map(([at, character]) => {
      return GOOD.slice(0, at) + character + GOOD.slice(at + 1);
    }),
    fc
      .array(anyPart, { maxLength: 4 })
      .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.')),
    fc.string({ unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(anyToken, async (text) => {
      // The last character has bits that are not of the signature.
      fc.pre(text.slice(0, -1) !== GOOD.slice(0, -1));
      const credentials = { clientId: 'c', userName: undefined, password: Buffer.from(text), remote: '' };
      tokens.knows(credentials);
      const answer = await tokens.authenticate(credentials);
      assert.equal(answer.kind, 'refused');
    }),
    { numRuns: 300 },
  );
});

test('any text is an answer or of no use, and an answer says allow, deny or ignore', () => {
  const field = fc.constantFrom('result', 'user', 'groups', 'expiresAt', 'reason', 'rules', '__proto__', 'x');
  const value = fc.oneof(fc.constantFrom('allow', 'deny', 'ignore', null, 0, '', []), fc.jsonValue());
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .array(fc.tuple(field, value))
      .map((fields) => `{${fields.map(([k, v]) => `"${k}":${JSON.stringify(v)}`).join(',')}}`),
  );
  fc.assert(
    fc.property(text, (body) => {
      const read = readAnswer(body, () => ({ kind: 'rules', rules: [] }));
      if (read.kind === 'unusable') return assert.ok(read.why.length < 200);
      assert.ok(['allow', 'deny', 'ignore'].includes(read.answer.result));
      assert.ok(read.answer.user !== '');
    }),
    { numRuns: 500 },
  );
});

test('of any claims, names are texts and groups are lists of them', () => {
  fc.assert(
    fc.property(fc.object(), fc.string(), (payload, name) => {
      const value = claimOf(payload, name);
      const user = nameIn(value);
      assert.ok(user === undefined || user === value);
      assert.ok(groupsIn(value)?.every((group) => nameIn(group) === group) !== false);
    }),
    { numRuns: 500 },
  );
});
