// The other end of a connection under test: a plain socket that a test can make slow, silent or rude,
// and that remembers what it got.

import type { Socket } from 'node:net';

/** What a peer has heard. */
export interface Hearing {
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
}

/** A peer as the suite drives it. */
export interface Peer extends Hearing {
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

/** Where the bytes of a peer come in, whatever carries them. */
export class Ear {
  /** What it has heard. */
  readonly hearing: Hearing;
  private readonly chunks: Buffer[];
  private byteCount: number;
  private isOver: boolean;
  private isGone: boolean;
  private wake: () => void;

  constructor() {
    this.chunks = [];
    this.byteCount = 0;
    this.isOver = false;
    this.isGone = false;
    this.wake = () => {};
    const received = (): Buffer => Buffer.concat(this.chunks);
    this.hearing = {
      received,
      chunkCount: () => this.chunks.length,
      receivedAtLeast: (atLeast) => this.until(() => this.byteCount >= atLeast || this.isOver).then(received),
      receivedAll: () => this.until(() => this.isOver).then(received),
      gone: () => this.until(() => this.isGone),
    };
  }

  hear(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.byteCount += chunk.length;
    this.wake();
  }

  /** Nothing more will come. */
  end(): void {
    this.isOver = true;
    this.wake();
  }

  /** The connection is gone. */
  close(): void {
    this.isGone = true;
    this.end();
  }

  private async until(claim: () => boolean): Promise<void> {
    while (!claim()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

/**
 * Drives a socket as a peer.
 * @param raw  The socket below it, where it is one that encrypts.
 */
export function peerOf(socket: Socket, raw: Socket = socket): Peer {
  const ear = new Ear();
  socket.on('data', (chunk: Buffer) => ear.hear(chunk));
  socket.on('end', () => ear.end());
  socket.on('close', () => ear.close());
  // A reset is for the test to provoke, not to fail by; 'close' follows.
  socket.on('error', () => {});
  return {
    ...ear.hearing,
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
