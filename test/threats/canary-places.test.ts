// Threat 64, the places that canary.test.ts does not look at: what stands in URLs and redirects, tokens and HTTP headers, files that are read
// again, answers of the control socket, and the pass phrase of a key. Each place has a control: the secret has been there, where it belongs.

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';

import { startHttp } from '../../src/auth/http/http-server.fixture.ts';
import { secretToken } from '../../src/auth/jwt/tokens.arbitrary.ts';
import { askBroker } from '../../src/control/control-client.ts';
import type { OperationName, Questions } from '../../src/control/operations.ts';
import { type BrokerOptions, createBroker } from '../../src/exports/broker.ts';
import { type Client, type ClientOptions, connect } from '../../src/exports/client.ts';
import { portsOf, startVouch } from '../cli/vouch-process.ts';
import { certificate, certificateFile, certificateText } from '../support/certificates.ts';
import { canary, expectNone, expectPlanted, formsOf } from './canaries.ts';

const SECRETS = {
  authUrl: canary('auth-url'),
  keysUrl: canary('keys-url'),
  redirect: canary('redirect'),
  busy: canary('busy'),
  query: canary('query'),
  environment: canary('environment'),
  user: canary('user'),
  http: canary('http'),
  bearer: canary('bearer'),
  body: canary('body'),
  jwt: `${canary('jwt')}-of-thirty-two-bytes-or-more`,
  badUsers: canary('users'),
  badToken: canary('token'),
  badSecret: canary('short'),
  badKey: canary('key'),
  drain: canary('drain'),
  followed: canary('followed'),
  phrase: canary('phrase'),
  wrongPhrase: canary('wrong-phrase'),
  type: canary('type'),
} as const;

function expectNoSecret(where: string, text: string, more: readonly string[] = []): void {
  expectNone(where, text, Object.values(SECRETS), more);
}

/** A folder that lasts as long as the test, and a file in it. */
function folderOf(context: TestContext): (name: string, text: string) => string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-canary-places-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return (name, text) => {
    const place = path.join(folder, name);
    writeFileSync(place, text, { mode: 0o600 });
    return place;
  };
}

test('a secret is found in every form in which it could leave', () => {
  for (const secret of Object.values(SECRETS)) {
    for (const form of formsOf(secret)) {
      assert.throws(() => expectNoSecret('a text', `before ${form} behind`), /a text has canary|a text has \S+: /u);
      expectPlanted('a text', `before ${form} behind`, secret);
    }
  }
  assert.throws(() => expectPlanted('a text', 'without', SECRETS.user), /a text never had canary-user/u);
  expectNoSecret('a text', 'without');
});

test('threat 64: no secret of a URL, a redirect or an environment is in what is said of a configuration, right or wrong', async (context) => {
  const file = folderOf(context);
  const run = async (args: readonly string[], environment = {}): Promise<string> => {
    const { stdout, stderr } = await startVouch(context, ['start', '--check', ...args], environment).ended;
    return `${stdout}\n${stderr}`;
  };
  const { authUrl, keysUrl, redirect, busy, query, environment } = SECRETS;
  const wrong = [
    `httpAuth: 'https://broker:${authUrl}@auth.example/'`,
    `jwtKeys: 'https://broker:${keysUrl}@id.example/keys'`,
    `redirects:\n  - {clients: '*', to: 'mqtts://anna:${redirect}@b.example'}`,
    `busyRedirect: 'mqtts://anna:${busy}@b.example:8883'`,
  ];
  const right = [
    `httpAuth: 'https://auth.example/mqtt?key=${query}'`,
    `jwtKeys: 'https://id.example/keys?key=${query}'`,
  ];
  const texts = await Promise.all([
    run(['--config', file('wrong.yaml', `${wrong.join('\n')}\n`)]),
    run(['--redirects', `*=mqtts://anna:${redirect}@b.example`, '--http-auth', `https://:${authUrl}@auth.example`], {
      VOUCH_BUSY_REDIRECT: `mqtts://anna:${environment}@b.example`,
    }),
    run(['--config', file('right.yaml', `${right.join('\n')}\n`)]),
  ]);
  const controls: readonly (readonly RegExp[])[] = [
    [
      /httpAuth takes .*@auth\.example/u,
      /jwtKeys takes .*@id/u,
      /to takes .*@b/u,
      /busyRedirect takes .*@b\.example:8883/u,
    ],
    [/--redirects takes .*@b/u, /--http-auth takes .*@auth/u, /VOUCH_BUSY_REDIRECT takes .*@b/u],
    [/^httpAuth +https:\/\/auth\.example\/mqtt\?\*\*\*/mu, /^jwtKeys +https:\/\/id\.example\/keys\?\*\*\*/mu],
  ];
  for (const [place, text] of texts.entries()) {
    for (const control of controls[place] ?? []) assert.match(text, control);
    expectNoSecret(`command ${place}`, text);
  }
  const options: readonly BrokerOptions[] = [
    { httpAuth: `https://broker:${authUrl}@auth.example/` },
    { jwtKeys: `https://broker:${keysUrl}@id.example/` },
    { redirects: [{ clients: '*', to: `mqtts://anna:${redirect}@b.example`, permanent: false }] },
    { busyRedirect: `mqtts://anna:${busy}@b.example` },
  ];
  for (const each of options) {
    assert.throws(
      () => createBroker(each),
      (error: Error) => {
        assert.match(error.message, / takes /u);
        expectNoSecret('an error of createBroker', inspect(error, { depth: 20, showHidden: true }));
        return true;
      },
    );
  }
});

