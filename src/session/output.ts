// What a session asks its owner to do, as one interface given at construction. The owner acts and
// returns. It never calls back into the session from inside one of these methods, but for what does
// not touch the packet in hand: `receipt` in `deliver`; `canPublish`, `publish` and `lendId` in `deliver` (a client
// that subscribes to what it publishes) and in `settle` (the window has room again).
// A broker's owner routes and stores, a client's owner hands messages to the application.

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type {
  Packet,
  PingreqPacket,
  PingrespPacket,
  PubackPacket,
  PubcompPacket,
  PublishPacket,
  PubrecPacket,
  PubrelPacket,
  QoS,
} from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';

/** One message on its way to the peer. Owners add what they need to know at `settle`. */
export interface Delivery {
  readonly message: Message;
  readonly qos: QoS;
  /** The RETAIN flag to send. */
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
}

/** Packets that a session makes by itself; PUBLISH goes through `publish`. */
export type Answer = PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket | PingreqPacket | PingrespPacket;

/** Returned by `deliver` when the owner will call `Session.acknowledge` itself. */
export const ACKNOWLEDGE_LATER = -1;

/** The owner of a session. `D` is the owner's own kind of delivery. */
export interface SessionOutput<D extends Delivery> {
  /**
   * Sends a PUBLISH, after those sent before. It must leave: the session counts it as sent, and what follows may name its
   * topic by the alias that it introduces. QoS 0 and 1 leave in this order; QoS 2 may be held back, and never has an alias.
   * @param topicAlias  0: none.
   * @param omitTopic  The peer knows the alias: the topic is sent empty.
   */
  publish(
    delivery: D,
    id: PacketId | undefined,
    dup: boolean,
    topicAlias: number,
    omitTopic: boolean,
    now: Millis,
  ): void;

  /**
   * Sends an answer, after those sent before.
   * @returns false when it is held back for now; once a held PUBACK, PUBREC (0x80 and above) or PUBCOMP has left, the owner calls `Session.answerLeft`.
   */
  send(packet: Answer): boolean;

  /**
   * Takes a message from the peer, exactly once for QoS 2. `topic` is set even if the packet carried an alias alone.
   * @returns the Reason Code for PUBACK or PUBREC, or `ACKNOWLEDGE_LATER`. Ignored for QoS 0.
   */
  deliver(publish: PublishPacket, topic: string): ReasonCode | typeof ACKNOWLEDGE_LATER;

  /** A delivery of QoS 1 or 2 is over: the peer has it, or refused it with this Reason Code (0x80 and above) of PUBACK or PUBREC. */
  settle(delivery: D, reason: ReasonCode): void;

  /** To be remembered: this delivery goes out under this id, and under no other [MQTT-4.4.0-1]. */
  recordSending(delivery: D, id: PacketId): void;

  /** To be remembered: PUBREC came, with this Reason Code below 0x80, so that the PUBLISH is never sent again [MQTT-4.3.3-6]. */
  recordReceived(delivery: D, reason: ReasonCode, id: PacketId): void;

  /** To be remembered: PUBREL came, the id may carry a new message [MQTT-4.3.3-12]. */
  recordReleased(id: PacketId): void;
}

/** Whether nothing more is to come for the peer's message after this: such an answer, held and sent, is told to `Session.answerLeft`. */
export function isLastAnswer(packet: Packet): boolean {
  return (
    packet.kind === 'puback' || packet.kind === 'pubcomp' || (packet.kind === 'pubrec' && packet.reasonCode >= 0x80)
  );
}
