// The WebSocket door of a broker, plain and over TLS. A socket waits (tcp/waiting-room.ts) through the TLS handshake, if there
// is one, and the HTTP upgrade; then it becomes a connection. Nothing else is served: any other request is told so.
//
// Messages are never compressed: what a peer can make us inflate has no bound. `ws` bounds the rest: the length of a message,
// its fragments, and the pings that wait for their answer.

import { createServer as createHttpServer, type Server as HttpServer, STATUS_CODES } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { PeerCertificate } from '../../base/peer-certificate.ts';
import type { Accept, Listener } from '../contract.ts';
import { type DoorOptions, doorUrl, openWaitingDoor } from '../tcp/door.ts';
import { listenError } from '../tcp/tcp-errors.ts';
import { WaitingRoom, type WaitingRules } from '../tcp/waiting-room.ts';
import { CertificateChoice, contextsOf } from '../tls/named-contexts.ts';
import { DoorKeys, type Renewal } from '../tls/renewing.ts';
import { certificateOf, certificateRefusal } from '../tls/tls-connection.ts';
import { whyRefused } from '../tls/tls-errors.ts';
import { type TlsMaterial, tlsServerOptions } from '../tls/tls-material.ts';
import { type Refusal, refusalOf, subprotocolOf, type WebSocketRules } from './admission.ts';
import { TurnedWebSocket, WebSocketConnection } from './web-socket-connection.ts';

/** Where, how and with what to listen. */
export interface WebSocketListenOptions extends DoorOptions {
  /** `undefined`: without TLS. */
  readonly tls: TlsMaterial | undefined;
  readonly webSocket: WebSocketRules;
  /** The longest message that is taken, in bytes. A message is in memory whole before any of it is seen. */
  readonly messageBytesMax: number;
  readonly waiting: WaitingRules;
}

/** A listener; one over TLS can be given other keys. */
export interface WebSocketListener extends Listener {
  readonly keys: Renewal | undefined;
}

/** Of a request's headers, in bytes. */
const HEADER_BYTES_MAX = 8 * 1024;
/** Of one message. */
const FRAGMENTS_MAX = 4 * 1024;
/** Of reads that one message may take, so that its bytes do not each come with a buffer of their own. */
const CHUNKS_MAX = 32 * 1024;
/** Of what is to be spoken over TLS, as ALPN calls it. */
const PROTOCOLS = ['http/1.1'];

/**
 * Listens for WebSocket connections.
 * @param accept  Called for each connection; returns its owner's side.
 * @throws {UsageError} `invalid-argument`: no such port.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 * @throws What OpenSSL finds wrong with the keys and certificates.
 */
export async function listenWebSocket(options: WebSocketListenOptions, accept: Accept): Promise<WebSocketListener> {
  const { host, port, tls, webSocket: rules, waiting } = options;
  const room = new WaitingRoom(waiting);
  const { http, keys } = httpServer(tls, room, waiting);
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: options.messageBytesMax,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: CHUNKS_MAX,
    handleProtocols: (offered) => subprotocolOf([...offered].join(',')) ?? false,
    WebSocket: TurnedWebSocket,
  });
  http.on('request', (request, response) => {
    const remote = room.leave(request.socket);
    if (remote !== undefined) waiting.onRefused(remote, 'it sent an HTTP request that does not ask for WebSocket');
    const text = `MQTT is spoken here over WebSocket, at ${rules.path}.\n`;
    response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' }).end(text);
  });
  // What `ws` itself finds wrong with a handshake: of whom, and answered by us.
  const upgrading = new WeakMap<object, string>();
  upgrader.on('wsClientError', ({ message }, socket, request) => {
    const remote = upgrading.get(socket);
    if (remote !== undefined) waiting.onRefused(remote, `its WebSocket handshake is not valid: ${message}`);
    if (!isSocket(socket)) return;
    refuse(socket, { status: request.method === 'GET' ? 400 : 405, reason: message }, 'Sec-WebSocket-Version: 13\r\n');
  });
  http.on('upgrade', (request, socket, head) => {
    if (!isSocket(socket)) return;
    const remote = room.leave(socket);
    const refusal = refusalOf(request, rules) ?? refusalOfCertificate(socket);
    if (remote === undefined) socket.destroy();
    else if (refusal !== undefined) {
      waiting.onRefused(remote, refusal.reason);
      refuse(socket, refusal);
    } else {
      // From here on the last answers still leave when the peer has closed its side.
      socket.allowHalfOpen = true;
      upgrading.set(socket, remote);
      upgrader.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = new WebSocketConnection(remote, webSocket, socket, peerCertificate(socket));
        if (socket instanceof TLSSocket && connection.certificate !== undefined) keys?.remember(connection, socket);
        connection.start(accept(connection));
      });
    }
  });
  try {
    const door = await openWaitingDoor(options, tls === undefined ? 'half-open' : 'closes', room, (socket) => {
      http.emit('connection', socket);
      if (tls === undefined) socket.resume();
    });
    const url = doorUrl(tls === undefined ? 'ws' : 'wss', host, door.port, rules.path);
    return { url, port: door.port, close: () => door.close(), keys };
  } catch (error) {
    throw listenError(error, host, port);
  }
}

/** A server that never listens itself: it is handed each socket. With its keys, if it has some. */
function httpServer(
  tls: TlsMaterial | undefined,
  room: WaitingRoom,
  waiting: WaitingRules,
): { readonly http: HttpServer; readonly keys: DoorKeys | undefined } {
  const limits = { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: 1 } as const;
  if (tls === undefined) {
    const http = createHttpServer(limits);
    refuseNonsense(http, room, waiting);
    return { http, keys: undefined };
  }
  const choice = new CertificateChoice(contextsOf(tls, PROTOCOLS));
  const https = createHttpsServer({ ...limits, ...tlsServerOptions(tls, PROTOCOLS), ...choice.options });
  https.on('tlsClientError', (error, socket) => {
    const remote = room.fail(socket);
    if (remote !== undefined) waiting.onRefused(remote, whyRefused(error, socket));
  });
  refuseNonsense(https, room, waiting);
  return { http: https, keys: new DoorKeys(https, room, tls, PROTOCOLS, choice) };
}

function refuseNonsense(http: HttpServer, room: WaitingRoom, waiting: WaitingRules): void {
  http.on('clientError', (_error, socket) => {
    if (!isSocket(socket)) return;
    const remote = room.leave(socket);
    if (remote !== undefined) waiting.onRefused(remote, 'it sent something that is no HTTP request');
    refuse(socket, { status: 400, reason: 'this is no HTTP request' });
  });
}

/**
 * Says no, and closes.
 * @param more  Headers, each with its end of line.
 */
function refuse(socket: Socket, { status, reason }: Refusal, more = ''): void {
  const text = `Refused, because ${reason}.\n`;
  const headers = `Connection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(text)}`;
  // HTTP has let go of it.
  socket.on('error', () => {}).once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${more}${headers}\r\n\r\n${text}`);
}

function refusalOfCertificate(socket: Socket): Refusal | undefined {
  const reason = socket instanceof TLSSocket ? certificateRefusal(socket) : undefined;
  return reason === undefined ? undefined : { status: 403, reason };
}

function peerCertificate(socket: Socket): PeerCertificate | undefined {
  return socket instanceof TLSSocket ? certificateOf(socket) : undefined;
}

/** Node types the sockets of HTTP as any stream; those that come from a door are sockets. */
function isSocket(stream: object): stream is Socket {
  return 'remoteAddress' in stream;
}
