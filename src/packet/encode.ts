// Lays packets down where they leave from: at the position of a ByteWriter, so that many packets go
// out in one write. What a version lacks is left out: properties and reason codes on 3.x.
// The caller is trusted to have put together a packet that may be sent; what would garble the stream
// (a length that does not fit its bytes) fails an assertion. Whether the receiver takes a packet
// of this size is asked beforehand, with `publishSize` and `packetSize`.

import { assert, unreachable } from '../base/assert.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { utf8Length } from '../base/utf8.ts';
import { encodeConnack, encodeConnect } from './encode-connect.ts';
import { encodeProperties, propertiesSize } from './encode-properties.ts';
import { closeLength, openLength, VARIABLE_INTEGER_MAX, variableIntegerLength } from './length-prefix.ts';
import type { Message } from './message.ts';
import type {
  AuthPacket,
  DisconnectPacket,
  Packet,
  PubackPacket,
  PubcompPacket,
  PublishPacket,
  PubrecPacket,
  PubrelPacket,
  QoS,
  SubackPacket,
  SubscribePacket,
  SubscriptionOptions,
  UnsubackPacket,
  UnsubscribePacket,
} from './packet.ts';
import { PacketType } from './packet-type.ts';
import { NO_MESSAGE_PROPERTIES } from './properties.ts';
import type { PropertySlots } from './property-codec.ts';
import { TOPIC_ALIAS } from './property-codec.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { Reason } from './reason-codes.ts';

/** The size of the largest packet that MQTT knows, in bytes. */
export const PACKET_SIZE_MAX: number = 1 + 4 + VARIABLE_INTEGER_MAX;

/** What a PUBLISH carries: a message, or a packet as decoded. */
export type PublishContent = Pick<Message, 'topic' | 'payload' | 'properties'>;

/** How one PUBLISH carries a message: all that is not the message's own. */
export interface PublishForm {
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** The Packet Identifier; 0 for QoS 0. */
  readonly id: number;
  /** 0: none. */
  readonly topicAlias: number;
  /** The topic alias stands for the topic, which is sent empty. */
  readonly omitTopic: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** Seconds that are left; stands in for `properties.messageExpiryInterval`. `undefined`: none is sent. */
  readonly expiryInterval: number | undefined;
}

/**
 * Lays down any packet.
 * @param version  What the connection speaks; a CONNECT has its own.
 * @throws {AssertionError} when the stream would be garbled.
 */
export function encodePacket(writer: ByteWriter, packet: Packet, version: ProtocolVersion): void {
  // hot:
  switch (packet.kind) {
    case 'connect':
      return encodeFramed(writer, PacketType.connect << 4, packet, version, encodeConnect);
    case 'connack':
      return encodeFramed(writer, PacketType.connack << 4, packet, version, encodeConnack);
    case 'publish':
      encodePublish(writer, version, packet, formOf(packet));
      return;
    case 'puback':
      return encodeDeliveryAcknowledgement(writer, PacketType.puback << 4, packet, version);
    case 'pubrec':
      return encodeDeliveryAcknowledgement(writer, PacketType.pubrec << 4, packet, version);
    case 'pubrel':
      // [MQTT-3.6.1-1]
      return encodeDeliveryAcknowledgement(writer, (PacketType.pubrel << 4) | 2, packet, version);
    case 'pubcomp':
      return encodeDeliveryAcknowledgement(writer, PacketType.pubcomp << 4, packet, version);
    case 'subscribe':
      // [MQTT-3.8.1-1]
      return encodeFramed(writer, (PacketType.subscribe << 4) | 2, packet, version, encodeSubscribe);
    case 'suback':
      return encodeFramed(writer, PacketType.suback << 4, packet, version, encodeSuback);
    case 'unsubscribe':
      // [MQTT-3.10.1-1]
      return encodeFramed(writer, (PacketType.unsubscribe << 4) | 2, packet, version, encodeUnsubscribe);
    case 'unsuback':
      return encodeFramed(writer, PacketType.unsuback << 4, packet, version, encodeUnsuback);
    case 'pingreq':
      return encodeEmpty(writer, PacketType.pingreq << 4);
    case 'pingresp':
      return encodeEmpty(writer, PacketType.pingresp << 4);
    case 'disconnect':
      return encodeFramed(writer, PacketType.disconnect << 4, packet, version, encodeDisconnect);
    case 'auth':
      return encodeFramed(writer, PacketType.auth << 4, packet, version, encodeAuth);
    default:
      return unreachable(packet);
  }
}

