// Clients that an HTTP server is asked about, with a real server: what it hears, what becomes of its answers, and of none.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { millis } from '../../base/millis.ts';
import { countingRandom } from '../fixed-random.arbitrary.ts';
import type { LinkAnswer } from '../chain.ts';
import type { Credentials } from '../contract.ts';
import { type AuthLimits, DEFAULT_AUTH_LIMITS } from '../limits.ts';
import { AnsweredRules } from '../rules/answered-rules.ts';
import { type AuthSources, DEFAULT_AUTH_SOURCES } from '../sources.ts';
import type { ReadRules } from './http-answer.ts';
import { HttpEndpoint } from './http-endpoint.ts';
import { HttpLink } from './http-link.ts';
import { type HttpBehaviour, startHttp, type TestServer } from './http-server.fixture.ts';

const ANNA: Credentials = {
  clientId: 'c1',
  userName: 'anna',
  password: Buffer.from('hunter-canary'),
  remote: '[::ffff:192.0.2.7]:50123',
};
const NOBODY: Credentials = { clientId: 'c2', userName: undefined, password: undefined, remote: '192.0.2.8:1' };

interface Stage {
  readonly server: TestServer;
  readonly link: HttpLink;
  /** Moves time. */
  readonly pass: (milliseconds: number) => void;
  /** `user name`, `anonymous`, `not mine`, or the reason code and what the log says. Asserts that no password is in that. */
  readonly ask: (given?: Partial<Credentials>) => Promise<string>;
}

interface Choices {
  readonly sources?: Partial<AuthSources>;
  readonly limits?: Partial<AuthLimits>;
  readonly timeout?: number;
  readonly readRules?: ReadRules;
  readonly token?: string;
}

async function stage(context: TestContext, behaviour: HttpBehaviour, choices: Choices = {}): Promise<Stage> {
  const server = await startHttp(context, behaviour);
  let now = 1_000;
  const clock = { monotonic: () => millis(now) };
  const sources = { ...DEFAULT_AUTH_SOURCES, httpAuth: `${server.url}?key=canary`, ...choices.sources };
  const timeout = millis(choices.timeout ?? 20_000);
  const { httpAuth: url, httpAuthRequestsMax: connectionsMax } = sources;
  const endpoint = new HttpEndpoint({ url, ca: undefined, connectionsMax, timeout }, clock);
  context.after(() => endpoint.close());
  const readRules: ReadRules = choices.readRules ?? (() => ({ kind: 'wrong', why: 'nobody reads rules here' }));
  const limits = { ...DEFAULT_AUTH_LIMITS, ...choices.limits };
  const parts = { endpoint, sources, limits, clock, random: countingRandom(), readRules };
  const link = new HttpLink(parts, choices.token ?? '');
  return {
    server,
    link,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    ask: async (given = {}) => said(await link.authenticate({ ...ANNA, ...given })),
  };
}

function said(answer: LinkAnswer): string {
  if (answer.kind === 'accepted') return answer.principal ?? 'anonymous';
  if (answer.kind === 'not-mine') return 'not mine';
  assert.ok(!answer.detail.includes('canary'), answer.detail);
  return `0x${answer.reasonCode.toString(16)} ${answer.detail.replace(/127\.0\.0\.1:\d+/gu, 'HOST')}`;
}

const reply = (answer: object): HttpBehaviour => ({ body: JSON.stringify(answer) });

