// The 27 properties of MQTT 5.0: table 2-4 of section 2.2.2.2 as data, each row with the type that
// reads and writes its value. The rules that are about one value (not 0, only 0 or 1, no wildcard)
// live in its type; those about the block (which packet, how often) in decode-properties.ts.
// A row's `name` is its field in the types of properties.ts.

import type { ByteWriter } from '../base/byte-writer.ts';
import { utf8Length } from '../base/utf8.ts';
import { variableIntegerLength } from './length-prefix.ts';
import type { PacketReader } from './packet-reader.ts';
import type {
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  MessageProperties,
  SubscribeProperties,
} from './properties.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reason } from './reason-codes.ts';
import { hasWildcard } from './topic-name.ts';

/** Where properties stand: a packet, the Will Properties of CONNECT, or any of the six acknowledgements, which have the same two. */
export const PropertyOwner = {
  connect: 0x001,
  connack: 0x002,
  publish: 0x004,
  will: 0x008,
  acknowledgement: 0x010,
  subscribe: 0x020,
  unsubscribe: 0x040,
  disconnect: 0x080,
  auth: 0x100,
} as const;

/** One of the places where properties stand. */
export type PropertyOwner = (typeof PropertyOwner)[keyof typeof PropertyOwner];

/** Properties that are no field of the types in properties.ts, since they belong to the Will or to one PUBLISH packet. */
interface PacketOnlyProperties {
  readonly willDelayInterval: number | undefined;
  readonly topicAlias: number | undefined;
  readonly subscriptionIdentifiers: readonly number[];
}

type EveryProperty = ConnectProperties &
  ConnackProperties &
  MessageProperties &
  SubscribeProperties &
  DisconnectProperties &
  AuthProperties &
  PacketOnlyProperties;

/** Somewhere to put or to find the values of properties: the fields of one packet's properties, or more. */
export type PropertySlots = { -readonly [K in keyof EveryProperty]?: EveryProperty[K] };

/** Reads and writes one data type of section 1.5, with its rule. */
export interface PropertyType<Value> {
  readonly kind: 'byte' | 'two-byte' | 'four-byte' | 'variable-byte' | 'text' | 'binary' | 'text-pair';
  /** `title` names the property in errors. */
  read(reader: PacketReader, title: string): Value;
  write(writer: ByteWriter, value: Value): void;
  /** How many bytes `write` takes. */
  size(value: Value): number;
}

/** A row of table 2-4. */
export interface PropertyRow {
  readonly name: string;
  readonly identifier: number;
  /** As the specification writes it. */
  readonly title: string;
  readonly kind: PropertyType<unknown>['kind'];
  /** The sum of the owners that may have it. */
  readonly owners: number;
  /** Reads a value into its slot. */
  read(reader: PacketReader, slots: PropertySlots): void;
  /** Writes identifier and value, if the slot has one. */
  write(writer: ByteWriter, slots: Readonly<PropertySlots>): void;
  /** How many bytes `write` takes. */
  size(slots: Readonly<PropertySlots>): number;
}

/** The identifiers of the two properties that may repeat; decode-properties.ts collects them into lists. */
export const USER_PROPERTY = 0x26;
/** In PUBLISH there may be several, in SUBSCRIBE one. */
export const SUBSCRIPTION_IDENTIFIER = 0x0b;
/** The identifier of the property that a PUBLISH often has alone. */
export const TOPIC_ALIAS = 0x23;

const BIT: PropertyType<0 | 1> = {
  kind: 'byte',
  read: readBit,
  write: writeByte,
  size: () => 1,
};

const FLAG: PropertyType<boolean> = {
  kind: 'byte',
  read: (reader, title) => readBit(reader, title) === 1,
  write: (writer, value) => writeByte(writer, value ? 1 : 0),
  size: () => 1,
};

const TWO_BYTE: PropertyType<number> = {
  kind: 'two-byte',
  read: (reader, title) => reader.u16(title),
  write(writer, value) {
    writer.reserve(2);
    writer.u16(value);
  },
  size: () => 2,
};

const POSITIVE_TWO_BYTE: PropertyType<number> = {
  ...TWO_BYTE,
  read: (reader, title) => positive(reader, title, reader.u16(title)),
};

const ALIAS: PropertyType<number> = { ...TWO_BYTE, read: readTopicAlias };

const FOUR_BYTE: PropertyType<number> = {
  kind: 'four-byte',
  read: (reader, title) => reader.u32(title),
  write(writer, value) {
    writer.reserve(4);
    writer.u32(value);
  },
  size: () => 4,
};

const POSITIVE_FOUR_BYTE: PropertyType<number> = {
  ...FOUR_BYTE,
  read: (reader, title) => positive(reader, title, reader.u32(title)),
};

const POSITIVE_VARIABLE: PropertyType<number> = {
  kind: 'variable-byte',
  read: (reader, title) => positive(reader, title, reader.variableInteger(title)),
  write(writer, value) {
    writer.reserve(4);
    writer.variableInteger(value);
  },
  size: variableIntegerLength,
};

const TEXT: PropertyType<string> = {
  kind: 'text',
  read: (reader, title) => reader.text(title),
  write: (writer, value) => writer.text(value),
  size: (value) => 2 + utf8Length(value),
};

const RESPONSE_TOPIC: PropertyType<string> = { ...TEXT, read: readResponseTopic };

