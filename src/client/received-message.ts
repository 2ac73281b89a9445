// A message as the application gets it, with a copy of the payload: the bytes of a packet belong to the
// network again as soon as it is handled.

import type { PublishPacket, QoS } from '../packet/packet.ts';
import type { MessageProperties } from '../packet/properties.ts';

/** A message from the broker. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  /** It was retained before this subscription was made; see Retain As Published for the other meaning. */
  readonly retain: boolean;
  /** It may have come before: the broker sends it again after a resume. */
  readonly dup: boolean;
  /** The identifiers of the subscriptions that it matches, where they have one. */
  readonly subscriptionIdentifiers: readonly number[];
  readonly properties: MessageProperties;
}

/** Makes a message of a packet. `topic` is set even if the packet carries an alias alone. */
export function receivedMessage(packet: PublishPacket, topic: string): ReceivedMessage {
  const { payload, qos, retain, dup, subscriptionIdentifiers, properties } = packet;
  return { topic, payload: payload.slice(), qos, retain, dup, subscriptionIdentifiers, properties };
}
