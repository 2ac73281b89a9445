import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countingRandom } from './fixed-random.arbitrary.ts';
import { hashPassword, isPassword, parseHash, type PasswordHash, scramPassword, showHash } from './password-hash.ts';

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

function parsed(text: string): PasswordHash {
  const outcome = parseHash(text);
  assert.ok(outcome.kind === 'hash', JSON.stringify(outcome));
  return outcome.hash;
}

/** Lines of other programs. */
const FOREIGN: readonly (readonly [who: string, password: string, line: string])[] = [
  [
    'mosquitto_passwd -H sha512',
    'corr:ect Ünicode',
    '$6$6ONkQE/7YVu4P7J1$Jp8ideBjCnEacrxNtJxMHb2noHs4HNWVc0OhzmGWi4mIW94fO3yIKQ+B4bUPOmNp0ZvBoJAc/0Vcegyt0+EIqA==',
  ],
  [
    'mosquitto_passwd -H sha512-pbkdf2',
    'corr:ect Ünicode',
    '$7$101$S3dO66xhtjm22oTZ$8iQmlE4YjCml8PgfHOdbpO3JfBRl5c1Uc4PEY4LFmmSuLM0g4lrBOqncZFq3fgJj+519A9tV9spc9LBhnJLaKA==',
  ],
  [
    'the reference program of argon2',
    'password',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
  ],
  // RFC 7677 section 3, as PostgreSQL writes it.
  [
    'PostgreSQL',
    'pencil',
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  ],
];

for (const [who, password, line] of FOREIGN) {
  test(`a line of ${who} is read, takes its password and no other, and is written again as it was`, async () => {
    const hash = parsed(line);
    assert.equal(await isPassword(hash, bytes(password)), true);
    for (const wrong of ['', `${password} `, password.slice(1), password.toUpperCase()]) {
      assert.equal(await isPassword(hash, bytes(wrong)), false, wrong);
    }
    assert.equal(showHash(hash), line);
  });
}

test('a new password is kept as argon2id or as SCRAM keys, with a salt of its own, and is read back', async () => {
  const random = countingRandom();
  const [one, other] = [await hashPassword(bytes('secret'), random), await hashPassword(bytes('secret'), random)];
  assert.notEqual(showHash(one), showHash(other));
  assert.match(showHash(one), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.deepEqual(parsed(showHash(one)), { ...one, salt: Buffer.from(one.salt) });
  const scram = await scramPassword(bytes('secret'), 4096, random);
  for (const kept of [one, scram]) {
    assert.equal(await isPassword(parsed(showHash(kept)), bytes('secret')), true);
    assert.equal(await isPassword(parsed(showHash(kept)), bytes('Secret')), false);
  }
});

test('a password is bytes: any bytes, none, and many', async () => {
  const random = countingRandom();
  for (const password of [new Uint8Array(), Uint8Array.of(0), Uint8Array.of(0, 255, 0xc3), new Uint8Array(65_535)]) {
    for (const kept of [await hashPassword(password, random), await scramPassword(password, 4096, random)]) {
      assert.equal(await isPassword(kept, password), true);
      assert.equal(await isPassword(kept, Uint8Array.of(1)), false);
    }
  }
});

test('for SCRAM a password is the same however it was typed', async () => {
  // RFC 4013 section 3: a soft hyphen, a compatible character, a ligature; and a space that does not break.
  for (const [stored, typed] of [
    ['IX', 'I\u00adX'],
    ['a', '\u00aa'],
    ['IX', '\u2168'],
    ['pass word', 'pass\u00a0word'],
    ['\u00e9', 'e\u0301'],
  ] as const) {
    const kept = await scramPassword(bytes(stored), 4096, countingRandom());
    assert.equal(await isPassword(kept, bytes(typed)), true, typed);
  }
  const kept = await scramPassword(bytes('USER'), 4096, countingRandom());
  assert.equal(await isPassword(kept, bytes('user')), false);
});

const SALT = 'c29tZXNhbHQ';
const HASH = 'nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

for (const [flaw, line, sentence] of [
  ['a password that is not hashed', 'hunter2', /no hash of a password/],
  ['nothing', '', /no hash of a password/],
  ['argon2i', `$argon2i$v=19$m=256,t=2,p=1$${SALT}$${HASH}`, /only argon2id/],
  ['bcrypt', '$2b$12$abcdefghijklmnopqrstuv', /this kind of hash is not read/],
  ['an old version', `$argon2id$v=16$m=256,t=2,p=1$${SALT}$${HASH}`, /only version 19/],
  ['no version', `$argon2id$m=256,t=2,p=1$${SALT}$${HASH}`, /only version 19/],
  ['more memory than a machine has', `$argon2id$v=19$m=99999999,t=2,p=1$${SALT}$${HASH}`, /costs more than is allowed/],
  ['too little memory', `$argon2id$v=19$m=7,t=2,p=1$${SALT}$${HASH}`, /at least/],
  ['half a hash', `$argon2id$v=19$m=256,t=2,p=1$${SALT}$nf65`, /damaged/],
  ['a character that is no Base64', `$argon2id$v=19$m=256,t=2,p=1$${SALT}$${HASH.replace('n', '-')}`, /damaged/],
  ['something behind it', `$argon2id$v=19$m=256,t=2,p=1$${SALT}$${HASH}$x`, /damaged/],
  ['no iterations', '$7$0$S3dO66xh$AAAA', /from 1 to/],
  ['iterations for hours', '$7$999999999$S3dO66xh$AAAA', /from 1 to/],
  ['a short $7$', '$7$101$S3dO66xhtjm22oTZ$8iQm', /damaged/],
  ['a short $6$', '$6$S3dO66xhtjm22oTZ$8iQm', /damaged/],
  ['SCRAM keys without a colon', 'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d', /damaged/],
  ['SCRAM with few iterations', 'SCRAM-SHA-256$100:W22Z$AAAA:AAAA', /from 4096 to/],
] as const) {
  test(`${flaw} is no hash, and what stands there is not repeated`, () => {
    const outcome = parseHash(line);
    assert.ok(outcome.kind === 'problem');
    assert.match(outcome.sentence, sentence);
    // What a secret would be: the parts that are no words of a form.
    const secrets = line.split(/[$:]/).filter((part) => part.length > 4 && !/^(?:argon2|SCRAM|m=)/.test(part));
    for (const secret of secrets) assert.ok(!outcome.sentence.includes(secret), outcome.sentence);
  });
}
