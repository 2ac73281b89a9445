// The other end of a connection under test: a plain socket that a test can make slow, silent or rude,
// and that remembers what it got.

import type { Socket } from 'node:net';

/** A peer as the suite drives it. */
export interface Peer {
  /** What arrived so far. */
  received(): Buffer;
  /** In how many chunks it arrived. */
  chunkCount(): number;
  /** Waits until at least `byteCount` bytes are there, or the stream is over. */
  receivedAtLeast(byteCount: number): Promise<Buffer>;
  /** Waits for the orderly end of the stream, and gives all of it. */
  receivedAll(): Promise<Buffer>;
  /** Waits until the connection is gone, in whatever way. */
  gone(): Promise<void>;
  /** Hands bytes to the system; resolves when it has taken them. */
  send(bytes: Uint8Array): Promise<void>;
  /** Stops reading, as a slow peer does. */
  stopReading(): void;
  startReading(): void;
  /** Closes its own side. */
  end(): void;
  /** Breaks the connection with a reset. */
  reset(): void;
}

/**
 * Drives a socket as a peer.
 * @param raw  The socket below it, where it is one that encrypts.
 */
export function peerOf(socket: Socket, raw: Socket = socket): Peer {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  let isOver = false;
  let isGone = false;
  let wake = (): void => {};
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    byteCount += chunk.length;
    wake();
  });
  socket.on('end', () => {
    isOver = true;
    wake();
  });
  socket.on('close', () => {
    isOver = true;
    isGone = true;
    wake();
  });
  // A reset is for the test to provoke, not to fail by; 'close' follows.
  socket.on('error', () => {});
  const until = async (claim: () => boolean): Promise<void> => {
    while (!claim()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const received = (): Buffer => Buffer.concat(chunks);
  return {
    received,
    chunkCount: () => chunks.length,
    receivedAtLeast: (atLeast) => until(() => byteCount >= atLeast || isOver).then(received),
    receivedAll: () => until(() => isOver).then(received),
    gone: () => until(() => isGone),
    send: (bytes) =>
      new Promise((resolve) => {
        socket.write(bytes, () => resolve());
      }),
    stopReading: () => void socket.pause(),
    startReading: () => void socket.resume(),
    end: () => void socket.end(),
    // A Unix socket has no reset: it is gone without a word.
    reset: () => void (raw.remoteAddress === undefined ? raw.destroy() : raw.resetAndDestroy()),
  };
}
