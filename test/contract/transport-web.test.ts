// The WebSocket transport of browsers under the suite for all transports, with the WebSocket that Node.js has in common with them. In a
// browser it is tested by test/browser/.

import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket as PeerWebSocket, WebSocketServer } from 'ws';
import { connectWebSocket } from '../../src/transport/web/web-socket-connect.ts';
import type { Turns } from '../../src/transport/web/web-socket-connection.ts';
import { hand, oneAfterAnother, portOf } from './pairing.ts';
import { transportContract } from './transport.ts';
import { webSocketPeerOf } from './web-socket-peer.ts';

const TURNS: Turns = {
  later: (task) => void setImmediate(task),
  setAlarm: (delay, ring) => {
    const timer = setTimeout(ring, delay);
    return () => clearTimeout(timer);
  },
};

/** The browser answers a Close frame before the page knows of it. */
const TRAITS = { answersTheLast: false };

transportContract(
  'the WebSocket of a browser',
  async () => {
    const accepted = hand<{ webSocket: PeerWebSocket; raw: Socket }>();
    const server = createServer();
    const upgrader = new WebSocketServer({ server, perMessageDeflate: false });
    upgrader.on('connection', (webSocket: PeerWebSocket, request: IncomingMessage) => {
      request.socket.setNoDelay(true);
      accepted.give({ webSocket, raw: request.socket });
    });
    const port = await portOf(server);
    const options = {
      host: '127.0.0.1',
      port,
      path: '/mqtt',
      isSecure: false,
      signal: new AbortController().signal,
      makeWebSocket: (url: string, protocol: string) => new WebSocket(url, protocol),
      turns: TURNS,
    };
    return oneAfterAnother({
      open: async (handler) => {
        const [connection, { webSocket, raw }] = await Promise.all([
          connectWebSocket(options, handler),
          accepted.take(),
        ]);
        return { connection, peer: webSocketPeerOf(webSocket, raw) };
      },
      close: async () => {
        upgrader.close();
        server.close();
      },
    });
  },
  TRAITS,
);
