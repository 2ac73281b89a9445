// A WebSocket connection to a broker, plain or over TLS, for the client.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { OperationError } from '../../base/errors.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { doorUrl } from '../tcp/door.ts';
import { hostInUrl } from '../tcp/tcp-address.ts';
import { reasonOf, type TcpConnectOptions } from '../tcp/tcp-connect.ts';
import { connectError } from '../tcp/tcp-errors.ts';
import { type TlsTrust, tlsClientOptions } from '../tls/tls-connect.ts';
import { certificateOf } from '../tls/tls-connection.ts';
import { tlsConnectError } from '../tls/tls-errors.ts';
import { TurnedWebSocket, WebSocketConnection } from './web-socket-connection.ts';

/** Where to connect to. */
export interface WebSocketConnectOptions extends TcpConnectOptions {
  /** Where in the URL, such as `/mqtt`. */
  readonly path: string;
  /** Whom to trust; `undefined`: without TLS. */
  readonly tls: TlsTrust | undefined;
}

/** The longest packet of MQTT. */
const MESSAGE_BYTES_MAX = 268_435_455 + 5;

/**
 * Opens a WebSocket connection.
 * @param handler  Its owner; called only once the connection is there.
 * @throws {OperationError} `tls-failed`, `connection-refused`, `timed-out`.
 * @throws The signal's reason where the signal gave up the attempt; `closed` where that is no Error.
 */
export async function connectWebSocket(
  options: WebSocketConnectOptions,
  handler: NetworkHandler,
): Promise<NetworkConnection> {
  const { host, port, path, tls, signal } = options;
  if (signal?.aborted === true) throw reasonOf(signal);
  const url = doorUrl(tls === undefined ? 'ws' : 'wss', host, port, path);
  return new Promise((resolve, reject) => {
    // [MQTT-6.0.0-3]
    const webSocket = new TurnedWebSocket(url, 'mqtt', {
      ...(tls === undefined ? {} : tlsClientOptions(host, tls)),
      perMessageDeflate: false,
      skipUTF8Validation: true,
      maxPayload: MESSAGE_BYTES_MAX,
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
      const certificate = socket instanceof TLSSocket ? certificateOf(socket) : undefined;
      const connection = new WebSocketConnection(`${hostInUrl(host)}:${port}`, webSocket, socket, certificate);
      connection.start(handler);
      resolve(connection);
    });
  });
}

/** Why no connection came about. */
function failureOf(error: Error, { host, port, tls }: WebSocketConnectOptions, url: string): Error {
  const secure = tls === undefined ? undefined : tlsConnectError(error, host, port);
  return secure ?? upgradeError(error, url) ?? connectError(error, host, port);
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