test('the server hears all that is known of a client; what it does not say is null (threat 28)', async (context) => {
  const { server, ask, link } = await stage(context, reply({ result: 'allow' }), { token: 'broker-canary' });
  assert.equal(await ask(), 'anna');
  const certificate = { commonName: undefined, alternativeNames: ['DNS:d7'], fingerprint: 'AB:CD' };
  await link.authenticate({ ...NOBODY, certificate });
  await ask({ password: Uint8Array.of(0xff, 0x00) });
  assert.deepEqual(
    server.asked.map((text): unknown => JSON.parse(text)),
    [
      {
        clientId: 'c1',
        userName: 'anna',
        password: 'hunter-canary',
        passwordBase64: Buffer.from('hunter-canary').toString('base64'),
        address: '192.0.2.7',
        certificate: null,
      },
      {
        clientId: 'c2',
        userName: null,
        password: null,
        passwordBase64: null,
        address: '192.0.2.8',
        certificate: { commonName: null, alternativeNames: ['DNS:d7'], fingerprint: 'AB:CD' },
      },
      {
        clientId: 'c1',
        userName: 'anna',
        password: null,
        passwordBase64: '/wA=',
        address: '192.0.2.7',
        certificate: null,
      },
    ],
  );
  assert.deepEqual([...new Set(server.headers.map(({ authorization }) => authorization))], ['Bearer broker-canary']);
});

test('an answer is yes, no, or that somebody else is to be asked', async (context) => {
  const { server, ask, link } = await stage(context, reply({ result: 'deny', reason: 'locked' }));
  assert.equal(await ask(), '0x86 http://HOST/mqtt/auth says no: "locked".');
  assert.match(said(await link.authenticate(NOBODY)), /^0x87 /u);
  server.behave(reply({ result: 'ignore' }));
  assert.equal(await ask({ clientId: 'other' }), 'not mine');
});

test('whom the server calls by another name is that one; without a name, or with null, it is anonymous', async (context) => {
  const { server, ask, link } = await stage(
    context,
    reply({ result: 'allow', user: 'Anna', groups: ['dev'], expiresAt: 7 }),
  );
  assert.deepEqual(await link.authenticate(ANNA), {
    kind: 'accepted',
    principal: 'Anna',
    groups: ['dev'],
    expiresAt: 7_000,
    rights: undefined,
  });
  server.behave(reply({ result: 'allow', user: null }));
  assert.equal(await ask({ clientId: 'a' }), 'anonymous');
  server.behave(reply({ result: 'allow' }));
  assert.equal(said(await link.authenticate(NOBODY)), 'anonymous');
});

test('rules of an answer come with the client', async (context) => {
  const read: unknown[] = [];
  const readRules: ReadRules = (rules) => {
    read.push(...rules);
    return { kind: 'rules', rules: [] };
  };
  const { link } = await stage(context, reply({ result: 'allow', rules: [{ allow: 'publish', topics: 'a' }] }), {
    readRules,
  });
  const answer = await link.authenticate(ANNA);
  assert.ok(answer.kind === 'accepted' && answer.rights instanceof AnsweredRules);
  assert.match(answer.rights.source, /^the answer of http:\/\/127\.0\.0\.1:\d+\/mqtt\/auth$/u);
  assert.deepEqual(read, [{ allow: 'publish', topics: 'a' }]);
});

/** Each refused with 0x88, and why. */
const BAD_ANSWERS: readonly (readonly [string, HttpBehaviour, RegExp])[] = [
  ['the status 500', { status: 500, body: '{"result":"allow"}' }, /answers with the status 500/u],
  ['the status 401', { status: 401, body: '{"result":"allow"}' }, /answers with the status 401/u],
  ['the status 204', { status: 204, body: '' }, /answers with the status 204/u],
  ['a redirect', { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } }, /the status 302/u],
  ['no JSON', { body: '<html>hunter-canary</html>' }, /it is no JSON\./u],
  ['nothing', { body: '' }, /it is no JSON\./u],
  ['null', { body: 'null' }, /it is no JSON object/u],
  ['a list', { body: '[]' }, /it is no JSON object/u],
  ['no result', { body: '{}' }, /its result is neither/u],
  ['true', { body: '{"result": true}' }, /its result is neither/u],
  [
    'a field that is not known',
    { body: '{"result":"allow","expires_at":1}' },
    /the field "expires_at", which is not known/u,
  ],
  ['a number for a user', { body: '{"result":"allow","user":7}' }, /its user is no name/u],
  ['an empty user', { body: '{"result":"allow","user":""}' }, /its user is no name/u],
  ['groups that are none', { body: '{"result":"allow","groups":"dev"}' }, /its groups are no list/u],
  ['an end that is none', { body: '{"result":"allow","expiresAt":"2030"}' }, /its expiresAt is no number/u],
  [
    'rules that are wrong',
    { body: '{"result":"allow","rules":[{}]}' },
    /its rules are wrong: nobody reads rules here/u,
  ],
  ['more than 256 KiB', { body: `{"result":"allow","reason":"${'x'.repeat(300_000)}"}` }, /longer than 256 KiB/u],
  [
    'half an answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': 50 }).write('{', () => request.socket.destroy());
    },
    /cannot be asked/u,
  ],
];

