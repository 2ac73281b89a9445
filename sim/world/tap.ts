// What goes over one connection, as packets: each when it was sent, and once more when the last byte of it was handed over. Who sends
// bytes that are no packets is a finding of its own.

import { PACKET_SIZE_MAX } from '../../src/packet/encode.ts';
import { PacketDecoder } from '../../src/packet/decoder.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import type { HistoryEvent, Label, WirePacket } from '../history.ts';

const TOPICS = createTopicTable();
const NO_PAYLOAD = new Uint8Array(0);

/** The label that a payload begins with. */
export function labelOf(payload: Uint8Array): Label {
  let label = '';
  for (const byte of payload) {
    if (byte === SPACE) break;
    label += String.fromCharCode(byte);
  }
  return label;
}

const SPACE = 0x20;

/** A packet was sent, or came. */
type TellPacket = (how: 'sent' | 'came', packet: WirePacket) => void;

/** One direction. */
class Direction {
  private readonly decoder: PacketDecoder;
  /** Sent and not handed over, with the offset past its last byte. */
  readonly onTheWay: { readonly end: number; readonly wire: WirePacket }[];
  private readonly aliases: Map<number, string>;
  private readonly tell: TellPacket;
  private sentBytes: number;
  private cameBytes: number;

  constructor(receives: 'from-client' | 'from-server', version: ProtocolVersion | undefined, tell: TellPacket) {
    this.decoder = new PacketDecoder({ receives, maximumPacketSize: PACKET_SIZE_MAX, version, topics: TOPICS });
    this.onTheWay = [];
    this.aliases = new Map();
    this.tell = tell;
    this.sentBytes = 0;
    this.cameBytes = 0;
  }

  sent(bytes: Uint8Array): void {
    const { decoder } = this;
    decoder.push(bytes, 0, bytes.length);
    const waitedBefore = decoder.waitingBytes - bytes.length;
    let start = this.sentBytes - waitedBefore;
    const end = this.sentBytes + bytes.length;
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
      const packetEnd = end - decoder.waitingBytes;
      const wire = this.wirePacket(packet, packetEnd - start);
      this.onTheWay.push({ end: packetEnd, wire });
      start = packetEnd;
      this.tell('sent', wire);
    }
    decoder.keep();
    this.sentBytes = end;
  }

  came(count: number): void {
    this.cameBytes += count;
    for (let first = this.onTheWay[0]; first !== undefined && first.end <= this.cameBytes; first = this.onTheWay[0]) {
      this.onTheWay.shift();
      this.tell('came', first.wire);
    }
  }

  private wirePacket(packet: Packet, size: number): WirePacket {
    if (packet.kind === 'publish') {
      const label = labelOf(packet.payload);
      let { topic } = packet;
      if (packet.topicAlias !== 0) {
        if (topic === '') topic = this.aliases.get(packet.topicAlias) ?? '';
        else this.aliases.set(packet.topicAlias, topic);
      }
      return { packet: { ...packet, payload: NO_PAYLOAD }, label, size, topic };
    }
    if (packet.kind === 'connect' && packet.will !== undefined) {
      return { packet, label: labelOf(packet.will.payload), size, topic: packet.will.topic };
    }
    return { packet, label: '', size, topic: '' };
  }
}

/** Both directions of one connection. */
export class Tap {
  private readonly client: string;
  private readonly connection: number;
  private readonly record: (event: HistoryEvent) => void;
  private readonly now: () => number;
  private readonly toBroker: Direction;
  private readonly toClient: Direction;

  constructor(
    client: string,
    connection: number,
    version: ProtocolVersion,
    now: () => number,
    record: (event: HistoryEvent) => void,
  ) {
    this.client = client;
    this.connection = connection;
    this.now = now;
    this.record = record;
    this.toBroker = new Direction('from-client', undefined, (how, packet) => {
      if (how === 'sent') record({ at: now(), kind: 'sent', by: 'client', client, connection, packet });
      else record({ at: now(), kind: 'came', to: 'broker', client, connection, packet });
    });
    this.toClient = new Direction('from-server', version, (how, packet) => {
      if (how === 'sent') record({ at: now(), kind: 'sent', by: 'broker', client, connection, packet });
      else record({ at: now(), kind: 'came', to: 'client', client, connection, packet });
    });
  }

  /**
   * Bytes were sent.
   * @throws {ProtocolError} they are no packets.
   */
  sent(by: 'client' | 'broker', bytes: Uint8Array): void {
    (by === 'client' ? this.toBroker : this.toClient).sent(bytes);
  }

  /** So many more bytes were handed over. */
  came(to: 'client' | 'broker', count: number): void {
    (to === 'broker' ? this.toBroker : this.toClient).came(count);
  }

  /** `side` is done with the connection. */
  over(side: 'client' | 'broker', how: 'end' | 'destroy' | 'told' | 'crash'): void {
    const { client, connection } = this;
    this.record({ at: this.now(), kind: 'connection-over', side, client, connection, how });
  }
}
