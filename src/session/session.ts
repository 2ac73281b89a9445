// The QoS 0/1/2 machine of one peer, both directions, for broker and client and for every protocol
// version (MQTT 5.0 section 4.3 and 4.4; MQTT 3.1.1 likewise).
//
// Inputs are methods, `now` is an argument, outputs go to the one `SessionOutput`. There is no timer:
// a message is sent again only when a connection resumes [MQTT-4.4.0-1], never on a live one, because
// TCP does not lose bytes and a second copy of a slow first one would only feed the congestion.
// Invariants: at most `sendMaximum` deliveries are in flight on a connection; an identifier is in one
// flow at a time; order of sending is order of `publish`, also across a resume [MQTT-4.6.0-5].
// It knows neither routing, queues, stores nor sockets: who calls `publish` asks `canPublish` first.
// Longer than 400 lines because it is one machine: its tables are in in-flight.ts and inbound.ts, and what
// is left is a short method per packet and what these share.

import { assert, unreachable } from '../base/assert.ts';
import type { Millis } from '../base/millis.ts';
import {
  PINGREQ,
  PINGRESP,
  type PingreqPacket,
  type PingrespPacket,
  type PubackPacket,
  type PubcompPacket,
  type PublishPacket,
  type PubrecPacket,
  type PubrelPacket,
} from '../packet/packet.ts';
import { PACKET_ID_MAX, type PacketId } from '../packet/packet-id.ts';
import { NO_REASON_PROPERTIES } from '../packet/properties.ts';
import { ProtocolError, violation } from '../packet/protocol-error.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { Inbound } from './inbound.ts';
import { InFlight } from './in-flight.ts';
import { KeepAlive } from './keep-alive.ts';
import { ACKNOWLEDGE_LATER, type Delivery, type SessionOutput } from './output.ts';
import type { ConnectionTerms } from './terms.ts';
import { InboundAliases, OutboundAliases } from './topic-aliases.ts';

/** The packets that a session takes; all others are the owner's. */
export type SessionPacket =
  | PublishPacket
  | PubackPacket
  | PubrecPacket
  | PubrelPacket
  | PubcompPacket
  | PingreqPacket
  | PingrespPacket;

/** Names one message to be acknowledged later. Good for one answer; a second one is ignored. */
export interface Receipt {
  readonly id: PacketId;
  readonly qos: 1 | 2;
  /** The connection that brought it. */
  readonly connection: number;
  /** Its place among the acknowledgements that wait. */
  readonly place: number;
}

/** The session of one peer. `D` is the owner's kind of delivery. */
export class Session<D extends Delivery> {
  private readonly output: SessionOutput<D>;

  // Lives as long as the session.
  private readonly inFlight: InFlight<D>;
  private readonly inbound: Inbound;
  /** Counts connections, so that a receipt of an earlier one is told apart. */
  private connectionNumber: number;
  /** The first connection since the session's state was cleared: receipts of earlier ones are void. */
  private connectionFirst: number;

  // Lives as long as the connection; `terms` is undefined between connections.
  private terms: ConnectionTerms | undefined;
  private keepAlive: KeepAlive | undefined;
  private inboundAliases: InboundAliases | undefined;
  private outboundAliases: OutboundAliases | undefined;
  /** The next PUBLISH to send again after a resume; 0: all done. */
  private resendNext: PacketId | 0;
  /** Deliveries that count against `sendMaximum` on this connection. */
  private sentCount: number;

  /** @param packetIdMax  The highest packet identifier that it gives out. */
  constructor(output: SessionOutput<D>, packetIdMax: number = PACKET_ID_MAX) {
    this.output = output;
    this.inFlight = new InFlight(packetIdMax);
    this.inbound = new Inbound();
    this.connectionNumber = 0;
    this.connectionFirst = 1;
    this.terms = undefined;
    this.keepAlive = undefined;
    this.inboundAliases = undefined;
    this.outboundAliases = undefined;
    this.resendNext = 0;
    this.sentCount = 0;
  }

