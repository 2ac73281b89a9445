import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import { SILENT_LOG } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { NO_DISCONNECT_PROPERTIES } from '../packet/properties.ts';
import type { Packet } from '../packet/packet.ts';
import { connect } from './connect.ts';
import type { ClientEnd } from './endings.ts';
import type { Transport } from './parts.ts';
import { parseServerReference, type Redirect, type RedirectPolicy, ServerChoice } from './redirecting.ts';
import { connack, refusal, ScriptedBroker, turn } from './scripted-broker.arbitrary.ts';
import { newsOf } from './watching.arbitrary.ts';

const HOME = { host: 'home', port: 1 };
const LOST: ClientEnd = { kind: 'connection-lost', cause: undefined };
const FIRST: Random = { next: () => 0, bytes: (count) => new Uint8Array(count) };

function choice(policy: RedirectPolicy, random = FIRST): ServerChoice {
  return new ServerChoice(HOME, policy, random, SILENT_LOG);
}

/** CONNACK has sent the client elsewhere. */
function refused(reasonCode: number, serverReference: string | undefined): ClientEnd {
  return { kind: 'not-connected', error: new OperationError('connection-refused', 'go', reasonCode), serverReference };
}

/** DISCONNECT has. */
function told(reasonCode: number, serverReference: string | undefined): ClientEnd {
  return { kind: 'disconnected-by-broker', reasonCode, reasonString: undefined, serverReference };
}

/** The broker's DISCONNECT that names another server. */
function elsewhere(reasonCode: number, serverReference: string): Packet {
  return { kind: 'disconnect', reasonCode, properties: { ...NO_DISCONNECT_PROPERTIES, serverReference } };
}

test('a Server Reference is a list of names and addresses, each with a port or that of MQTT', () => {
  const cases: readonly (readonly [reference: string, ...servers: string[]])[] = [
    ['myserver.xyz.org', 'myserver.xyz.org 1883'],
    ['myserver.xyz.org:8883', 'myserver.xyz.org 8883'],
    ['10.10.151.22:8883 [fe80::9610:3eff:fe1c]:1883', '10.10.151.22 8883', 'fe80::9610:3eff:fe1c 1883'],
    ['[::1]', '::1 1883'],
    ['  a   b ', 'a 1883', 'b 1883'],
    ['a:65535 b:65536 c:0 d: e:f [g h] [] :1 i:1:2 mqtt://j k/l m', 'a 65535', 'm 1883'],
    [''],
  ];
  for (const [reference, ...servers] of cases) {
    assert.deepEqual(
      parseServerReference(reference).map(({ host, port }) => `${host} ${port}`),
      servers,
      reference,
    );
  }
});

test('the port that is left out is that of what the client speaks over; behind a Unix socket there is no other server', () => {
  const next = (kind: Transport['kind']): unknown => {
    const transport: Transport = { kind, path: '', tls: {}, localAddress: undefined };
    const servers = new ServerChoice({ ...HOME, transport }, 'follow', FIRST, SILENT_LOG);
    servers.follow(told(0x9c, 'a'));
    return servers.next();
  };
  assert.deepEqual(next('tls'), { host: 'a', port: 8883 });
  assert.deepEqual(next('wss'), { host: 'a', port: 443 });
  assert.deepEqual(next('unix'), HOME);
});

test('for now: the next attempt goes there, and the one after it where the client belongs', () => {
  const servers = choice('follow');
  assert.deepEqual(servers.next(), HOME);
  const to = { host: 'a', port: 2 };
  assert.deepEqual(servers.follow(refused(0x9c, 'a:2')), {
    redirect: { from: HOME, to, permanent: false },
    isAtOnce: true,
  });
  assert.deepEqual(servers.next(), to);
  assert.equal(servers.follow(LOST), undefined);
  assert.deepEqual(servers.next(), HOME);
});

test('for good: every attempt goes there', () => {
  const servers = choice('follow');
  servers.next();
  const to = { host: 'a', port: 2 };
  assert.deepEqual(servers.follow(told(0x9d, 'a:2')), {
    redirect: { from: HOME, to, permanent: true },
    isAtOnce: false,
  });
  assert.deepEqual([servers.next(), servers.next()], [to, to]);
  servers.follow(refused(0x9c, 'b'));
  servers.next();
  assert.deepEqual(servers.next(), to, 'and back there from elsewhere');
});

test('without a reference, with another reason, or with nothing to be read there is nowhere to go', () => {
  const servers = choice('follow');
  for (const end of [
    refused(0x9c, undefined),
    refused(0x87, 'a'),
    refused(0x9d, 'mqtt://a'),
    told(0x9c, undefined),
    told(0x8b, 'a'),
    LOST,
  ]) {
    assert.equal(servers.follow(end), undefined);
    assert.deepEqual(servers.next(), HOME);
  }
});

test('of several servers one is chosen by chance', () => {
  const hosts = [0, 0.34, 0.67, 0.99].map((draw) => {
    const servers = choice('follow', { ...FIRST, next: () => draw });
    servers.follow(refused(0x9c, 'a b c'));
    return servers.next().host;
  });
  assert.deepEqual(hosts, ['a', 'b', 'c', 'c']);
});

test('for good, several servers are a choice for each attempt', () => {
  const draws = [0, 0.99, 0.5];
  const servers = choice('follow', { ...FIRST, next: () => draws.shift() ?? 0 });
  servers.follow(refused(0x9d, 'a b c'));
  const hosts = [1, 2, 3, 4].map(() => servers.next().host);
  assert.deepEqual(hosts, ['a', 'c', 'b', 'a']);
});

