// TLS sessions of the client that are resumed, over TLS and over WebSocket: by the real client with a real server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';

import { type ClientOptions, connect } from '../../src/exports/client.ts';
import type { NetworkHandler } from '../../src/transport/contract.ts';
import { SessionMemory } from '../../src/transport/tls/session-memory.ts';
import { connectTls, type TlsTrust } from '../../src/transport/tls/tls-connect.ts';
import { certificate, certificateText } from '../support/certificates.ts';

const CA = certificateText('ca.pem');
const OTHER_CA = certificateText('self-signed.pem');
/** CONNACK of MQTT 5.0: welcome. */
const CONNACK = Buffer.from('2003000000', 'hex');

type Version = 'TLSv1.2' | 'TLSv1.3';

async function listening(context: TestContext, server: Server): Promise<number> {
  context.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** A server that says CONNACK to whatever comes, and drops each connection but the last of so many. With whether they were resumed. */
async function fickleServer(context: TestContext, version: Version, isWebSocket: boolean, count: number) {
  const resumed: boolean[] = [];
  const options = { ...certificate('server'), minVersion: version, maxVersion: version };
  const welcome = (say: () => void, drop: () => void): void => {
    say();
    if (resumed.length < count) setImmediate(drop);
  };
  const https = isWebSocket ? createHttpsServer(options) : undefined;
  const server = https ?? createServer(options);
  server.on('secureConnection', (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused());
    socket.on('error', () => {});
    context.after(() => socket.destroy());
    if (!isWebSocket)
      socket.once('data', () =>
        welcome(
          () => socket.write(CONNACK),
          () => socket.end(),
        ),
      );
  });
  if (https !== undefined) {
    new WebSocketServer({ server: https, handleProtocols: () => 'mqtt' }).on('connection', (webSocket) => {
      webSocket.once('message', () =>
        welcome(
          () => webSocket.send(CONNACK),
          () => webSocket.close(),
        ),
      );
    });
  }
  return { resumed, port: await listening(context, server) };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const isWebSocket of [false, true]) {
    const over = isWebSocket ? 'wss' : 'mqtts';

    test(`a client that comes back over ${over} resumes its TLS session, each time: ${version}`, async (context) => {
      const { resumed, port } = await fickleServer(context, version, isWebSocket, 3);
      const third = Promise.withResolvers<void>();
      const options: ClientOptions = { tls: { ca: CA }, reconnect: { delayMinMillis: 1, delayMaxMillis: 1 } };
      const client = await connect(`${over}://127.0.0.1:${port}`, options);
      context.after(() => client.disconnect());
      client.on('connected', () => {
        if (resumed.length === 3) third.resolve();
      });
      await third.promise;
      assert.deepEqual(resumed, [false, true, true]);
      // Another client has nothing of it.
      const other = await connect(`${over}://127.0.0.1:${port}`, { ...options, reconnect: false });
      await other.disconnect();
      assert.equal(resumed.at(-1), false);
    });
  }

  test(`a session is of no use with another CA, certificate or name: ${version}`, async (context) => {
    const { resumed, port } = await fickleServer(context, version, false, 0);
    const sessions = new SessionMemory();
    const ask = async (tls: TlsTrust): Promise<boolean | undefined> => {
      const heard = Promise.withResolvers<void>();
      const handler: NetworkHandler = { receive: () => heard.resolve(), drained() {}, closed() {} };
      const connection = await connectTls({ host: '127.0.0.1', port, tls, sessions }, handler);
      connection.writer().reserve(1);
      connection.writer().raw(Uint8Array.of(0x10));
      connection.wrote();
      await heard.promise;
      connection.destroy();
      return resumed.at(-1);
    };
    assert.deepEqual([await ask({ ca: CA }), await ask({ ca: CA })], [false, true]);
    for (const tls of [
      { ca: CA + OTHER_CA },
      { ca: CA, ...certificate('client') },
      { ca: CA, servername: 'localhost' },
      { ca: CA, rejectUnauthorized: false },
    ]) {
      assert.deepEqual([await ask(tls), await ask(tls)], [false, true]);
    }
    await assert.rejects(ask({ ca: OTHER_CA }), { code: 'tls-failed' });
    assert.equal(await ask({ ca: CA }), true);
  });
}

test('sessions of the brokers that were dialled last are kept, and one that is taken out is there no more', () => {
  const sessions = new SessionMemory();
  const owner = (port: number) => ({ host: 'a', port, trust: {} });
  for (let port = 1; port <= 17; port++) sessions.keep(owner(port), Buffer.of(port));
  assert.equal(sessions.take(owner(1)), undefined);
  assert.deepEqual(sessions.take(owner(2)), Buffer.of(2));
  assert.equal(sessions.take(owner(2)), undefined);
  assert.deepEqual(sessions.take(owner(17)), Buffer.of(17));
});