const BINARY: PropertyType<Uint8Array> = {
  kind: 'binary',
  read: (reader, title) => reader.binary(title),
  write: (writer, value) => writer.binary(value),
  size: (value) => 2 + value.length,
};

const { connect, connack, publish, will, acknowledgement, subscribe, disconnect, auth } = PropertyOwner;

/** Table 2-4 without User Property, which every owner may have, as often as it likes. */
export const PROPERTY_ROWS: readonly PropertyRow[] = [
  row('payloadFormatIndicator', 0x01, 'Payload Format Indicator', BIT, publish | will),
  row('messageExpiryInterval', 0x02, 'Message Expiry Interval', FOUR_BYTE, publish | will),
  row('contentType', 0x03, 'Content Type', TEXT, publish | will), // [MQTT-3.3.2-19]
  row('responseTopic', 0x08, 'Response Topic', RESPONSE_TOPIC, publish | will),
  row('correlationData', 0x09, 'Correlation Data', BINARY, publish | will),
  row(
    'subscriptionIdentifier',
    SUBSCRIPTION_IDENTIFIER,
    'Subscription Identifier',
    POSITIVE_VARIABLE,
    publish | subscribe,
  ),
  row('sessionExpiryInterval', 0x11, 'Session Expiry Interval', FOUR_BYTE, connect | connack | disconnect),
  row('assignedClientIdentifier', 0x12, 'Assigned Client Identifier', TEXT, connack),
  row('serverKeepAlive', 0x13, 'Server Keep Alive', TWO_BYTE, connack),
  row('authenticationMethod', 0x15, 'Authentication Method', TEXT, connect | connack | auth),
  row('authenticationData', 0x16, 'Authentication Data', BINARY, connect | connack | auth),
  row('requestProblemInformation', 0x17, 'Request Problem Information', FLAG, connect),
  row('willDelayInterval', 0x18, 'Will Delay Interval', FOUR_BYTE, will),
  row('requestResponseInformation', 0x19, 'Request Response Information', FLAG, connect),
  row('responseInformation', 0x1a, 'Response Information', TEXT, connack),
  row('serverReference', 0x1c, 'Server Reference', TEXT, connack | disconnect),
  row('reasonString', 0x1f, 'Reason String', TEXT, connack | acknowledgement | disconnect | auth),
  row('receiveMaximum', 0x21, 'Receive Maximum', POSITIVE_TWO_BYTE, connect | connack),
  row('topicAliasMaximum', 0x22, 'Topic Alias Maximum', TWO_BYTE, connect | connack),
  row('topicAlias', TOPIC_ALIAS, 'Topic Alias', ALIAS, publish),
  row('maximumQoS', 0x24, 'Maximum QoS', BIT, connack),
  row('retainAvailable', 0x25, 'Retain Available', FLAG, connack),
  row('maximumPacketSize', 0x27, 'Maximum Packet Size', POSITIVE_FOUR_BYTE, connect | connack),
  row('wildcardSubscriptionAvailable', 0x28, 'Wildcard Subscription Available', FLAG, connack),
  row('subscriptionIdentifierAvailable', 0x29, 'Subscription Identifier Available', FLAG, connack),
  row('sharedSubscriptionAvailable', 0x2a, 'Shared Subscription Available', FLAG, connack),
];

/** Reads one Subscription Identifier of a PUBLISH, which may have several. */
export function readSubscriptionIdentifier(reader: PacketReader): number {
  return POSITIVE_VARIABLE.read(reader, 'Subscription Identifier');
}

function row<Name extends keyof EveryProperty>(
  name: Name,
  identifier: number,
  title: string,
  type: PropertyType<NonNullable<EveryProperty[Name]>>,
  owners: number,
): PropertyRow {
  return {
    name,
    identifier,
    title,
    kind: type.kind,
    owners,
    read(reader, slots) {
      slots[name] = type.read(reader, title);
    },
    write(writer, slots) {
      const value = slots[name];
      if (value === undefined || value === null) return;
      writeByte(writer, identifier);
      type.write(writer, value);
    },
    size(slots) {
      const value = slots[name];
      return value === undefined || value === null ? 0 : 1 + type.size(value);
    },
  };
}

function writeByte(writer: ByteWriter, value: number): void {
  writer.reserve(1);
  writer.u8(value);
}

function readBit(reader: PacketReader, title: string): 0 | 1 {
  const value = reader.u8(title);
  if (value === 0 || value === 1) return value;
  throw reader.violation('', `${title} is ${value}, which is neither 0 nor 1`);
}

function positive(reader: PacketReader, title: string, value: number): number {
  if (value === 0) throw reader.violation('', `${title} is 0`);
  return value;
}

function readTopicAlias(reader: PacketReader, title: string): number {
  const alias = reader.u16(title);
  // [MQTT-3.3.2-8]
  if (alias !== 0) return alias;
  throw new ProtocolError(
    'topic-alias-invalid',
    Reason.topicAliasInvalid,
    'MQTT-3.3.2-8',
    `${reader.packet}: ${title} is 0`,
  );
}

function readResponseTopic(reader: PacketReader, title: string): string {
  // [MQTT-3.3.2-13]
  const topic = reader.text(title);
  // [MQTT-4.7.3-1]
  if (topic === '') throw reader.violation('MQTT-4.7.3-1', `${title} is empty`);
  // [MQTT-3.3.2-14]
  if (hasWildcard(topic)) throw reader.violation('MQTT-3.3.2-14', `${title} contains a wildcard`);
  return topic;
}
