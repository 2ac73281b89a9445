// The TCP door of a broker: listens, and makes a TcpConnection of every socket that comes.
// A failure to accept one connection, such as too many open files, is reported and ends nothing.

import { createServer, type Server } from 'node:net';
import type { Accept, Listener } from '../contract.ts';
import { adoptSocket } from './reading.ts';
import { SOCKET_OPTIONS, TcpConnection } from './tcp-connection.ts';
import { hostInUrl, remoteOf } from './tcp-address.ts';
import { listenError } from './tcp-errors.ts';

/** How many connections may wait to be accepted; Linux cuts it to `net.core.somaxconn`, by default 4096. */
const BACKLOG = 4096;

/** Where and how to listen. */
export interface TcpListenOptions {
  /** The address to listen on, such as `127.0.0.1` or `::`. */
  readonly host: string;
  /** The port; 0 lets the system choose a free one. */
  readonly port: number;
  /** How many connections may wait to be accepted. Default 4096. */
  readonly backlog?: number | undefined;
  /** Told when a connection could not be accepted; the listener goes on. Default: nobody is. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/**
 * Listens for TCP connections.
 * @param accept  Called for each connection; returns its owner's side.
 * @throws {UsageError} `invalid-argument`: no such port.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 */
export async function listenTcp(options: TcpListenOptions, accept: Accept): Promise<Listener> {
  const server = createServer({ ...SOCKET_OPTIONS, noDelay: true, pauseOnConnect: true }, (socket) => {
    const connection = new TcpConnection(remoteOf(socket), (takeChunk) => adoptSocket(socket, takeChunk));
    connection.start(accept(connection));
  });
  await listening(server, options);
  server.on('error', (error) => options.onError?.(error));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.port;
  return {
    url: `mqtt://${hostInUrl(options.host)}:${port}`,
    port,
    close: () => closing(server),
  };
}

function listening(server: Server, options: TcpListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(listenError(error, options.host, options.port));
    server.once('error', refuse);
    try {
      server.listen({ host: options.host, port: options.port, backlog: options.backlog ?? BACKLOG }, () => {
        server.off('error', refuse);
        resolve();
      });
    } catch (error) {
      // `net` throws, instead of telling 'error', what it finds wrong with the arguments.
      reject(listenError(error, options.host, options.port));
    }
  });
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The error that may come says that it is closed already.
    server.close(() => resolve());
  });
}
