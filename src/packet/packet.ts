// The fifteen control packets as one union on `kind`. All fields are always present. The same types
// serve both directions and all versions: what a version lacks has its neutral value (no properties,
// reason code 0). Packets are values: nobody writes to one after it is made.

import type { PacketId } from './packet-id.ts';
import type {
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  MessageProperties,
  ReasonProperties,
  SubscribeProperties,
  UnsubscribeProperties,
} from './properties.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import type { ReasonCode } from './reason-codes.ts';

/** Quality of Service level (section 4.3). */
export type QoS = 0 | 1 | 2;

/** The Will Message of a CONNECT (section 3.1.2.5). */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Seconds; MQTT 5 only, else 0. */
  readonly delayInterval: number;
  readonly properties: MessageProperties;
}

/** CONNECT (section 3.1). */
export interface ConnectPacket {
  readonly kind: 'connect';
  readonly version: ProtocolVersion;
  /** Set by bridges of other brokers: the high bit of the version byte on 3.x. */
  readonly bridge: boolean;
  readonly clientId: string;
  /** Clean Start (5.0), Clean Session (3.x). */
  readonly clean: boolean;
  /** Seconds; 0 switches keep-alive off. */
  readonly keepAlive: number;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly will: Will | undefined;
  readonly properties: ConnectProperties;
}

/** CONNACK (section 3.2). `reasonCode` is a Connect Return Code (0 to 5) on 3.x. */
export interface ConnackPacket {
  readonly kind: 'connack';
  readonly sessionPresent: boolean;
  readonly reasonCode: ReasonCode;
  readonly properties: ConnackProperties;
}

/** PUBLISH (section 3.3). As decoded, `payload` is a view into the received bytes, unless the decoder was told to copy it; all else is its own. */
export interface PublishPacket {
  readonly kind: 'publish';
  readonly dup: boolean;
  readonly qos: QoS;
  readonly retain: boolean;
  /** '' when a topic alias stands for it. */
  readonly topic: string;
  /** `undefined` for QoS 0. */
  readonly id: PacketId | undefined;
  readonly payload: Uint8Array;
  /** 0: none. */
  readonly topicAlias: number;
  /** Server to client: the identifiers of the subscriptions that matched. */
  readonly subscriptionIdentifiers: readonly number[];
  readonly properties: MessageProperties;
}

/** The shared empty list of Subscription Identifiers. */
export const NO_SUBSCRIPTION_IDENTIFIERS: readonly number[] = Object.freeze([]);

/** PUBACK (section 3.4). */
export interface PubackPacket {
  readonly kind: 'puback';
  readonly id: PacketId;
  readonly reasonCode: ReasonCode;
  readonly properties: ReasonProperties;
}

/** PUBREC (section 3.5). */
export interface PubrecPacket {
  readonly kind: 'pubrec';
  readonly id: PacketId;
  readonly reasonCode: ReasonCode;
  readonly properties: ReasonProperties;
}

/** PUBREL (section 3.6). */
export interface PubrelPacket {
  readonly kind: 'pubrel';
  readonly id: PacketId;
  readonly reasonCode: ReasonCode;
  readonly properties: ReasonProperties;
}

/** PUBCOMP (section 3.7). */
export interface PubcompPacket {
  readonly kind: 'pubcomp';
  readonly id: PacketId;
  readonly reasonCode: ReasonCode;
  readonly properties: ReasonProperties;
}

/** What a subscriber may choose about one Topic Filter (section 3.8.3.1). */
export interface SubscriptionOptions {
  /** Maximum QoS. */
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: send retained messages; 1: only if the subscription is new; 2: do not. */
  readonly retainHandling: 0 | 1 | 2;
}

/** One Topic Filter of a SUBSCRIBE with its options. */
export interface SubscriptionRequest {
  readonly filter: string;
  readonly options: SubscriptionOptions;
}

/** SUBSCRIBE (section 3.8). */
export interface SubscribePacket {
  readonly kind: 'subscribe';
  readonly id: PacketId;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties: SubscribeProperties;
}

/** SUBACK (section 3.9): one reason code per requested subscription, in order. */
export interface SubackPacket {
  readonly kind: 'suback';
  readonly id: PacketId;
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties: ReasonProperties;
}

/** UNSUBSCRIBE (section 3.10). */
export interface UnsubscribePacket {
  readonly kind: 'unsubscribe';
  readonly id: PacketId;
  readonly filters: readonly string[];
  readonly properties: UnsubscribeProperties;
}

/** UNSUBACK (section 3.11): one reason code per filter, in order; empty on 3.x. */
export interface UnsubackPacket {
  readonly kind: 'unsuback';
  readonly id: PacketId;
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties: ReasonProperties;
}

/** PINGREQ (section 3.12). */
export interface PingreqPacket {
  readonly kind: 'pingreq';
}

/** PINGRESP (section 3.13). */
export interface PingrespPacket {
  readonly kind: 'pingresp';
}

/** DISCONNECT (section 3.14). */
export interface DisconnectPacket {
  readonly kind: 'disconnect';
  readonly reasonCode: ReasonCode;
  readonly properties: DisconnectProperties;
}

/** AUTH (section 3.15); MQTT 5 only. */
export interface AuthPacket {
  readonly kind: 'auth';
  readonly reasonCode: ReasonCode;
  readonly properties: AuthProperties;
}

/** Any control packet. */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | PubackPacket
  | PubrecPacket
  | PubrelPacket
  | PubcompPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;

/** PINGREQ has no fields: one value serves all. */
export const PINGREQ: PingreqPacket = Object.freeze({ kind: 'pingreq' });

/** PINGRESP has no fields: one value serves all. */
export const PINGRESP: PingrespPacket = Object.freeze({ kind: 'pingresp' });
