// The WebSocket of a browser as a NetworkConnection. Frames end here, as in ../websocket/: what was laid down in a turn leaves as one
// message, and a message is a chunk like any other.
//
// A page sees less than a program: it cannot stop the browser from reading, is not told when what it has sent has left, and cannot cut
// a connection off. So what comes while nobody wants it is held here, up to a bound; whether a slow peer has caught up is looked up now and
// then; and a connection that is to end at once is let go, and ends when the browser sees to it.
//
// Invariant: after 'closed' the handler is not called; after `end()` or `destroy()` it gets no chunk. A peer that has closed is not told
// of before the messages that it sent have been taken.

import { ByteWriter } from '../../base/byte-writer.ts';
import { type Millis, millis } from '../../base/millis.ts';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';

/** What is used of the browser's WebSocket; that of Node.js will do, too. */
export interface WebSocketLike {
  binaryType: string;
  /** Bytes that were sent and have not left. */
  readonly bufferedAmount: number;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: unknown) => void): void;
}

/** Turns and time, as a page has them. */
export interface Turns {
  /** Runs a task when the present turn of the event loop is over. */
  later(task: () => void): void;
  /** Calls `ring` once, after `delay`, unless the function that it returns is called before. */
  setAlarm(delay: Millis, ring: () => void): () => void;
}

/** From here on a message leaves at once, without waiting for the end of the turn. */
const FLUSH_AT_BYTES = 60 * 1024;
/** A buffer that has grown to this is not kept: growing once more would take its bytes away, whose length Node's WebSocket still asks for. */
const LET_GO_BYTES = 64 * 1024;
/** From here on the peer is slow; below it, it has caught up. */
const SLOW_BYTES = 64 * 1024;
/** How often a slow peer is looked after. */
const LOOK_AFTER = millis(10);
/** How long a peer may take to read the last bytes and to close its side. */
const END_AFTER = millis(3_000);
/** An owner that wants nothing gets so much kept for it, and then loses the connection. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;

/** A Close frame's status (RFC 6455 section 7.4.1); a page may say no other. */
const NORMAL = 1000;
/** The Close frame said nothing. */
const NO_STATUS = 1005;

/** What a status says, to whoever has to find out why a connection broke. */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [1001, 'the server is going away'],
  [1002, 'a rule of WebSocket was broken'],
  [1003, 'the server does not take such messages'],
  [1006, 'it broke off'],
  [1008, 'the server does not allow it'],
  [1009, 'a message was too large for the server'],
  [1011, 'the server failed'],
]);

/** A WebSocket connection of a page. */
export class WebSocketConnection implements NetworkConnection {
  readonly remote: string;
  private readonly webSocket: WebSocketLike;
  private readonly turns: Turns;
  private readonly handler: NetworkHandler;
  private filling: ByteWriter;
  /** Messages that came while nobody wanted them. */
  private held: Uint8Array[];
  private heldBytes: number;
  /** 'ending': no chunk is handed over any more. */
  private state: 'open' | 'ending' | 'closed';
  private isPaused: boolean;
  /** The peer has not taken what it was sent; it is looked after. */
  private isSlow: boolean;
  private isFlushDue: boolean;
  /** The browser has closed it; what came before may still be held. */
  private isGone: boolean;
  private cause: Error | undefined;
  private cancelAlarm: () => void;

  /**
   * @param remote  The peer's address, for people.
   * @param webSocket  Open, and with nobody listening to it yet.
   */
  constructor(remote: string, webSocket: WebSocketLike, turns: Turns, handler: NetworkHandler) {
    this.remote = remote;
    this.webSocket = webSocket;
    this.turns = turns;
    this.handler = handler;
    this.filling = new ByteWriter();
    this.held = [];
    this.heldBytes = 0;
    this.state = 'open';
    this.isPaused = false;
    this.isSlow = false;
    this.isFlushDue = false;
    this.isGone = false;
    this.cause = undefined;
    this.cancelAlarm = () => undefined;
    webSocket.addEventListener('message', (event) => this.receiveMessage(fieldOf(event, 'data')));
    webSocket.addEventListener('close', (event) => this.receiveClose(event));
  }

  /** hot: */
  writer(): ByteWriter {
    return this.filling;
  }

