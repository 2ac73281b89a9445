// What the broker and the client need of a network: bytes in, bytes out, back-pressure, and one write
// per connection and event-loop turn. Nothing here knows a packet. Implementations: tcp/ (Unix sockets too),
// tls/ and websocket/.
//
// The idea: whoever has something to send lays it down in the connection's own output buffer
// (`writer()`, then `wrote()`). The transport flushes that buffer once, at the end of the turn, so
// that a thousand small packets cost one system call.

import type { ByteWriter } from '../base/byte-writer.ts';
import type { PeerCertificate } from '../base/peer-certificate.ts';

/** One Network Connection (MQTT 5.0 section 1.2), seen from its owner. */
export interface NetworkConnection {
  /** The peer's address for people, such as `127.0.0.1:50123`. */
  readonly remote: string;

  /** The peer's certificate, if it was asked for one, has shown one, and it was found good. */
  readonly certificate?: PeerCertificate | undefined;

  /**
   * The output buffer, open at its end. Encode at its `position`, then call `wrote()` in the same turn.
   * Do not keep it: the next call may give another one. After `end()`, `destroy()` or `closed` what is written is discarded.
   */
  writer(): ByteWriter;

  /** Says that something was laid down; it leaves with the flush at the end of this turn, sooner past 64 KiB. */
  wrote(): void;

  /**
   * Bytes that wait for a peer that does not read, wherever they are; a slow reader shows here. While there are any, `drained`
   * or `closed` is to come: an owner that stops because of them is told to go on. What only waits for the end of the turn is
   * not counted, and is less than 64 KiB.
   */
  waitingBytes(): number;

  /** Stops reading. Chunks may no longer arrive once this returns. */
  pause(): void;

  /** Reads again. */
  resume(): void;

  /** Flushes what was written, then closes; a peer that does not read is cut off after a few seconds. No chunk arrives any more. */
  end(): void;

  /** Closes at once; what was not written is lost. No chunk arrives any more. */
  destroy(): void;
}

/** The owner's side of a Network Connection. None of its methods is called from inside a call of the owner's to the connection. */
export interface NetworkHandler {
  /** Takes a chunk. `bytes` belongs to the transport again when this returns: copy what is kept. */
  receive(bytes: Uint8Array, start: number, end: number): void;

  /**
   * More of a chunk has come that is handed over when it is whole, which takes so many bytes until then; only of transports with messages
   * of their own, as WebSocket has them. An owner without this is not told.
   * @returns False: the owner has heard enough. It is told no more.
   */
  gathering?(bytes: number): boolean;

  /** Everything that waited has left: the owner may produce again. Called after a flush that found the peer slow. */
  drained(): void;

  /** The connection is over, for whatever reason. Called exactly once, after which nothing else is. */
  closed(cause: Error | undefined): void;
}

/** Makes the owner's side of a connection that a peer opened. */
export type Accept = (connection: NetworkConnection) => NetworkHandler;

/**
 * Asks the owner about a peer before anything is spent on it: a handshake, a connection.
 * @param remote  As `NetworkConnection.remote`. Peers without an address, of Unix sockets, are not asked about.
 * @returns False: the peer is to be cut off at once; the owner knows why.
 */
export type Admits = (remote: string) => boolean;

/** An open door. */
export interface Listener {
  /** Where it listens, for people and for clients, such as `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  /** The port in use; useful when port 0 was asked for. A Unix socket has none: 0. */
  readonly port: number;
  /** Stops accepting; connections already open stay. */
  close(): Promise<void>;
}
