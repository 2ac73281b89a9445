// A TCP connection to a broker, for the client.

import { connect, type Socket } from 'node:net';
import { OperationError } from '../../base/errors.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { readShared } from './reading.ts';
import { SOCKET_OPTIONS, type TakeChunk, TcpConnection } from './tcp-connection.ts';
import { connectError } from './tcp-errors.ts';
import { hostInUrl } from './tcp-address.ts';

/** Where to connect to. */
export interface TcpConnectOptions {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** Gives up the attempt; once the connection is there it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a TCP connection.
 * @param handler  Its owner; called only once the connection is there.
 * @throws {OperationError} `connection-refused`, `timed-out`.
 * @throws {UsageError} `invalid-argument`: no such port.
 * @throws The signal's reason where the signal gave up the attempt; `closed` where that is no Error.
 */
export async function connectTcp(options: TcpConnectOptions, handler: NetworkHandler): Promise<NetworkConnection> {
  const { host, port, signal } = options;
  if (signal?.aborted === true) throw reasonOf(signal);
  return new Promise((resolve, reject) => {
    const openSocket = (takeChunk: TakeChunk): Socket => {
      const socket = connect({ ...SOCKET_OPTIONS, host, port, noDelay: true, onread: readShared(takeChunk) });
      const giveUp = (): void => {
        socket.destroy(reasonOf(signal));
      };
      const refuse = (error: Error): void => {
        signal?.removeEventListener('abort', giveUp);
        reject(signal?.aborted === true ? error : connectError(error, host, port));
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      socket.once('error', refuse);
      socket.once('connect', () => {
        signal?.removeEventListener('abort', giveUp);
        socket.off('error', refuse);
        connection.start(handler);
        resolve(connection);
      });
      return socket;
    };
    const connection = new TcpConnection(`${hostInUrl(host)}:${port}`, openSocket);
  });
}

/** Why an attempt was given up, as an error. */
function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  if (reason instanceof Error) return reason;
  return new OperationError('closed', 'The attempt to connect was given up.', undefined, { cause: reason });
}
