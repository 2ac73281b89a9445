// One WebSocket as a NetworkConnection. Frames end here: MQTT packets are free of their borders (section 6), so that a
// message is a chunk like any other, and what was laid down in a turn leaves as one message.
//
// `ws` does the protocol: frames, masks, fragments, pings, the closing handshake. Three things of it are not as the contract has
// them, and are mended here. It hands over every message of a chunk, also after `pause()`: those wait in `held`, which is
// bounded by what one read of the socket brings. It answers a Close frame at once, before what the turn has laid down has
// left: `TurnedWebSocket` sends that first. And it keeps what has come of a message until that is whole, and says nothing: so what
// comes is counted beside it, for an owner that wants to know, and of a peer that has been told goodbye it is thrown away.
//
// Invariant: after 'closed' the handler is not called; after `end()` or `destroy()` it gets no chunk. A peer that has closed
// is not told of before the messages that it sent have been taken.

import type { Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import type { ByteWriter } from '../../base/byte-writer.ts';
import type { PeerCertificate } from '../../base/peer-certificate.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { Outbox, type OutboxSink } from '../tcp/outbox.ts';

/** How long a peer may take to read the last bytes and to close its side. */
const END_MILLIS = 3_000;
/** Below so many bytes a socket that has not taken everything is not slow: encryption takes its time. */
const BUSY_BYTES = 64 * 1024;

/** What is kept for a chunk besides its bytes: its Buffer, and what is under that. */
const CHUNK_BYTES = 512;
/** Of a message that nobody takes any more. */
const DROPPED_BYTES_MAX = 64 * 1024;

/** Status codes of a Close frame (RFC 6455 section 7.4.1). */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

const BINARY = { binary: true } as const;

const CONNECTIONS = new Map<WebSocket, WebSocketConnection>();
/** Those whose chunks are counted, by the socket under them. */
const COUNTED = new Map<Socket, WebSocketConnection>();

/**
 * A WebSocket that sends what its connection has laid down before it closes. The one inheritance outside of errors: `ws` calls
 * `close` itself when a Close frame comes, and knows no other way to get in between.
 */
export class TurnedWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    CONNECTIONS.get(this)?.receiveClosing();
    super.close(code, reason);
  }
}

/** What an outbox writes to. */
class WebSocketSink implements OutboxSink {
  private readonly webSocket: WebSocket;
  private readonly afterSending: () => void;
  /** Somebody waits for everything to leave. */
  isBusy: boolean;

  constructor(webSocket: WebSocket, afterSending: () => void) {
    this.webSocket = webSocket;
    this.afterSending = afterSending;
    this.isBusy = false;
  }

  get writableLength(): number {
    return this.webSocket.bufferedAmount;
  }

  /** hot: */
  write(bytes: Uint8Array): boolean {
    this.webSocket.send(bytes, BINARY, this.afterSending); // [MQTT-6.0.0-1]
    if (this.webSocket.bufferedAmount < BUSY_BYTES) return true;
    this.isBusy = true;
    return false;
  }
}

/** A WebSocket connection. */
export class WebSocketConnection implements NetworkConnection {
  readonly remote: string;
  readonly certificate: PeerCertificate | undefined;
  private readonly webSocket: WebSocket;
  private readonly socket: Socket;
  private readonly sink: WebSocketSink;
  private readonly outbox: Outbox;
  /** Messages that came while nobody wanted them. */
  private held: Uint8Array[];
  /** What is kept at most of a message that is not whole yet, while that is counted. */
  private gathered: number;
  private handler: NetworkHandler | undefined;
  /** 'closing': the peer has closed; what it sent before is still taken. */
  private state: 'open' | 'closing' | 'ending' | 'closed';
  private isPaused: boolean;
  private isGone: boolean;
  private cause: Error | undefined;
  private endTimer: NodeJS.Timeout | undefined;

  /**
   * @param remote  The peer's address, for people.
   * @param socket  What is under it; it tells why a connection broke, and how much has come, which `ws` does not.
   */
  constructor(remote: string, webSocket: TurnedWebSocket, socket: Socket, certificate: PeerCertificate | undefined) {
    this.remote = remote;
    this.certificate = certificate;
    this.webSocket = webSocket;
    this.socket = socket;
    this.sink = new WebSocketSink(webSocket, () => this.afterSending());
    this.outbox = new Outbox(this.sink);
    this.held = [];
    this.gathered = 0;
    this.handler = undefined;
    this.state = 'open';
    this.isPaused = false;
    this.isGone = false;
    this.cause = undefined;
    this.endTimer = undefined;
    CONNECTIONS.set(webSocket, this);
    webSocket.on('message', onMessage).on('error', onError).on('close', onClose);
    socket.on('error', (error) => this.receiveError(error));
  }

  /** Names the owner; to be called in the turn that made the connection. */
  start(handler: NetworkHandler): void {
    this.handler = handler;
    if (handler.gathering !== undefined) this.count();
  }

  /** hot: */
  writer(): ByteWriter {
    return this.outbox.writer();
  }

  /** hot: */
  wrote(): void {
    if (this.state === 'open') this.outbox.wrote();
    else this.outbox.discard();
  }