test('a function is asked about each server; what it throws is no', () => {
  const asked: Redirect[] = [];
  const servers = choice((redirect) => {
    asked.push(redirect);
    if (redirect.to.host === 'a') throw new Error('no idea');
    return redirect.to.host === 'c';
  });
  servers.next();
  servers.follow(refused(0x9d, 'a b c'));
  assert.deepEqual(servers.next(), { host: 'c', port: 1883 });
  const from = { from: HOME, permanent: true };
  assert.deepEqual(
    asked,
    ['a', 'b', 'c'].map((host) => ({ ...from, to: { host, port: 1883 } })),
  );
  const promising = choice((async () => true) as unknown as RedirectPolicy);
  assert.equal(promising.follow(refused(0x9c, 'a')), undefined, 'a promise is no answer');
});

test('servers that only send on are followed five times in a row', () => {
  const servers = choice('follow');
  for (let hop = 1; hop <= 5; hop++) assert.notEqual(servers.follow(refused(0x9c, 'a')), undefined);
  assert.equal(servers.follow(refused(0x9c, 'a')), undefined);
  servers.follow(LOST);
  assert.notEqual(servers.follow(refused(0x9c, 'a')), undefined, 'anything else begins a new row');
});

test('connect goes where CONNACK sends it, at once, and says so', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ url: 'mqtt://me:secret@home:1', redirects: 'follow', reconnect: false }, broker.parts);
  await broker.refuse(0x9c, { serverReference: 'away:2' });
  await broker.refuse(0x9d, { serverReference: 'far-away:3' });
  const { userName } = await broker.nextConnect();
  broker.send(connack());
  const client = await connecting;
  const hosts = broker.targets.map(({ host, port }) => `${host} ${port}`);
  assert.deepEqual(hosts, ['home 1', 'away 2', 'far-away 3']);
  assert.equal(userName, 'me');
  assert.equal(client.state, 'connected');
});

test('a client that is sent elsewhere while it is connected goes there with its next attempt, and tells', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ host: 'home', redirects: 'follow' }, broker.parts);
  await broker.accept();
  const client = await connecting;
  const news = newsOf(client);
  client.on('redirected', ({ from, to, permanent }) => news.push(`${from.host} to ${to.host} ${permanent}`));
  broker.send(elsewhere(0x9c, 'away'));
  await broker.accept();
  broker.cut();
  await broker.accept();
  const hosts = broker.targets.map(({ host }) => host);
  assert.deepEqual(hosts, ['home', 'away', 'home']);
  assert.deepEqual(news, [
    'disconnected disconnected-by-broker 275',
    'home to away false',
    'connected false',
    'disconnected connection-lost 550',
    'connected false',
  ]);
});

test('where the other server does not answer, the client comes back', async () => {
  const broker = new ScriptedBroker();
  const client = await connect({ host: 'home', redirects: 'follow', startOffline: true }, broker.parts);
  await broker.nextConnect();
  broker.door = 'shut';
  broker.send(refusal(0x9c, { serverReference: 'away' })).cut();
  await broker.nextDial();
  broker.door = 'open';
  await broker.accept();
  const hosts = broker.targets.map(({ host }) => host);
  assert.deepEqual(hosts, ['home', 'away', 'home']);
  await client.disconnect();
});

test('without the option no redirect is followed: the client ends, and its end names the server', async () => {
  const broker = new ScriptedBroker();
  const expected = { code: 'connection-refused', reasonCode: 0x9c, message: /"away"/ };
  const rejected = assert.rejects(connect({}, broker.parts), expected);
  await broker.refuse(0x9c, { serverReference: 'away' });
  await rejected;
  const connecting = connect({}, broker.parts);
  await broker.accept();
  const client = await connecting;
  broker.send(elsewhere(0x9d, 'away'));
  assert.deepEqual(await client.closed, told(0x9d, 'away'));
  const offline = await connect({ startOffline: true }, broker.parts);
  await broker.refuse(0x9c, { serverReference: 'away' });
  const end = await offline.closed;
  assert.equal(end.kind === 'not-connected' ? end.serverReference : end, 'away');
});

test('servers that send a client round in circles lose it', async () => {
  const broker = new ScriptedBroker();
  const connecting = connect({ redirects: 'follow' }, broker.parts);
  const rejected = assert.rejects(connecting, { code: 'connection-refused', reasonCode: 0x9c });
  for (let hop = 0; hop <= 5; hop++) await broker.refuse(0x9c, { serverReference: 'round' });
  await rejected;
  assert.equal(broker.connects.length, 6);
});

test('a listener that ends the client is the last to hear of a redirect', async () => {
  const broker = new ScriptedBroker();
  const client = await connect({ redirects: 'follow', startOffline: true }, broker.parts);
  client.on('disconnected', () => void client.disconnect());
  client.on('redirected', () => assert.fail('it goes nowhere'));
  await broker.refuse(0x9c, { serverReference: 'away' });
  await client.closed;
  await turn();
  assert.equal(broker.targets.length, 1);
});

test('an option that is none, or is of no use to 3.x, is refused', async () => {
  const broker = new ScriptedBroker();
  const untyped = 'always' as unknown as RedirectPolicy;
  await assert.rejects(connect({ redirects: untyped }, broker.parts), { code: 'invalid-option' });
  await assert.rejects(connect({ version: 4, redirects: 'follow' }, broker.parts), { code: 'invalid-option' });
});
