// One TCP connection as a NetworkConnection: the socket's events on one side, the handler on the other.
// The same for accepted and for opened connections, and for sockets that are not TCP but behave alike: Unix sockets, and TLS;
// how the socket comes to be is the caller's.
//
// The idea: an idle connection is small. The functions that listen to a socket are shared, and find their connection
// in a table; chunks come through one closure, because every read of every connection goes into one
// shared buffer (net's `onread`) which must not be searched for. An idle connection holds no buffer.
//
// Invariant: after 'closed' the handler is not called; after `end()` or `destroy()` it gets no chunk. An
// exception from a handler is not caught here: the owner has its boundary inside.

import type { Socket } from 'node:net';
import type { ByteWriter } from '../../base/byte-writer.ts';
import type { PeerCertificate } from '../../base/peer-certificate.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { writeDirectly } from './direct-write.ts';
import { type DirectWrite, Outbox } from './outbox.ts';

/** How long a peer may take to read the last bytes and to close its side. */
const END_MILLIS = 3_000;

/** Takes the first `count` bytes of `bytes`, which are overwritten afterwards. Returns true: what stops reading is `pause()`. */
export type TakeChunk = (count: number, bytes: Uint8Array) => boolean;

/** What every socket here is made with. */
export const SOCKET_OPTIONS = {
  /** The last answers still leave when the peer has closed its side. */
  allowHalfOpen: true,
  /** Every write that the kernel does not take at once returns false, and 'drain' follows; others ask for none (measured). */
  writableHighWaterMark: 0,
} as const;

/** What is different where a socket is not plain. */
export interface SocketTraits {
  /** A shorter way for what can leave at once; `undefined` where bytes must pass through the socket, which encrypts them. */
  readonly writeDirectly: DirectWrite | undefined;
  /** The certificate that the peer has shown, and that was found good. */
  readonly certificate: PeerCertificate | undefined;
  /** Puts an error of the socket into words. */
  readonly explain: (error: Error) => Error;
}

const PLAIN: SocketTraits = { writeDirectly, certificate: undefined, explain: (error) => error };

const CONNECTIONS = new Map<Socket, TcpConnection>();

/** A TCP connection. */
export class TcpConnection implements NetworkConnection {
  readonly remote: string;
  private readonly traits: SocketTraits;
  private readonly socket: Socket;
  private readonly outbox: Outbox;
  private handler: NetworkHandler | undefined;
  private state: 'open' | 'ending' | 'closed';
  private cause: Error | undefined;
  private endTimer: NodeJS.Timeout | undefined;

  /**
   * @param remote  The peer's address, for people.
   * @param openSocket  Makes the socket, with `SOCKET_OPTIONS`, so that its chunks go to `takeChunk`.
   */
  constructor(remote: string, openSocket: (takeChunk: TakeChunk) => Socket, traits: SocketTraits = PLAIN) {
    this.remote = remote;
    this.traits = traits;
    this.socket = openSocket((count, bytes) => this.receive(count, bytes));
    this.outbox = new Outbox(this.socket, traits.writeDirectly);
    this.handler = undefined;
    this.state = 'open';
    this.cause = undefined;
    this.endTimer = undefined;
    CONNECTIONS.set(this.socket, this);
    this.socket.on('drain', onDrain).on('end', onEnd).on('error', onError).on('close', onClose);
  }

  /** The peer's, if it has shown a good one. */
  get certificate(): PeerCertificate | undefined {
    return this.traits.certificate;
  }

  /** Names the owner; to be called in the turn that made the connection. */
  start(handler: NetworkHandler): void {
    this.handler = handler;
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
    return this.state === 'closed' ? 0 : this.outbox.waitingBytes();
  }

  pause(): void {
    if (this.state === 'open') this.socket.pause();
  }

  resume(): void {
    if (this.state === 'open') this.socket.resume();
  }

  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ending';
    this.outbox.flushLast();
    this.socket.end();
    // What still comes is read and dropped: closing with bytes unread would reset the connection, and the peer
    // would never see the last packet.
    this.socket.resume();
    this.endTimer = setTimeout(cutOff, END_MILLIS, this.socket).unref();
  }

  destroy(): void {
    if (this.state === 'closed') return;
    this.state = 'ending';
    this.outbox.discard();
    this.socket.destroy();
  }

  /** The socket has sent everything it was given. */
  receiveDrain(): void {
    if (this.state === 'open' && this.outbox.receiveDrain()) this.handler?.drained();
  }

  /** The socket failed; 'close' follows. */
  receiveError(error: Error): void {
    this.cause ??= this.traits.explain(error);
  }

  /** The socket is gone. */
  receiveClose(): void {
    const handler = this.handler;
    this.state = 'closed';
    this.handler = undefined;
    clearTimeout(this.endTimer);
    this.outbox.discard();
    CONNECTIONS.delete(this.socket);
    handler?.closed(this.cause);
  }

  /** hot: */
  private receive(count: number, bytes: Uint8Array): boolean {
    if (this.state === 'open') this.handler?.receive(bytes, 0, count);
    return true;
  }
}

function onDrain(this: Socket): void {
  CONNECTIONS.get(this)?.receiveDrain();
}

/** The peer has closed its side: MQTT knows no half-open connection, so ours closes too. */
function onEnd(this: Socket): void {
  CONNECTIONS.get(this)?.end();
}

function onError(this: Socket, error: Error): void {
  CONNECTIONS.get(this)?.receiveError(error);
}

function onClose(this: Socket): void {
  CONNECTIONS.get(this)?.receiveClose();
}

function cutOff(socket: Socket): void {
  socket.destroy();
}
