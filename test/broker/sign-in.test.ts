// Certificates, tokens and an HTTP server in front of the real broker, over real connections: who is let in, as whom, with which
// rights and for how long, and what is in the log.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { type HttpBehaviour, startHttp } from '../../src/auth/http/http-server.fixture.ts';
import { keySet, secretToken, signer, token } from '../../src/auth/jwt/tokens.arbitrary.ts';
import {
  type Authenticator,
  type BrokerOptions,
  createBroker,
  type EmbeddedBroker,
  millis,
} from '../../src/exports/broker.ts';
import { type Client, type ClientEnd, type ClientOptions, connect, OperationError } from '../../src/exports/client.ts';
import { certificate, certificateFile, certificateText } from '../support/certificates.ts';

const CA = certificateText('ca.pem');
/** "password". */
const ANNA = 'anna:$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\n';
const SECRET = 'canary-secret-of-thirty-two-bytes-or-more';

interface Stage {
  readonly broker: EmbeddedBroker;
  readonly url: string;
  readonly lines: readonly string[];
  /** Connects; rejects where the broker refuses. */
  readonly open: (options: ClientOptions, at?: string) => Promise<Client>;
  /** Connects and leaves; gives 0 or the reason code. */
  readonly code: (options: ClientOptions, at?: string) => Promise<number | undefined>;
}

async function stage(context: TestContext, options: BrokerOptions): Promise<Stage> {
  const lines: string[] = [];
  const say = (sentence: string): void => void lines.push(sentence);
  const broker = createBroker({ log: { debug: say, info: say, warn: say, error: say }, ...options });
  context.after(() => broker.close());
  const { url } = await broker.listen({ port: 0 });
  const open = (given: ClientOptions, at = url): Promise<Client> => connect(at, { reconnect: false, ...given });
  return {
    broker,
    url,
    lines,
    open,
    async code(given, at) {
      try {
        await (await open(given, at)).disconnect();
        return 0;
      } catch (error) {
        assert.ok(error instanceof OperationError, String(error));
        return error.reasonCode;
      }
    },
  };
}

/** A file in a folder that lasts as long as the test. */
function file(context: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-sign-in-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const place = path.join(folder, name);
  writeFileSync(place, text, { mode: 0o600 });
  return place;
}

/** In seconds since 1970; the broker's clock is that of this machine. */
function inSeconds(seconds: number): number {
  return Date.now() / 1000 + seconds;
}

for (const version of [3, 4, 5] as const) {
  test(`a token in place of the password is its user, in version ${version}`, async (context) => {
    const by = signer('ES256', 'k');
    const jwtKeys = file(context, 'keys.json', keySet(by));
    const { code } = await stage(context, { jwtKeys, jwtAudience: 'mqtt' });
    const good = { sub: 'anna', aud: 'mqtt', exp: inSeconds(60) };
    const said = [
      await code({ version, userName: 'anna', password: token(by, good) }),
      await code({ version, userName: 'bob', password: token(by, good) }),
      await code({ version, userName: 'anna', password: token(by, { ...good, aud: 'web' }) }),
      await code({ version, userName: 'anna', password: token(signer('ES256', 'k'), good) }),
      await code({ version, userName: 'anna', password: 'password' }),
      await code({ version }),
    ];
    assert.deepEqual(said, [0, 0x87, 0x87, 0x86, 0x86, 0x87]);
  });
}

test('a connection ends when its token does; the session is there for the next one', {
  timeout: 20_000,
}, async (context) => {
  const jwtSecretFile = file(context, 'secret', SECRET);
  const { broker, open, lines } = await stage(context, { jwtSecretFile, jwtClockTolerance: millis(0) });
  const held = { clientId: 'c', clean: false, sessionExpirySeconds: 60 };
  const first = await open({ ...held, password: secretToken(SECRET, { sub: 'anna', exp: inSeconds(1.2) }) });
  const ended = Promise.withResolvers<ClientEnd>();
  first.on('closed', ended.resolve);
  await first.subscribe('a', { qos: 1 });
  const end = await ended.promise;
  assert.ok(end.kind === 'disconnected-by-broker');
  assert.deepEqual([end.reasonCode, end.reasonString], [0x87, 'Its authentication has expired.']);
  assert.ok(lines.some((line) => /Client "c" .* was disconnected: Its authentication has expired\./u.test(line)));
  await broker.publish('a', 'waits', { qos: 1 });
  const again = await open({ ...held, password: secretToken(SECRET, { sub: 'anna', exp: inSeconds(60) }) });
  assert.equal(again.connection?.sessionPresent, true);
  await again.disconnect();
});

