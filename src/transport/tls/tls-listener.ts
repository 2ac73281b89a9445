// The TLS door of a broker. A socket waits until its handshake is done, for as long as it may (tcp/waiting-room.ts), and then
// becomes a connection.
// A peer that never gets that far is told of in the log, and is nobody's connection.

import { createServer } from 'node:tls';
import type { Accept } from '../contract.ts';
import { type DoorOptions, doorUrl, openWaitingDoor } from '../tcp/door.ts';
import { listenError } from '../tcp/tcp-errors.ts';
import { WaitingRoom, type WaitingRules } from '../tcp/waiting-room.ts';
import { CertificateChoice, contextsOf } from './named-contexts.ts';
import { DoorKeys, type SecureListener } from './renewing.ts';
import { certificateRefusal, secureConnection } from './tls-connection.ts';
import { whyRefused } from './tls-errors.ts';
import { type TlsMaterial, tlsServerOptions } from './tls-material.ts';

/** Where, how and with what to listen. */
export interface TlsListenOptions extends DoorOptions {
  readonly tls: TlsMaterial;
  readonly waiting: WaitingRules;
}

/** MQTT's name in ALPN (IANA). */
const PROTOCOLS = ['mqtt'];

/**
 * Listens for TLS connections.
 * @param accept  Called for each connection whose handshake is done; returns its owner's side.
 * @throws {UsageError} `invalid-argument`: no such port.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 * @throws What OpenSSL finds wrong with the keys and certificates.
 */
export async function listenTls(options: TlsListenOptions, accept: Accept): Promise<SecureListener> {
  const { host, port, waiting } = options;
  const room = new WaitingRoom(waiting);
  // Never listens itself: it is handed each socket.
  const choice = new CertificateChoice(contextsOf(options.tls, PROTOCOLS));
  const server = createServer({ ...tlsServerOptions(options.tls, PROTOCOLS), ...choice.options }, (socket) => {
    const remote = room.leave(socket);
    if (remote === undefined) {
      socket.destroy();
      return;
    }
    const refusal = certificateRefusal(socket);
    if (refusal !== undefined) {
      waiting.onRefused(remote, refusal);
      socket.destroy();
      return;
    }
    // From here on the last answers still leave when the peer has closed its side.
    socket.allowHalfOpen = true;
    const connection = secureConnection(remote, socket);
    if (connection.certificate !== undefined) keys.remember(connection, socket);
    connection.start(accept(connection));
  });
  const keys = new DoorKeys(server, room, options.tls, PROTOCOLS, choice);
  server.on('tlsClientError', (error, socket) => {
    const remote = room.fail(socket);
    if (remote !== undefined) waiting.onRefused(remote, whyRefused(error, socket));
  });
  try {
    const door = await openWaitingDoor(options, 'closes', room, (socket) => server.emit('connection', socket));
    return {
      url: doorUrl('mqtts', host, door.port),
      port: door.port,
      close: () => door.close(),
      renew: (material) => keys.renew(material),
    };
  } catch (error) {
    throw listenError(error, host, port);
  }
}
