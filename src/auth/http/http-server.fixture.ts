// An HTTP server for tests, in this process and on loopback: it answers as the test says, and remembers what it was asked.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';

/** How to answer: with these, by hand, or not at all. */
export type HttpBehaviour =
  | { readonly status?: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | ((request: IncomingMessage, response: ServerResponse, body: string) => void);

/** A server that listens. */
export interface TestServer {
  readonly url: string;
  /** What it was asked so far: bodies in their order. */
  readonly asked: string[];
  /** The headers of these. */
  readonly headers: IncomingMessage['headers'][];
  behave(behaviour: HttpBehaviour): void;
  /** Listens no more, and ends what is open. */
  stop(): Promise<void>;
}

/** Starts one, for as long as the test runs. */
export async function startHttp(
  context: TestContext,
  first: HttpBehaviour,
  server: Server = createServer(),
): Promise<TestServer> {
  let behaviour = first;
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      asked.push(body);
      headers.push(request.headers);
      if (typeof behaviour === 'function') return behaviour(request, response, body);
      response.writeHead(behaviour.status ?? 200, { 'content-type': 'application/json', ...behaviour.headers });
      response.end(behaviour.body);
    });
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const stop = async (): Promise<void> => {
    const { promise, resolve: stopped } = Promise.withResolvers<void>();
    server.close(() => stopped());
    server.closeAllConnections();
    await promise;
  };
  context.after(() => (server.listening ? stop() : undefined));
  const scheme = 'setSecureContext' in server ? 'https' : 'http';
  return {
    url: `${scheme}://127.0.0.1:${address.port}/mqtt/auth`,
    asked,
    headers,
    behave: (next) => {
      behaviour = next;
    },
    stop,
  };
}
