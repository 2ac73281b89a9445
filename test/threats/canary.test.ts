// Threat 64: secrets are planted everywhere they can be, and then looked for in everything that the broker and the commands say and write:
// logs down to `debug`, $SYS, errors, standard output and standard error, and every file but those that are there to hold them.

import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { inspect } from 'node:util';

import { auth, bytes, connect as connectPacket, disconnect } from '../../conformance/wire/write.ts';
import { createBroker, type ListenOptions } from '../../src/exports/broker.ts';
import { type ClientOptions, connect, scramSha256 } from '../../src/exports/client.ts';
import { ClientProcess } from '../cli/client-process.ts';
import { portsOf, startVouch } from '../cli/vouch-process.ts';
import { certificateFile, certificateText } from '../support/certificates.ts';
import { canary, expectNone, piecesOf } from './canaries.ts';
import { callerOn, freshId, Stage, VERSIONS } from './stage.ts';

const SECRETS = {
  right: canary('right'),
  scram: canary('scram'),
  wrong: canary('wrong'),
  url: canary('url'),
  flag: canary('flag'),
  packet: canary('packet'),
  authentication: canary('authentication'),
  pem: canary('pem'),
  option: canary('option'),
} as const;

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vouch-canary-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Claims that no secret is in a text. */
function expectNoSecret(where: string, text: string, more: readonly string[] = []): void {
  expectNone(where, text, Object.values(SECRETS), more);
}

/** Runs a command to its end; all that it said. */
async function said(context: TestContext, args: readonly string[], input = ''): Promise<string> {
  const { stdout, stderr } = await new ClientProcess(context, args).input(input).end();
  return `${stdout.toString()}\n${stderr}`;
}

test('threat 64: no secret that a client sends or a file holds is in what a broker and its tools say, or in the store', async (context) => {
  const users = path.join(folder, 'users.passwd');
  const rules = path.join(folder, 'rules.yaml');
  const data = path.join(folder, 'data');
  writeFileSync(rules, "rules:\n  - allow: all\n    user: anna\n    topics: ['#', '$SYS/#']\n");
  const made = [
    await said(context, ['passwd', 'add', users, 'anna'], SECRETS.right),
    await said(context, ['passwd', 'add', users, 'sara', '--scram', '--iterations', '4096'], SECRETS.scram),
  ];
  const config = path.join(folder, 'vouch.yaml');
  const tls = `    cert: ${certificateFile('server.pem')}\n    key: ${certificateFile('server.key')}\n`;
  writeFileSync(
    config,
    [
      `listeners:\n  - port: 0\n  - type: tls\n    port: 0\n${tls}data: ${data}\npasswordFile: ${users}\nrulesFile: ${rules}`,
      'systemTopicsInterval: 100 ms\nlogLevel: debug\nlogFormat: json\n',
    ].join('\n'),
  );
  const broker = startVouch(context, ['start', '--config', config]);
  const [port = 0] = await portsOf(broker);
  await bother(port);
  const message = ['-t', 'a', '-m', 'x', '-q', '1', '-r'];
  const told = await Promise.all([
    said(context, ['pub', '-p', `${port}`, '-u', 'anna', '-P', SECRETS.right, '--debug', ...message]),
    said(context, ['pub', '-p', `${port}`, '-u', 'anna', '-P', SECRETS.wrong, ...message]),
    said(context, ['sub', '-L', `mqtt://anna:${SECRETS.url}@127.0.0.1:99999/a`, '-t', 'a']),
    said(context, ['pub', '-P', SECRETS.flag, '--pasword', SECRETS.flag, ...message]),
    said(context, ['passwd', 'verify', users, 'anna'], SECRETS.wrong),
    said(context, ['explain', '--config', config, '-u', 'anna', 'publish', 'a']),
    said(context, ['start', '--check', '--config', config]),
    systemTopics(port),
  ]);
  broker.signal('SIGTERM');
  const { stdout, stderr } = await broker.ended;
  const exported = await said(context, ['store', 'export', '--data', data]);
  const more = [...piecesOf(readFileSync(users, 'utf8')), ...piecesOf(certificateText('server.key'))];
  assert.ok(more.length > 5);
  assert.match(stdout, /is wrong/, 'something was told at all');
  assert.match(told.join(), /broker\/uptime/);
  for (const [n, text] of [...made, ...told, exported].entries()) expectNoSecret(`command ${n}`, text, more);
  expectNoSecret('the log', `${stdout}${stderr}`, more);
  for (const name of globSync('**/*', { cwd: folder })) {
    const file = path.join(folder, name);
    if (file === users || !statSync(file).isFile()) continue;
    expectNoSecret(name, readFileSync(file, 'latin1'), more);
  }
});

/** All that the broker says of itself, as its user who may. */
async function systemTopics(port: number): Promise<string> {
  const client = await connect(`mqtt://127.0.0.1:${port}`, { userName: 'anna', password: SECRETS.right });
  const uptime = Promise.withResolvers<void>();
  let seen = '';
  await client.subscribe('$SYS/#', {
    onMessage: ({ topic, payload }) => {
      seen += `${topic} ${Buffer.from(payload).toString()}\n`;
      if (topic.endsWith('/uptime')) uptime.resolve();
    },
  });
  await uptime.promise;
  await client.disconnect();
  return seen;
}