  /** Whether a connection is open. */
  get isConnected(): boolean {
    return this.terms !== undefined;
  }

  /** Deliveries of QoS 1 and 2 that are not settled. */
  get inFlightCount(): number {
    return this.inFlight.count;
  }

  /** QoS 2 messages from the peer whose PUBREL has not come. */
  get exactlyOnceCount(): number {
    return this.inbound.exactlyOnceCount;
  }

  /** What the connection has agreed on; `undefined` between connections. */
  get agreed(): ConnectionTerms | undefined {
    return this.terms;
  }

  /** When the peer was last heard; `undefined` between connections. */
  get heardAt(): Millis | undefined {
    return this.keepAlive?.receivedAt;
  }

  /** Opens a connection and sends again what is unfinished, in the original order [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-4.6.0-4]. */
  open(terms: ConnectionTerms, now: Millis): void {
    assert(this.terms === undefined, 'a session has one connection at a time');
    this.terms = terms;
    this.connectionNumber++;
    this.keepAlive = new KeepAlive(terms.keepAlive, terms.keepAliveDuty, now);
    // [MQTT-3.3.2-7]: aliases begin anew.
    this.inboundAliases = undefined;
    this.outboundAliases = undefined;
    this.inFlight.prepare();
    // [MQTT-4.9.0-1]: the quota begins anew. What is past PUBREC counts until its PUBCOMP, as on the first connection.
    this.sentCount = this.inFlight.releaseCount;
    this.inFlight.forEachRelease((id) => this.answer('pubrel', id, Reason.success));
    this.inFlight.markAllUnsent();
    this.resendNext = this.inFlight.firstPublish();
    this.resend(now);
  }

  /** The connection is over; what must outlive it stays. */
  close(): void {
    this.terms = undefined;
    this.keepAlive = undefined;
    this.inboundAliases = undefined;
    this.outboundAliases = undefined;
    this.resendNext = 0;
    this.sentCount = 0;
    this.inbound.endConnection();
    this.inFlight.takeBackAll();
    this.inFlight.trim();
  }

  /** Ends the session's state, in flight and received, without settling anything. Only between connections. */
  clear(): void {
    assert(this.terms === undefined, 'a session is cleared between connections');
    this.connectionFirst = this.connectionNumber + 1;
    this.inFlight.clear();
    this.inbound.clear();
  }

  /**
   * The peer has lost the session, and this side goes on with what it has in flight [MQTT-3.2.2-5]: what is past PUBREC is with the peer,
   * and settled; the rest is sent at `open` as new messages, under the identifiers it has. What the peer had sent is
   * forgotten, and receipts for it are void. Only between connections.
   */
  renew(): void {
    assert(this.terms === undefined, 'a session is renewed between connections');
    this.connectionFirst = this.connectionNumber + 1;
    for (const id of Array.from(this.inbound.exactlyOnceIds())) this.output.recordReleased(id);
    this.inbound.clear();
    this.inFlight.forEachRelease((id) => this.output.settle(this.inFlight.remove(id), Reason.success));
    this.inFlight.markAllNew();
  }

  /** Puts back a delivery that a store remembered; in the original order, before `open`. */
  restoreOutbound(id: PacketId, delivery: D, state: 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp'): void {
    this.inFlight.restore(id, delivery, state);
  }

  /** Puts back the identifier of a QoS 2 message that a store remembered as accepted; before `open`. */
  restoreInbound(id: PacketId): void {
    this.inbound.restore(id);
  }

  /** Visits the deliveries in flight: first those past PUBREC, then those not yet, each in order. */
  forEachInFlight(visit: (delivery: D, state: 'sent' | 'released', id: PacketId) => void): void {
    this.inFlight.forEachRelease((id, delivery) => visit(delivery, 'released', id));
    this.inFlight.forEachPublish((id, delivery) => visit(delivery, 'sent', id));
  }