/**
 * Lays down a PUBLISH straight from a message.
 * @returns Where its Packet Identifier stands, counted from the packet's first byte; -1 for QoS 0. A copy of
 * the packet becomes that of another subscriber with `patchPacketId`.
 * @throws {AssertionError} when the packet would be larger than `PACKET_SIZE_MAX`.
 */
export function encodePublish(
  writer: ByteWriter,
  version: ProtocolVersion,
  content: PublishContent,
  form: PublishForm,
): number {
  // hot:
  const topic = form.omitTopic ? '' : content.topic;
  const payload = content.payload;
  const qos = form.qos;
  // Right for a topic in ASCII and no properties; where it is not, the packet is moved.
  const width = variableIntegerLength(
    2 + topic.length + (qos === 0 ? 0 : 2) + (version === 5 ? 1 : 0) + payload.length,
  );
  writer.reserve(1);
  writer.u8((PacketType.publish << 4) | (form.dup ? 8 : 0) | (qos << 1) | (form.retain ? 1 : 0));
  const lengthAt = openLength(writer, width);
  writer.text(topic);
  const idAt = writer.position;
  writer.reserve(3 + payload.length);
  // [MQTT-2.2.1-2]
  if (qos !== 0) writer.u16(form.id);
  if (version === 5) encodePublishProperties(writer, content, form);
  writer.reserve(payload.length);
  writer.raw(payload);
  const moved = closeLength(writer, lengthAt, width) - width;
  return qos === 0 ? -1 : idAt - lengthAt + 1 + moved;
}

/** How many bytes `encodePublish` takes: to be held against the receiver's Maximum Packet Size. */
export function publishSize(version: ProtocolVersion, content: PublishContent, form: PublishForm): number {
  let length = 2 + (form.omitTopic ? 0 : utf8Length(content.topic)) + (form.qos === 0 ? 0 : 2) + content.payload.length;
  if (version === 5) length += propertiesSize('publish', publishSlots(content, form));
  return 1 + variableIntegerLength(length) + length;
}

/** How many bytes `encodePacket` takes. */
export function packetSize(packet: Packet, version: ProtocolVersion): number {
  if (packet.kind === 'publish') return publishSize(version, packet, formOf(packet));
  const scratch = new ByteWriter();
  encodePacket(scratch, packet, version);
  return scratch.position;
}

/** Gives a PUBLISH that has been laid down another Packet Identifier, at the offset that `encodePublish` told. */
export function patchPacketId(bytes: Uint8Array, idAt: number, id: number): void {
  // hot:
  bytes[idAt] = id >>> 8;
  bytes[idAt + 1] = id;
}

function formOf(packet: PublishPacket): PublishForm {
  return {
    qos: packet.qos,
    retain: packet.retain,
    dup: packet.dup,
    id: packet.id ?? 0,
    topicAlias: packet.topicAlias,
    omitTopic: false,
    subscriptionIdentifiers: packet.subscriptionIdentifiers,
    expiryInterval: packet.properties.messageExpiryInterval,
  };
}

function encodePublishProperties(writer: ByteWriter, content: PublishContent, form: PublishForm): void {
  // hot:
  if (
    content.properties !== NO_MESSAGE_PROPERTIES ||
    form.expiryInterval !== undefined ||
    form.subscriptionIdentifiers.length > 0
  ) {
    encodeProperties(writer, 'publish', publishSlots(content, form));
  } else if (form.topicAlias === 0) {
    writer.u8(0);
  } else {
    // What most messages with properties have, and have alone: the whole PUBLISH takes 105 ns, by the table 184 (Node 24).
    writer.reserve(4);
    writer.u8(3);
    writer.u8(TOPIC_ALIAS);
    writer.u16(form.topicAlias);
  }
}

function publishSlots({ properties }: PublishContent, form: PublishForm): Readonly<PropertySlots> {
  return {
    payloadFormatIndicator: properties.payloadFormatIndicator,
    messageExpiryInterval: form.expiryInterval,
    contentType: properties.contentType,
    responseTopic: properties.responseTopic,
    correlationData: properties.correlationData,
    topicAlias: form.topicAlias === 0 ? undefined : form.topicAlias,
    subscriptionIdentifiers: form.subscriptionIdentifiers,
    userProperties: properties.userProperties,
  };
}