test('a client that is asked for its token before each attempt goes on with a new one', {
  timeout: 20_000,
}, async (context) => {
  const jwtSecretFile = file(context, 'secret', SECRET);
  const { url } = await stage(context, { jwtSecretFile, jwtClockTolerance: millis(0) });
  let asked = 0;
  const credentials = () => {
    const exp = inSeconds(asked++ === 0 ? 1.2 : 600);
    return { userName: 'anna', password: secretToken(SECRET, { sub: 'anna', exp }) };
  };
  const client = await connect(url, { credentials, reconnect: { delayMaxMillis: 50, delayMinMillis: 1 } });
  const again = Promise.withResolvers<void>();
  client.on('connected', () => again.resolve());
  await again.promise;
  assert.equal(asked, 2);
  await client.publish('a', 'x', { qos: 1 });
  await client.disconnect();
});

test('groups of a token are groups of the rules', async (context) => {
  const rulesFile = file(
    context,
    'rules.yaml',
    'groups: {meters: []}\nrules:\n  - {allow: publish, group: meters, topics: m/%u}\n',
  );
  const { open } = await stage(context, { jwtSecretFile: file(context, 'secret', SECRET), rulesFile });
  const as = (sub: string, groups: readonly string[]) =>
    open({ password: secretToken(SECRET, { sub, groups, exp: inSeconds(60) }) });
  const [meter, other] = [await as('m7', ['meters']), await as('m8', ['phones'])];
  await meter.publish('m/m7', 'x', { qos: 1 });
  await assert.rejects(meter.publish('m/m8', 'x', { qos: 1 }), { reasonCode: 0x87 });
  await assert.rejects(other.publish('m/m8', 'x', { qos: 1 }), { reasonCode: 0x87 });
  await Promise.all([meter.disconnect(), other.disconnect()]);
});

test('keys that have changed hold after a reload; a file that is wrong changes nothing', async (context) => {
  const [old, young] = [signer('ES256', 'old'), signer('ES256', 'young')];
  const jwtKeys = file(context, 'keys.json', keySet(old));
  const { broker, code } = await stage(context, { jwtKeys, jwtAudience: 'mqtt' });
  const signedBy = (by: typeof old) => code({ password: token(by, { sub: 'a', aud: 'mqtt', exp: inSeconds(60) }) });
  assert.deepEqual([await signedBy(old), await signedBy(young)], [0, 0x86]);
  writeFileSync(jwtKeys, '{"keys": [');
  assert.deepEqual(
    broker.reload().map(({ what, result }) => [what, result]),
    [['file of keys', 'refused']],
  );
  assert.deepEqual([await signedBy(old), await signedBy(young)], [0, 0x86]);
  writeFileSync(jwtKeys, keySet(young));
  assert.deepEqual(
    broker.reload().map(({ result }) => result),
    ['changed'],
  );
  assert.deepEqual([await signedBy(old), await signedBy(young)], [0x86, 0]);
});

test('keys may be at a URL, whose server is trusted by a CA of its own', async (context) => {
  const by = signer('RS256', 'k');
  const server = await startHttp(context, { body: keySet(by) }, createServer(certificate('server')));
  const password = token(by, { sub: 'anna', aud: 'mqtt', exp: inSeconds(60) });
  const trusting = await stage(context, {
    jwtKeys: server.url,
    jwtKeysCa: certificateFile('ca.pem'),
    jwtAudience: 'mqtt',
  });
  assert.equal(await trusting.code({ password }), 0);
  const other = await stage(context, { jwtKeys: server.url, jwtAudience: 'mqtt' });
  assert.equal(await other.code({ password }), 0x88);
  assert.match(
    other.lines.join('\n'),
    /The keys of tokens cannot be had: https:\/\/127\.0\.0\.1:\d+: it cannot be asked/u,
  );
});

