// The WebSocket transport, accepted and opened, plain and over TLS, under the suite for all transports.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { connectWebSocket } from '../../src/transport/websocket/web-socket-connect.ts';
import { listenWebSocket } from '../../src/transport/websocket/web-socket-listener.ts';
import { certificate, certificateText } from '../support/certificates.ts';
import { hand, oneAfterAnother, portOf } from './pairing.ts';
import { transportContract } from './transport.ts';
import { webSocketPeerOf } from './web-socket-peer.ts';

const HOST = '127.0.0.1';
const CA = certificateText('ca.pem');

for (const isSecure of [false, true]) {
  transportContract(`an accepted WebSocket${isSecure ? ' over TLS' : ''}`, async () => {
    const accepted = hand<{ connection: NetworkConnection }>();
    let handlerOfNext: NetworkHandler | undefined;
    const listener = await listenWebSocket(
      {
        host: HOST,
        port: 0,
        tls: isSecure ? { ...certificate('server'), clientCertificate: 'none', minVersion: 'TLSv1.2' } : undefined,
        webSocket: { path: '/mqtt', origins: [] },
        messageBytesMax: 8 * 1024 * 1024,
        waiting: { millisMax: 10_000, onRefused: () => {} },
      },
      (connection) => {
        if (handlerOfNext === undefined) throw new Error('nobody waits for this connection');
        accepted.give({ connection });
        return handlerOfNext;
      },
    );
    return oneAfterAnother({
      open: async (handler) => {
        handlerOfNext = handler;
        const raw = connectPlain(listener.port, HOST);
        const createConnection = (): Socket =>
          isSecure ? connectSecure({ socket: raw, ca: CA, servername: 'localhost' }) : raw;
        const webSocket = new WebSocket(listener.url, 'mqtt', { perMessageDeflate: false, createConnection });
        const peer = webSocketPeerOf(webSocket, raw);
        const [{ connection }] = await Promise.all([accepted.take(), once(webSocket, 'open')]);
        return { connection, peer };
      },
      close: () => listener.close(),
    });
  });
}

transportContract('an opened WebSocket', async () => {
  const accepted = hand<{ webSocket: WebSocket; raw: Socket }>();
  const server = createServer();
  const upgrader = new WebSocketServer({ server, perMessageDeflate: false });
  upgrader.on('connection', (webSocket: WebSocket, request: IncomingMessage) => {
    request.socket.setNoDelay(true);
    accepted.give({ webSocket, raw: request.socket });
  });
  const port = await portOf(server);
  return oneAfterAnother({
    open: async (handler) => {
      const [connection, { webSocket, raw }] = await Promise.all([
        connectWebSocket({ host: HOST, port, path: '/mqtt', tls: undefined, packetBytesMax: 1_000_000 }, handler),
        accepted.take(),
      ]);
      return { connection, peer: webSocketPeerOf(webSocket, raw) };
    },
    close: async () => {
      upgrader.close();
      server.close();
    },
  });
});
