// One message to many: encoded once per distinct wire form (version, QoS, RETAIN) and copied into each
// connection's buffer, where only the packet identifier differs. In use from `begin` to `end`, within
// one call of the router; what does not fit the common forms (aliases, Subscription Identifiers, a
// packet sent again) is encoded by itself.

import { ByteWriter } from '../base/byte-writer.ts';
import { copyBytes } from '../base/copy-bytes.ts';
import type { Millis } from '../base/millis.ts';
import { encodePublish, patchPacketId } from '../packet/encode.ts';
import { type Message, remainingExpiry } from '../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import type { SessionDelivery } from './session-delivery.ts';

/** Two wire formats (3.x, 5), three QoS levels, RETAIN or not. */
const FORMS = 12;

/** The forms of the message that is being routed. */
export class FanOut {
  private message: Message | undefined;
  private now: Millis;
  private readonly forms: ByteWriter[];
  /** Where each form's packet identifier stands; -1: nowhere (QoS 0). */
  private readonly idOffsets: Int32Array;

  constructor() {
    this.message = undefined;
    this.now = 0 as Millis;
    this.forms = [];
    for (let form = 0; form < FORMS; form++) this.forms.push(new ByteWriter());
    this.idOffsets = new Int32Array(FORMS);
  }

  /** Starts with a message. */
  begin(message: Message, now: Millis): void {
    this.message = message;
    this.now = now;
    for (let form = 0; form < FORMS; form++) (this.forms[form] as ByteWriter).position = 0;
  }

  /** The message is on its way to all. Large forms are given back. */
  end(): void {
    this.message = undefined;
    for (let form = 0; form < FORMS; form++) {
      if ((this.forms[form] as ByteWriter).bytes.length > 65_536) this.forms[form] = new ByteWriter();
    }
  }

  /** Whether a delivery can be copied from a form. hot: */
  holds(delivery: SessionDelivery, dup: boolean, topicAlias: number): boolean {
    return (
      delivery.message === this.message && !dup && topicAlias === 0 && delivery.subscriptionIdentifiers.length === 0
    );
  }

  /** Lays a delivery down in a writer. hot: */
  write(writer: ByteWriter, version: ProtocolVersion, delivery: SessionDelivery, id: PacketId | undefined): void {
    const form = (version === 5 ? 6 : 0) + delivery.qos * 2 + (delivery.retain ? 1 : 0);
    const encoded = this.forms[form] as ByteWriter;
    if (encoded.position === 0) this.encode(encoded, form, version, delivery);
    const length = encoded.position;
    writer.reserve(length);
    const start = writer.position;
    copyBytes(encoded.bytes, 0, length, writer.bytes, start);
    writer.position = start + length;
    if (id === undefined) return;
    patchPacketId(writer.bytes, start + (this.idOffsets[form] as number), id);
  }

  private encode(encoded: ByteWriter, form: number, version: ProtocolVersion, delivery: SessionDelivery): void {
    const { message, qos, retain } = delivery;
    this.idOffsets[form] = encodePublish(encoded, version, message, {
      qos,
      retain,
      dup: false,
      id: qos === 0 ? 0 : 1,
      topicAlias: 0,
      omitTopic: false,
      subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
      expiryInterval: remainingExpiry(message, this.now),
    });
  }
}