test('the CAs of a URL are read again with the other files; a file that is wrong leaves those in force', async (context) => {
  const by = signer('RS256', 'k');
  const tokens = await startHttp(context, { body: keySet(by) }, createServer(certificate('server')));
  const server = await startHttp(context, { body: '{"result": "allow"}' }, createServer(certificate('server')));
  const jwtKeysCa = file(context, 'keys-ca.pem', certificateText('self-signed.pem'));
  const httpAuthCa = file(context, 'auth-ca.pem', certificateText('self-signed.pem'));
  const { broker, code, lines } = await stage(context, {
    jwtKeys: tokens.url,
    jwtKeysCa,
    jwtAudience: 'mqtt',
    httpAuth: server.url,
    httpAuthCa,
  });
  const password = token(by, { sub: 'anna', aud: 'mqtt', exp: inSeconds(60) });
  // So often that nobody asks for a while.
  for (let index = 0; index < 6; index++) {
    assert.deepEqual([await code({ password }), await code({ userName: 'bob', password: 'x' })], [0x88, 0x88]);
  }
  assert.match(lines.join('\n'), /it has failed too often, and is left alone for a while/u);
  const reload = (): readonly (readonly [what: string, result: string])[] =>
    broker.reload().map(({ what, result }) => [what, result]);
  for (const name of [jwtKeysCa, httpAuthCa]) writeFileSync(name, CA);
  assert.deepEqual(reload(), [
    ['file of CAs for jwtKeys', 'changed'],
    ['file of CAs for httpAuth', 'changed'],
  ]);
  assert.deepEqual([await code({ password }), await code({ userName: 'bob', password: 'x' })], [0, 0]);
  writeFileSync(httpAuthCa, 'no certificate\n');
  const [, wrong] = broker.reload();
  assert.equal(wrong?.result, 'refused');
  assert.match(wrong?.remarks.join() ?? '', /^the file of CAs \S+auth-ca\.pem holds no certificate in PEM/iu);
  assert.match(lines.join('\n'), /The file of CAs for httpAuth cannot be used: what was in force stays so/u);
  assert.equal(await code({ userName: 'carol', password: 'x' }), 0);
  writeFileSync(httpAuthCa, CA);
  assert.deepEqual(
    reload().map(([, result]) => result),
    ['unchanged', 'unchanged'],
  );
  writeFileSync(httpAuthCa, certificateText('self-signed.pem'));
  assert.deepEqual(
    reload().map(([, result]) => result),
    ['unchanged', 'changed'],
  );
  assert.equal(await code({ userName: 'dora', password: 'x' }), 0x88);
});

for (const webSocket of [undefined, true] as const) {
  const over = webSocket === undefined ? 'TLS' : 'secure WebSocket';
  test(`a certificate is its user, over ${over}, and no password is asked for`, async (context) => {
    const asked: (string | undefined)[] = [];
    const names = { cn: 'device-7', 'san-email': 'device-7@vouch.example', 'san-uri': 'urn:vouch:device-7' } as const;
    for (const certificateUser of ['cn', 'san-email', 'san-uri'] as const) {
      const authorizer = {
        allowsAll: false,
        allows: (identity: { readonly principal: string | undefined }) => asked.push(identity.principal) > 0,
      };
      const { broker, code, open } = await stage(context, { certificateUser, authorizer });
      const tls = { ...certificate('server'), ca: CA, clientCertificate: 'optional' } as const;
      const { url } = await broker.listen({ port: 0, tls, webSocket });
      const mine = { tls: { ca: CA, ...certificate('client') } };
      const client = await open(mine, url);
      await client.publish('a', 'x', { qos: 1 });
      await client.disconnect();
      const name = names[certificateUser];
      assert.equal(asked.at(-1), name);
      assert.equal(await code({ ...mine, userName: name, password: 'whatever' }, url), 0);
      assert.equal(await code({ ...mine, userName: 'anna' }, url), 0x86);
      assert.equal(await code({ tls: { ca: CA } }, url), 0x87, 'nobody else is anonymous');
    }
  });
}

