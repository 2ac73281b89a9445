// The public door `vouch/packet`: MQTT packets to bytes and back, for 3.1, 3.1.1 and 5.0, without sockets,
// timers or Node.js. A `PacketDecoder` takes the bytes of one connection in whatever chunks they come;
// `encodePacket` lays a packet down in a `ByteWriter`. What is not named here may change at any time.

export { ByteWriter } from '../base/byte-writer.ts';
export type { TextTable } from '../base/text-table.ts';
export type { DecoderOptions } from '../packet/decoder.ts';
export { PacketDecoder } from '../packet/decoder.ts';
export { encodePacket, packetSize } from '../packet/encode.ts';
export type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  Packet,
  PingreqPacket,
  PingrespPacket,
  PubackPacket,
  PubcompPacket,
  PublishPacket,
  PubrecPacket,
  PubrelPacket,
  QoS,
  SubackPacket,
  SubscribePacket,
  SubscriptionOptions,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
  Will,
} from '../packet/packet.ts';
export { NO_SUBSCRIPTION_IDENTIFIERS, PINGREQ, PINGRESP } from '../packet/packet.ts';
export type { PacketId } from '../packet/packet-id.ts';
export { packetId } from '../packet/packet-id.ts';
export type { Direction } from '../packet/packet-type.ts';
export type {
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  MessageProperties,
  ReasonProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  UserProperty,
} from '../packet/properties.ts';
export {
  NO_AUTH_PROPERTIES,
  NO_CONNACK_PROPERTIES,
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
  NO_UNSUBSCRIBE_PROPERTIES,
} from '../packet/properties.ts';
export type { ProtocolErrorKind } from '../packet/protocol-error.ts';
export { ProtocolError } from '../packet/protocol-error.ts';
export type { ProtocolVersion } from '../packet/protocol-version.ts';
export type { ReasonCode } from '../packet/reason-codes.ts';
export { ConnectReturnCode, Reason, reasonName } from '../packet/reason-codes.ts';
export { createTopicTable } from '../packet/topic-name.ts';