  /** Visits the QoS 2 identifiers from the peer that wait for PUBREL. */
  forEachExactlyOnce(visit: (id: PacketId) => void): void {
    for (const id of this.inbound.exactlyOnceIds()) visit(id);
  }

  /** Whether a delivery of QoS 1 or 2 may be sent now, or so many of them. hot: */
  canPublish(count = 1): boolean {
    return (
      this.terms !== undefined &&
      this.resendNext === 0 &&
      this.sentCount + count <= this.terms.sendMaximum && // [MQTT-3.3.4-7] [MQTT-3.3.4-9] [MQTT-4.9.0-2]
      this.inFlight.hasFreeIds(count)
    );
  }

  /** How many deliveries of QoS 1 and 2 the window has room for. hot: */
  get windowFree(): number {
    return this.terms === undefined || this.resendNext !== 0 ? 0 : this.terms.sendMaximum - this.sentCount;
  }

  /**
   * Sends a delivery. QoS 0 needs an open connection, QoS 1 and 2 need `canPublish()`. hot:
   * Whoever would rather drop it (a slow reader, a packet too large for the peer) does so before: see `SessionOutput.publish`.
   */
  publish(delivery: D, now: Millis): void {
    assert(this.terms !== undefined, 'a delivery is sent on an open connection');
    const qos = delivery.qos;
    if (qos === 0) {
      this.transmit(delivery, undefined, false, now); // [MQTT-4.3.1-1] [MQTT-2.2.1-2] [MQTT-3.3.1-2]
      return;
    }
    assert(this.canPublish(), 'the window has room');
    const id = this.inFlight.add(delivery, qos); // [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1]
    this.sentCount++;
    this.output.recordSending(delivery, id);
    this.transmit(delivery, id, false, now); // [MQTT-4.3.2-2] [MQTT-4.3.3-2]
  }

  /**
   * Takes one packet from the peer, whatever is left of either quota [MQTT-4.9.0-3]. hot:
   * @throws {ProtocolError} when the peer broke a rule; the owner ends the connection.
   */
  receive(packet: SessionPacket, now: Millis): void {
    assert(this.keepAlive !== undefined, 'packets come on an open connection');
    this.keepAlive.received(now);
    switch (packet.kind) {
      case 'publish':
        return this.receivePublish(packet);
      case 'puback':
        return this.receivePuback(packet, now);
      case 'pubrec':
        return this.receivePubrec(packet, now);
      case 'pubrel':
        return this.receivePubrel(packet);
      case 'pubcomp':
        return this.receivePubcomp(packet, now);
      case 'pingreq':
        this.output.send(PINGRESP); // [MQTT-3.12.4-1]
        break;
      case 'pingresp':
        break; // Noted above, like everything that comes.
      default:
        return unreachable(packet);
    }
  }

  /** The receipt for the message in `deliver`'s hands; ask for it there, and return `ACKNOWLEDGE_LATER`. */
  receipt(id: PacketId, qos: 1 | 2): Receipt {
    return { id, qos, connection: this.connectionNumber, place: this.inbound.nextPlace };
  }

  /**
   * Acknowledges a message that `deliver` postponed. Leaves once all that came before it are acknowledged.
   * A receipt of an earlier connection is void for QoS 1, which the peer sends again. It still counts for QoS 2:
   * until it is answered, the copies that the peer sends again wait for it.
   */
  acknowledge(receipt: Receipt, reason: ReasonCode): void {
    const { id, qos, connection, place } = receipt;
    if (this.terms !== undefined && connection === this.connectionNumber) {
      if (!this.inbound.fill(place, id, qos, reason)) return;
    } else if (qos === 1 || connection < this.connectionFirst || this.inbound.standing(id) !== 'unanswered') return;
    if (qos === 2) {
      if (reason < 0x80) this.inbound.markAnswered(id);
      else this.inbound.forget(id); // [MQTT-4.3.3-9]
      this.inbound.fillRepeated(id, reason);
    }
    for (let ready = this.inbound.takeReady(); ready !== undefined; ready = this.inbound.takeReady()) {
      this.acknowledgeNow(ready.id, ready.qos, ready.reason ?? Reason.success, ready.counts);
    }
  }