test('a certificate without the name that is wanted lets nobody in', async (context) => {
  const { broker, code, lines } = await stage(context, { certificateUser: 'san-dns', allowAnonymous: true });
  const { url } = await broker.listen({
    port: 0,
    tls: { ...certificate('server'), ca: CA, clientCertificate: 'required' },
  });
  assert.equal(await code({ tls: { ca: CA, ...certificate('client') } }, url), 0x87);
  assert.match(lines.join('\n'), /Its certificate has no DNS name that could be its user name\./u);
});

test('an answer with rules is refused where the program has an authorizer, which would not obey them', async (context) => {
  const server = await startHttp(context, (_, response, body) => {
    const rules = /"userName":"tom"/u.test(body) ? {} : { rules: [] };
    response.end(JSON.stringify({ result: 'allow', ...rules }));
  });
  const authorizer = { allowsAll: true, allows: () => true };
  const { code, lines } = await stage(context, { httpAuth: server.url, authorizer });
  assert.deepEqual([await code({ userName: 'anna' }), await code({ userName: 'tom' })], [0x88, 0]);
  assert.match(lines.join('\n'), /its rules are wrong: this broker has an authorizer of its own/u);
});

test('who knows a client is asked in a fixed order, and only the first of them', async (context) => {
  const heard: string[] = [];
  const hook: Authenticator = {
    authenticate: ({ userName }) => {
      heard.push(userName ?? '');
      return userName === 'zoe'
        ? { kind: 'accepted', principal: 'zoe' }
        : { kind: 'refused', reasonCode: 0x87, detail: 'the program does not know it' };
    },
  };
  const server = await startHttp(context, (_, response, body) => {
    const isTom = /"userName":"tom"/u.test(body);
    response.end(JSON.stringify(isTom ? { result: 'allow' } : { result: 'ignore' }));
  });
  const { code } = await stage(context, {
    passwordFile: file(context, 'users.passwd', ANNA),
    jwtSecretFile: file(context, 'secret', SECRET),
    httpAuth: server.url,
    authenticator: hook,
  });
  const good = secretToken(SECRET, { sub: 'anna', exp: inSeconds(60) });
  assert.equal(await code({ userName: 'anna', password: 'password' }), 0);
  assert.equal(
    await code({ userName: 'anna', password: good }),
    0x86,
    'the file knows anna, and it is no token of hers',
  );
  assert.equal(await code({ userName: '', password: good }), 0);
  assert.deepEqual([server.asked.length, heard.length], [0, 0]);
  assert.equal(await code({ userName: 'tom', password: 'x' }), 0);
  assert.deepEqual([server.asked.length, heard.length], [1, 0]);
  assert.equal(await code({ userName: 'zoe', password: 'x' }), 0);
  assert.equal(await code({ userName: 'eve', password: 'x' }), 0x87);
  assert.deepEqual(heard, ['zoe', 'eve']);
});

test('rules of an HTTP server hold for that client, and are named where they refuse something', async (context) => {
  const rules = [
    { allow: 'publish', topics: 'm/%u/#', qosMax: 1 },
    { deny: 'all', topics: 'm/secret', name: 'secrets', tell: 'Not this one.' },
    { allow: 'subscribe', topics: 'm/+' },
  ];
  const answer: HttpBehaviour = { body: JSON.stringify({ result: 'allow', rules }) };
  const server = await startHttp(context, answer);
  const { open, lines } = await stage(context, { httpAuth: server.url });
  const client = await open({ userName: 'm7', password: 'x' });
  await client.publish('m/m7/a', 'x', { qos: 1 });
  await assert.rejects(client.publish('m/m7/a', 'x', { qos: 2 }), { reasonCode: 0x87 });
  await assert.rejects(client.publish('m/secret', 'x', { qos: 1 }), { reasonCode: 0x87 });
  await assert.rejects(client.subscribe('m/+'), { reasonCode: 0x87 });
  await assert.rejects(client.publish('other', 'x', { qos: 1 }), { reasonCode: 0x87 });
  await assert.rejects(client.subscribe('other'), { reasonCode: 0x87 });
  await client.disconnect();
  const log = lines.join('\n');
  assert.match(log, /rule 1 of the answer of http:\/\/127\.0\.0\.1:\d+\/mqtt\/auth allows it up to QoS 1 only/u);
  assert.match(log, /rule "secrets" \(rule 2 of the answer of http:[^)]*\) denies "m\/secret"/u);
  assert.match(log, /no rule of the answer of http:\S* allows it/u);
});

