// How a broker under test is reached: plain TCP, TLS, WebSocket, or both. Whatever is in between, a check sees the stream of
// MQTT's bytes alone, and can reset what is at the bottom.

import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
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
}

/** A stream of bytes that can be reset. */
export interface Pipe {
  readonly stream: Duplex;
  /** Lets it go without a word: RST. */
  cut(): void;
}

/** Opens a connection. @throws {Error} when nobody takes it. */
export async function dial(address: Address): Promise<Pipe> {
  const { host, port, webSocketPath } = address;
  const bottom = connect({ host, port });
  await opened(bottom, 'connect');
  const stream = address.tls === undefined ? bottom : await secured(bottom, address.tls, host);
  return webSocketPath === undefined ? pipeOf(bottom, stream) : await framed(bottom, stream, address, webSocketPath);
}

/** A pipe of a TCP connection and what is spoken over it. */
export function pipeOf(bottom: Socket, stream: Duplex = bottom): Pipe {
  bottom.setNoDelay(true);
  return {
    stream,
    cut: () => {
      // A reset in the middle of an orderly end keeps Node.js 24 from exiting.
      if (stream.readableEnded || stream.writableEnded) bottom.destroy();
      else bottom.resetAndDestroy();
    },
  };
}

async function secured(socket: Socket, { ca, isVerified }: TlsTrust, host: string): Promise<Duplex> {
  const stream = connectTls({ socket, ca, rejectUnauthorized: isVerified, servername: isName(host) ? host : '' });
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
