// Packets in simpler forms: without some of them, with parts of them left out and the lengths round these put right again,
// and at last as any bytes.

import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { simplerBytes } from '../engine/minimise.ts';
import { type Frame, framesOf, propertiesAt, readVariableInteger, variableInteger } from './frames.ts';

const RUNS = [64, 16, 8, 7, 6, 5, 4, 3, 2, 1] as const;

/** Simpler forms of packets, the simplest first. @param from  Where the packets begin. */
export function* simplerPackets(bytes: Uint8Array, from: number, version: ProtocolVersion): Generator<Uint8Array> {
  const frames = framesOf(bytes, from, bytes.length);
  for (const { start, end } of frames) yield joined(bytes.subarray(0, start), bytes.subarray(end));
  for (const frame of frames) {
    if (frame.end > bytes.length) continue;
    for (let at = frame.bodyStart; at + 2 < frame.end; at++) {
      // Where a text or binary may stand: an empty one instead.
      const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      if (length === 0 || at + 2 + length > frame.end) continue;
      yield shorter(bytes.with(at, 0).with(at + 1, 0), frame, at + 2, length, version);
    }
    for (const count of RUNS) {
      for (let at = frame.bodyStart; at + count <= frame.end; at++) yield shorter(bytes, frame, at, count, version);
    }
  }
  yield* simplerBytes(bytes, from);
}

/** Without `count` bytes of a packet's body. */
function shorter(bytes: Uint8Array, frame: Frame, at: number, count: number, version: ProtocolVersion): Uint8Array {
  const { start, bodyStart, end } = frame;
  const propertiesStart = propertiesAt(bytes, frame, version) ?? end;
  const { value, width } = readVariableInteger(bytes, propertiesStart, end);
  const isProperties = at >= propertiesStart + width && at + count <= propertiesStart + width + value;
  const body = isProperties
    ? joined(
        bytes.subarray(bodyStart, propertiesStart),
        variableInteger(value - count),
        bytes.subarray(propertiesStart + width, at),
        bytes.subarray(at + count, end),
      )
    : joined(bytes.subarray(bodyStart, at), bytes.subarray(at + count, end));
  const header = joined(bytes.subarray(start, start + 1), variableInteger(body.length));
  return joined(bytes.subarray(0, start), header, body, bytes.subarray(end));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
