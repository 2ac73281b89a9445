// One in-memory connection, seen from the client: what is sent reaches the broker through a buffer that is shared and
// overwritten, as a transport's is; what the broker writes is decoded when the broker has returned. It holds the broker
// to its contract with a transport, and what it writes to the specification: every packet can be decoded, CONNACK
// comes first and once, nothing comes behind the end. What is said in which packet is for whoever takes them.

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { PacketDecoder } from '../../src/packet/decoder.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import type { Accept, NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { Escape, expect } from '../engine/escape.ts';

const WRITES = 'the broker writes packets that a client can read';
const ORDER = 'the broker opens with CONNACK and says nothing behind its last word';
const BYTES_MAX = 268_435_460;
/** Bytes before and behind what is received, which are nobody's. */
const MARGIN = 4;

const TOPICS = createTopicTable();

/** The client's end of a connection. */
export class Wire implements NetworkConnection {
  readonly remote: string;
  /** What the broker has sent and nobody has taken; payloads are copies. */
  readonly received: Packet[];
  /** How large each of them was on the wire. */
  readonly sizes: number[];
  private readonly handler: NetworkHandler;
  private readonly output: ByteWriter;
  private readonly unsent: Uint8Array[];
  private decoder: PacketDecoder | undefined;
  private state: 'open' | 'ended' | 'closed';
  private isPaused: boolean;
  private waiting: number;
  private speech: 'to begin' | 'going on' | 'over';
  /** Up to where the output is the client's; what is written after the end is not. */
  private written: number;

  constructor(accept: Accept, remote: string) {
    this.remote = remote;
    this.received = [];
    this.sizes = [];
    this.output = new ByteWriter();
    this.unsent = [];
    this.decoder = undefined;
    this.state = 'open';
    this.isPaused = false;
    this.waiting = 0;
    this.speech = 'to begin';
    this.written = 0;
    this.handler = accept(this);
  }

  /** Neither side has ended the connection. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  // What the client does.

  /** Sends bytes; the broker gets them with the next `flow`. */
  send(bytes: Uint8Array): void {
    if (this.state === 'open' && bytes.length > 0) this.unsent.push(bytes);
  }

  /**
   * Hands the broker what was sent, as far as it reads. Says whether there was something.
   * @param before  Told each chunk first.
   */
  flow(before: (bytes: Uint8Array) => void): boolean {
    let hasFlown = false;
    while (!this.isPaused && this.state === 'open') {
      const bytes = this.unsent.shift();
      if (bytes === undefined) break;
      before(bytes);
      const shared = new Uint8Array(bytes.length + 2 * MARGIN).fill(0xee);
      shared.set(bytes, MARGIN);
      this.handler.receive(shared, MARGIN, MARGIN + bytes.length);
      shared.fill(0xdd);
      hasFlown = true;
    }
    return hasFlown;
  }

  /** The client is gone. */
  leave(cause: Error | undefined): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.handler.closed(cause);
  }

  /** The client reads nothing; so much waits for it. */
  stopReading(bytes: number): void {
    this.waiting = bytes;
  }

  /** The client has read all. */
  readAgain(): void {
    if (this.waiting === 0) return;
    this.waiting = 0;
    if (this.state === 'open') this.handler.drained();
  }

  /** The transport tells that a connection is over which the broker has ended. Says whether there was one. */
  confirmEnd(): boolean {
    if (this.state !== 'ended') return false;
    this.state = 'closed';
    this.handler.closed(undefined);
    return true;
  }

  /** Decodes what the broker wrote. @param version  What the client speaks. */
  read(version: ProtocolVersion): void {
    const { output } = this;
    if (this.written === 0) return;
    const bytes = output.bytes.slice(0, this.written);
    output.position = 0;
    this.written = 0;
    this.decoder ??= new PacketDecoder({
      receives: 'from-server',
      maximumPacketSize: BYTES_MAX,
      version,
      topics: TOPICS,
    });
    this.decoder.push(bytes, 0, bytes.length);
    try {
      let waiting = this.decoder.waitingBytes;
      for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next()) {
        this.takeDown(packet, waiting - this.decoder.waitingBytes);
        waiting = this.decoder.waitingBytes;
      }
    } catch (error) {
      if (error instanceof Escape) throw error;
      throw new Escape(WRITES, Buffer.from(bytes).toString('hex'), { cause: error });
    }
    expect(this.decoder.waitingBytes === 0, WRITES, () => `half a packet: ${Buffer.from(bytes).toString('hex')}`);
  }

  // What the broker does.

  writer(): ByteWriter {
    return this.output;
  }

  wrote(): void {
    if (this.state === 'open') this.written = this.output.position;
    else this.output.position = this.written;
  }

  waitingBytes(): number {
    return this.waiting;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended';
  }

  destroy(): void {
    this.end();
  }

  private takeDown(packet: Packet, size: number): void {
    const { kind } = packet;
    expect(this.speech !== 'over', ORDER, () => `${kind} came behind the last word`);
    expect((this.speech === 'to begin') === (kind === 'connack'), ORDER, () => `${kind} came ${this.speech}`);
    const isLast = kind === 'disconnect' || (packet.kind === 'connack' && packet.reasonCode !== 0);
    this.speech = isLast ? 'over' : 'going on';
    this.received.push(packet.kind === 'publish' ? { ...packet, payload: packet.payload.slice() } : packet);
    this.sizes.push(size);
  }
}
