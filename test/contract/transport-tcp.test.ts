// The TCP transport, accepted, accepted without the shared read buffer, and opened, under the suite for all transports.

import { connect, createServer, type Socket } from 'node:net';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { readByEvents } from '../../src/transport/tcp/reading.ts';
import { connectTcp } from '../../src/transport/tcp/tcp-connect.ts';
import { TcpConnection } from '../../src/transport/tcp/tcp-connection.ts';
import { listenTcp } from '../../src/transport/tcp/tcp-listener.ts';
import { hand, oneAfterAnother, portOf } from './pairing.ts';
import { peerOf } from './peer.ts';
import { transportContract } from './transport.ts';

const HOST = '127.0.0.1';

transportContract('an accepted TCP connection', async () => {
  const accepted = hand<{ connection: NetworkConnection }>();
  let handlerOfNext: NetworkHandler | undefined;
  const listener = await listenTcp({ host: HOST, port: 0 }, (connection) => {
    if (handlerOfNext === undefined) throw new Error('nobody waits for this connection');
    accepted.give({ connection });
    return handlerOfNext;
  });
  return oneAfterAnother({
    open: async (handler) => {
      handlerOfNext = handler;
      const socket = connect(listener.port, HOST);
      const { connection } = await accepted.take();
      return { connection, peer: peerOf(socket) };
    },
    close: () => listener.close(),
  });
});

transportContract('an accepted TCP connection that reads by events', async () => {
  const accepted = hand<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => accepted.give(socket));
  const port = await portOf(server);
  return oneAfterAnother({
    open: async (handler) => {
      const peer = peerOf(connect(port, HOST));
      const socket = await accepted.take();
      const connection = new TcpConnection('a peer', (takeChunk) => readByEvents(socket, takeChunk));
      connection.start(handler);
      return { connection, peer };
    },
    close: async () => void server.close(),
  });
});

transportContract('an opened TCP connection', async () => {
  const accepted = hand<Socket>();
  const server = createServer({ noDelay: true }, (socket) => accepted.give(socket));
  const port = await portOf(server);
  return oneAfterAnother({
    open: async (handler) => {
      const [connection, socket] = await Promise.all([connectTcp({ host: HOST, port }, handler), accepted.take()]);
      return { connection, peer: peerOf(socket) };
    },
    close: async () => void server.close(),
  });
});
