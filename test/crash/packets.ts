// The packets that the clients of the harness send, with all that is the same in each left out.

import type {
  ConnectPacket,
  PubackPacket,
  PubcompPacket,
  PublishPacket,
  PubrecPacket,
  PubrelPacket,
  QoS,
  SubscribePacket,
  Will,
} from '../../src/packet/packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../../src/packet/packet.ts';
import type { PacketId } from '../../src/packet/packet-id.ts';
import {
  NO_CONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
} from '../../src/packet/properties.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { Reason } from '../../src/packet/reason-codes.ts';

/** A day: longer than any run. */
const SESSION_SECONDS = 86_400;

/** What differs between one CONNECT and another. */
export interface ConnectChoice {
  readonly version: ProtocolVersion;
  readonly clientId: string;
  /** Clean Start, Clean Session. */
  readonly clean: boolean;
  /** Whether the session is to outlive the connection. On 3.x it does if it is not clean. */
  readonly isPersistent: boolean;
  /** MQTT 5 only. */
  readonly receiveMaximum: number | undefined;
  /** Seconds; none unless told otherwise: the harness has its own patience. */
  readonly keepAlive?: number;
  readonly will?: Pick<Will, 'topic' | 'payload' | 'qos'>;
}

/** A CONNECT without user name. */
export function connectPacket(choice: ConnectChoice): ConnectPacket {
  const { version, clientId, clean, isPersistent, receiveMaximum, keepAlive = 0, will } = choice;
  const sessionExpiryInterval = isPersistent ? SESSION_SECONDS : undefined;
  return {
    kind: 'connect',
    version,
    bridge: false,
    clientId,
    clean,
    keepAlive,
    userName: undefined,
    password: undefined,
    will: will && { ...will, retain: false, delayInterval: 0, properties: NO_MESSAGE_PROPERTIES },
    properties:
      version === 5 ? { ...NO_CONNECT_PROPERTIES, sessionExpiryInterval, receiveMaximum } : NO_CONNECT_PROPERTIES,
  };
}

/** What differs between one PUBLISH and another. */
export type PublishChoice = Pick<PublishPacket, 'topic' | 'payload' | 'qos' | 'retain' | 'dup' | 'id'>;

/** A PUBLISH without properties. */
export function publishPacket(choice: PublishChoice): PublishPacket {
  return {
    kind: 'publish',
    ...choice,
    topicAlias: 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: NO_MESSAGE_PROPERTIES,
  };
}

/** The answer of this kind, with success. */
export function answerPacket<Kind extends 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'>(
  kind: Kind,
  id: PacketId,
): (PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket) & { readonly kind: Kind } {
  return { kind, id, reasonCode: Reason.success, properties: NO_REASON_PROPERTIES } as never;
}

/** A SUBSCRIBE for one filter. */
export function subscribePacket(
  id: PacketId,
  filter: string,
  options: { readonly qos: QoS; readonly wantsRetained: boolean; readonly identifier: number | undefined },
): SubscribePacket {
  const { qos, wantsRetained, identifier } = options;
  return {
    kind: 'subscribe',
    id,
    subscriptions: [
      {
        filter,
        options: { qos, noLocal: false, retainAsPublished: false, retainHandling: wantsRetained ? 0 : 2 },
      },
    ],
    properties: { ...NO_SUBSCRIBE_PROPERTIES, subscriptionIdentifier: identifier },
  };
}
