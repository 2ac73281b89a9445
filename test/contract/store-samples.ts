// Sample records for stores: some with everything in them, some without anything special.

import { millis } from '../../src/base/millis.ts';
import type { Message } from '../../src/packet/message.ts';
import type { Will } from '../../src/packet/packet.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import type {
  GroupRecord,
  Recipient,
  SessionRecord,
  SubscriptionRecord,
  WillRecord,
} from '../../src/store/contract.ts';

/** A session's record. */
export function record(key: number): SessionRecord {
  return {
    key,
    clientId: `client ${key}`,
    principal: undefined,
    expiryInterval: millis(60_000),
    disconnectedAt: undefined,
  };
}

/** A shared group's record. */
export function group(key: number): GroupRecord {
  return { key, filter: `$share/group ${key}/#` };
}

/** A subscription without anything special. */
export function subscription(filter: string): SubscriptionRecord {
  return { filter, options: { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }, identifier: 0 };
}

/** A QoS 1 message without properties. */
export function message(topic: string, payload: string): Message {
  return {
    topic,
    payload: new TextEncoder().encode(payload),
    qos: 1,
    retain: false,
    properties: NO_MESSAGE_PROPERTIES,
    expiresAt: undefined,
  };
}

const FULL: MessageProperties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 4_294_967_295,
  contentType: 'text/µ',
  responseTopic: 'answers/漢',
  correlationData: Uint8Array.of(0, 255, 128),
  userProperties: [
    ['b', '1'],
    ['__proto__', ''],
    ['b', '2'],
    ['', '🐦'],
  ],
};

/** A message with every property, and a payload of all bytes. */
export function fullMessage(topic: string): Message {
  const payload = Uint8Array.from({ length: 256 }, (_, n) => n);
  return { topic, payload, qos: 2, retain: true, properties: FULL, expiresAt: millis(4_294_968_295_000) };
}

/** A Will with every property. */
export function fullWill(topic: string): WillRecord {
  const will: Will = {
    topic,
    payload: Uint8Array.of(0, 1, 255),
    qos: 2,
    retain: true,
    delayInterval: 4_294_967_295,
    properties: FULL,
  };
  return { clientId: 'µ 🐦', principal: '__proto__', will };
}

/** A recipient without anything special. */
export function recipient(key: number, qos: 1 | 2): Recipient {
  return { key, qos, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
}
