// Both sides of SCRAM-SHA-256 with each other, and each with the messages of RFC 7677.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';

import type { AuthenticationExchange, AuthenticationStep } from './contract.ts';
import { countingRandom } from './fixed-random.arbitrary.ts';
import { credentials, PASSWORD, tableFrom, tableOf, type TestUsers, usersOf } from './password-users.arbitrary.ts';
import { scramPassword, showHash } from './password-hash.ts';
import { scramClient } from './scram-client.ts';
import { clientProof, deriveBothKeys, deriveScramKeys, serverSignature, storedKeyOf } from './scram-keys.ts';
import {
  base64,
  escaped,
  exchangedText,
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
} from './scram-messages.ts';

/** RFC 7677 section 3: user "user", password "pencil". */
const RFC = {
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
} as const;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (data: Uint8Array | undefined): string => String(Buffer.from(data ?? []));

/** The client of the RFC's example. */
function rfcClient(password = 'pencil'): ReturnType<ReturnType<typeof scramClient>['begin']> {
  const nonce = Buffer.from('rOprNGfwEbeRWgbNEkqO', 'base64');
  return scramClient('user', bytes(password), { next: () => 0, bytes: () => nonce }).begin();
}

function begin(users: TestUsers, address?: string): AuthenticationExchange {
  const method = users.authenticator.methods.get('SCRAM-SHA-256');
  assert.ok(method !== undefined);
  return method.begin({ kind: 'connecting', credentials: credentials(undefined, undefined, address) });
}

/** A whole exchange. */
async function login(
  users: TestUsers,
  name: string,
  password: string,
  address?: string,
): Promise<AuthenticationStep & { readonly challenge?: string }> {
  const client = scramClient(name, bytes(password), countingRandom()).begin();
  const server = begin(users, address);
  const challenge = await server.next(client.first);
  if (challenge.kind !== 'continue') return challenge;
  const last = await server.next(await client.respond(challenge.data));
  if (last.kind === 'accepted') client.finish(last.data);
  return { ...last, challenge: textOf(challenge.data) };
}

test('the client says what RFC 7677 has it say, and believes that server', async () => {
  const client = rfcClient();
  assert.equal(textOf(client.first), RFC.clientFirst);
  assert.equal(textOf(await client.respond(bytes(RFC.serverFirst))), RFC.clientFinal);
  client.finish(bytes(RFC.serverFinal));
});

test('the server finds the proof of RFC 7677 right, and signs as it does', async () => {
  const first = parseClientFirst(bytes(RFC.clientFirst));
  const challenge = parseServerFirst(bytes(RFC.serverFirst));
  const final = parseClientFinal(bytes(RFC.clientFinal));
  assert.ok(first !== undefined && challenge !== undefined && final !== undefined);
  assert.deepEqual([first.userName, challenge.iterations, final.binding], ['user', 4096, base64(first.header)]);
  const keys = await deriveScramKeys(bytes('pencil'), challenge.salt, challenge.iterations);
  const exchanged = exchangedText(first.bare, RFC.serverFirst, final.withoutProof);
  assert.deepEqual(storedKeyOf(final.proof, keys.storedKey, exchanged), keys.storedKey);
  assert.equal(`v=${base64(serverSignature(keys.serverKey, exchanged))}`, RFC.serverFinal);
  const { clientKey } = await deriveBothKeys(bytes('pencil'), challenge.salt, challenge.iterations);
  assert.deepEqual(Buffer.from(clientProof(clientKey, exchanged)), Buffer.from(final.proof));
});

test('both sides understand each other, whatever the name', async () => {
  for (const name of ['anna', 'a,b=c', '=2C', 'Zoë 💡', "r='x'"]) {
    const users = usersOf(await tableOf(name));
    assert.equal((await login(users, name, PASSWORD)).kind, 'accepted', name);
    assert.equal((await login(users, name, 'wrong')).kind, 'refused', name);
  }
});

test('the challenge has a nonce of the server behind that of the client, another each time', async () => {
  const users = usersOf(await tableOf('anna'));
  const challenges = [await login(users, 'anna', PASSWORD), await login(users, 'anna', PASSWORD)];
  const nonces = challenges.map(({ challenge = '' }) => parseServerFirst(bytes(challenge))?.nonce ?? '');
  assert.notEqual(nonces[0], nonces[1]);
  for (const nonce of nonces) assert.ok(nonce.length >= 48, nonce);
});