  /** An answer that `SessionOutput.send` held back has left: the peer may count it. Only while the connection lasts. */
  answerLeft(): void {
    this.inbound.heldAnswerLeft();
  }

  /**
   * Ends a delivery that cannot be sent on this connection after all, as if the peer had answered with `reason`: a resume
   * may find it larger than the peer's new Maximum Packet Size [MQTT-3.1.2-25]. Best before `open`; never from inside an output.
   */
  abandon(id: PacketId, reason: ReasonCode, now: Millis): void {
    const state = this.inFlight.state(id);
    assert(state === 'awaiting-puback' || state === 'awaiting-pubrec', 'what is abandoned waits for PUBACK or PUBREC');
    this.finish(id, reason, now);
  }

  /**
   * Ends a QoS 2 delivery that cannot be sent again, though the peer may have had it: PUBREL goes out in place of PUBLISH, and
   * the identifier is free with PUBCOMP. Only between connections, before `open`.
   */
  withdraw(id: PacketId): void {
    assert(this.terms === undefined, 'a delivery is withdrawn between connections');
    this.inFlight.release(id);
    this.output.recordReceived(this.inFlight.delivery(id), Reason.success, id);
  }

  /** Lends an identifier to a SUBSCRIBE or UNSUBSCRIBE of ours; `undefined` when all are in use. */
  lendId(): PacketId | undefined {
    return this.inFlight.lend();
  }

  /** Takes a lent identifier back with SUBACK or UNSUBACK. Says whether it was lent. */
  returnId(id: PacketId): boolean {
    return this.inFlight.takeBack(id);
  }

  /** Something came from the peer that the owner handles itself: keep-alive counts it. */
  noteReceived(now: Millis): void {
    this.keepAlive?.received(now);
  }

  /** When `tick` is due; `undefined`: never. */
  nextDeadline(): Millis | undefined {
    return this.keepAlive?.nextDeadline();
  }

  /**
   * Lets time pass.
   * @throws {ProtocolError} `keep-alive-timeout` (0x8D).
   */
  tick(now: Millis): void {
    if (this.keepAlive?.tick(now) === true) this.output.send(PINGREQ);
  }

  /** hot: */
  private receivePublish(packet: PublishPacket): void {
    const topic = packet.topicAlias === 0 ? packet.topic : this.resolveAlias(packet);
    const { qos, id } = packet;
    if (qos === 0 || id === undefined) {
      this.output.deliver(packet, topic);
      return;
    }
    if (qos === 2 && this.inbound.standing(id) !== 'new') return this.receiveRepeated(id);
    // [MQTT-4.3.2-5]: QoS 1 is a new message, whatever its identifier and DUP flag.
    this.countReceived();
    const reason = this.output.deliver(packet, topic);
    if (reason === ACKNOWLEDGE_LATER) {
      if (qos === 2) this.inbound.remember(id, false);
      this.inbound.wait(id, qos, undefined, true);
      return;
    }
    if (qos === 2 && reason < 0x80) this.inbound.remember(id, true); // Otherwise: [MQTT-4.3.3-9].
    if (this.inbound.mustWait) this.inbound.wait(id, qos, reason, true);
    else this.acknowledgeNow(id, qos, reason, true);
  }

  /** A QoS 2 PUBLISH whose identifier is still in use is acknowledged again, not delivered again [MQTT-4.3.3-10]. */
  private receiveRepeated(id: PacketId): void {
    const counts = this.inbound.countsAgain(id);
    if (counts) this.countReceived();
    if (this.inbound.standing(id) === 'unanswered') this.inbound.waitForFirstCopy(id, counts);
    else if (this.inbound.mustWait) this.inbound.wait(id, 2, Reason.success, counts);
    else this.acknowledgeNow(id, 2, Reason.success, counts);
  }

