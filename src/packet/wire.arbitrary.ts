// Support for the tests of this room: bytes written as people read them, and decoders fed in every
// way that a network feeds them.

import type { TextTable } from '../base/text-table.ts';
import { PacketDecoder } from './decoder.ts';
import type { Packet } from './packet.ts';
import type { Direction } from './packet-type.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { createTopicTable } from './topic-name.ts';

const TOPICS = createTopicTable();

/** Bytes from lines of hexadecimal pairs and "quoted text", each with a note behind a semicolon. */
export function hex(lines: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of lines.split('\n')) {
    const code = line.replace(/;.*$/, '');
    for (const [token, text] of code.matchAll(/"([^"]*)"|\S+/g)) {
      if (text !== undefined) bytes.push(...new TextEncoder().encode(text));
      else if (/^[0-9a-f]{2}$/.test(token)) bytes.push(Number.parseInt(token, 16));
      else throw new Error(`'${token}' is no byte, in the line '${line.trim()}'.`);
    }
  }
  return Uint8Array.from(bytes);
}

/** What a test says about its decoder. */
export interface Reception {
  readonly version: ProtocolVersion | undefined;
  readonly receives: Direction;
  readonly maximumPacketSize?: number;
  readonly topics?: TextTable;
}

/** A decoder with room for everything. */
export function decoderFor({ version, receives, maximumPacketSize, topics }: Reception): PacketDecoder {
  return new PacketDecoder({
    version,
    receives,
    maximumPacketSize: maximumPacketSize ?? 268_435_460,
    topics: topics ?? TOPICS,
  });
}

/** Takes all packets that have come; their payloads are copied, as an owner does. */
export function takeAll(decoder: PacketDecoder): Packet[] {
  const packets: Packet[] = [];
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
  return packets;
}

/** Decodes bytes that come at once. */
export function decodeAll(bytes: Uint8Array, reception: Reception): Packet[] {
  const decoder = decoderFor(reception);
  decoder.push(bytes, 0, bytes.length);
  return takeAll(decoder);
}

/**
 * Decodes bytes that come in pieces of the given sizes, repeated, through one buffer that is overwritten each time,
 * as a socket's is. Payloads are copied before that.
 */
export function decodeInPieces(bytes: Uint8Array, sizes: readonly number[], reception: Reception): Packet[] {
  const decoder = decoderFor(reception);
  const buffer = new Uint8Array(Math.max(...sizes) + 7);
  const packets: Packet[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
    buffer.fill(0xee);
    buffer.set(piece, 3);
    decoder.push(buffer, 3, 3 + piece.length);
    for (const packet of takeAll(decoder)) packets.push(withOwnPayload(packet));
    decoder.keep();
    at += piece.length;
  }
  return packets;
}

function withOwnPayload(packet: Packet): Packet {
  return packet.kind === 'publish' ? { ...packet, payload: Uint8Array.from(packet.payload) } : packet;
}