test('who does not exist, or has no keys, is challenged alike, with the same salt each time, and refused at the end', async () => {
  const table = tableFrom(`${(await tableOf('anna')).users.keys().next().value}:${(await tableOf('a')).entries[0]?.text}
plain:$7$1$c2FsdA==$${'A'.repeat(86)}==`);
  const saltsOf = async (users: TestUsers, name: string): Promise<string> => {
    const { challenge = '' } = await login(users, name, PASSWORD);
    const read = parseServerFirst(bytes(challenge));
    assert.equal(read?.iterations, 4096);
    assert.equal(read.salt.length, 16);
    return base64(read.salt);
  };
  for (const name of ['nobody', 'plain']) {
    assert.equal(await saltsOf(usersOf(table), name), await saltsOf(usersOf(table), name));
  }
  assert.notEqual(await saltsOf(usersOf(table), 'nobody'), await saltsOf(usersOf(table), 'somebody'));
  const details = [await login(usersOf(table), 'nobody', 'x'), await login(usersOf(table), 'plain', 'x')];
  assert.deepEqual(
    details.map((step) => (step.kind === 'refused' ? [step.reasonCode, step.detail] : step)),
    [
      [0x86, 'There is no user "nobody".'],
      [0x86, '"plain" has no keys for SCRAM-SHA-256: "vouch passwd add --scram" makes them.'],
    ],
  );
});

test('what a name hears that is not there stays so when other lines change, the first one, too; its iterations are those of some user', async () => {
  const lineOf = async (user: string, iterations: number): Promise<string> =>
    `${user}:${showHash(await scramPassword(Buffer.from(PASSWORD), iterations, countingRandom()))}`;
  const rest = [await lineOf('b', 4096), await lineOf('c', 5000), await lineOf('d', 6000)];
  const users = usersOf(tableFrom([await lineOf('a', 4096), ...rest].join('\n')));
  const names = Array.from({ length: 30 }, (_, n) => `nobody ${n}`);
  const heard = async (): Promise<readonly string[]> =>
    await Promise.all(
      names.map(async (name) => {
        const step = await begin(users).next(bytes(`n,,n=${name},r=abc`));
        assert.ok(step.kind === 'continue');
        return textOf(step.data).replace(/^r=[^,]*,/u, '');
      }),
    );
  const before = await heard();
  assert.deepEqual([...new Set(before.map((text) => text.replace(/.*,i=/u, '')))].toSorted(), ['4096', '5000', '6000']);
  users.authenticator.replace(tableFrom([await lineOf('a', 5000), ...rest, await lineOf('e', 6000)].join('\n')));
  assert.deepEqual(await heard(), before);
});

test('a line that changes between challenge and answer is not what counts any more; another line that changes is of no matter', async () => {
  const exchangeAcross = async (...after: readonly string[]): Promise<AuthenticationStep> => {
    const table = await tableOf('anna', 'bob');
    const users = usersOf(table);
    const client = scramClient('anna', bytes(PASSWORD), countingRandom()).begin();
    const server = begin(users);
    const challenge = await server.next(client.first);
    assert.ok(challenge.kind === 'continue');
    const line = (user: string): string => `${user}:${table.users.get(user)?.text}`;
    users.authenticator.replace(tableFrom(after.map((user) => line(user)).join('\n')));
    return await server.next(await client.respond(challenge.data));
  };
  assert.equal((await exchangeAcross('anna')).kind, 'accepted');
  const step = await exchangeAcross('bob');
  assert.ok(step.kind === 'refused');
  assert.equal(step.reasonCode, 0x89);
});

test('who guesses by SCRAM is held off as by password; one old device counts once for its address', async () => {
  const users = usersOf(await tableOf('anna', 'bob'), { authFailuresMax: 3 });
  const codeOf = async (name: string, password: string): Promise<number> => {
    const step = await login(users, name, password);
    return step.kind === 'refused' ? step.reasonCode : 0;
  };
  for (let guess = 0; guess < 3; guess++) assert.equal(await codeOf('anna', 'x'), 0x86);
  assert.equal(await codeOf('anna', PASSWORD), 0x9f);
  assert.equal(await users.code('anna', PASSWORD), 0x9f);
  assert.equal(await codeOf('bob', PASSWORD), 0);
  users.pass(1_000);
  assert.equal(await codeOf('anna', PASSWORD), 0);
});

