// A connection over a socket whose TLS handshake is done, accepted or opened: a TcpConnection, but for writing. Bytes must pass
// through the socket that encrypts them, so that writing to the descriptor (docs/decisions/007) is not for them.

import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '../../base/peer-certificate.ts';
import { readByEvents } from '../tcp/reading.ts';
import { TcpConnection } from '../tcp/tcp-connection.ts';
import { certificateFacts } from './certificate-facts.ts';
import { whyRefused } from './tls-errors.ts';

/**
 * Makes it; the peer's certificate goes with it if it was found good.
 * @param explain  Puts an error of the socket into words.
 */
export function secureConnection(
  remote: string,
  socket: TLSSocket,
  explain: (error: Error) => Error = (error) => error,
): TcpConnection {
  const traits = { writeDirectly: undefined, certificate: certificateOf(socket), explain };
  return new TcpConnection(remote, (takeChunk) => readByEvents(socket, takeChunk), traits);
}

/** The facts of the peer's certificate, if it has shown one, and it was found good. */
export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  return certificate === undefined ? undefined : certificateFacts(certificate);
}

/** Why a client's certificate is refused, if it is: one that is shown must be good, also where none is required. */
export function certificateRefusal(socket: TLSSocket): string | undefined {
  if (socket.authorized || socket.getPeerX509Certificate() === undefined) return undefined;
  return whyRefused(new Error('The certificate is not good.'), socket);
}
