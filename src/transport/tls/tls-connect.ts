// A TLS connection to a broker, for the client.

import { isIP } from 'node:net';
import { connect, type ConnectionOptions, createSecureContext, type TLSSocket } from 'node:tls';
import { UsageError } from '../../base/errors.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { hostInUrl } from '../tcp/tcp-address.ts';
import { reasonOf, startingPoint, type TcpConnectOptions } from '../tcp/tcp-connect.ts';
import { SOCKET_OPTIONS } from '../tcp/tcp-connection.ts';
import { connectError } from '../tcp/tcp-errors.ts';
import { secureConnection } from './tls-connection.ts';
import type { SessionMemory, SessionOwner } from './session-memory.ts';
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
  /** The ciphers to offer, as OpenSSL names them. Default: Node's. */
  readonly ciphers?: string | undefined;
  /** What is to be spoken, as ALPN calls it. Default: nothing is said. */
  readonly alpnProtocols?: readonly string[] | undefined;
}

/** Where to connect to, and whom to trust. */
export interface TlsConnectOptions extends TcpConnectOptions {
  readonly tls: TlsTrust;
  /** Where sessions are kept to be resumed; left out: nowhere, and each handshake is a whole one. */
  readonly sessions?: SessionMemory | undefined;
}

/**
 * Opens a TLS connection.
 * @param handler  Its owner; called only once the handshake is done.
 * @throws {OperationError} `tls-failed`, `connection-refused`, `timed-out`.
 * @throws {UsageError} `invalid-argument`: no such port; `invalid-option`: no such local address, no such ciphers.
 * @throws The signal's reason where the signal gave up the attempt; `closed` where that is no Error.
 */
export async function connectTls(options: TlsConnectOptions, handler: NetworkHandler): Promise<NetworkConnection> {
  const { host, port, localAddress, signal, tls, sessions } = options;
  if (signal?.aborted === true) throw reasonOf(signal);
  const place = { host, port, ...startingPoint(localAddress) };
  return new Promise((resolve, reject) => {
    const owner = { host, port, trust: { ...tls } };
    const session = sessions?.take(owner);
    const socket: TLSSocket = connect({ ...SOCKET_OPTIONS, ...tlsClientOptions(host, tls), ...place, session });
    const giveUp = (): void => {
      socket.destroy(reasonOf(signal));
    };
    const refuse = (error: Error): void => {
      signal?.removeEventListener('abort', giveUp);
      if (signal?.aborted === true) reject(error);
      else reject(tlsConnectError(error, host, port) ?? connectError(error, host, port, localAddress));
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    socket.once('error', refuse);
    socket.once('secureConnect', () => {
      signal?.removeEventListener('abort', giveUp);
      socket.off('error', refuse).setNoDelay(true);
      if (sessions !== undefined) keepSessions(socket, sessions, owner);
      // TLS 1.3 says only now that it wanted a certificate.
      const explain = (error: Error): Error => tlsConnectError(error, host, port) ?? error;
      const connection = secureConnection(`${hostInUrl(host)}:${port}`, socket, explain);
      connection.start(handler);
      resolve(connection);
    });
  });
}

/** Keeps the session of a connection that is open, and those that its broker gives it later, as TLS 1.3 does. */
export function keepSessions(socket: TLSSocket, sessions: SessionMemory, owner: SessionOwner): void {
  const session = socket.getSession();
  if (session !== undefined) sessions.keep(owner, session);
  socket.on('session', (next: Buffer) => sessions.keep(owner, next));
}

/**
 * What Node wants to know of a TLS connection to `host`.
 * @throws {UsageError} `invalid-option`: OpenSSL knows none of the ciphers.
 */
export function tlsClientOptions(host: string, tls: TlsTrust): ConnectionOptions {
  const { ca, cert, key, passphrase, servername, rejectUnauthorized = true, minVersion, ciphers, alpnProtocols } = tls;
  if (ciphers !== undefined) checkCiphers(ciphers);
  return {
    ca: ca === undefined ? undefined : asPem(ca),
    cert: cert === undefined ? undefined : asPem(cert),
    key: key === undefined ? undefined : asPem(key),
    passphrase,
    // An address is no name to ask for (RFC 6066 section 3); that of the certificate is checked all the same.
    servername: servername ?? (isIP(host) === 0 ? host : ''),
    rejectUnauthorized,
    minVersion,
    ciphers,
    ALPNProtocols: alpnProtocols === undefined ? undefined : [...alpnProtocols],
  };
}

function checkCiphers(ciphers: string): void {
  try {
    createSecureContext({ ciphers });
  } catch (cause) {
    const sentence = `tls.ciphers: OpenSSL knows no cipher of ${JSON.stringify(ciphers)}; "openssl ciphers" lists them.`;
    throw new UsageError('invalid-option', sentence, { cause });
  }
}