test('exchanges that were begun before the first proof came are judged as if each had waited for the one before', async () => {
  const users = usersOf(await tableOf('anna'));
  const exchanges = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      const client = scramClient('anna', bytes(`guess ${n}`), countingRandom()).begin();
      const server = begin(users);
      const challenge = await server.next(client.first);
      assert.ok(challenge.kind === 'continue');
      return { server, final: await client.respond(challenge.data) };
    }),
  );
  const codes: number[] = [];
  for (const { server, final } of exchanges) {
    const step = await server.next(final);
    codes.push(step.kind === 'refused' ? step.reasonCode : 0);
  }
  assert.deepEqual(
    codes,
    Array.from({ length: 50 }, (_, n) => (n < 10 ? 0x86 : 0x9f)),
  );
});

for (const [flaw, first] of [
  ['nothing', undefined],
  ['no text', Uint8Array.of(0xff, 0xfe)],
  ['a bound channel', bytes('p=tls-unique,,n=anna,r=abc')],
  ['somebody to act as', bytes('n,a=bob,n=anna,r=abc')],
  ['an extension that must be known', bytes('n,,m=x,n=anna,r=abc')],
  ['no nonce', bytes('n,,n=anna,r=')],
  ['a name that is not escaped', bytes('n,,n=an=na,r=abc')],
  ['too much', bytes(`n,,n=anna,r=${'a'.repeat(5000)}`)],
] as const) {
  test(`a first message with ${flaw} is refused with 0x87`, async () => {
    const step = await begin(usersOf(await tableOf('anna'))).next(first);
    assert.ok(step.kind === 'refused');
    assert.equal(step.reasonCode, 0x87);
  });
}

test('an answer with another nonce, another header or no proof is refused with 0x87, and proves nothing', async () => {
  const users = usersOf(await tableOf('anna'));
  for (const change of [
    (answer: string) => answer.replace(/r=./, 'r=!'),
    (answer: string) => answer.replace('c=biws', `c=${base64('y,,')}`),
    (answer: string) => answer.replace(/,p=.*/, ''),
    (answer: string) => answer.replace(/,p=.*/, ',p=AAAA'),
    () => '',
  ]) {
    const client = scramClient('anna', bytes(PASSWORD), countingRandom()).begin();
    const server = begin(users);
    const challenge = await server.next(client.first);
    assert.ok(challenge.kind === 'continue');
    const step = await server.next(bytes(change(textOf(await client.respond(challenge.data)))));
    assert.ok(step.kind === 'refused');
    assert.equal(step.reasonCode, 0x87);
  }
});

test('the client does not go on with a challenge that is not an answer to it, or makes guessing easy or work endless', async () => {
  for (const [challenge, why] of [
    ['', /cannot be read/],
    ['r=abc,s=W22Z,i=4096', /answers somebody else/],
    ['r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096', /answers somebody else/],
    ['r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=1', /too few/],
    ['r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=99999999', /cannot be read/],
    ['m=x,r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=4096', /cannot be read/],
  ] as const) {
    await assert.rejects(rfcClient().respond(bytes(challenge)), why);
  }
  await assert.rejects(rfcClient().respond(undefined), /cannot be read/);
});

test('the client does not believe a server that cannot sign, or says nothing, or is asked for nothing', async () => {
  for (const last of [undefined, bytes(''), bytes('v=AAAA'), bytes('e=other-error'), bytes(RFC.serverFinal)]) {
    const client = rfcClient('pencil case');
    await client.respond(bytes(RFC.serverFirst));
    assert.throws(() => client.finish(last), /does not show that it knows the password/);
  }
  assert.throws(() => rfcClient().finish(bytes(RFC.serverFinal)), /does not show/);
});

test('a name and a nonce come back as they were sent', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }).filter((name) => name.isWellFormed()),
      (name) => {
        const read = parseClientFirst(bytes(`n,a=${escaped(name)},n=${escaped(name)},r=abc`));
        assert.deepEqual([read?.userName, read?.actsAs, read?.nonce], [name, name, 'abc']);
      },
    ),
  );
});

test('any bytes are a message or none', () => {
  const part = fc.oneof(fc.constantFrom('n,,', 'n=', 'r=a', ',', 's=', 'i=1', 'p=', 'c=biws', 'v=', '='), fc.string());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.array(part).map((parts) => bytes(parts.join(''))),
      ),
      (data) => {
        for (const parse of [parseClientFirst, parseServerFirst, parseClientFinal, parseServerFinal]) parse(data);
      },
    ),
  );
});