  /** hot: */
  private countReceived(): void {
    const count = this.inbound.count();
    const terms = this.terms;
    assert(terms !== undefined, 'packets come on an open connection');
    if (!terms.receiveMaximumEnforced || count <= terms.receiveMaximum) return;
    throw new ProtocolError(
      'receive-maximum-exceeded',
      Reason.receiveMaximumExceeded,
      terms.keepAliveDuty === 'watch' ? 'MQTT-3.3.4-7' : 'MQTT-3.3.4-9',
      `More than ${terms.receiveMaximum} PUBLISH packets of QoS 1 and 2 are unacknowledged, which is our Receive Maximum.`,
    );
  }

  /** hot: */
  private acknowledgeNow(id: PacketId, qos: 1 | 2, reason: ReasonCode, counts: boolean): void {
    // [MQTT-3.3.4-1] [MQTT-4.3.2-4] [MQTT-4.3.3-8]
    const left = this.answer(qos === 1 ? 'puback' : 'pubrec', id, reason);
    // A QoS 2 message with a good PUBREC counts until its PUBCOMP.
    if (counts && (qos === 1 || reason >= 0x80)) this.inbound.answered(left);
  }

  private receivePubrel(packet: PubrelPacket): void {
    const { id } = packet;
    const standing = this.inbound.standing(id);
    if (standing === 'unanswered') {
      throw violation('MQTT-4.3.3-4', `PUBREL for packet identifier ${id}, which has had no PUBREC.`);
    }
    if (standing === 'new') {
      this.answer('pubcomp', id, Reason.packetIdentifierNotFound);
      return;
    }
    const counted = this.inbound.forget(id); // [MQTT-4.3.3-12]
    this.output.recordReleased(id);
    const left = this.answer('pubcomp', id, Reason.success); // [MQTT-4.3.3-11] [MQTT-4.3.3-13]
    // After a resume PUBREL may answer a PUBREC of an earlier connection.
    if (counted) this.inbound.answered(left);
  }

  /** hot: */
  private receivePuback(packet: PubackPacket, now: Millis): void {
    const { id } = packet;
    const state = this.inFlight.state(id);
    switch (state) {
      case 'awaiting-puback':
        return this.finish(id, packet.reasonCode, now); // [MQTT-4.3.2-3] [MQTT-4.4.0-2]
      case 'free':
        return; // An answer to a delivery of a session that is gone: harmless.
      case 'awaiting-pubrec':
      case 'awaiting-pubcomp':
      case 'request':
        throw wrongAnswer('PUBACK', id, 'MQTT-4.3.2-3');
      default:
        return unreachable(state);
    }
  }

  private receivePubrec(packet: PubrecPacket, now: Millis): void {
    const { id } = packet;
    const state = this.inFlight.state(id);
    switch (state) {
      case 'awaiting-pubrec':
        // [MQTT-4.3.3-3] [MQTT-4.4.0-2]
        if (packet.reasonCode >= 0x80) return this.finish(id, packet.reasonCode, now);
        // PUBREC may come before the PUBLISH's turn to be sent again; from now on it counts.
        if (this.inFlight.isUnsent(id)) this.sentCount++;
        if (this.resendNext === id) this.resendNext = this.inFlight.nextPublish(id);
        this.inFlight.release(id);
        this.output.recordReceived(this.inFlight.delivery(id), packet.reasonCode, id);
        this.answer('pubrel', id, Reason.success); // [MQTT-4.3.3-4]
        return this.resend(now);
      case 'awaiting-pubcomp':
        if (packet.reasonCode >= 0x80) return this.finish(id, packet.reasonCode, now); // [MQTT-4.4.0-2]
        // The peer says it again, so we do; the PUBLISH is never sent again [MQTT-4.3.3-6].
        this.answer('pubrel', id, Reason.success);
        return;
      case 'free':
        // The peer remembers what we do not: let it finish. One that refuses has finished.
        if (packet.reasonCode < 0x80) this.answer('pubrel', id, Reason.packetIdentifierNotFound);
        return;
      case 'awaiting-puback':
      case 'request':
        throw wrongAnswer('PUBREC', id, 'MQTT-4.3.3-3');
      default:
        return unreachable(state);
    }
  }

