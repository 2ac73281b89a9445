// The other end of a WebSocket under test, driven like a plain socket: messages are its chunks.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

import { Ear, type Peer } from './peer.ts';

/**
 * Drives a WebSocket as a peer. It may still be opening.
 * @param raw  The socket at the bottom, for a reset.
 */
export function webSocketPeerOf(webSocket: WebSocket, raw: Socket): Peer {
  const ear = new Ear();
  webSocket.on('message', (message) => {
    if (!Buffer.isBuffer(message)) throw new TypeError('a message is one Buffer');
    ear.hear(message);
  });
  webSocket.on('close', () => ear.close());
  // A reset is for the test to provoke, not to fail by; 'close' follows.
  webSocket.on('error', () => {});
  return {
    ...ear.hearing,
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
