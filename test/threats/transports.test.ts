// Threats to what carries MQTT: WebSocket's handshake and frames, the Origin of pages, client certificates. What is asked of TLS is asked of
// WebSocket over TLS as well.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';

import { connect, PINGREQ } from '../../conformance/wire/write.ts';
import { createBroker } from '../../src/exports/broker.ts';
import { type CertificateName, certificate, certificateFile, certificateText } from '../support/certificates.ts';
import { callerOn, freshId, memoryHeld, Stage, TRANSPORTS, V5 } from './stage.ts';

const MEBIBYTE = 2 ** 20;
const CA = certificateText('ca.pem');

/** The opening of a WebSocket, as text. */
function upgrade(...headers: readonly string[]): string {
  const known = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  return ['GET /mqtt HTTP/1.1', ...known, key, ...headers, '', ''].join('\r\n');
}

/** Sends a text and gives the first line of the answer; '' if the connection ends without one. */
async function firstLine(port: number, opening: string): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
  socket.write(opening);
  const closed = once(socket, 'close').then(() => ['']);
  const [chunk] = (await Promise.race([once(socket, 'data'), closed])) as readonly (Buffer | string)[];
  socket.destroy();
  return String(chunk).split('\r\n', 1)[0] ?? '';
}

test('threat 60: a handshake with thousands of headers, or with patterns that make readers slow, is answered or refused at once', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const port = stage.port('ws');
  const subprotocol = 'Sec-WebSocket-Protocol: mqtt';
  const many = Array.from({ length: 2_500 }, (_, n) => `a${n}: b`);
  assert.match(await firstLine(port, upgrade(subprotocol, ...many)), /^(?:HTTP\/1\.1 (?:101|4\d\d) .*)?$/);
  const before = process.cpuUsage();
  const spaces = ' '.repeat(12_000);
  const openings = [
    upgrade(`Sec-WebSocket-Protocol: mqtt${spaces}x`),
    upgrade(`Sec-WebSocket-Protocol: ${'a, '.repeat(4_000)}`),
    upgrade(subprotocol, `Sec-WebSocket-Extensions: a;${spaces}b="`),
    upgrade(subprotocol, `Sec-WebSocket-Extensions: ${'permessage-deflate; '.repeat(600)}`),
  ];
  for (const opening of openings) assert.match(await firstLine(port, opening), /^HTTP\/1\.1 (?:101|4\d\d) /);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 1_000_000, `${user + system} microseconds`);
  await stage.expectUnharmed();
});

test('threat 60: a message in fragments of nothing, without end, ends its connection and keeps no memory', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const before = await memoryHeld();
  for (let n = 0; n < 5; n++) {
    const socket = connectTcp(stage.port('ws'), '127.0.0.1');
    const closed = once(
      socket.on('error', () => {}),
      'close',
    );
    socket.write(upgrade('Sec-WebSocket-Protocol: mqtt'));
    await once(socket, 'data');
    // One frame that begins a binary message, and then its continuations: masked, empty, never the last.
    socket.write(Buffer.from('028000000000', 'hex'));
    const continuations = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from('008000000000', 'hex')));
    pour(socket, continuations);
    await closed;
  }
  const grown = (await memoryHeld()) - before;
  assert.ok(grown < 8 * MEBIBYTE, `${grown} bytes more`);
  await stage.expectUnharmed();
});

/** `open`, or the error. */
function outcomeOf(webSocket: WebSocket): Promise<string> {
  // `terminate` may make an error of its own.
  webSocket.on('error', () => {});
  return once(webSocket, 'open').then(() => 'open', String);
}

/** Writes bytes again and again, until the other side has enough. */
function pour(socket: Socket, bytes: Uint8Array): void {
  if (!socket.destroyed) socket.write(bytes, () => setImmediate(() => pour(socket, bytes)));
}