  private receivePubcomp(packet: PubcompPacket, now: Millis): void {
    const { id } = packet;
    const state = this.inFlight.state(id);
    switch (state) {
      case 'awaiting-pubcomp':
        // Whatever it says, the peer does not know the identifier any more: the message is with it [MQTT-4.3.3-5].
        return this.finish(id, Reason.success, now);
      case 'free':
        return;
      case 'awaiting-puback':
      case 'awaiting-pubrec':
      case 'request':
        throw wrongAnswer('PUBCOMP', id, 'MQTT-4.3.3-5');
      default:
        return unreachable(state);
    }
  }

  /** hot: a delivery is over, its place in the window is free. */
  private finish(id: PacketId, reason: ReasonCode, now: Millis): void {
    // One that was acknowledged before its turn to be sent again does not count on this connection.
    if (!this.inFlight.isUnsent(id)) this.sentCount--;
    if (this.resendNext === id) this.resendNext = this.inFlight.nextPublish(id);
    const delivery = this.inFlight.remove(id);
    this.output.settle(delivery, reason);
    if (this.resendNext !== 0) this.resend(now);
  }

  /** Sends again what a resume owes, as far as the peer's Receive Maximum allows. */
  private resend(now: Millis): void {
    const terms = this.terms;
    assert(terms !== undefined, 'a delivery is sent on an open connection');
    while (this.resendNext !== 0 && this.sentCount < terms.sendMaximum) {
      const id = this.resendNext;
      this.resendNext = this.inFlight.nextPublish(id);
      this.sentCount++;
      const dup = !this.inFlight.isNew(id);
      this.inFlight.markSent(id);
      // However old: a message that was sent does not expire [MQTT-4.3.3-7].
      this.transmit(this.inFlight.delivery(id), id, dup, now); // [MQTT-3.3.1-1]
    }
  }

  /** `dup` says whether this is sent again, and nothing else does [MQTT-3.3.1-3]. hot: */
  private transmit(delivery: D, id: PacketId | undefined, dup: boolean, now: Millis): void {
    const { terms, keepAlive } = this;
    assert(terms !== undefined && keepAlive !== undefined, 'a delivery is sent on an open connection');
    keepAlive.sent(now);
    // An owner may hold QoS 2 back while other messages pass it, so a QoS 2 packet must not teach the peer an alias.
    if (terms.sendAliasMaximum === 0 || delivery.qos === 2) {
      this.output.publish(delivery, id, dup, 0, false, now);
      return;
    }
    this.outboundAliases ??= new OutboundAliases(terms.sendAliasMaximum);
    const { topic } = delivery.message;
    const known = this.outboundAliases.find(topic);
    const alias = known === 0 ? this.outboundAliases.assign(topic) : known;
    this.output.publish(delivery, id, dup, alias, known !== 0, now);
  }

  /** Answers leave at once, whatever is left of the send quota [MQTT-3.3.4-8] [MQTT-3.3.4-10], with the identifier of the PUBLISH [MQTT-2.2.1-5]. hot: */
  private answer(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: PacketId, reasonCode: ReasonCode): boolean {
    return this.output.send({ kind, id, reasonCode, properties: NO_REASON_PROPERTIES });
  }

  private resolveAlias(packet: PublishPacket): string {
    const { terms } = this;
    assert(terms !== undefined, 'packets come on an open connection');
    this.inboundAliases ??= new InboundAliases(terms.receiveAliasMaximum, terms.keepAliveDuty);
    return this.inboundAliases.resolve(packet.topicAlias, packet.topic);
  }
}

function wrongAnswer(name: string, id: PacketId, statement: string): ProtocolError {
  return violation(statement, `${name} for packet identifier ${id}, which is in another flow.`);
}