for (const [what, behaviour, why] of BAD_ANSWERS) {
  test(`a server that answers with ${what} has not said yes: 0x88`, async (context) => {
    const { ask } = await stage(context, behaviour);
    const answer = await ask();
    assert.match(answer, /^0x88 http:\/\/HOST\/mqtt\/auth does not say who it is: /u);
    assert.match(answer, why);
  });
}

test('a server that does not answer in time is as good as none', { timeout: 20_000 }, async (context) => {
  const { ask, server } = await stage(context, () => undefined, { timeout: 150 });
  assert.equal(await ask(), '0x88 http://HOST/mqtt/auth does not say who it is: it has not answered within 0.15 s.');
  server.behave((_, response) => void response.writeHead(200).write('{"result":'));
  assert.match(await ask(), /^0x88 .* has not answered within 0\.15 s\.$/u);
});

test('a server that fails again and again is left alone, then tried once, and is as before when it answers', async (context) => {
  const { ask, server, pass } = await stage(context, { status: 503, body: '' });
  for (let time = 0; time < 5; time++) assert.match(await ask({ clientId: `c${time}` }), /the status 503/u);
  const before = server.asked.length;
  assert.match(await ask(), /^0x88 .* has failed too often, and is left alone for a while\.$/u);
  assert.equal(server.asked.length, before);
  pass(1_000);
  const tried = await Promise.all(['a', 'b', 'c'].map((clientId) => ask({ clientId })));
  assert.equal(server.asked.length, before + 1);
  assert.equal(tried.filter((answer) => answer.includes('left alone')).length, 2);
  pass(2_000);
  server.behave(reply({ result: 'allow' }));
  assert.equal(await ask(), 'anna');
  assert.deepEqual(await Promise.all(['a', 'b'].map((clientId) => ask({ clientId }))), ['anna', 'anna']);
});

test('a question that the server does not take, or answers in words of its own, fails that client alone', async (context) => {
  const { ask, server } = await stage(context, reply({ result: 'allow' }), { limits: { authFailuresMax: 1_000 } });
  for (const behaviour of [
    { status: 403, body: '{"result":"deny"}' },
    { status: 400, body: '' },
    { status: 302, body: '' },
    { status: 204, body: '' },
    { body: '<html>' },
    { body: `{"result":"allow","reason":"${'x'.repeat(300_000)}"}` },
  ]) {
    server.behave(behaviour);
    for (let time = 0; time < 10; time++)
      assert.match(await ask({ clientId: `bad ${time}` }), /^0x88 .* (?:status|answer)/u);
    server.behave(reply({ result: 'allow' }));
    assert.equal(await ask({ clientId: `good ${JSON.stringify(behaviour).slice(0, 20)}` }), 'anna');
  }
});

test('a server that says no by a status is not asked more often for it', async (context) => {
  const { ask, server } = await stage(context, { status: 401, body: '' }, { limits: { authFailuresMax: 3 } });
  const guess = (number: number) => ask({ password: Buffer.from(`guess ${number}`) });
  for (let number = 0; number < 3; number++) assert.match(await guess(number), /^0x88 /u);
  assert.match(await guess(3), /^0x9f /u);
  assert.equal(server.asked.length, 3);
});

