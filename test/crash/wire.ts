// One TCP connection of the harness: packets in, packets out, nothing remembered. All packets that are sent in one turn leave
// in one write. What comes is handed over packet by packet; the end, whoever brought it about, exactly once.

import { connect, type Socket } from 'node:net';

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { PacketDecoder } from '../../src/packet/decoder.ts';
import { encodePacket } from '../../src/packet/encode.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';

/** Who has the connection. */
export interface WireOwner {
  /** A payload is only there during the call. */
  receive(packet: Packet): void;
  /** The connection is over: refused, closed by the broker, or `cut`. What the broker wrote before its end has been received. */
  lose(): void;
}

const TOPICS = createTopicTable();
const PACKET_BYTES_MAX = 1024 * 1024;

/** A connection, from its dialling on: what is sent before it is open leaves when it is. */
export class Wire {
  readonly version: ProtocolVersion;
  private readonly socket: Socket;
  private readonly decoder: PacketDecoder;
  private readonly writer: ByteWriter;
  private readonly owner: WireOwner;
  private isOver: boolean;

  /** @param port  On loopback. */
  constructor(port: number, version: ProtocolVersion, owner: WireOwner) {
    this.version = version;
    this.owner = owner;
    this.decoder = new PacketDecoder({
      receives: 'from-server',
      maximumPacketSize: PACKET_BYTES_MAX,
      version,
      topics: TOPICS,
    });
    this.writer = new ByteWriter();
    this.isOver = false;
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (chunk: Uint8Array) => this.read(chunk));
    // 'close' follows.
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.end());
  }

  /** Sends at the end of the turn; nothing, once the connection is over. */
  send(packet: Packet): void {
    if (this.isOver) return;
    if (this.writer.position === 0) setImmediate(() => this.flush());
    encodePacket(this.writer, packet, this.version);
  }

  /** Ends the connection at once, without a word: what is under way in either direction is lost. */
  cut(): void {
    this.socket.resetAndDestroy();
    this.end();
  }

  /** Sends what is to be sent and closes. */
  finish(): void {
    this.flush();
    this.socket.end();
  }

  private read(chunk: Uint8Array): void {
    this.decoder.push(chunk, 0, chunk.length);
    for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next()) {
      if (this.isOver) return;
      this.owner.receive(packet);
    }
    this.decoder.keep();
  }

  private flush(): void {
    if (this.isOver || this.writer.position === 0) return;
    this.socket.write(this.writer.bytes.slice(0, this.writer.position));
    this.writer.position = 0;
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.owner.lose();
  }
}
