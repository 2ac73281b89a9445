// The other end of a WebSocket under test, driven like a plain socket: messages are its chunks.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Peer } from './peer.ts';

/**
 * Drives a WebSocket as a peer. It may still be opening.
 * @param raw  The socket at the bottom, for a reset.
 */
export function webSocketPeerOf(webSocket: WebSocket, raw: Socket): Peer {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  let isGone = false;
  let wake = (): void => {};
  webSocket.on('message', (message) => {
    if (!Buffer.isBuffer(message)) throw new TypeError('a message is one Buffer');
    chunks.push(message);
    byteCount += message.length;
    wake();
  });
  webSocket.on('close', () => {
    isGone = true;
    wake();
  });
  // A reset is for the test to provoke, not to fail by; 'close' follows.
  webSocket.on('error', () => {});
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
    receivedAtLeast: (atLeast) => until(() => byteCount >= atLeast || isGone).then(received),
    receivedAll: () => until(() => isGone).then(received),
    gone: () => until(() => isGone),
    send: (bytes) =>
      new Promise((resolve) => {
        webSocket.send(bytes, { binary: true }, () => resolve());
      }),
    stopReading: () => webSocket.pause(),
    startReading: () => webSocket.resume(),
    end: () => webSocket.close(),
    reset: () => void raw.resetAndDestroy(),
  };
}
