// Where packets of one connection are laid down: in the transport's buffer, in the form that the peer's
// version has, and never larger than the peer takes [MQTT-3.1.2-24]. Whether the connection is still there to
// write to is its owner's to know.

import type { Millis } from '../base/millis.ts';
import { encodePacket, encodePublish, packetSize, publishSize } from '../packet/encode.ts';
import { remainingExpiry } from '../packet/message.ts';
import type { DisconnectPacket, Packet, PubackPacket, PubrecPacket, SubackPacket } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { NO_DISCONNECT_PROPERTIES, NO_REASON_PROPERTIES } from '../packet/properties.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { NetworkConnection } from '../transport/contract.ts';
import type { Counters } from './counters.ts';
import type { FanOut } from './fan-out.ts';
import type { SessionDelivery } from './session-delivery.ts';
import { Traffic } from './traffic.ts';

/** No reason string makes a DISCONNECT or CONNACK of ours larger than this. */
const REASON_BYTES_MAX = 2_048;

/** The output side of one connection. */
export class PacketOutlet {
  private readonly network: NetworkConnection;
  private readonly fanOut: FanOut;
  private readonly counters: Counters;
  /** What went over it, both ways. */
  readonly traffic: Traffic;
  /** The peer's Maximum Packet Size. */
  packetBytesMax: number;
  /** Whether the peer takes topic aliases. */
  givesAliases: boolean;
  /** Whether the peer hears the reasons of refusals: MQTT 5, Request Problem Information [MQTT-3.1.2-29]. */
  explains: boolean;
  /** Why the message at hand is refused, for its acknowledgement (publishing.ts). */
  refusedWhy: string | undefined;

  constructor(network: NetworkConnection, fanOut: FanOut, counters: Counters) {
    this.network = network;
    this.fanOut = fanOut;
    this.counters = counters;
    this.traffic = new Traffic();
    this.packetBytesMax = Number.POSITIVE_INFINITY;
    this.givesAliases = false;
    this.explains = false;
    this.refusedWhy = undefined;
  }

  /** Lays any packet but a delivery's PUBLISH down; returns 0, or its size if that is more than the peer takes. hot: */
  writePacket(packet: Packet, version: ProtocolVersion): number {
    if (version !== 5 && isRefusal(packet)) return 0; // To 3.x it would say the opposite: silence is all there is.
    const writer = this.network.writer();
    const start = writer.position;
    encodePacket(writer, packet, version);
    const size = writer.position - start;
    if (size > this.packetBytesMax) {
      writer.position = start;
      return size;
    }
    this.counters.packetsSent++;
    this.counters.bytesSent += size;
    this.traffic.bytesSent += size;
    this.network.wrote();
    return 0;
  }

  /** Lays a delivery's PUBLISH down, which `isTooLarge` has let pass. hot: */
  writePublish(
    delivery: SessionDelivery,
    version: ProtocolVersion,
    id: PacketId | undefined,
    dup: boolean,
    topicAlias: number,
    omitTopic: boolean,
    now: Millis,
  ): void {
    const { counters, traffic } = this;
    const writer = this.network.writer();
    const start = writer.position;
    if (this.fanOut.holds(delivery, dup, topicAlias)) {
      this.fanOut.write(writer, version, delivery, id);
    } else {
      const { message, qos, retain, subscriptionIdentifiers } = delivery;
      const expiryInterval = remainingExpiry(message, now);
      const form = { qos, retain, dup, id: id ?? 0, topicAlias, omitTopic, subscriptionIdentifiers, expiryInterval };
      encodePublish(writer, version, message, form);
    }
    const size = writer.position - start;
    counters.packetsSent++;
    counters.bytesSent += size;
    traffic.messagesSent++;
    traffic.bytesSent += size;
    counters.payloadBytesSent += delivery.message.payload.length;
    this.network.wrote();
  }

  /** Whether a message is too large for the peer, at the largest that it can become. hot: */
  isTooLarge(delivery: SessionDelivery, version: ProtocolVersion): boolean {
    if (this.packetBytesMax === Number.POSITIVE_INFINITY) return false;
    const { message, qos, retain, subscriptionIdentifiers } = delivery;
    const topicAlias = this.givesAliases && qos < 2 ? 1 : 0;
    const expiryInterval = message.properties.messageExpiryInterval;
    const form = {
      qos,
      retain,
      dup: false,
      id: 1,
      topicAlias,
      omitTopic: false,
      subscriptionIdentifiers,
      expiryInterval,
    };
    return publishSize(version, message, form) > this.packetBytesMax;
  }

  /** A DISCONNECT, with a text if the peer takes one of that size for sure [MQTT-3.14.2-3]. */
  disconnectPacket(
    reasonCode: ReasonCode,
    reasonString: string | undefined,
    serverReference?: string,
  ): DisconnectPacket {
    const fitting = this.fitting(reasonString);
    if (fitting === undefined && serverReference === undefined)
      return { kind: 'disconnect', reasonCode, properties: NO_DISCONNECT_PROPERTIES };
    const properties = { ...NO_DISCONNECT_PROPERTIES, reasonString: fitting, serverReference };
    const packet: DisconnectPacket = { kind: 'disconnect', reasonCode, properties };
    if (serverReference === undefined || packetSize(packet, 5) <= this.packetBytesMax) return packet;
    return { kind: 'disconnect', reasonCode, properties: { ...properties, serverReference: undefined } };
  }

  /**
   * An answer that says no, with a text if the peer asks for such and takes the packet in that size
   * [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.9.2-1].
   */
  explained<P extends PubackPacket | PubrecPacket | SubackPacket>(answer: P, reasonString: string | undefined): P {
    if (!this.explains || reasonString === undefined) return answer;
    const explained: P = { ...answer, properties: { ...NO_REASON_PROPERTIES, reasonString } };
    return packetSize(explained, 5) <= this.packetBytesMax ? explained : answer;
  }

  /** A text for DISCONNECT or CONNACK, if the peer takes packets of that size for sure [MQTT-3.14.2-3] [MQTT-3.2.2-19]. */
  fitting(reasonString: string | undefined): string | undefined {
    return this.packetBytesMax < REASON_BYTES_MAX ? undefined : reasonString;
  }
}

/** An acknowledgement that says no. hot: */
function isRefusal(packet: Packet): boolean {
  return (packet.kind === 'puback' || packet.kind === 'pubrec') && packet.reasonCode >= 0x80;
}
