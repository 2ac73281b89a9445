// How tests and measurements reach a broker: plain TCP, TLS, WebSocket, or both. Whatever is in between, what they have is the
// stream of MQTT's bytes, and the TCP connection at the bottom.

import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';

/** Where a broker listens, and what is spoken there below MQTT. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsTrust | undefined;
  /** Such as `/mqtt`; left out: no WebSocket. */
  readonly webSocketPath?: string | undefined;
}

/** Who is believed to be the broker. */
export interface TlsTrust {
  /** Certificates in PEM; `undefined`: those that Node knows. */
  readonly ca: string | undefined;
  /** False: anybody. */
  readonly isVerified: boolean;
  /** A certificate to show, and its key, in PEM. */
  readonly credentials?: { readonly cert: string; readonly key: string } | undefined;
  /** An earlier session to go on with. */
  readonly session?: Buffer | undefined;
}

/** A stream of bytes that can be reset. */
export interface Pipe {
  readonly stream: Duplex;
  /** Bytes that went over TCP. */
  traffic(): { readonly sent: number; readonly received: number };
  /** Lets it go without a word: RST. */
  cut(): void;
}

/**
 * Opens a connection.
 * @param onSession  Is told each session that TLS could go on with.
 * @throws {Error} when nobody takes it.
 */
export async function dial(address: Address, onSession?: (session: Buffer) => void): Promise<Pipe> {
  const { host, port, webSocketPath } = address;
  const bottom = connect({ host, port });
  await opened(bottom, 'connect');
  const stream = address.tls === undefined ? bottom : await secured(bottom, address.tls, host, onSession);
  return webSocketPath === undefined ? pipeOf(bottom, stream) : await framed(bottom, stream, address, webSocketPath);
}

/** A pipe of a TCP connection and what is spoken over it. */
export function pipeOf(bottom: Socket, stream: Duplex = bottom): Pipe {
  bottom.setNoDelay(true);
  return {
    stream,
    traffic: () => ({ sent: bottom.bytesWritten, received: bottom.bytesRead }),
    cut: () => {
      // A reset in the middle of an orderly end keeps Node.js 24 from exiting.
      if (stream.readableEnded || stream.writableEnded) bottom.destroy();
      else bottom.resetAndDestroy();
    },
  };
}

async function secured(
  socket: Socket,
  { ca, isVerified, credentials, session }: TlsTrust,
  host: string,
  onSession: ((session: Buffer) => void) | undefined,
): Promise<TLSSocket> {
  const servername = isName(host) ? host : '';
  const stream = connectTls({ ...credentials, socket, ca, rejectUnauthorized: isVerified, servername, session });
  if (onSession !== undefined) stream.on('session', onSession);
  await opened(stream, 'secureConnect');
  return stream;
}

async function framed(bottom: Socket, stream: Duplex, { host, port }: Address, path: string): Promise<Pipe> {
  const name = host.includes(':') ? `[${host}]` : host;
  const webSocket = new WebSocket(`ws://${name}:${port}${path}`, ['mqtt'], { createConnection: () => stream });
  await opened(webSocket, 'open');
  return pipeOf(bottom, createWebSocketStream(webSocket));
}

function isName(host: string): boolean {
  return !/^[\d.]+$|:/u.test(host);
}

/** Waits until something is open, or has failed. */
function opened(emitter: Socket | Duplex | WebSocket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    emitter.once(event, resolve);
    emitter.once('error', reject);
  });
}
