// The server of the comparison, in a process of its own: Vouch's broker over TLS, an HTTPS server, and one of HTTP/2, with the same
// certificate and nothing older than TLS 1.3. All three do the same: they note when a message came, and answer.

import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';

import { createBroker } from '../../exports/broker.ts';
import type { ServerNews, ServerOrder } from './process-port.ts';

/** A request that waits for messages is answered with none by then. */
const POLL_MILLIS_MAX = 30_000;
/** Connections that are kept are not closed under those who use them. */
const KEEP_ALIVE_MILLIS = 120_000;

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

const broker = createBroker();
/** When each message came first. */
const arrivals = new Map<number, number>();
/** What was published for those who receive. */
const published: string[] = [];
const waiting = new Set<() => void>();

process.on('message', (order: ServerOrder) => void obey(order));
process.on('disconnect', () => process.exit());

async function obey(order: ServerOrder): Promise<void> {
  switch (order.kind) {
    case 'start':
      return say(await start(order.cert, order.key));
    case 'reset':
      arrivals.clear();
      published.length = 0;
      return say({ kind: 'ready' });
    case 'report':
      return say({ kind: 'arrivals', arrivals: [...arrivals] });
    case 'emit':
      return say({ kind: 'emitted', moments: await emit(order) });
    case 'stop':
      return process.exit();
    default:
  }
}

function say(news: ServerNews): void {
  process.send?.(news);
}

async function start(cert: string, key: string): Promise<ServerNews> {
  broker.on('messagePublished', ({ topic }) => {
    if (topic.startsWith('m/')) note(Number(topic.slice(2)));
  });
  const listener = await broker.listen({ port: 0, tls: { cert, key, minVersion: 'TLSv1.3' } });
  const tls = { cert, key, minVersion: 'TLSv1.3' } as const;
  const https = createHttpsServer({ ...tls, keepAliveTimeout: KEEP_ALIVE_MILLIS }, answer);
  const http2 = createSecureServer(tls, answer);
  return { kind: 'started', mqttPort: listener.port, httpsPort: await portOf(https), http2Port: await portOf(http2) };
}

async function portOf(server: HttpsServer | Http2SecureServer): Promise<number> {
  // A client that was cut off is no news here.
  server.on('tlsClientError', () => undefined);
  server.on('clientError', (_error: Error, socket: Duplex) => {
    socket.destroy();
  });
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

function answer(request: AnyRequest, response: AnyResponse): void {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const { method, url = '/' } = request;
  if (method === 'GET') return poll(Number(new URL(url, 'https://localhost').searchParams.get('after')), response);
  request.resume();
  request.on('end', () => {
    if (method === 'POST') note(Number(url.slice('/m/'.length)));
    response.statusCode = 204;
    response.end();
  });
}

/** Answers with what comes after so many messages, as soon as there is any; after -1: at once. */
function poll(after: number, response: AnyResponse): void {
  const reply = (): void => {
    clearTimeout(patience);
    waiting.delete(reply);
    const text = published.slice(Math.max(0, after)).join('\n');
    response.setHeader('content-type', 'text/plain');
    response.setHeader('content-length', Buffer.byteLength(text));
    response.end(text);
  };
  const patience = setTimeout(reply, POLL_MILLIS_MAX);
  response.on('close', () => {
    clearTimeout(patience);
    waiting.delete(reply);
  });
  if (after < 0 || published.length > after) reply();
  else waiting.add(reply);
}

async function emit({
  offsets,
  payloadBytes,
  qos,
}: ServerOrder & { readonly kind: 'emit' }): Promise<readonly number[]> {
  const moments: number[] = [];
  await Promise.all(
    offsets.map(
      (offset, id) =>
        new Promise<void>((resolve, reject) => {
          setTimeout(() => {
            const payload = String(id).padEnd(payloadBytes, '.');
            moments[id] = now();
            published.push(payload);
            for (const reply of waiting) reply();
            broker.publish('r', payload, { qos }).then(() => resolve(), reject);
          }, offset);
        }),
    ),
  );
  return moments;
}

function note(id: number): void {
  if (!arrivals.has(id)) arrivals.set(id, now());
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}
