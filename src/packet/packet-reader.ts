// Reads the fields of one packet in order (the data types of section 1.5). Every read is checked
// against the end of the packet, or of the block of properties being read, so that a length that lies
// is a malformed packet and never a read past it. Used where clarity matters more than nanoseconds;
// PUBLISH and the short acknowledgements work on offsets themselves.

import { decodeUtf8 } from '../base/utf8.ts';
import type { PacketId } from './packet-id.ts';
import { packetId } from './packet-id.ts';
import type { ProtocolError } from './protocol-error.ts';
import { malformed, violation } from './protocol-error.ts';
import type { ReasonCode } from './reason-codes.ts';

/** A position in the body of one packet. */
export class PacketReader {
  readonly bytes: Uint8Array;
  /** The packet's name, which opens the text of each error. */
  readonly packet: string;
  /** The next byte to read. */
  position: number;
  /** Past the last byte that may be read. */
  end: number;

  constructor(bytes: Uint8Array, start: number, end: number, packet: string) {
    this.bytes = bytes;
    this.packet = packet;
    this.position = start;
    this.end = end;
  }

  /** Whether everything has been read. */
  get isAtEnd(): boolean {
    return this.position === this.end;
  }

  /** Reads one byte. */
  u8(field: string): number {
    this.need(1, field);
    return this.bytes[this.position++] as number;
  }

  /** Reads one byte if it is 0, such as the length of a block without properties; says whether it did. */
  skipZero(): boolean {
    if (this.position === this.end || this.bytes[this.position] !== 0) return false;
    this.position++;
    return true;
  }

  /** Reads a Two Byte Integer (section 1.5.2). */
  u16(field: string): number {
    this.need(2, field);
    const at = this.position;
    this.position = at + 2;
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  /** Reads a Four Byte Integer (section 1.5.3). */
  u32(field: string): number {
    return this.u16(field) * 65_536 + this.u16(field);
  }

  /** Reads a Variable Byte Integer (section 1.5.5). */
  variableInteger(field: string): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8(field);
      value |= (byte & 127) << shift;
      if (byte > 127) continue;
      // [MQTT-1.5.5-1]
      if (byte === 0 && shift > 0) throw this.malformed('MQTT-1.5.5-1', `${field} takes more bytes than it needs`);
      return value;
    }
    throw this.malformed('MQTT-1.5.5-1', `${field} takes more than four bytes`);
  }

  /** Reads a UTF-8 Encoded String (section 1.5.4). */
  text(field: string): string {
    const start = this.skipPrefixed(field);
    const text = decodeUtf8(this.bytes, start, this.position);
    if (text === undefined) throw textError(this.packet, field, this.bytes, start, this.position);
    return text;
  }

  /** Reads Binary Data (section 1.5.6) as a copy, which outlives the chunk. */
  binary(field: string): Uint8Array {
    const start = this.skipPrefixed(field);
    const copy = new Uint8Array(this.position - start);
    copy.set(this.bytes.subarray(start, this.position));
    return copy;
  }

  /** Reads a Packet Identifier (section 2.2.1); `statement` is what 0 breaks in this packet. */
  id(statement: string): PacketId {
    const id = this.u16('the Packet Identifier');
    if (id === 0) throw this.violation(statement, 'the Packet Identifier is 0');
    return packetId(id);
  }

  /** Says that the packet ends here. */
  finish(): void {
    if (this.position !== this.end) throw this.malformed('', `${this.end - this.position} bytes follow its last field`);
  }

  /** A `malformed-packet` error about this packet. */
  malformed(statement: string, detail: string): ProtocolError {
    return malformed(statement, `${this.packet}: ${detail}`);
  }

  /** A `protocol-error` error about this packet. */
  violation(statement: string, detail: string): ProtocolError {
    return violation(statement, `${this.packet}: ${detail}`);
  }

  /** A Reason Code that this packet must not carry. */
  badReason(statement: string, code: ReasonCode): ProtocolError {
    return this.violation(
      statement,
      `its Reason Code is 0x${code.toString(16).padStart(2, '0')}, which it must not carry`,
    );
  }

  /** Skips a length of two bytes and as many bytes as it says; returns where these begin. */
  private skipPrefixed(field: string): number {
    const length = this.u16(field);
    this.need(length, field);
    const start = this.position;
    this.position = start + length;
    return start;
  }

  private need(count: number, field: string): void {
    if (this.position + count > this.end) throw this.malformed('', `${field} runs past the end`);
  }
}

/** What is wrong with bytes for which `decodeUtf8` had no text. */
export function textError(packet: string, field: string, bytes: Uint8Array, start: number, end: number): ProtocolError {
  return bytes.subarray(start, end).includes(0)
    ? malformed('MQTT-1.5.4-2', `${packet}: ${field} contains U+0000`)
    : malformed('MQTT-1.5.4-1', `${packet}: ${field} is not well-formed UTF-8`);
}
