// Reads a block of properties (section 2.2.2) into the type of its packet. One loop serves all
// packets: table 2-4, in property-codec.ts, says what may stand where and how to read it. A block
// of length 0 allocates nothing: the shared constant is returned. All values are copies.
// Bounded by the packet's size and, since a User Property is small on the wire and large in memory,
// by USER_PROPERTIES_MAX. What two properties or two packets say to each other is not judged here.

import { NO_SUBSCRIPTION_IDENTIFIERS } from './packet.ts';
import type { PacketReader } from './packet-reader.ts';
import type {
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  MessageProperties,
  ReasonProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  UserProperty,
} from './properties.ts';
import {
  NO_AUTH_PROPERTIES,
  NO_CONNACK_PROPERTIES,
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
  NO_UNSUBSCRIBE_PROPERTIES,
  NO_USER_PROPERTIES,
} from './properties.ts';
import type { PropertyRow, PropertySlots } from './property-codec.ts';
import {
  PROPERTY_ROWS,
  PropertyOwner,
  readSubscriptionIdentifier,
  SUBSCRIPTION_IDENTIFIER,
  USER_PROPERTY,
} from './property-codec.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reason } from './reason-codes.ts';

/** More User Properties in one block are refused with 0x97 (quota exceeded): five bytes on the wire make about a hundred in memory. */
export const USER_PROPERTIES_MAX = 1000;

/** What the Will Properties of a CONNECT say: how to publish the Will, and the properties of its message. */
export interface WillProperties {
  /** Seconds; 0: none. */
  readonly delayInterval: number;
  readonly message: MessageProperties;
}

/** What the properties of a PUBLISH say: of the packet, and of its message. */
export interface PublishProperties {
  /** 0: none. */
  readonly topicAlias: number;
  readonly subscriptionIdentifiers: readonly number[];
  readonly message: MessageProperties;
}

/** Shared by every Will without properties. */
export const NO_WILL_PROPERTIES: WillProperties = Object.freeze({ delayInterval: 0, message: NO_MESSAGE_PROPERTIES });

/** A row of the table, and the bit that stands for it in the set of properties already seen. */
interface Rule {
  readonly row: PropertyRow;
  readonly bit: number;
}

/** By identifier. */
const RULES: readonly (Rule | undefined)[] = buildRules();

/** Reads the properties of a CONNECT. */
export function decodeConnectProperties(reader: PacketReader): ConnectProperties {
  return reader.skipZero() ? NO_CONNECT_PROPERTIES : fill(reader, PropertyOwner.connect, { ...NO_CONNECT_PROPERTIES });
}

/** Reads the Will Properties of a CONNECT (section 3.1.3.2). */
export function decodeWillProperties(reader: PacketReader): WillProperties {
  if (reader.skipZero()) return NO_WILL_PROPERTIES;
  const slots = fill(reader, PropertyOwner.will, messageSlots());
  return { delayInterval: slots.willDelayInterval ?? 0, message: messageOf(slots) };
}

/** Reads the properties of a CONNACK. */
export function decodeConnackProperties(reader: PacketReader): ConnackProperties {
  return reader.skipZero() ? NO_CONNACK_PROPERTIES : fill(reader, PropertyOwner.connack, { ...NO_CONNACK_PROPERTIES });
}

/** Reads the properties of a PUBLISH that has some; decode-publish.ts knows those that have none. */
export function decodePublishProperties(reader: PacketReader): PublishProperties {
  const slots = fill(reader, PropertyOwner.publish, messageSlots());
  return {
    topicAlias: slots.topicAlias ?? 0,
    subscriptionIdentifiers: slots.subscriptionIdentifiers,
    message: messageOf(slots),
  };
}

/** Reads the properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK or UNSUBACK. */
export function decodeReasonProperties(reader: PacketReader): ReasonProperties {
  return reader.skipZero()
    ? NO_REASON_PROPERTIES
    : fill(reader, PropertyOwner.acknowledgement, { ...NO_REASON_PROPERTIES });
}

/** Reads the properties of a SUBSCRIBE. */
export function decodeSubscribeProperties(reader: PacketReader): SubscribeProperties {
  return reader.skipZero()
    ? NO_SUBSCRIBE_PROPERTIES
    : fill(reader, PropertyOwner.subscribe, { ...NO_SUBSCRIBE_PROPERTIES });
}

