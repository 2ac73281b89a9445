// A WebSocket connection to a broker, plain or over TLS, for the client.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { OperationError } from '../../base/errors.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { doorUrl } from '../tcp/door.ts';
import { hostInUrl } from '../tcp/tcp-address.ts';
import { reasonOf, startingPoint, type TcpConnectOptions } from '../tcp/tcp-connect.ts';
import { connectError } from '../tcp/tcp-errors.ts';
import type { SessionMemory } from '../tls/session-memory.ts';
import { keepSessions, type TlsTrust, tlsClientOptions } from '../tls/tls-connect.ts';
import { certificateOf } from '../tls/tls-connection.ts';
import { tlsConnectError } from '../tls/tls-errors.ts';
import { TurnedWebSocket, WebSocketConnection } from './web-socket-connection.ts';

/** Where to connect to. */
export interface WebSocketConnectOptions extends TcpConnectOptions {
  /** Where in the URL, such as `/mqtt`. */
  readonly path: string;
  /** Whom to trust; `undefined`: without TLS. */
  readonly tls: TlsTrust | undefined;
  /** As in `TlsConnectOptions`. */
  readonly sessions?: SessionMemory | undefined;
  /** Larger packets are refused by whoever reads them. */
  readonly packetBytesMax: number;
}

/** A message may hold several packets, or the end of one and some others besides. */
const MESSAGE_BYTES_BESIDES = 1024 * 1024;

/**
 * Opens a WebSocket connection.
 * @param handler  Its owner; called only once the connection is there.
 * @throws {OperationError} `tls-failed`, `connection-refused`, `timed-out`.
 * @throws {UsageError} `invalid-option`: no such local address, no such ciphers.
 * @throws The signal's reason where the signal gave up the attempt; `closed` where that is no Error.
 */
export async function connectWebSocket(
  options: WebSocketConnectOptions,
  handler: NetworkHandler,
): Promise<NetworkConnection> {
  const { host, port, localAddress, path, tls, sessions, packetBytesMax, signal } = options;
  if (signal?.aborted === true) throw reasonOf(signal);
  const place = startingPoint(localAddress);
  const url = doorUrl(tls === undefined ? 'ws' : 'wss', host, port, path);
  return new Promise((resolve, reject) => {
    const owner = { host, port, trust: { ...tls } };
    const session = tls === undefined ? undefined : sessions?.take(owner);
    // [MQTT-6.0.0-3]
    const webSocket = new TurnedWebSocket(url, 'mqtt', {
      ...(tls === undefined ? {} : { ...tlsClientOptions(host, tls), session }),
      ...place,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      maxPayload: packetBytesMax + MESSAGE_BYTES_BESIDES,
    });
    let socket: Socket | undefined;
    const giveUp = (): void => webSocket.terminate();
    const refuse = (error: Error): void => {
      signal?.removeEventListener('abort', giveUp);
      if (signal?.aborted === true) reject(reasonOf(signal));
      else reject(failureOf(error, options, url));
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    webSocket.on('error', refuse);
    webSocket.once('upgrade', (response) => {
      socket = response.socket;
    });
    webSocket.once('open', () => {
      signal?.removeEventListener('abort', giveUp);
      webSocket.off('error', refuse);
      if (socket === undefined) return; // 'upgrade' always comes before.
      if (socket instanceof TLSSocket && sessions !== undefined) keepSessions(socket, sessions, owner);
      const certificate = socket instanceof TLSSocket ? certificateOf(socket) : undefined;
      const connection = new WebSocketConnection(`${hostInUrl(host)}:${port}`, webSocket, socket, certificate);
      connection.start(handler);
      resolve(connection);
    });
  });
}

/** Why no connection came about. */
function failureOf(error: Error, { host, port, localAddress, tls }: WebSocketConnectOptions, url: string): Error {
  const secure = tls === undefined ? undefined : tlsConnectError(error, host, port);
  return secure ?? upgradeError(error, url) ?? connectError(error, host, port, localAddress);
}

/** What was wrong with the answer to the upgrade; `undefined`: there was none. */
function upgradeError(error: Error, url: string): OperationError | undefined {
  const [, status] = /^Unexpected server response: (\d+)$/.exec(error.message) ?? [];
  if (status !== undefined) {
    const sentence = `${url} is no place where MQTT is spoken over WebSocket: the answer was HTTP status ${status}. Is it another path?`;
    return new OperationError('connection-refused', sentence, undefined, { cause: error });
  }
  if (!/subprotocol|Sec-WebSocket|Upgrade header|Parse Error|socket hang up/i.test(error.message)) return undefined;
  const sentence = `${url} does not speak MQTT over WebSocket: ${error.message}.`;
  return new OperationError('connection-refused', sentence, undefined, { cause: error });
}