  /** hot: */
  wrote(): void {
    const { filling } = this;
    if (this.state !== 'open') filling.position = 0;
    else if (!this.isSlow && filling.position >= FLUSH_AT_BYTES) this.flush();
    else if (!this.isSlow && !this.isFlushDue) {
      this.isFlushDue = true;
      this.turns.later(() => this.flushAtEndOfTurn());
    }
  }

  waitingBytes(): number {
    return this.state === 'open' && this.isSlow ? this.webSocket.bufferedAmount + this.filling.position : 0;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    // Not from within the owner's call.
    if (this.held.length > 0) this.turns.later(() => this.handOver());
  }

  end(): void {
    if (this.state !== 'open') return;
    this.flush();
    this.close();
    this.cancelAlarm = this.turns.setAlarm(END_AFTER, () => this.finish());
  }

  destroy(): void {
    if (this.state === 'closed') return;
    if (this.state === 'open') this.close();
    this.turns.later(() => this.finish());
  }

  private flushAtEndOfTurn(): void {
    this.isFlushDue = false;
    if (this.state === 'open' && !this.isSlow) this.flush();
  }

  private flush(): void {
    const { filling, webSocket } = this;
    if (filling.position === 0) return;
    webSocket.send(filling.bytes.subarray(0, filling.position)); // [MQTT-6.0.0-1]
    if (filling.bytes.length >= LET_GO_BYTES) this.filling = new ByteWriter();
    else filling.position = 0;
    if (webSocket.bufferedAmount >= SLOW_BYTES && !this.isSlow) this.beSlow();
  }

  private beSlow(): void {
    this.isSlow = true;
    this.cancelAlarm = this.turns.setAlarm(LOOK_AFTER, () => this.lookAfter());
  }

  /** Whether the peer has caught up. */
  private lookAfter(): void {
    if (this.state !== 'open') return;
    this.isSlow = false;
    if (this.webSocket.bufferedAmount < SLOW_BYTES) this.flush();
    else return this.beSlow();
    // What waited here may have made it slow again.
    if (this.waitingBytes() === 0) this.handler.drained();
  }

  /** hot: */
  private receiveMessage(data: unknown): void {
    if (this.state !== 'open') return;
    if (!(data instanceof ArrayBuffer)) {
      this.giveUp('A text frame came; MQTT is sent in binary frames.'); // [MQTT-6.0.0-1]
      return;
    }
    const message = new Uint8Array(data);
    if (!this.isPaused && this.held.length === 0) {
      this.handler.receive(message, 0, message.length);
      return;
    }
    this.held.push(message);
    this.heldBytes += message.length;
    if (this.heldBytes > HELD_BYTES_MAX) this.giveUp('More came than the page has taken, and than can be kept for it.');
  }

  private giveUp(sentence: string): void {
    this.cause = new Error(sentence);
    this.end();
  }

  private receiveClose(event: unknown): void {
    const status = Number(fieldOf(event, 'code'));
    if (status !== NORMAL && status !== NO_STATUS) this.cause ??= closeError(status, fieldOf(event, 'reason'));
    this.isGone = true;
    if (this.state === 'ending' || this.held.length === 0) this.finish();
  }

  /** Hands over what was held, as far as it is wanted. */
  private handOver(): void {
    while (!this.isPaused && this.state === 'open') {
      const message = this.held.shift();
      if (message === undefined) break;
      this.heldBytes -= message.length;
      this.handler.receive(message, 0, message.length);
    }
    if (this.isGone && this.held.length === 0) this.finish();
  }

  private close(): void {
    this.state = 'ending';
    this.held = [];
    this.filling.position = 0;
    this.cancelAlarm();
    if (this.isGone) this.turns.later(() => this.finish());
    else this.webSocket.close(NORMAL);
  }

  private finish(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.cancelAlarm();
    this.held = [];
    this.handler.closed(this.cause);
  }
}

function closeError(status: number, reason: unknown): Error {
  const said = typeof reason === 'string' && reason !== '' ? `, which says: ${reason}` : '';
  return new Error(`The WebSocket was closed with ${status}: ${STATUSES.get(status) ?? 'see RFC 6455'}${said}.`);
}

/** A field of an event. */
function fieldOf(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null ? Reflect.get(event, name) : undefined;
}