/** Reads the properties of an UNSUBSCRIBE. */
export function decodeUnsubscribeProperties(reader: PacketReader): UnsubscribeProperties {
  return reader.skipZero()
    ? NO_UNSUBSCRIBE_PROPERTIES
    : fill(reader, PropertyOwner.unsubscribe, { ...NO_UNSUBSCRIBE_PROPERTIES });
}

/** Reads the properties of a DISCONNECT. */
export function decodeDisconnectProperties(reader: PacketReader): DisconnectProperties {
  return reader.skipZero()
    ? NO_DISCONNECT_PROPERTIES
    : fill(reader, PropertyOwner.disconnect, { ...NO_DISCONNECT_PROPERTIES });
}

/** Reads the properties of an AUTH. */
export function decodeAuthProperties(reader: PacketReader): AuthProperties {
  return reader.skipZero() ? NO_AUTH_PROPERTIES : fill(reader, PropertyOwner.auth, { ...NO_AUTH_PROPERTIES });
}

/** Reads a Property Length and as many bytes of properties into the slots, which are handed back. */
function fill<Slots extends PropertySlots>(reader: PacketReader, owner: PropertyOwner, slots: Slots): Slots {
  const length = reader.variableInteger('the Property Length');
  const packetEnd = reader.end;
  if (reader.position + length > packetEnd) throw reader.malformed('', 'the Property Length runs past the end');
  reader.end = reader.position + length;
  readProperties(reader, owner, slots);
  reader.end = packetEnd;
  return slots;
}

function readProperties(reader: PacketReader, owner: PropertyOwner, slots: PropertySlots): void {
  const userProperties: UserProperty[] = [];
  const subscriptionIdentifiers: number[] = [];
  let seen = 0;
  while (!reader.isAtEnd) {
    const identifier = reader.variableInteger('a Property Identifier');
    if (identifier === USER_PROPERTY) {
      userProperties.push(readUserProperty(reader, userProperties.length));
    } else if (identifier === SUBSCRIPTION_IDENTIFIER && owner === PropertyOwner.publish) {
      subscriptionIdentifiers.push(readSubscriptionIdentifier(reader));
    } else {
      const rule = ruleFor(reader, identifier, owner);
      if ((seen & rule.bit) !== 0) throw reader.violation('', `${rule.row.title} is there twice`);
      seen |= rule.bit;
      rule.row.read(reader, slots);
    }
  }
  if (userProperties.length > 0) slots.userProperties = userProperties;
  if (subscriptionIdentifiers.length > 0) slots.subscriptionIdentifiers = subscriptionIdentifiers;
}

function ruleFor(reader: PacketReader, identifier: number, owner: PropertyOwner): Rule {
  const rule = RULES[identifier];
  // Section 2.2.2.2.
  if (rule === undefined) throw reader.malformed('', `there is no property 0x${identifier.toString(16)}`);
  if ((rule.row.owners & owner) === 0) throw reader.malformed('', `${rule.row.title} is no property of this packet`);
  return rule;
}

function readUserProperty(reader: PacketReader, count: number): UserProperty {
  if (count === USER_PROPERTIES_MAX) {
    const detail = `${reader.packet}: there are more than ${USER_PROPERTIES_MAX} User Properties`;
    throw new ProtocolError('protocol-error', Reason.quotaExceeded, '', detail);
  }
  // [MQTT-1.5.7-1]
  return [reader.text('the name of a User Property'), reader.text('the value of a User Property')];
}

/** What may stand in a PUBLISH or in Will Properties. */
interface MessageSlots extends MessageProperties {
  readonly topicAlias: number | undefined;
  readonly willDelayInterval: number | undefined;
  readonly subscriptionIdentifiers: readonly number[];
}

function messageSlots(): MessageSlots {
  return {
    payloadFormatIndicator: undefined,
    messageExpiryInterval: undefined,
    contentType: undefined,
    responseTopic: undefined,
    correlationData: undefined,
    userProperties: NO_USER_PROPERTIES,
    topicAlias: undefined,
    willDelayInterval: undefined,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
  };
}

function messageOf(slots: MessageProperties): MessageProperties {
  return {
    payloadFormatIndicator: slots.payloadFormatIndicator,
    messageExpiryInterval: slots.messageExpiryInterval,
    contentType: slots.contentType,
    responseTopic: slots.responseTopic,
    correlationData: slots.correlationData,
    userProperties: slots.userProperties,
  };
}

function buildRules(): readonly (Rule | undefined)[] {
  const rules = new Array<Rule | undefined>(0x2b).fill(undefined);
  for (const [index, row] of PROPERTY_ROWS.entries()) rules[row.identifier] = { row, bit: 1 << index };
  return rules;
}