test('threat 60: the package ws is one without the known holes, and nothing is ever compressed', async (context) => {
  const manifest = readFileSync(path.resolve(import.meta.dirname, '../../node_modules/ws/package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };
  assert.ok(version.localeCompare('8.21.1', undefined, { numeric: true }) >= 0, version);
  const stage = await Stage.open(context);
  const webSocket = new WebSocket(`ws://127.0.0.1:${stage.port('ws')}/mqtt`, 'mqtt', { perMessageDeflate: true });
  await once(webSocket, 'open');
  assert.equal(webSocket.extensions, '');
  webSocket.terminate();
});

test("threat 61: a page's Origin that is not listed opens nothing, plain or with TLS", async (context) => {
  const broker = createBroker();
  context.after(() => broker.close());
  const tls = { cert: certificateFile('server.pem'), key: certificateFile('server.key') };
  const webSocket = { origins: ['https://good.example'] };
  const doors = [
    `ws://127.0.0.1:${(await broker.listen({ port: 0, webSocket })).port}/mqtt`,
    `wss://localhost:${(await broker.listen({ port: 0, webSocket, tls })).port}/mqtt`,
  ];
  for (const url of doors) {
    const evil = [
      'https://evil.example',
      'https://good.example.evil.example',
      'http://good.example',
      'null',
      'https://GOOD.example:1',
    ];
    for (const origin of [...evil, 'https://good.example']) {
      const socket = new WebSocket(url, 'mqtt', { origin, ca: CA, family: 4 });
      const answer = await outcomeOf(socket);
      const expected = origin === 'https://good.example' ? /^open$/ : /403/;
      assert.match(answer, expected, `${origin} at ${url}`);
      socket.terminate();
    }
  }
  const plain = request({
    port: new URL(doors[0] ?? '').port,
    path: '/mqtt',
    headers: { origin: 'https://evil.example' },
  });
  const [response] = (await once(plain.end(), 'response')) as readonly { readonly statusCode?: number }[];
  assert.equal(response?.statusCode, 426, 'a request that is no upgrade gets no further either');
});

test('threat 63: certificates are asked for over TLS and over WebSocket with TLS alike: none, a wrong one and a revoked one open nothing', async (context) => {
  const broker = createBroker();
  context.after(() => broker.close());
  const tls = {
    cert: certificateFile('server.pem'),
    key: certificateFile('server.key'),
    ca: certificateFile('ca.pem'),
    crl: certificateFile('crl.pem'),
    clientCertificate: 'required',
  } as const;
  const ports = {
    tls: (await broker.listen({ port: 0, tls })).port,
    wss: (await broker.listen({ port: 0, tls, webSocket: true })).port,
  };
  const names: readonly (CertificateName | undefined)[] = [
    undefined,
    'stranger',
    'revoked',
    'expired',
    'self-signed',
    'client',
  ];
  for (const name of names) {
    const own = name === undefined ? {} : certificate(name);
    const caller = callerOn(
      connectTls({ port: ports.tls, host: '127.0.0.1', ca: CA, servername: 'localhost', ...own }),
    );
    caller.send(connect(5, { clientId: freshId() }));
    const frame = await caller.next();
    assert.equal(frame?.type === 2, name === 'client', `TLS, ${name}`);
    caller.cut();
    const webSocket = new WebSocket(`wss://localhost:${ports.wss}/mqtt`, 'mqtt', { ca: CA, family: 4, ...own });
    assert.equal((await outcomeOf(webSocket)) === 'open', name === 'client', `WebSocket, ${name}`);
    webSocket.terminate();
  }
});

test('a flood of PINGREQ on every transport is answered one by one, and others are served meanwhile', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const many = Buffer.concat(Array.from({ length: 5_000 }, () => PINGREQ));
  for (const transport of TRANSPORTS) {
    const client = await stage.connect(V5, {}, transport);
    client.send(many);
    await stage.expectUnharmed();
    for (let n = 0; n < 5_000; n++) await client.expect('pingresp');
  }
});