function encodeDeliveryAcknowledgement(
  writer: ByteWriter,
  firstByte: number,
  packet: PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket,
  version: ProtocolVersion,
): void {
  // hot:
  const { id, reasonCode, properties } = packet;
  const isPlain = properties.reasonString === undefined && properties.userProperties.length === 0;
  writer.reserve(5);
  writer.u8(firstByte);
  if (isPlain || version !== 5) {
    const isShort = reasonCode === Reason.success || version !== 5;
    writer.u8(isShort ? 2 : 3);
    writer.u16(id);
    if (!isShort) writer.u8(reasonCode);
    return;
  }
  const lengthAt = openLength(writer, 1);
  writer.u16(id);
  writer.u8(reasonCode);
  encodeProperties(writer, 'acknowledgement', properties);
  closeLength(writer, lengthAt, 1);
}

/** Lays down a fixed header round a body. */
function encodeFramed<P extends Packet>(
  writer: ByteWriter,
  firstByte: number,
  packet: P,
  version: ProtocolVersion,
  encodeBody: (writer: ByteWriter, packet: P, version: ProtocolVersion) => void,
): void {
  writer.reserve(1);
  writer.u8(firstByte);
  const lengthAt = openLength(writer, 1);
  encodeBody(writer, packet, version);
  closeLength(writer, lengthAt, 1);
}

function encodeEmpty(writer: ByteWriter, firstByte: number): void {
  writer.reserve(2);
  writer.u8(firstByte);
  writer.u8(0);
}

function encodeSubscribe(writer: ByteWriter, packet: SubscribePacket, version: ProtocolVersion): void {
  writer.reserve(2);
  writer.u16(packet.id);
  if (version === 5) encodeProperties(writer, 'subscribe', packet.properties);
  for (const { filter, options } of packet.subscriptions) {
    writer.text(filter);
    writer.reserve(1);
    writer.u8(version === 5 ? optionsByte(options) : options.qos);
  }
}

function optionsByte({ qos, noLocal, retainAsPublished, retainHandling }: SubscriptionOptions): number {
  // [MQTT-3.8.3-5]
  return qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4);
}

function encodeSuback(writer: ByteWriter, packet: SubackPacket, version: ProtocolVersion): void {
  writer.reserve(2);
  writer.u16(packet.id);
  if (version === 5) encodeProperties(writer, 'acknowledgement', packet.properties);
  writer.reserve(packet.reasonCodes.length);
  for (const code of packet.reasonCodes) {
    // 3.1.1 knows one failure, 0x80. MQTT 3.1 knows none; the same byte says it as well as can be.
    writer.u8(version !== 5 && code >= Reason.unspecifiedError ? Reason.unspecifiedError : code);
  }
}

function encodeUnsubscribe(writer: ByteWriter, packet: UnsubscribePacket, version: ProtocolVersion): void {
  writer.reserve(2);
  writer.u16(packet.id);
  if (version === 5) encodeProperties(writer, 'unsubscribe', packet.properties);
  for (const filter of packet.filters) writer.text(filter);
}

function encodeUnsuback(writer: ByteWriter, packet: UnsubackPacket, version: ProtocolVersion): void {
  writer.reserve(2 + packet.reasonCodes.length);
  writer.u16(packet.id);
  if (version !== 5) return;
  encodeProperties(writer, 'acknowledgement', packet.properties);
  writer.reserve(packet.reasonCodes.length);
  for (const code of packet.reasonCodes) writer.u8(code);
}

function encodeDisconnect(writer: ByteWriter, packet: DisconnectPacket, version: ProtocolVersion): void {
  if (version !== 5) return;
  const { reasonCode, properties } = packet;
  const hasProperties =
    properties.sessionExpiryInterval !== undefined ||
    properties.reasonString !== undefined ||
    properties.serverReference !== undefined ||
    properties.userProperties.length > 0;
  if (reasonCode === Reason.normalDisconnection && !hasProperties) return;
  writer.reserve(1);
  writer.u8(reasonCode);
  if (hasProperties) encodeProperties(writer, 'disconnect', properties);
}

function encodeAuth(writer: ByteWriter, packet: AuthPacket, version: ProtocolVersion): void {
  assert(version === 5, 'AUTH is of MQTT 5.0 only');
  const { reasonCode, properties } = packet;
  // Section 3.15.2.1.
  if (reasonCode === Reason.success && properties.authenticationMethod === undefined) return;
  writer.reserve(1);
  writer.u8(reasonCode);
  encodeProperties(writer, 'auth', properties);
}