test('threat 31: an HTTP server that cannot be reached lets nobody in, and rules of it that are wrong neither', async (context) => {
  const server = await startHttp(context, { body: JSON.stringify({ result: 'allow', rules: [{ allow: 'publish' }] }) });
  const { code, lines } = await stage(context, { httpAuth: server.url });
  assert.equal(await code({ userName: 'm7', password: 'x' }), 0x88);
  assert.match(lines.join('\n'), /its rules are wrong: rule 1: a rule says which topics it is about/u);
  server.behave({ body: JSON.stringify({ result: 'allow', rules: [{ allow: 'publish', topics: 'a', user: 'm7' }] }) });
  assert.equal(await code({ userName: 'm7', password: 'x' }), 0x88);
  assert.match(lines.join('\n'), /rule 1 has the field "user"; a rule has name, allow, deny, topics/u);
  await server.stop();
  assert.equal(await code({ userName: 'm7', password: 'x' }), 0x88);
});

test('threat 64: neither tokens, secrets nor passwords are in the log', async (context) => {
  const server = await startHttp(context, { status: 500, body: 'canary' });
  const httpAuthTokenFile = file(context, 'bearer', 'canary-bearer\n');
  const { code, lines } = await stage(context, {
    jwtSecretFile: file(context, 'secret', SECRET),
    httpAuth: `${server.url}?key=canary`,
    httpAuthTokenFile,
  });
  const secrets = [
    secretToken('another', { sub: 'x', exp: inSeconds(60) }),
    secretToken(SECRET, { sub: 'x' }),
    'canary',
  ];
  for (const password of secrets) assert.notEqual(await code({ userName: 'm7', password }), 0);
  const log = lines.join('\n');
  assert.ok(!log.includes('canary'), log);
  for (const part of secrets.flatMap((text) => text.split('.'))) assert.ok(!log.includes(part), part);
  assert.equal(server.headers[0]?.authorization, 'Bearer canary-bearer');
});

test('what cannot be used is a UsageError at once', (context) => {
  const secret = file(context, 'secret', 'short');
  for (const [options, message] of [
    [{ jwtKeys: '/none/keys.json' }, /^The file of keys \/none\/keys\.json cannot be read: there is no such file\.$/iu],
    [{ jwtSecretFile: secret }, /cannot be used: the secret has 5 bytes, and HS256 needs at least 32/u],
    [{ jwtKeys: 'http://id.example/keys' }, /^jwtKeys takes the path of a file, the https:\/\/ URL/u],
    [{ httpAuth: 'http://auth.example/' }, /^httpAuth takes an https:\/\/ URL/u],
    [{ httpAuth: 'https://user:canary@auth.example/' }, /^httpAuth takes/u],
    [{ httpAuthCa: '/none/ca.pem' }, /^httpAuthCa is of no use without httpAuth\.$/u],
    [
      { httpAuth: 'https://a.example/', httpAuthCa: '/none/ca.pem' },
      /^the file of CAs \/none\/ca\.pem cannot be read/iu,
    ],
    [{ jwtKeys: 'keys.json', jwtSecretFile: secret }, /jwtSecretFile stands beside jwtKeys/u],
    [
      { jwtSecretFile: secret, jwtAlgorithms: ['RS256'] as const },
      /jwtSecretFile has a secret, and RS256 is not for those/u,
    ],
    [
      { jwtKeys: 'keys.json', jwtAlgorithms: ['HS256'] as const },
      /jwtKeys has public keys, and HS256 is not for those/u,
    ],
  ] as const) {
    assert.throws(() => createBroker(options), { code: 'invalid-option', message }, JSON.stringify(options));
  }
  const none: unknown = { jwtSecretFile: secret, jwtAlgorithms: ['none'] };
  assert.throws(() => createBroker(none as BrokerOptions), {
    message: /^jwtAlgorithms takes fitting, or some of RS256/u,
  });
});
