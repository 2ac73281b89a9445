// The control socket, the broker's side: HTTP over a Unix socket that nobody but its owner may open. An address is an operation, its query the
// question (operations.ts); the answer is a JSON object a line, as many as there are, sent as they are made. So `curl --unix-socket` is
// a client, and so is `vouch ctl`.
// What is asked is checked as a whole before anything is done. A long answer is made in slices, between which the event loop goes round,
// and not faster than it is read. Whoever goes away takes his answer with him, and what was to be made for it.
// There is no password: the file's mode is the right. Nobody can ask from a browser or over a network.

import { unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { isStaleSocket, unixListenError } from '../transport/tcp/unix-listener.ts';
import {
  type ControlRequest,
  CONTROL_VERSION,
  isOperationName,
  OPERATIONS,
  type OperationName,
  pathOf,
  readQuestion,
} from './operations.ts';

/** An answer: rows as they are made; `undefined` is a step that made none. */
export type Rows = Iterable<object | undefined> | AsyncIterable<object | undefined>;

/** Who knows the answers. */
export interface ControlTarget {
  /**
   * @throws {UsageError} What was asked cannot be. Here, or with the first row.
   * @throws {OperationError} `not-found`: what was asked about is not there; others: the world did not play along.
   */
  answer(request: ControlRequest): Rows;
}

/** The socket of a broker that runs. */
export interface ControlSocket {
  readonly path: string;
  /** Ends it, with every answer that is being made. */
  close(): Promise<void>;
}

/** A socket's address has room for so many bytes on every system. */
const SOCKET_PATH_BYTES_MAX = 103;

/** The longest question: a client identifier and a topic may be 65,535 bytes each, three times as much in a query. */
const HEADER_BYTES_MAX = 512 * 1024;
const CONNECTIONS_MAX = 32;
/** How long somebody may take to ask. */
const ASKING_MILLIS_MAX = 10_000;
/** Steps between two turns of the event loop, and bytes between two writes. */
const SLICE_STEPS = 500;
const SLICE_BYTES = 64 * 1024;

/**
 * Opens a control socket. A file that a broker which was killed left behind is replaced.
 * @throws {UsageError} `invalid-option`: the path is too long.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 */
export async function openControlSocket(path: string, target: ControlTarget, log: Log): Promise<ControlSocket> {
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_BYTES_MAX) {
    const sentence = `The path of a control socket has at most ${SOCKET_PATH_BYTES_MAX} bytes, and ${path} has ${bytes}.`;
    throw new UsageError('invalid-option', sentence);
  }
  const options = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: ASKING_MILLIS_MAX,
    requestTimeout: ASKING_MILLIS_MAX,
    connectionsCheckingInterval: ASKING_MILLIS_MAX / 4,
  };
  const server = createServer(options, (request, response) => {
    // Never rejected: what goes wrong has been answered, or logged.
    void respond(target, request, response, log);
  });
  server.maxConnections = CONNECTIONS_MAX;
  try {
    await listen(server, path).catch(async (error: unknown) => {
      if (!(await isStaleSocket(path, error))) throw error;
      await unlink(path);
      await listen(server, path);
    });
  } catch (error) {
    throw unixListenError(error, path);
  }
  return {
    path,
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      await promise;
    },
  };
}

/** Listens at the path. The file is made while no right but the owner's can be given, so that there is no moment at which others could open it. */
async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const mask = process.umask(0o177);
  try {
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  } finally {
    process.umask(mask);
  }
  await promise;
}

async function respond(
  target: ControlTarget,
  request: IncomingMessage,
  response: ServerResponse,
  log: Log,
): Promise<void> {
  try {
    await sendRows(target.answer(requestOf(request)), response);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof OperationError || error instanceof HttpError)) {
      log.error(`A question at the control socket could not be answered: ${String(error)}`);
    }
    // Half an answer is cut off: whoever reads it sees that it has no end.
    if (response.headersSent) response.destroy();
    else sendProblem(response, error);
  }
}

/** A question that is none. */
class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function requestOf({ method = '', url = '', headers }: IncomingMessage): ControlRequest {
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
    throw new HttpError(413, 'Everything is said in the address; a body is not read.');
  }
  const [path = '', ...rest] = url.split('?');
  const name = path === '/' ? 'broker' : operationAt(path);
  const wanted: string = OPERATIONS[name].method;
  if (method !== wanted) throw new HttpError(405, `${path} takes ${wanted}, not ${method}.`);
  return readQuestion(name, new URLSearchParams(rest.join('?')));
}

function operationAt(path: string): OperationName {
  const [root = '', version = '', name = '', ...rest] = path.split('/');
  if (root === '' && version === CONTROL_VERSION && rest.length === 0 && isOperationName(name)) return name;
  const known = Object.keys(OPERATIONS).filter(isOperationName).map(pathOf);
  throw new HttpError(404, `${JSON.stringify(path)} is not known here; there are ${known.join(', ')}.`);
}

async function sendRows(rows: Rows, response: ServerResponse): Promise<void> {
  let text = '';
  let steps = 0;
  for await (const row of rows) {
    if (row !== undefined) text += `${JSON.stringify(row)}\n`;
    if (++steps < SLICE_STEPS && text.length < SLICE_BYTES) continue;
    if (!(await send(response, text))) return;
    steps = 0;
    text = '';
  }
  begin(response);
  response.end(text);
}

/** Sends some of the answer, and lets others go on; false: nobody is there any more. */
async function send(response: ServerResponse, text: string): Promise<boolean> {
  if (response.closed || response.destroyed) return false;
  if (text !== '') {
    begin(response);
    if (!response.write(text)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      response.once('drain', resolve).once('close', resolve);
      await promise;
      response.off('drain', resolve).off('close', resolve);
    }
  }
  await turn();
  return !response.destroyed;
}

function begin(response: ServerResponse): void {
  if (response.headersSent) return;
  response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store' });
}

function sendProblem(response: ServerResponse, error: unknown): void {
  const [status, code] = kindOf(error);
  const sentence = status === 500 ? 'A bug in Vouch; its log says which.' : error instanceof Error ? error.message : '';
  // What else comes on this connection may be the rest of what was not read.
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
  response.end(`${JSON.stringify({ error: sentence, code })}\n`);
}

function kindOf(error: unknown): readonly [status: number, code: string] {
  if (error instanceof HttpError) return [error.status, 'invalid-argument'];
  if (error instanceof UsageError) return [400, error.code];
  if (error instanceof OperationError) return [error.code === 'not-found' ? 404 : 503, error.code];
  return [500, 'bug'];
}
