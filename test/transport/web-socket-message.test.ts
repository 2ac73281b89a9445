// How much of a WebSocket message the client takes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';

import { connectWebSocket } from '../../src/transport/websocket/web-socket-connect.ts';

const MIB = 1024 * 1024;

test('a message that is much larger than a packet may be ends the connection, before it is there', async (context) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'mqtt' });
  context.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const place = { host: '127.0.0.1', port: address.port, path: '/mqtt', tls: undefined };
  const ask = async (packetBytesMax: number, messageBytes: number): Promise<string> => {
    server.once('connection', (webSocket) => webSocket.on('error', () => {}).send(Buffer.alloc(messageBytes)));
    let received = 0;
    const outcome = Promise.withResolvers<string>();
    const connection = await connectWebSocket(
      { ...place, packetBytesMax },
      {
        receive: (_, start, end) => {
          received += end - start;
          if (received === messageBytes) outcome.resolve('all of it');
        },
        drained() {},
        closed: (cause) => outcome.resolve(`${received} ${cause?.message ?? ''}`),
      },
    );
    const said = await outcome.promise;
    connection.destroy();
    return said;
  };
  assert.equal(await ask(1_000, MIB), 'all of it');
  assert.match(await ask(1_000, 2 * MIB), /^0 .*payload/iu);
  assert.equal(await ask(2 * MIB, 2 * MIB), 'all of it');
});
