// PUBLISH (section 3.3), the packet that everything waits for. Reads offsets in the received bytes
// itself: a message without properties costs one table lookup for its topic, one view for its
// payload and one object. Whether a topic alias is known is the session's affair.

import type { ByteArena } from '../base/byte-arena.ts';
import type { TextTable } from '../base/text-table.ts';
import { decodePublishProperties } from './decode-properties.ts';
import type { PublishPacket, QoS } from './packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from './packet.ts';
import type { PacketId } from './packet-id.ts';
import { packetId } from './packet-id.ts';
import { PacketReader } from './packet-reader.ts';
import type { Direction } from './packet-type.ts';
import { NO_MESSAGE_PROPERTIES } from './properties.ts';
import { malformed, violation } from './protocol-error.ts';
import type { ProtocolVersion } from './protocol-version.ts';

const EMPTY_PAYLOAD = new Uint8Array(0);

/**
 * Decodes the body of a PUBLISH.
 * @param bytes      The chunk as received, or the carry; not kept, but by the payload.
 * @param start      Offset of the variable header, in bytes.
 * @param end        Offset past the last byte of the packet, exclusive.
 * @param firstByte  Of the fixed header; known to be good.
 * @param arena      Where payloads of QoS 1 and 2 are copied; `undefined`: nowhere.
 * @returns A packet whose `payload`, if it was not copied, is a view into `bytes`; copy it before these are reused.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82), `topic-name-invalid` (0x90), `topic-alias-invalid` (0x94).
 */
export function decodePublish(
  bytes: Uint8Array,
  start: number,
  end: number,
  firstByte: number,
  version: ProtocolVersion,
  receives: Direction,
  topics: TextTable,
  arena: ByteArena | undefined,
): PublishPacket {
  // hot:
  if (start + 2 > end) throw pastEnd('the Topic Name');
  const topicStart = start + 2;
  const topicEnd = topicStart + (((bytes[start] as number) << 8) | (bytes[start + 1] as number));
  if (topicEnd > end) throw pastEnd('the Topic Name');
  const topic = topicEnd === topicStart ? '' : topics.get(bytes, topicStart, topicEnd);
  const qos = ((firstByte >>> 1) & 3) as QoS; // A good first byte does not say 3.
  let at = topicEnd;
  let id: PacketId | undefined;
  if (qos !== 0) {
    id = decodeId(bytes, at, end, receives);
    at += 2;
  }
  if (version === 5 && (at === end || bytes[at] !== 0))
    return decodeRest(bytes, at, end, firstByte, receives, arena, topic, id);
  // A block of no properties is the one byte 0. [MQTT-2.2.2-1]
  if (version === 5) at++;
  if (topic === '') throw noTopic();
  return {
    kind: 'publish',
    dup: (firstByte & 8) !== 0,
    qos,
    retain: (firstByte & 1) !== 0,
    topic,
    id,
    payload: payloadOf(bytes, at, end, qos === 0 ? undefined : arena),
    topicAlias: 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: NO_MESSAGE_PROPERTIES,
  };
}

/** Decodes a PUBLISH from its properties on. */
function decodeRest(
  bytes: Uint8Array,
  start: number,
  end: number,
  firstByte: number,
  receives: Direction,
  arena: ByteArena | undefined,
  topic: string,
  id: PacketId | undefined,
): PublishPacket {
  const reader = new PacketReader(bytes, start, end, 'PUBLISH');
  const { topicAlias, subscriptionIdentifiers, message } = decodePublishProperties(reader);
  if (topic === '' && topicAlias === 0) throw noTopic();
  // [MQTT-3.3.4-6]
  if (subscriptionIdentifiers.length > 0 && receives === 'from-client') {
    throw reader.violation('MQTT-3.3.4-6', 'a Client has sent a Subscription Identifier');
  }
  return {
    kind: 'publish',
    dup: (firstByte & 8) !== 0,
    qos: ((firstByte >>> 1) & 3) as QoS, // A good first byte does not say 3.
    retain: (firstByte & 1) !== 0,
    topic,
    id,
    payload: payloadOf(bytes, reader.position, end, id === undefined ? undefined : arena),
    topicAlias,
    subscriptionIdentifiers,
    properties: message,
  };
}

function decodeId(bytes: Uint8Array, at: number, end: number, receives: Direction): PacketId {
  // hot:
  if (at + 2 > end) throw pastEnd('the Packet Identifier');
  const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  // [MQTT-2.2.1-3] [MQTT-2.2.1-4]
  if (id === 0)
    throw violation(
      receives === 'from-client' ? 'MQTT-2.2.1-3' : 'MQTT-2.2.1-4',
      'PUBLISH: the Packet Identifier is 0',
    );
  return packetId(id);
}

function payloadOf(bytes: Uint8Array, start: number, end: number, arena: ByteArena | undefined): Uint8Array {
  // hot: one view, whichever; it is some 30 of the 85 ns that a small PUBLISH takes (Node 24).
  if (start === end) return EMPTY_PAYLOAD;
  return arena === undefined ? bytes.subarray(start, end) : arena.copy(bytes, start, end);
}

function pastEnd(field: string): Error {
  return malformed('', `PUBLISH: ${field} runs past the end`);
}

function noTopic(): Error {
  // [MQTT-4.7.3-1] Section 3.3.2.1: a topic alias may stand for it.
  return violation('MQTT-4.7.3-1', 'PUBLISH: there is neither a Topic Name nor a Topic Alias');
}