test('threat 64: no secret of tokens, HTTP headers or files is in the log, in an answer of the control socket, or in what a reload says', async (context) => {
  const file = folderOf(context);
  const urls: (string | undefined)[] = [];
  const server = await startHttp(context, ({ url }, response) => {
    urls.push(url);
    response.end('{"result": "allow"}');
  });
  const files = {
    users: file(
      'users.passwd',
      'root:$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\n',
    ),
    bearer: file('bearer', `${SECRETS.bearer}\n`),
    secret: file('secret', SECRETS.jwt),
    key: file('server.key', ''),
  };
  copyFileSync(certificateFile('server.key'), files.key);
  const config = file(
    'vouch.yaml',
    [
      `listeners:\n  - port: 0\n  - type: tls\n    port: 0\n    cert: ${certificateFile('server.pem')}\n    key: ${files.key}`,
      `passwordFile: ${files.users}\njwtSecretFile: ${files.secret}\njwtAudience: here`,
      `httpAuth: ${server.url}?key=${SECRETS.query}\nhttpAuthTokenFile: ${files.bearer}`,
      'logLevel: debug\nlogFormat: json\nstoreReserveBytes: 1 MiB\n',
    ].join('\n'),
  );
  const broker = startVouch(context, ['start', '--config', config]);
  const [port = 0] = await portsOf(broker);
  const come = (options: ClientOptions): Promise<Client> =>
    connect(`mqtt://127.0.0.1:${port}`, { reconnect: false, ...options });
  const exp = Date.now() / 1000 + 600;
  const tokens = [
    secretToken(SECRETS.jwt, { sub: 'tom', aud: 'here', exp }),
    secretToken('another-secret', { sub: 'tom', aud: 'here', exp }),
    secretToken(SECRETS.jwt, { sub: 'tom', aud: 'there', exp }),
    secretToken(SECRETS.jwt, { sub: 'tom', aud: 'here', exp: 1 }),
  ];
  const heidi = await come({
    clientId: 'heidi',
    userName: 'heidi',
    password: SECRETS.http,
    will: { topic: 'w', payload: 'x' },
  });
  const tom = await come({ clientId: 'tom', password: tokens[0] });
  for (const password of tokens.slice(1)) await assert.rejects(come({ password }));
  await assert.rejects(come({ userName: 'root', password: SECRETS.user }));
  server.behave({ status: 500, body: SECRETS.body, headers: { 'x-secret': SECRETS.body } });
  await assert.rejects(come({ userName: 'ida', password: SECRETS.http }), { reasonCode: 0x88 });
  server.behave({ body: `{"result": "${SECRETS.body}"}` });
  await assert.rejects(come({ userName: 'ida', password: SECRETS.http }), { reasonCode: 0x88 });

  const data = path.join(broker.folder, 'data');
  const told: string[] = [];
  const ask = async <Name extends OperationName>(name: Name, question: Questions[Name]): Promise<string> => {
    const rows: object[] = [];
    for await (const row of askBroker(path.join(data, 'control.sock'), name, question)) rows.push(row);
    const text = JSON.stringify(rows);
    told.push(text);
    return text;
  };
  const all = { filter: undefined, user: undefined, sort: undefined, limit: undefined };
  assert.match(await ask('clients', all), /"heidi".*"tom"/u);
  assert.match(await ask('sessions', all), /"heidi"/u);
  assert.match(await ask('client', { id: 'heidi' }), /"topic":"w"/u);
  assert.match(await ask('broker', {}), /"connections":2/u);
  await ask('ban', { kind: 'user', value: 'eve', seconds: undefined, reason: undefined });
  assert.match(await ask('bans', {}), /"eve"/u);
  const drain = { perSecond: undefined, percent: 1, to: `mqtts://anna:${SECRETS.drain}@b.example` };
  await assert.rejects(ask('start-drain', drain), (error: Error) => {
    told.push(error.message);
    assert.match(error.message, /got "mqtts:\/\/anna:\*\*\*@b\.example"/u);
    return true;
  });
  assert.match(await ask('kick', { id: 'tom', reason: undefined }), /127\.0\.0\.1/u);
  await tom.closed;
  await heidi.disconnect();

  writeFileSync(files.users, `root:${SECRETS.badUsers}\n`);
  writeFileSync(files.bearer, `${SECRETS.badToken} and more\n`);
  writeFileSync(files.secret, SECRETS.badSecret);
  const body = Buffer.from(SECRETS.badKey).toString('base64');
  writeFileSync(files.key, `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`);
  const reloaded = await startVouch(context, ['ctl', 'reload', '--data', data]).ended;
  assert.equal(reloaded.code, 1);
  for (const name of Object.values(files)) assert.ok(reloaded.stdout.includes(name), reloaded.stdout);
  told.push(reloaded.stdout, reloaded.stderr, await ask('reload', {}));
  broker.signal('SIGTERM');
  const { stdout, stderr } = await broker.ended;

  expectPlanted('the HTTP server', server.asked.join(), SECRETS.http);
  expectPlanted('the HTTP server', JSON.stringify(server.headers), SECRETS.bearer);
  expectPlanted('the HTTP server', urls.join(), SECRETS.query);
  assert.match(stdout, /wrong signature/u);
  assert.match(stdout, /Its token has expired/u);
  assert.match(stdout, /it answers with the status 500/u);
  assert.match(stdout, /cannot be used: what was in force stays so/u);
  const more = tokens.flatMap((token) => token.split('.').slice(1));
  expectNoSecret('the log', `${stdout}${stderr}`, more);
  for (const [place, text] of told.entries()) expectNoSecret(`answer ${place}`, text, more);
  for (const name of globSync('**/*', { cwd: data })) {
    const place = path.join(data, name);
    if (statSync(place).isFile()) expectNoSecret(name, readFileSync(place, 'latin1'), more);
  }
});

