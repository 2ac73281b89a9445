// The TCP transport, accepted, accepted without the shared read buffer, and opened, under the suite for all transports.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { readByEvents } from '../../src/transport/tcp/reading.ts';
import { connectTcp } from '../../src/transport/tcp/tcp-connect.ts';
import { TcpConnection } from '../../src/transport/tcp/tcp-connection.ts';
import { listenTcp } from '../../src/transport/tcp/tcp-listener.ts';
import { peerOf } from './peer.ts';
import { transportContract, type TransportUnderTest } from './transport.ts';

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

/** Passes one thing from whom it happens to, to whom waits for it. */
function hand<T>(): { give(thing: T): void; take(): Promise<T> } {
  const things: T[] = [];
  let wake: (() => void) | undefined;
  return {
    give: (thing) => {
      things.push(thing);
      wake?.();
    },
    take: async () => {
      for (;;) {
        const thing = things.shift();
        if (thing !== undefined) return thing;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** Lets one `open` end before the next begins, so that both sides of a pair find each other. */
function oneAfterAnother(transport: TransportUnderTest): TransportUnderTest {
  let last: Promise<unknown> = Promise.resolve();
  return {
    open: (handler) => {
      const opened = last.then(() => transport.open(handler));
      last = opened;
      return opened;
    },
    close: () => transport.close(),
  };
}

async function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