test('a server that is gone is told of, and is asked again when it is back', async (context) => {
  const { ask, server } = await stage(context, reply({ result: 'allow' }));
  await server.stop();
  assert.match(await ask(), /^0x88 .* cannot be asked: .*ECONNREFUSED/u);
});

test('the same client with the same password is asked about once in a while, another one at once', async (context) => {
  const { ask, server, pass } = await stage(context, reply({ result: 'allow' }));
  await Promise.all([ask(), ask(), ask()]);
  await ask();
  assert.equal(server.asked.length, 1);
  await ask({ password: Buffer.from('other') });
  await ask({ clientId: 'other' });
  await ask({ remote: '[::ffff:192.0.2.7]:50999' });
  assert.equal(server.asked.length, 3, 'the port of the client makes no difference');
  pass(DEFAULT_AUTH_SOURCES.httpAuthCacheExpiry);
  await ask();
  assert.equal(server.asked.length, 4);
});

test('with a lifetime of 0 nothing is remembered', async (context) => {
  const { ask, server } = await stage(context, reply({ result: 'allow' }), {
    sources: { httpAuthCacheExpiry: millis(0) },
  });
  await ask();
  await ask();
  assert.equal(server.asked.length, 2);
});

test('who is refused too often is held off, without the server being asked', async (context) => {
  const { ask, server, pass } = await stage(context, reply({ result: 'deny' }), { limits: { authFailuresMax: 3 } });
  const guess = (number: number) => ask({ password: Buffer.from(`guess ${number}`) });
  for (let number = 0; number < 3; number++) assert.match(await guess(number), /^0x86 /u);
  assert.match(await guess(3), /^0x9f Too many wrong passwords for this user from this address/u);
  assert.equal(server.asked.length, 3);
  pass(1_000);
  server.behave(reply({ result: 'allow' }));
  assert.equal(await guess(4), 'anna');
});

test('who makes all guesses at once has no more of them, with a user name or without', async (context) => {
  for (const who of [{}, { userName: undefined, clientId: 'meter' }]) {
    const { ask, server } = await stage(context, reply({ result: 'deny' }), {
      sources: { httpAuthRequestsMax: 16 },
      limits: { authFailuresMax: 5 },
    });
    const guesses = Array.from({ length: 60 }, (_, n) => ask({ ...who, password: Buffer.from(`guess ${n}`) }));
    const answers = await Promise.all(guesses);
    assert.equal(
      answers.filter((answer) => /^0x9f Too many wrong passwords for this (user|client) /u.test(answer)).length,
      55,
    );
    assert.equal(server.asked.length, 5);
  }
});

test('a client without a user name that is refused too often is held off, too', async (context) => {
  const { ask, server } = await stage(context, reply({ result: 'deny' }), { limits: { authFailuresMax: 3 } });
  const guess = (number: number) => ask({ userName: undefined, password: Buffer.from(`guess ${number}`) });
  for (let number = 0; number < 3; number++) assert.match(await guess(number), /^0x87 /u);
  assert.match(await guess(3), /^0x9f Too many wrong passwords for this client from this address/u);
  assert.equal(server.asked.length, 3);
});

test('a few are asked about at a time, some wait, and who comes then hears that the broker is busy', async (context) => {
  const waiting: (() => void)[] = [];
  const { promise: three, resolve } = Promise.withResolvers<void>();
  const { ask, server } = await stage(
    context,
    (_, response) => {
      waiting.push(() => response.end('{"result":"allow"}'));
      if (waiting.length === 2) resolve();
    },
    { sources: { httpAuthRequestsMax: 2, httpAuthWaitingMax: 1 } },
  );
  const first = ['a', 'b', 'c'].map((clientId) => ask({ clientId }));
  assert.match(await ask({ clientId: 'd' }), /^0x89 Too many clients wait/u);
  await three;
  assert.equal(server.asked.length, 2);
  server.behave(reply({ result: 'allow' }));
  for (const go of waiting) go();
  assert.deepEqual(await Promise.all(first), ['anna', 'anna', 'anna']);
});
