// Finds the packets in what a broker sends, without making objects of those that come by the hundred thousand: a PUBLISH is handed over
// as places in the chunk, an acknowledgement as numbers. All else goes to the decoder of the packet room. A load generator must cost
// less than the broker that it measures, which the full decoder does not promise.
//
// What it leaves out: whether the broker keeps every rule of MQTT. That a length runs past the packet is noticed, no more than that.

import { PacketDecoder } from '../packet/decoder.ts';
import { PACKET_SIZE_MAX } from '../packet/encode.ts';
import type { Packet } from '../packet/packet.ts';
import { PacketType } from '../packet/packet-type.ts';
import { malformed } from '../packet/protocol-error.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { createTopicTable } from '../packet/topic-name.ts';

/** Who is told of packets. */
export interface PacketSink {
  /** @param id  0 for QoS 0. The payload is from `start` to `end`, and to be read at once. */
  takePublish(firstByte: number, id: number, bytes: Uint8Array, start: number, end: number): void;
  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  takeAcknowledgement(type: number, id: number, reasonCode: number): void;
  takeOther(packet: Packet): void;
}

const CARRY_BYTES_MIN = 256;
/** A fixed header: the first byte and up to four of the Remaining Length. */
const HEADER_BYTES_MAX = 5;

/** Takes the chunks of one connection. */
export class PacketScanner {
  private readonly sink: PacketSink;
  private readonly version: ProtocolVersion;
  private readonly decoder: PacketDecoder;
  /** The beginning of a packet whose rest has not come, or nothing. */
  private carry: Uint8Array;
  private carried: number;
  /** Where the body begins in the packet measured last. */
  private headerBytes: number;

  constructor(sink: PacketSink, version: ProtocolVersion) {
    this.sink = sink;
    this.version = version;
    this.decoder = new PacketDecoder({
      receives: 'from-server',
      maximumPacketSize: PACKET_SIZE_MAX,
      version,
      topics: createTopicTable(),
    });
    this.carry = new Uint8Array(0);
    this.carried = 0;
    this.headerBytes = 0;
  }

  /**
   * Hands over every packet that is complete with this chunk. hot:
   * @throws {ProtocolError} what came is no MQTT.
   */
  push(bytes: Uint8Array, start: number, end: number): void {
    let at = this.carried === 0 ? start : this.complete(bytes, start, end);
    while (at < end) {
      const size = this.measure(bytes, at, end);
      if (size === 0 || at + size > end) break;
      this.hand(bytes, at, at + this.headerBytes, at + size);
      at += size;
    }
    if (at < end) this.keep(bytes, at, end);
  }

  /** Completes the packet in the carry. Returns where the next one begins. */
  private complete(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let size = this.measure(this.carry, 0, this.carried);
    while (size === 0 && at < end) {
      this.keep(bytes, at, at + 1);
      at++;
      size = this.measure(this.carry, 0, this.carried);
    }
    if (size === 0) return at;
    const taken = Math.min(size - this.carried, end - at);
    this.keep(bytes, at, at + taken);
    if (this.carried === size) {
      this.carried = 0;
      this.hand(this.carry, 0, this.headerBytes, size);
    }
    return at + taken;
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.carried + end - start;
    if (needed > this.carry.length) {
      const larger = new Uint8Array(Math.max(needed * 2, CARRY_BYTES_MIN));
      larger.set(this.carry.subarray(0, this.carried));
      this.carry = larger;
    }
    this.carry.set(bytes.subarray(start, end), this.carried);
    this.carried = needed;
  }

  /** The size of the packet at `start`; 0 when its header is not complete. hot: */
  private measure(bytes: Uint8Array, start: number, end: number): number {
    let length = 0;
    for (let i = 1; i < HEADER_BYTES_MAX; i++) {
      if (start + i >= end) return 0;
      const byte = bytes[start + i] as number;
      length |= (byte & 127) << (7 * (i - 1));
      if (byte > 127) continue;
      this.headerBytes = 1 + i;
      return 1 + i + length;
    }
    // [MQTT-1.5.5-1]
    throw malformed('MQTT-1.5.5-1', 'The Remaining Length takes more than four bytes');
  }

  /** hot: */
  private hand(bytes: Uint8Array, start: number, body: number, end: number): void {
    const firstByte = bytes[start] as number;
    const type = firstByte >>> 4;
    if (type === PacketType.publish) this.handPublish(firstByte, bytes, body, end);
    else if (type >= PacketType.puback && type <= PacketType.pubcomp) {
      if (body + 2 > end) throw malformed('', 'An acknowledgement without a Packet Identifier');
      const reasonCode = body + 2 < end ? (bytes[body + 2] as number) : 0;
      this.sink.takeAcknowledgement(type, readU16(bytes, body), reasonCode);
    } else this.handOther(bytes.slice(start, end));
  }

  /** hot: */
  private handPublish(firstByte: number, bytes: Uint8Array, body: number, end: number): void {
    let at = body + 2 + readU16(bytes, body);
    let id = 0;
    if ((firstByte & 6) !== 0) {
      id = readU16(bytes, at);
      at += 2;
    }
    if (this.version === 5) at = pastProperties(bytes, at);
    if (at > end) throw malformed('', 'A PUBLISH that is longer inside than outside');
    this.sink.takePublish(firstByte, id, bytes, at, end);
  }

  private handOther(packet: Uint8Array): void {
    this.decoder.push(packet, 0, packet.length);
    const decoded = this.decoder.next();
    if (decoded !== undefined) this.sink.takeOther(decoded);
    this.decoder.keep();
  }
}

/** Where the payload begins, after properties that begin at `start`. hot: */
function pastProperties(bytes: Uint8Array, start: number): number {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[start + i] as number;
    length |= (byte & 127) << (7 * i);
    if (byte < 128) return start + i + 1 + length;
  }
  throw malformed('MQTT-1.5.5-1', 'The length of the properties takes more than four bytes');
}

function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
