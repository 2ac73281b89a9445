// A WebSocket connection to a broker from a page. A browser does not say why a connection did not come about, so that no page can look
// around in the network behind it; the error names what it may have been.

import { OperationError } from '../../base/errors.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { type Turns, WebSocketConnection, type WebSocketLike } from './web-socket-connection.ts';

/** Where to connect to, and with what. */
export interface WebSocketConnectOptions {
  readonly host: string;
  readonly port: number;
  /** Where in the URL, such as `/mqtt`. */
  readonly path: string;
  readonly isSecure: boolean;
  /** Gives up the attempt. */
  readonly signal: AbortSignal;
  /** `new WebSocket(url, protocol)`. */
  readonly makeWebSocket: (url: string, protocol: string) => WebSocketLike;
  readonly turns: Turns;
}

/**
 * Opens a WebSocket connection.
 * @param handler  Its owner; called only once the connection is there.
 * @throws {OperationError} `connection-refused`.
 * @throws The signal's reason where the signal gave up the attempt.
 */
export async function connectWebSocket(
  options: WebSocketConnectOptions,
  handler: NetworkHandler,
): Promise<NetworkConnection> {
  const { signal, turns } = options;
  signal.throwIfAborted();
  const remote = `${hostInUrl(options.host)}:${options.port}`;
  const url = `${options.isSecure ? 'wss' : 'ws'}://${remote}${options.path}`;
  const webSocket = begin(url, options);
  webSocket.binaryType = 'arraybuffer';
  return await new Promise((resolve, reject) => {
    const giveUp = (): void => {
      webSocket.close();
      reject(signal.reason instanceof Error ? signal.reason : new OperationError('closed', String(signal.reason)));
    };
    signal.addEventListener('abort', giveUp, { once: true });
    // After the promise is fulfilled, or rejected with another reason, these change nothing.
    webSocket.addEventListener('close', () => {
      signal.removeEventListener('abort', giveUp);
      reject(refusal(url, undefined));
    });
    webSocket.addEventListener('open', () => {
      if (signal.aborted) return;
      signal.removeEventListener('abort', giveUp);
      resolve(new WebSocketConnection(remote, webSocket, turns, handler));
    });
  });
}

/** A page that came encrypted may not ask for a connection that is not; some browsers say so at once. */
function begin(url: string, { makeWebSocket }: WebSocketConnectOptions): WebSocketLike {
  try {
    return makeWebSocket(url, 'mqtt'); // [MQTT-6.0.0-3]
  } catch (error) {
    throw refusal(url, error);
  }
}

function refusal(url: string, cause: unknown): OperationError {
  const sentence =
    `No WebSocket to ${url} came about, and a browser does not say why. Is MQTT spoken there, at this path? ` +
    'Is the certificate one that the browser trusts, this origin one that the broker allows, and, on a page of https, the URL one of wss?';
  return new OperationError('connection-refused', sentence, undefined, { cause });
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
