// A TCP connection to a broker, or one through a Unix socket, for the client.

import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { OperationError, UsageError } from '../../base/errors.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { readShared } from './reading.ts';
import { SOCKET_OPTIONS, type TakeChunk, TcpConnection } from './tcp-connection.ts';
import { connectError, unixConnectError } from './tcp-errors.ts';
import { hostInUrl } from './tcp-address.ts';

/** Where to connect to. */
export interface TcpConnectOptions {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** The address of this machine to connect from. Default: the operating system chooses. */
  readonly localAddress?: string | undefined;
  /** Gives up the attempt; once the connection is there it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a TCP connection.
 * @param handler  Its owner; called only once the connection is there.
 * @throws {OperationError} `connection-refused`, `timed-out`.
 * @throws {UsageError} `invalid-argument`: no such port; `invalid-option`: no such local address.
 * @throws The signal's reason where the signal gave up the attempt; `closed` where that is no Error.
 */
export async function connectTcp(options: TcpConnectOptions, handler: NetworkHandler): Promise<NetworkConnection> {
  const { host, port, localAddress, signal } = options;
  const explain = (error: Error): Error => connectError(error, host, port, localAddress);
  const place = { host, port, noDelay: true, ...startingPoint(localAddress) };
  return await open(place, `${hostInUrl(host)}:${port}`, signal, explain, handler);
}

/**
 * Where a connection begins, as Node wants it: with the family of the address, so that of a host with addresses of both only those are tried that
 * can be reached from there.
 * @throws {UsageError} `invalid-option`: it is no address.
 */
export function startingPoint(localAddress: string | undefined): {
  readonly localAddress?: string;
  readonly family?: number;
} {
  if (localAddress === undefined) return {};
  const family = isIP(localAddress);
  if (family !== 0) return { localAddress, family };
  throw new UsageError(
    'invalid-option',
    `localAddress takes an IP address of this machine; got ${JSON.stringify(localAddress)}.`,
  );
}

/**
 * Opens a connection through a Unix socket. Otherwise like `connectTcp`.
 * @param path  Of the socket.
 */
export async function connectUnix(
  { path, signal }: { readonly path: string; readonly signal?: AbortSignal | undefined },
  handler: NetworkHandler,
): Promise<NetworkConnection> {
  return await open({ path }, `unix://${path}`, signal, (error) => unixConnectError(error, path), handler);
}

async function open(
  place: NetConnectOpts,
  remote: string,
  signal: AbortSignal | undefined,
  explain: (error: Error) => Error,
  handler: NetworkHandler,
): Promise<NetworkConnection> {
  if (signal?.aborted === true) throw reasonOf(signal);
  return new Promise((resolve, reject) => {
    const openSocket = (takeChunk: TakeChunk): Socket => {
      const socket = connect({ ...SOCKET_OPTIONS, ...place, onread: readShared(takeChunk) });
      const giveUp = (): void => {
        socket.destroy(reasonOf(signal));
      };
      const refuse = (error: Error): void => {
        signal?.removeEventListener('abort', giveUp);
        reject(signal?.aborted === true ? error : explain(error));
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
    const connection = new TcpConnection(remote, openSocket);
  });
}

/** Why an attempt was given up, as an error. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  if (reason instanceof Error) return reason;
  return new OperationError('closed', 'The attempt to connect was given up.', undefined, { cause: reason });
}