test('threat 64: no password that follows a redirect, no pass phrase, and no option of a wrong type is in an error, an object or a log', async (context) => {
  const lines: string[] = [];
  const say = (sentence: string, fields?: object): void => void lines.push(sentence, JSON.stringify(fields ?? {}));
  const log = { debug: say, info: say, warn: say, error: say };
  const heard: string[] = [];
  const there = createBroker({
    log,
    authenticator: {
      authenticate: ({ password }) => {
        heard.push(Buffer.from(password ?? []).toString());
        return { kind: 'accepted', principal: 'anna' };
      },
    },
  });
  context.after(() => there.close());
  const tls = { ...certificate('server'), ca: certificateText('ca.pem'), clientCertificate: 'required' } as const;
  const { port } = await there.listen({ port: 0 });
  const secure = await there.listen({ port: 0, tls });
  const here = createBroker({ log, redirects: [{ clients: '*', to: `127.0.0.1:${port}`, permanent: false }] });
  context.after(() => here.close());
  const { url } = await here.listen({ port: 0 });

  const seen: unknown[] = [];
  const come = async (at: string, options: ClientOptions): Promise<void> => {
    const client = await connect(at, { log, reconnect: false, ...options });
    seen.push(client, JSON.stringify(client), await client.subscribe('a'));
    assert.match(inspect(client), /state: 'connected'/u);
    await client.disconnect();
  };
  const refused = async (at: string, options: ClientOptions): Promise<void> => {
    await assert.rejects(come(at, options), (error: Error) => seen.push(error, error.message) > 0);
  };
  const password = SECRETS.followed;
  await come(url, { userName: 'anna', password, redirects: 'follow' });
  assert.deepEqual(heard, [password], 'it went to the other server, which is what is asked for here');
  await refused(url, { userName: 'anna', password });
  await refused(url.replace('//', `//anna:${password}@`), {});

  const key = createPrivateKey(certificateText('client.key'))
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: SECRETS.phrase })
    .toString();
  const mine = { ca: certificateText('ca.pem'), cert: certificateText('client.pem'), key };
  const at = secure.url.replace('127.0.0.1', 'localhost');
  await come(at, { tls: { ...mine, passphrase: SECRETS.phrase } });
  await refused(at, { tls: { ...mine, passphrase: SECRETS.wrongPhrase } });

  const bytes = Buffer.from(SECRETS.type);
  await refused(url, { password: { secret: SECRETS.type, toString: () => SECRETS.type } as never });
  await refused(at, { tls: { ...mine, passphrase: bytes as never } });
  await refused(at, { tls: { ...mine, key: bytes as never } });
  await refused(at, { tls: { ...mine, cert: bytes as never } });
  for (const part of ['cert', 'key'] as const) {
    await assert.rejects(here.listen({ port: 0, tls: { ...certificate('server'), [part]: bytes } }), (error: Error) => {
      assert.match(error.message, new RegExp(`^${part} takes .*; got something of the type object`, 'u'));
      return seen.push(error) > 0;
    });
  }
  assert.ok(seen.length > 15);
  const how = { depth: 20, showHidden: true, maxStringLength: null } as const;
  for (const [place, each] of seen.entries()) expectNoSecret(`thing ${place}`, inspect(each, how));
  assert.match(lines.join('\n'), /use 127\.0\.0\.1:\d+ for now/u);
  expectNoSecret('the log', lines.join('\n'));
});
