// A TLS connection to a broker, for the client.

import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { hostInUrl } from '../tcp/tcp-address.ts';
import { reasonOf, type TcpConnectOptions } from '../tcp/tcp-connect.ts';
import { SOCKET_OPTIONS } from '../tcp/tcp-connection.ts';
import { connectError } from '../tcp/tcp-errors.ts';
import { secureConnection } from './tls-connection.ts';
import { tlsConnectError } from './tls-errors.ts';
import { asPem, type TlsVersion } from './tls-material.ts';

/** Whom a client trusts, and who it is itself; contents in PEM. */
export interface TlsTrust {
  /** The CAs that are trusted, in place of those that Node knows. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's own certificate, and its key. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  readonly passphrase?: string | undefined;
  /** The name to ask for and to find in the certificate, where it is not the host's. */
  readonly servername?: string | undefined;
  /** Whether a certificate must be good. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined;
  readonly minVersion?: TlsVersion | undefined;
  /** What is to be spoken, as ALPN calls it. Default: nothing is said. */
  readonly alpnProtocols?: readonly string[] | undefined;
}

/** Where to connect to, and whom to trust. */
export interface TlsConnectOptions extends TcpConnectOptions {
  readonly tls: TlsTrust;
}

/**
 * Opens a TLS connection.
 * @param handler  Its owner; called only once the handshake is done.
 * @throws {OperationError} `tls-failed`, `connection-refused`, `timed-out`.
 * @throws {UsageError} `invalid-argument`: no such port.
 * @throws The signal's reason where the signal gave up the attempt; `closed` where that is no Error.
 */
export async function connectTls(options: TlsConnectOptions, handler: NetworkHandler): Promise<NetworkConnection> {
  const { host, port, signal, tls } = options;
  if (signal?.aborted === true) throw reasonOf(signal);
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ ...SOCKET_OPTIONS, ...tlsClientOptions(host, tls), host, port });
    const giveUp = (): void => {
      socket.destroy(reasonOf(signal));
    };
    const refuse = (error: Error): void => {
      signal?.removeEventListener('abort', giveUp);
      if (signal?.aborted === true) reject(error);
      else reject(tlsConnectError(error, host, port) ?? connectError(error, host, port));
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    socket.once('error', refuse);
    socket.once('secureConnect', () => {
      signal?.removeEventListener('abort', giveUp);
      socket.off('error', refuse).setNoDelay(true);
      // TLS 1.3 says only now that it wanted a certificate.
      const explain = (error: Error): Error => tlsConnectError(error, host, port) ?? error;
      const connection = secureConnection(`${hostInUrl(host)}:${port}`, socket, explain);
      connection.start(handler);
      resolve(connection);
    });
  });
}

/** What Node wants to know of a TLS connection to `host`. */
export function tlsClientOptions(host: string, tls: TlsTrust): ConnectionOptions {
  const { ca, cert, key, passphrase, servername, rejectUnauthorized = true, minVersion, alpnProtocols } = tls;
  return {
    ca: ca === undefined ? undefined : asPem(ca),
    cert: cert === undefined ? undefined : asPem(cert),
    key: key === undefined ? undefined : asPem(key),
    passphrase,
    // An address is no name to ask for (RFC 6066 section 3); that of the certificate is checked all the same.
    servername: servername ?? (isIP(host) === 0 ? host : ''),
    rejectUnauthorized,
    minVersion,
    ALPNProtocols: alpnProtocols === undefined ? undefined : [...alpnProtocols],
  };
}
