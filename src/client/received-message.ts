// A message as the application gets it, with a copy of the payload: the bytes of a packet belong to the network again as soon as
// it is handled.

import type { QoS } from '../packet/packet.ts';
import type { MessageProperties } from '../packet/properties.ts';

/** A message from the broker. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  /** It was retained before this subscription was made; see Retain As Published for the other meaning. */
  readonly retain: boolean;
  /** It may have come before: the broker sends it again after a resume, the inbox after a crash. */
  readonly dup: boolean;
  /** The identifiers of the subscriptions that it matches, where they have one. */
  readonly subscriptionIdentifiers: readonly number[];
  readonly properties: MessageProperties;
  /**
   * Tells messages of QoS 1 and 2 apart: grows from one to the next. With a `store` the message has the same key when it is handed
   * over again after a crash, and no other message ever has; without one, keys begin anew with each client. 0 for QoS 0.
   */
  readonly key: number;
  /** The Packet Identifier under which the broker has sent it; 0 for QoS 0, and where it comes out of the inbox of a `store`, which keeps none. */
  readonly packetId: number;

  /**
   * The application is done with the message. Acknowledgements leave in the order in which the messages came, whatever the order
   * of these calls [MQTT-4.6.0-2] [MQTT-4.6.0-3]. A second call does nothing, nor does one for QoS 0.
   */
  ack(): void;
}

/** Takes a message. */
export type MessageHandler = (message: ReceivedMessage) => void | Promise<void>;
