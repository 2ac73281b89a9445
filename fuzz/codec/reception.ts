// An input of the codec: two bytes that say how it is received, and the bytes that are. The first says version, direction,
// limit and whether payloads are copied; the second how the bytes are split over chunks.

import { ByteArena } from '../../src/base/byte-arena.ts';
import type { TextTable } from '../../src/base/text-table.ts';
import type { DecoderOptions } from '../../src/packet/decoder.ts';
import type { Direction } from '../../src/packet/packet-type.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';

/** Where the packets begin in an input. */
export const STREAM_AT = 2;

const ARENA = new ByteArena();
/** 0: a Server that waits for CONNECT. */
const VERSIONS = [undefined, 3, 4, 5] as const;
const FROM_SERVER = 4;
const WITH_ARENA = 8;
const SMALL = 16;
const SMALL_BYTES_MAX = 40;
const BYTES_MAX = 268_435_460;

/** How bytes are received. */
export interface Reception {
  readonly version: ProtocolVersion | undefined;
  readonly receives: Direction;
  readonly arena: ByteArena | undefined;
  readonly maximumPacketSize: number;
}

/** What the first byte of an input says. A Client knows its version: for it, none stands for 5. */
export function receptionOf(first: number): Reception {
  const version = VERSIONS[first & 3];
  const receives = (first & FROM_SERVER) === 0 ? 'from-client' : 'from-server';
  return {
    version: receives === 'from-server' ? (version ?? 5) : version,
    receives,
    arena: (first & WITH_ARENA) === 0 ? undefined : ARENA,
    maximumPacketSize: (first & SMALL) === 0 ? BYTES_MAX : SMALL_BYTES_MAX,
  };
}

/** The first byte of an input that is received so. */
export function receptionByte(version: ProtocolVersion | undefined, receives: Direction): number {
  return VERSIONS.indexOf(version) | (receives === 'from-server' ? FROM_SERVER : 0);
}

/** What a decoder is told. */
export function optionsFor(reception: Reception, topics: TextTable): DecoderOptions {
  const { version, receives, arena, maximumPacketSize } = reception;
  return { version, receives, arena, maximumPacketSize, topics };
}

/** The next size of a chunk: mostly a few bytes, at times many. Splits follow from the second byte of an input. hot: */
export function nextSplit(state: number): number {
  return (Math.imul(state, 0x41c64e6d) + 0x3039) | 0;
}

/** The size that a state of `nextSplit` stands for; never 0. hot: */
export function splitSize(state: number): number {
  const draw = (state >>> 16) & 0xff;
  return draw < 0xe0 ? 1 + (draw & 7) : 1 + ((draw & 31) << 3);
}
