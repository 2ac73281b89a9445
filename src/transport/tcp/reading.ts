// The two ways in which chunks of a socket reach a connection, and the one private corner of Node that
// this transport touches.
//
// `net` can read into a buffer that its user supplies (`onread`), so that a read allocates nothing: a quarter to a
// third less CPU a message (bench/transport.bench.ts: 0.20 us against 0.28 at 100 messages a chunk). `connect`
// offers it, `createServer` does not: an accepted socket's handle is therefore moved into a second `net.Socket`.
// The handle's name, `_handle`, is not documented; where it is missing, chunks come through 'data' events: slower,
// nothing else.

import { type OnReadOpts, Socket } from 'node:net';
import { SOCKET_OPTIONS, type TakeChunk } from './tcp-connection.ts';

/** What one read of a socket can bring, and so the longest chunk. One buffer for all: a chunk is used up before the next read. */
const READ_BUFFER = new Uint8Array(64 * 1024);

/** The option of `net.connect` and of a socket that reads into the shared buffer. */
export function readShared(takeChunk: TakeChunk): OnReadOpts {
  return { buffer: READ_BUFFER, callback: takeChunk };
}

/**
 * Makes an accepted socket read into the shared buffer.
 * @param accepted  From a server with `pauseOnConnect`; not to be used afterwards.
 * @returns The socket to use.
 */
export function adoptSocket(accepted: Socket, takeChunk: TakeChunk): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null) return readByEvents(accepted, takeChunk);
  Reflect.set(accepted, '_handle', null);
  // Without a handle this closes nothing; it lets the server count the connection as gone.
  accepted.destroy();
  const options = { ...SOCKET_OPTIONS, handle, onread: readShared(takeChunk) };
  // The types know of one kind of handle only, a bound socket; an accepted one is of the kind underneath.
  return new Socket(options as object);
}

/** Has a paused socket hand its chunks over as events. */
export function readByEvents(socket: Socket, takeChunk: TakeChunk): Socket {
  socket.on('data', (chunk: Buffer) => takeChunk(chunk.length, chunk));
  return socket.resume();
}
