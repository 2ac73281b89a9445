// Where packets begin and end in bytes, as far as their headers say so, and where their properties stand. For
// mutators: what they change may be broken already, so everything here is a guess that never leaves the bytes.

import { PacketType } from '../../src/packet/packet-type.ts';
import { PropertyOwner } from '../../src/packet/property-codec.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';

const WILL_FLAG = 4;

/** One packet in a run of bytes. */
export interface Frame {
  readonly start: number;
  readonly bodyStart: number;
  /** Exclusive; past the bytes there are if its header promises more. */
  readonly end: number;
}

/** A Variable Byte Integer somewhere. */
interface Measured {
  readonly value: number;
  readonly width: number;
}

/** The packet whose header begins at `start`; `undefined` when there is none. */
export function frameAt(bytes: Uint8Array, start: number, length: number): Frame | undefined {
  if (start + 1 >= length) return undefined;
  const { value, width } = readVariableInteger(bytes, start + 1, length);
  const bodyStart = start + 1 + width;
  return { start, bodyStart, end: bodyStart + value };
}

/** All packets from `start` on; the last may be incomplete. */
export function framesOf(bytes: Uint8Array, start: number, length: number): readonly Frame[] {
  const frames: Frame[] = [];
  for (let frame = frameAt(bytes, start, length); frame !== undefined; frame = frameAt(bytes, frame.end, length)) {
    frames.push(frame);
  }
  return frames;
}

/** Reads a Variable Byte Integer of at most four bytes, whatever its form. */
export function readVariableInteger(bytes: Uint8Array, at: number, length: number): Measured {
  let value = 0;
  for (let width = 1; width <= 4 && at + width <= length; width++) {
    const byte = bytes[at + width - 1] as number;
    value |= (byte & 127) << (7 * (width - 1));
    if (byte < 128) return { value, width };
  }
  return { value, width: Math.min(4, Math.max(0, length - at)) };
}

/** A Variable Byte Integer in as few bytes as it takes. */
export function variableInteger(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Uint8Array.of(...bytes, rest);
}

/** Where the Property Length of a packet stands, or would stand; `undefined` if it has none. */
export function propertiesAt(bytes: Uint8Array, frame: Frame, version: ProtocolVersion): number | undefined {
  const { start, bodyStart, end } = frame;
  const first = bytes[start] as number;
  const type = first >>> 4;
  if (type === PacketType.connect) {
    const level = bodyStart + 2 + u16(bytes, bodyStart);
    return level < end && bytes[level] === 5 ? level + 4 : undefined;
  }
  if (version !== 5 || type === PacketType.pingreq || type === PacketType.pingresp) return undefined;
  if (type === PacketType.publish) return bodyStart + 2 + u16(bytes, bodyStart) + ((first & 6) === 0 ? 0 : 2);
  if (type >= PacketType.puback && type <= PacketType.pubcomp) return bodyStart + 3;
  return type === PacketType.disconnect || type === PacketType.auth ? bodyStart + 1 : bodyStart + 2;
}

/** Where the Property Length of the Will stands in a CONNECT of 5.0; `undefined` if there is no Will. */
export function willPropertiesAt(bytes: Uint8Array, frame: Frame): number | undefined {
  const { start, bodyStart, end } = frame;
  if ((bytes[start] as number) >>> 4 !== PacketType.connect) return undefined;
  const at = propertiesAt(bytes, frame, 5);
  const flags = bytes[bodyStart + 2 + u16(bytes, bodyStart) + 1] ?? 0;
  if (at === undefined || (flags & WILL_FLAG) === 0) return undefined;
  const { value, width } = readVariableInteger(bytes, at, end);
  const clientId = at + width + value;
  const will = clientId + 2 + u16(bytes, clientId);
  return will < end ? will : undefined;
}

/** Whose properties a packet has, by its first byte. */
export function propertyOwner(first: number): number {
  return OWNERS[first >>> 4] ?? 0;
}

const { connect, connack, publish, acknowledgement, subscribe, unsubscribe, disconnect, auth } = PropertyOwner;
/** By packet type. */
const OWNERS: readonly number[] = [
  0,
  connect,
  connack,
  publish,
  acknowledgement,
  acknowledgement,
  acknowledgement,
  acknowledgement,
  subscribe,
  acknowledgement,
  unsubscribe,
  acknowledgement,
  0,
  0,
  disconnect,
  auth,
];

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