  waitingBytes(): number {
    return this.state === 'open' ? this.outbox.waitingBytes() : 0;
  }

  pause(): void {
    this.isPaused = true;
    if (this.state === 'open') this.webSocket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    // Not from within the owner's call.
    if (this.held.length > 0 || this.isGone) setImmediate(() => this.handOver());
    else if (this.state === 'open') this.webSocket.resume();
  }

  end(): void {
    if (this.state === 'open') this.endWith(NORMAL);
    else if (this.state === 'closing') this.drop();
  }

  destroy(): void {
    if (this.state === 'closed') return;
    this.outbox.discard();
    this.drop();
    this.webSocket.terminate();
  }

  /** A message has come. hot: */
  receiveMessage(message: Uint8Array, isBinary: boolean): void {
    this.gathered = 0;
    if (this.state !== 'open') return;
    if (!isBinary) {
      this.cause ??= new Error('A text frame came; MQTT is sent in binary frames.');
      this.endWith(UNSUPPORTED_DATA); // [MQTT-6.0.0-1]
    } else if (this.isPaused || this.held.length > 0) this.held.push(message);
    else this.handler?.receive(message, 0, message.length);
  }

  /** A chunk has come, and the messages that are whole with it have been taken. What is behind the last of them is less than the chunk. */
  receiveChunk(bytes: number): void {
    this.gathered += bytes + CHUNK_BYTES;
    if (this.isOpen) {
      const goesOn = this.handler?.gathering?.(this.gathered) ?? false;
      // The owner may have ended it.
      if (!goesOn && this.isOpen) this.countNoMore();
    } else if (this.gathered > DROPPED_BYTES_MAX) this.throwAway();
  }

  /** A Close frame is about to leave, ours or the answer to the peer's. */
  receiveClosing(): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.outbox.flushLast();
    this.endTimer = setTimeout(cutOff, END_MILLIS, this.webSocket).unref();
  }

  /** The peer broke a rule of WebSocket, or the socket under it failed; 'close' follows. */
  receiveError(error: Error): void {
    this.cause ??= error;
  }

  /** The socket is gone. */
  receiveClose(): void {
    clearTimeout(this.endTimer);
    CONNECTIONS.delete(this.webSocket);
    this.countNoMore();
    this.isGone = true;
    // 'closing' or not: what the peer has sent before it went is taken first.
    if (this.state === 'open') this.state = 'closing';
    this.outbox.discard();
    if (this.held.length === 0) this.finish();
  }

  private endWith(code: number): void {
    this.receiveClosing();
    this.drop();
    // What still comes is read and dropped; the answer to our Close frame is among it.
    this.count();
    this.webSocket.resume();
    this.webSocket.close(code);
  }

  /** No chunk arrives any more. */
  private drop(): void {
    this.state = 'ending';
    this.held = [];
    if (this.isGone) setImmediate(() => this.finish());
  }

  /** Hands over what was held, as far as it is wanted. */
  private handOver(): void {
    while (!this.isPaused && (this.state === 'open' || this.state === 'closing')) {
      const message = this.held.shift();
      if (message === undefined) break;
      this.handler?.receive(message, 0, message.length);
    }
    if (this.isPaused || this.held.length > 0) return;
    if (this.isGone) this.finish();
    else if (this.state === 'open') this.webSocket.resume();
  }

  private get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Counts what comes from now on; behind `ws`, which was there first. */
  private count(): void {
    if (COUNTED.has(this.socket) || this.isGone) return;
    COUNTED.set(this.socket, this);
    this.socket.on('data', onChunk);
  }

  private countNoMore(): void {
    COUNTED.delete(this.socket);
    this.socket.off('data', onChunk);
  }

  /** The peer, which was told goodbye, sends on, and has yet to close its side or to be cut off: `ws` would keep all of it. */
  private throwAway(): void {
    this.countNoMore();
    this.socket.removeAllListeners('data').resume();
  }

  private finish(): void {
    const handler = this.handler;
    this.state = 'closed';
    this.handler = undefined;
    handler?.closed(this.cause);
  }

  /** A message has left. */
  private afterSending(): void {
    if (!this.sink.isBusy || this.webSocket.bufferedAmount > 0) return;
    this.sink.isBusy = false;
    if (this.state === 'open' && this.outbox.receiveDrain()) this.handler?.drained();
  }
}

function onMessage(this: WebSocket, message: RawData, isBinary: boolean): void {
  // `ws` makes one Buffer of all fragments, unless it is told otherwise.
  if (message instanceof Uint8Array) CONNECTIONS.get(this)?.receiveMessage(message, isBinary);
}

function onChunk(this: Socket, chunk: Buffer): void {
  COUNTED.get(this)?.receiveChunk(chunk.length);
}

function onError(this: WebSocket, error: Error): void {
  CONNECTIONS.get(this)?.receiveError(error);
}

function onClose(this: WebSocket): void {
  CONNECTIONS.get(this)?.receiveClose();
}

function cutOff(webSocket: WebSocket): void {
  webSocket.terminate();
}
