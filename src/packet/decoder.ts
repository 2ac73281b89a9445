// Finds the packets in a stream of bytes. Pull style: the owner hands in a chunk, takes packets one
// by one for as long as it likes, and then lets go of the chunk with `keep()`.
//
//     decoder.push(chunk, 0, chunk.length);
//     for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) receive(packet);
//     decoder.keep();
//
// A packet is decoded in the chunk itself when all of it is there. One that is split over chunks is
// collected in the carry, a buffer that grows with the bytes received and never by what a header
// promises; its body is decoded once, when it is complete. A carry is never written over, since
// packets may view it, and is dropped when it has been read: an idle decoder holds none.
//
// Of all that a packet says, only a PUBLISH's `payload` is a view, valid until the next `push()` or
// `keep()`: whoever needs it longer copies it. All else is copied here. In what order packets may
// come is judged for the first byte of a connection only: it begins a CONNECT.

import type { ByteArena } from '../base/byte-arena.ts';
import type { TextTable } from '../base/text-table.ts';
import { assert } from '../base/assert.ts';
import { decodeDeliveryAcknowledgement, decodeSuback, decodeUnsuback } from './decode-acknowledgement.ts';
import { decodeConnack } from './decode-connack.ts';
import { decodeConnect, decodeProtocol } from './decode-connect.ts';
import { decodeAuth, decodeDisconnect } from './decode-disconnect.ts';
import { decodePublish } from './decode-publish.ts';
import { decodeSubscribe, decodeUnsubscribe } from './decode-subscribe.ts';
import { CONNECT_FIRST_BYTE, openingError } from './opening.ts';
import type { ConnectPacket, Packet } from './packet.ts';
import { PINGREQ, PINGRESP } from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import type { Direction } from './packet-type.ts';
import { firstByteError, isFirstByteGood, PacketType, packetName } from './packet-type.ts';
import { malformed, ProtocolError } from './protocol-error.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { Reason } from './reason-codes.ts';

const NOTHING = new Uint8Array(0);
/** The least that is allocated for a packet that is split. */
const CARRY_BYTES_MIN = 64;

/** What a decoder must know beforehand. */
export interface DecoderOptions {
  readonly receives: Direction;
  /** The largest packet that is taken, in bytes, with its fixed header. */
  readonly maximumPacketSize: number;
  /** `undefined` on a Server until CONNECT has said it. */
  readonly version: ProtocolVersion | undefined;
  /** Topic Filters that a SUBSCRIBE or UNSUBSCRIBE may have. Default: as many as it has room for. */
  readonly filtersMax?: number;
  /** Topic Names seen before; one table serves all decoders of a process. See `createTopicTable`. */
  readonly topics: TextTable;
  /**
   * Where payloads of QoS 1 and 2 are copied, for an owner who keeps them anyway.
   * Without it every payload is a view into the chunk, valid until the next `push()` or `keep()`.
   */
  readonly arena?: ByteArena | undefined;
}

/** Turns the bytes of one connection into packets. After it has thrown it is of no further use. */
export class PacketDecoder {
  /** Set by the first CONNECT, even by one whose rest is wrong, or by the owner. */
  version: ProtocolVersion | undefined;
  /** In bytes, with the fixed header; may be changed between packets. */
  maximumPacketSize: number;
  private readonly receives: Direction;
  private readonly filtersMax: number;
  private readonly topics: TextTable;
  private readonly arena: ByteArena | undefined;
  /** The chunk: the bytes from `position` to `end` have not been looked at, or are of a packet that is not complete. */
  private bytes: Uint8Array;
  private position: number;
  private end: number;
  /** Bytes of earlier chunks, from `carryStart` to `carryEnd`; they come before those of the chunk. */
  private carry: Uint8Array;
  private carryStart: number;
  private carryEnd: number;
  /** Size of the packet at `carryStart`; 0 while its header is not complete. */
  private carrySize: number;
  /** Where the body begins in the packet that was measured last. */
  private headerLength: number;