/** Says secrets to a broker in every packet that has a place for one, right and wrong. */
async function bother(port: number): Promise<void> {
  const say = async (...packets: readonly Uint8Array[]): Promise<void> => {
    const caller = callerOn(connectTcp(port, '127.0.0.1'));
    caller.send(...packets);
    await caller.next();
    caller.cut();
  };
  const { packet: secret } = SECRETS;
  for (const { level, fields } of VERSIONS) {
    const wrong = { ...fields, clientId: freshId(), userName: 'anna', password: secret };
    await say(connectPacket(level, wrong));
    await say(connectPacket(level, { ...wrong, userName: 'nobody' }));
    // Cut short in the middle of the password, with a byte too many, and with what is no text.
    await say(connectPacket(level, { ...wrong, userName: Uint8Array.of(0xff) }));
    await say(bytes(connectPacket(level, wrong).with(1, connectPacket(level, wrong).length - 5)));
    await say(
      bytes(connectPacket(level, wrong).with(1, connectPacket(level, wrong).length + 5), [1, 2, 3, 4, 5, 6, 7]),
    );
    await say(connectPacket(level, { ...wrong, will: { topic: '#', payload: 'x' } }));
  }
  const authenticationData = Buffer.from(SECRETS.authentication);
  for (const authenticationMethod of ['SCRAM-SHA-256', 'unknown']) {
    await say(connectPacket(5, { clientId: 'c', properties: { authenticationMethod, authenticationData } }));
    await say(
      connectPacket(5, { clientId: 'c', properties: { authenticationMethod } }),
      auth(0x18, { authenticationMethod, authenticationData }),
      disconnect(5),
    );
  }
  const scram = await connect(`mqtt://127.0.0.1:${port}`, {
    authentication: scramSha256('sara', SECRETS.scram),
    reconnect: false,
  });
  await scram.disconnect();
  const guess = { authentication: scramSha256('sara', SECRETS.wrong), reconnect: false } as const;
  await assert.rejects(connect(`mqtt://127.0.0.1:${port}`, guess));
}

test('threat 64: no error and no object of a client or broker in a program shows a secret, however it is looked at', async (context) => {
  const stage = await Stage.open(context, {
    authenticator: {
      authenticate: ({ password }) =>
        Buffer.from(password ?? []).toString() === SECRETS.right
          ? { kind: 'accepted', principal: 'anna' }
          : { kind: 'refused', reasonCode: 0x86, detail: 'wrong' },
    },
  });
  const seen: unknown[] = [];
  const port = stage.port('tcp');
  const options: readonly (readonly [url: string, options: ClientOptions])[] = [
    [`mqtt://anna:${SECRETS.url}@127.0.0.1:${port}`, { reconnect: false }],
    [`mqtt://anna:${SECRETS.url}@127.0.0.1:1`, { reconnect: false }],
    [`mqtt://anna:${SECRETS.url}@127.0.0.1:99999`, {}],
    [`mqtt://anna:${SECRETS.url}@`, {}],
    [`http://anna:${SECRETS.url}@host`, {}],
    [`anna:${SECRETS.url}@host`, {}],
    [`mqtts://anna:${SECRETS.url}@localhost:${stage.port('tls')}`, { reconnect: false }],
    [`ws://anna:${SECRETS.url}@localhost:${port}/mqtt`, { reconnect: false }],
    [`mqtt://127.0.0.1:${port}`, { userName: 'anna', password: SECRETS.wrong, reconnect: false }],
    [`mqtt://127.0.0.1:${port}`, { userName: 'anna', password: SECRETS.option, keepAliveSeconds: -1 }],
    [`mqtt://127.0.0.1:${port}`, { authentication: scramSha256('anna', SECRETS.scram), reconnect: false }],
    [
      `mqtts://127.0.0.1:${port}`,
      { tls: { key: pem(SECRETS.pem), cert: certificateText('client.pem') }, reconnect: false },
    ],
  ];
  for (const [url, choice] of options) {
    await connect(url, choice).then(
      () => assert.fail(url),
      (error: unknown) => seen.push(error),
    );
  }
  const listeners: readonly ListenOptions[] = [
    { port: 0, tls: { cert: certificateText('server.pem'), key: pem(SECRETS.pem) } },
    { port: 0, tls: { cert: pem(SECRETS.pem), key: certificateText('server.key') } },
    { port: 0, tls: { cert: certificateText('server.pem'), key: certificateText('client.key') } },
  ];
  for (const listener of listeners) {
    await stage.broker.listen(listener).then(
      () => assert.fail('it listens'),
      (error: unknown) => seen.push(error),
    );
  }
  const client = await connect(`mqtt://anna:${SECRETS.right}@127.0.0.1:${port}`);
  context.after(() => client.disconnect());
  seen.push(client, stage.broker, createBroker());
  const keys = [...piecesOf(certificateText('server.key')), ...piecesOf(certificateText('client.key'))];
  for (const [n, each] of seen.entries()) {
    expectNoSecret(`thing ${n}`, inspect(each, { depth: 20, showHidden: true, maxStringLength: null }), keys);
  }
  expectNoSecret('the log', stage.log.join('\n'), keys);
});

/** What looks like a key, and is none. */
function pem(secret: string): string {
  return `-----BEGIN PRIVATE KEY-----\n${Buffer.from(secret).toString('base64')}\n-----END PRIVATE KEY-----\n`;
}