  constructor(options: DecoderOptions) {
    assert(
      options.receives === 'from-client' || options.version !== undefined,
      'a client knows the version that it speaks',
    );
    this.version = options.version;
    this.maximumPacketSize = options.maximumPacketSize;
    this.receives = options.receives;
    this.filtersMax = options.filtersMax ?? Number.POSITIVE_INFINITY;
    this.topics = options.topics;
    this.arena = options.arena;
    this.bytes = NOTHING;
    this.position = 0;
    this.end = 0;
    this.carry = NOTHING;
    this.carryStart = 0;
    this.carryEnd = 0;
    this.carrySize = 0;
    this.headerLength = 0;
  }

  /** Bytes that have come and were not handed out in a packet yet: of an unfinished packet, or of all that wait when the owner stopped early. */
  get waitingBytes(): number {
    return this.carryEnd - this.carryStart + this.end - this.position;
  }

  /**
   * Hands in a chunk. What is left of the one before is kept first, if `keep()` has not done so.
   * @param bytes  Must stay as they are until `keep()` or the next `push()`.
   * @param start  Offset of the first byte received.
   * @param end    Offset past the last one, exclusive.
   */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.position < this.end) this.keep();
    this.bytes = plainBytes(bytes);
    this.position = start;
    this.end = end;
  }

  /**
   * The next whole packet, or `undefined` when more bytes are needed.
   * @throws {ProtocolError} at the first rule that is broken; the earliest byte that shows it is enough.
   */
  next(): Packet | undefined {
    // hot:
    if (this.carryEnd !== 0) return this.nextFromCarry();
    const at = this.position;
    const size = this.measure(this.bytes, at, this.end);
    if (size === 0 || size > this.end - at) return undefined;
    const packet = this.decode(this.bytes, at, at + size);
    this.position = at + size;
    return packet;
  }

  /** Copies what is left of the chunk, so that its buffer may be reused. */
  keep(): void {
    if (this.position < this.end) this.carryOver(this.end - this.position);
    this.bytes = NOTHING;
    this.position = 0;
    this.end = 0;
  }

  /** Completes the packet in the carry with as many bytes of the chunk as it takes, and no more. */
  private nextFromCarry(): Packet | undefined {
    if (this.carrySize === 0) this.carrySize = this.measure(this.carry, this.carryStart, this.carryEnd);
    while (this.carrySize === 0) {
      if (this.position === this.end) return undefined;
      this.carryOver(1);
      this.carrySize = this.measure(this.carry, this.carryStart, this.carryEnd);
    }
    const missing = this.carrySize - (this.carryEnd - this.carryStart);
    if (missing > 0) {
      this.carryOver(Math.min(missing, this.end - this.position));
      if (this.carryEnd - this.carryStart < this.carrySize) return undefined;
    }
    const packetEnd = this.carryStart + this.carrySize;
    const packet = this.decode(this.carry, this.carryStart, packetEnd);
    this.carryStart = packetEnd;
    this.carrySize = 0;
    if (this.carryStart === this.carryEnd) this.dropCarry();
    return packet;
  }

  /**
   * The size of the packet at `start`, from its fixed header; 0 when more bytes are needed to tell.
   * Leaves the length of the header in `headerLength`.
   */
  private measure(bytes: Uint8Array, start: number, end: number): number {
    // hot:
    if (start === end) return 0;
    const firstByte = bytes[start] as number;
    const version = this.version;
    if (version === undefined) {
      // [MQTT-3.1.0-1]
      if (firstByte !== CONNECT_FIRST_BYTE) throw openingError(bytes, start, end);
    } else if (!isFirstByteGood(firstByte, this.receives, version)) {
      throw firstByteError(firstByte, this.receives, version);
    }
    let remainingLength = 0;
    for (let i = 1; i <= 4; i++) {
      if (start + i === end) return 0;
      const byte = bytes[start + i] as number;
      remainingLength |= (byte & 127) << (7 * (i - 1));
      if (byte > 127) continue;
      // [MQTT-1.5.5-1]
      if (byte === 0 && i > 1) throw malformed('MQTT-1.5.5-1', 'The Remaining Length takes more bytes than it needs');
      this.headerLength = 1 + i;
      return this.checkSize(firstByte, 1 + i + remainingLength);
    }
    throw malformed('MQTT-1.5.5-1', 'The Remaining Length takes more than four bytes');
  }

  private checkSize(firstByte: number, size: number): number {
    // hot: [MQTT-3.1.2-24] [MQTT-3.2.2-15]
    if (size <= this.maximumPacketSize) return size;
    const detail = `${packetName(firstByte)}: it takes ${size} bytes, more than the ${this.maximumPacketSize} allowed`;
    throw new ProtocolError('packet-too-large', Reason.packetTooLarge, 'MQTT-3.2.2-15', detail);
  }

  /** Decodes the packet from `start` to `end`, which has been measured just now. */
  private decode(bytes: Uint8Array, start: number, end: number): Packet {
    // hot:
    const firstByte = bytes[start] as number;
    const body = start + this.headerLength;
    const version = this.version;
    if (version === undefined) return this.decodeOpening(new PacketReader(bytes, body, end, 'CONNECT'));
    switch (firstByte >>> 4) {
      case PacketType.publish:
        return decodePublish(bytes, body, end, firstByte, version, this.receives, this.topics, this.arena);
      case PacketType.puback:
        return decodeDeliveryAcknowledgement('puback', bytes, body, end, version);
      case PacketType.pubrec:
        return decodeDeliveryAcknowledgement('pubrec', bytes, body, end, version);
      case PacketType.pubrel:
        return decodeDeliveryAcknowledgement('pubrel', bytes, body, end, version);
      case PacketType.pubcomp:
        return decodeDeliveryAcknowledgement('pubcomp', bytes, body, end, version);
      default:
        return this.decodeRare(firstByte, new PacketReader(bytes, body, end, packetName(firstByte)), version);
    }
  }

  /** Decodes the CONNECT that opens a connection. */
  private decodeOpening(reader: PacketReader): ConnectPacket {
    const protocol = decodeProtocol(reader);
    this.version = protocol.version;
    return decodeConnect(reader, protocol);
  }

  private decodeRare(firstByte: number, reader: PacketReader, version: ProtocolVersion): Packet {
    switch (firstByte >>> 4) {
      case PacketType.connect:
        return decodeConnect(reader, decodeProtocol(reader));
      case PacketType.connack:
        return decodeConnack(reader, version);
      case PacketType.subscribe:
        return decodeSubscribe(reader, version, this.filtersMax);
      case PacketType.suback:
        return decodeSuback(reader, version);
      case PacketType.unsubscribe:
        return decodeUnsubscribe(reader, version, this.filtersMax);
      case PacketType.unsuback:
        return decodeUnsuback(reader, version);
      case PacketType.pingreq:
        reader.finish();
        return PINGREQ;
      case PacketType.pingresp:
        reader.finish();
        return PINGRESP;
      case PacketType.disconnect:
        return decodeDisconnect(reader, version, this.receives);
      default:
        // A good first byte leaves AUTH alone.
        return decodeAuth(reader, this.receives);
    }
  }

  /** Moves bytes from the chunk to the end of the carry. */
  private carryOver(count: number): void {
    if (this.carryEnd + count > this.carry.length) this.growCarry(count);
    this.carry.set(this.bytes.subarray(this.position, this.position + count), this.carryEnd);
    this.carryEnd += count;
    this.position += count;
  }

  /** Makes room for `count` more bytes: twice what there will be, so that all copying together stays linear, but not past the end of the packet. */
  private growCarry(count: number): void {
    const held = this.carryEnd - this.carryStart;
    const needed = held + count;
    const generous = Math.max(needed * 2, CARRY_BYTES_MIN);
    const grown = new Uint8Array(needed <= this.carrySize ? Math.min(generous, this.carrySize) : generous);
    grown.set(this.carry.subarray(this.carryStart, this.carryEnd));
    this.carry = grown;
    this.carryStart = 0;
    this.carryEnd = held;
  }

  private dropCarry(): void {
    this.carry = NOTHING;
    this.carryStart = 0;
    this.carryEnd = 0;
  }
}

/**
 * The same bytes as a Uint8Array proper. A subclass, such as Node.js's Buffer, would make views of its own kind, whose
 * `slice` does not copy, and would slow down every read by its second shape.
 */
function plainBytes(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
