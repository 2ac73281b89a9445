// The client's Session State (section 4.1): the QoS machine, the outbox and the inbox, and with a store what of it is on disk. It
// outlives connections; each new one is opened on it with what was agreed on, and the machine sends again what is unfinished.
//
// Session Present 0, with messages in flight. This is the table of `onAmbiguous`:
//
// | a message of ours was           | then it                                                                |
// |---------------------------------|------------------------------------------------------------------------|
// | not sent                        | waits as before                                                        |
// | sent, QoS 1, without PUBACK     | is sent as a new one: at least once                                    |
// | sent, QoS 2, without PUBREC     | 'resend': is sent as a new one, and may arrive twice; 'reject': is not, and its promise says `ambiguous` |
// | past PUBREC                     | is with the broker: delivered                                          |
//
// What the broker had sent and we had not released is forgotten as far as the broker goes; what is in the inbox stays there.

import { OperationError } from '../base/errors.ts';
import type { Millis } from '../base/millis.ts';
import type { PublishPacket } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { ACKNOWLEDGE_LATER, Answer, SessionOutput } from '../session/output.ts';
import { type Receipt, Session } from '../session/session.ts';
import { isExpired } from '../store/expiry.ts';
import type { Arrival } from './arrival.ts';
import type { ClientStore } from './client-store.ts';
import type { CommitGate, GateOutlet } from './commit.ts';
import type { HandlingOwner } from './handling.ts';
import type { Agreement } from './handshake.ts';
import { Inbox, type InboxOwner } from './inbox.ts';
import type { Link } from './link.ts';
import type { Settings } from './options.ts';
import { expired, IN_MEMORY, Outbox, type OutboxOwner } from './outbox.ts';
import { unsendable } from './outgoing.ts';
import { outcomeOf, type Publication, SENT, storedPublication } from './publication.ts';
import { OUTBOX } from './recipients.ts';
import type { ClientTuning } from './tuning.ts';

/** Less than one such part of the window is not worth a packet of the network by itself. */
const WINDOW_PARTS = 8;

/** Who stands behind the state. */
export interface SessionStateOwner extends HandlingOwner {
  /** Calls `task` a moment later. */
  soon(task: () => void): void;
  /** A message failed that an earlier process has published. */
  undelivered(topic: string, error: Error): void;
  now(): Millis;
}

/** The Session State of one client. */
export class SessionState implements SessionOutput<Publication>, GateOutlet, InboxOwner, OutboxOwner {
  readonly machine: Session<Publication>;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  private readonly owner: SessionStateOwner;
  private readonly kept: ClientStore | undefined;
  private readonly resendsAmbiguous: boolean;
  private readonly sendBytesMark: number;
  /** Without a store nothing waits. */
  private readonly gate: CommitGate | undefined;
  // Live as long as the connection.
  private link: Link | undefined;
  private agreement: Agreement | undefined;
  private sentAt: Millis;
  /** What waits for more to go with is to go soon. */
  private isMomentSet: boolean;
  /** It is to go now. */
  private isMomentOver: boolean;
  private readonly onMoment: () => void;

  constructor(owner: SessionStateOwner, settings: Settings, kept: ClientStore | undefined, tuning: ClientTuning) {
    this.owner = owner;
    this.kept = kept;
    this.resendsAmbiguous = settings.resendsAmbiguous;
    this.sendBytesMark = tuning.sendBytesMark;
    this.machine = new Session<Publication>(this, tuning.packetIdMax);
    this.outbox = new Outbox(settings, kept, tuning, this);
    this.inbox = new Inbox(this, settings, kept, tuning);
    this.gate = kept?.newGate(this);
    this.link = undefined;
    this.agreement = undefined;
    this.sentAt = owner.now();
    this.isMomentSet = false;
    this.isMomentOver = false;
    this.onMoment = () => this.endMoment();
    if (kept !== undefined) this.restore(kept);
  }

  /** CONNACK came: goes on with the session, or begins one with what there is. */
  open(agreement: Agreement, link: Link, now: Millis): void {
    this.link = link;
    this.agreement = agreement;
    this.sentAt = now;
    this.gate?.open();
    if (!agreement.sessionPresent) this.renew(now);
    this.giveUpUnsendable(agreement, now);
    this.machine.open(agreement.terms, now);
  }

  /** The connection is over. */
  close(error: Error): void {
    this.link = undefined;
    this.agreement = undefined;
    this.machine.close();
    this.gate?.close();
    this.outbox.failUnstored(error);
    this.inbox.connectionEnded();
  }

  /** The client is over: nothing is sent or handed over any more, and whoever waits is told. */
  end(errorFor: (isStored: boolean) => Error): void {
    const error = errorFor(this.kept !== undefined);
    const inFlight = new Set<number>();
    this.machine.forEachInFlight(({ handle, messageId }, state) => {
      inFlight.add(messageId);
      // What is past PUBREC is the broker's already.
      if (state === 'released') handle?.settle(SENT);
      else this.outbox.leave(handle, error);
    });
    this.outbox.end(errorFor, inFlight);
    this.inbox.end();
  }

  /** Sends what waits, as far as the broker's window and the network allow. hot: */
  pump(): void {
    const { link, outbox } = this;
    if (link === undefined) return;
    const now = this.owner.now();
    this.sentAt = now;
    for (let next = outbox.unstored.peek(); next !== undefined; next = outbox.unstored.peek()) {
      if (link.waitingBytes > this.sendBytesMark) return;
      outbox.unstored.shift();
      this.sendUnstored(next, now);
    }
    const { queue } = outbox;
    if (this.waitsForMore(outbox.queuedCount)) return;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (link.waitingBytes > this.sendBytesMark || !this.machine.canPublish()) break;
      queue.shift();
      const problem = this.problemOf(next, now);
      if (problem === undefined) this.machine.publish(next, now);
      else outbox.settle(next, problem);
    }
    outbox.readAhead();
  }

  /**
   * While the window is all but full, what waits goes a moment later, with more: a broker that acknowledges messages one by one
   * would else be written to one by one. The moment has an end, whatever the broker does. hot:
   */
  private waitsForMore(waiting: number): boolean {
    const { agreement, machine } = this;
    if (waiting === 0 || agreement === undefined || this.isMomentOver) return false;
    if (machine.windowFree >= agreement.terms.sendMaximum / WINDOW_PARTS) return false;
    if (!this.isMomentSet) {
      this.isMomentSet = true;
      this.owner.soon(this.onMoment);
    }
    return true;
  }

  /** Sends a message of QoS 0, as soon as the network takes it. */
  sendSoon(publication: Publication): void {
    publication.handle?.storedWith(IN_MEMORY);
    this.outbox.unsettled.add();
    const { link, outbox } = this;
    if (link === undefined || outbox.unstored.length > 0 || link.waitingBytes > this.sendBytesMark) {
      outbox.unstored.push(publication);
      return;
    }
    const now = this.owner.now();
    this.sentAt = now;
    this.sendUnstored(publication, now);
  }

  /** More is durable, or the store has room again. */
  storeMoved(): void {
    this.gate?.release();
    this.outbox.admit();
    this.inbox.pump();
    this.pump();
  }

  // What the machine asks for.

  /** hot: */
  publish(
    publication: Publication,
    id: PacketId | undefined,
    dup: boolean,
    topicAlias: number,
    omitTopic: boolean,
    now: Millis,
  ): void {
    this.sentAt = now;
    if (id !== undefined && publication.qos === 2 && this.gate !== undefined) {
      this.gate.sendExactlyOnce(publication, id, dup);
      return;
    }
    publication.isSent = true;
    this.link?.sendPublish(publication, id, dup, topicAlias, omitTopic, now);
  }

  send(answer: Answer): boolean {
    if (this.gate !== undefined) return this.gate.send(answer);
    this.link?.send(answer);
    return true;
  }

  deliver(packet: PublishPacket, topic: string): ReasonCode | typeof ACKNOWLEDGE_LATER {
    return this.inbox.deliver(packet, topic);
  }

  settle(publication: Publication, reason: ReasonCode): void {
    // Of QoS 2, PUBREC has said it; PUBCOMP says no more than that it is over.
    const answer = reason === Reason.success ? publication.answer : reason;
    this.outbox.settle(publication, publication.failure ?? outcomeOf(publication.message.topic, answer));
  }

  recordSending({ messageId, qos }: Publication, id: PacketId): void {
    if (messageId === 0 || this.kept === undefined) return;
    const isAwaited = qos === 2;
    const batch = this.kept.store.recordSending(OUTBOX, messageId, id, isAwaited);
    if (isAwaited) this.gate?.holdDeliveries(batch);
  }

  recordReceived(publication: Publication, reason: ReasonCode): void {
    const { messageId } = publication;
    publication.answer = reason;
    if (messageId === 0 || this.kept === undefined) return;
    this.gate?.holdDeliveries(this.kept.store.recordReceived(OUTBOX, messageId));
  }

  recordReleased(id: PacketId): void {
    if (this.kept !== undefined) this.gate?.holdAnswers(this.kept.store.recordReleased(OUTBOX, id));
  }

  // What the gate asks for.

  sendAnswer(answer: Answer): void {
    this.link?.send(answer);
  }

  sendPublish(publication: Publication, id: PacketId, dup: boolean): void {
    publication.isSent = true;
    this.link?.sendPublish(publication, id, dup, 0, false, this.sentAt);
  }

  heldAnswerLeft(): void {
    this.machine.answerLeft();
  }

  // What the inbox asks for.

  dispatch(arrival: Arrival): boolean {
    return this.owner.dispatch(arrival);
  }

  dropped(topic: string): void {
    this.owner.dropped(topic);
  }

  unclaimed(): void {
    this.owner.unclaimed();
  }

  receipt({ id, qos }: PublishPacket): Receipt | undefined {
    return id === undefined || qos === 0 ? undefined : this.machine.receipt(id, qos);
  }

  acknowledge(receipt: Receipt): void {
    this.machine.acknowledge(receipt, Reason.success);
  }

  holdAnswers(after: number): void {
    this.gate?.holdAnswers(after);
  }

  moved(): void {
    this.owner.moved();
  }

  // What the outbox asks for.

  outboxMoved(): void {
    this.pump();
  }

  undelivered(topic: string, error: Error): void {
    this.owner.undelivered(topic, error);
  }

  private endMoment(): void {
    this.isMomentSet = false;
    this.isMomentOver = true;
    this.pump();
    this.isMomentOver = false;
  }

  private restore(kept: ClientStore): void {
    const { inFlight, exactlyOnceIds } = kept.remembered;
    for (const each of inFlight)
      this.machine.restoreOutbound(each.id, storedPublication(each, undefined, true), each.state);
    for (const id of exactlyOnceIds) this.machine.restoreInbound(id);
    this.outbox.readAhead();
  }

  /** The broker has no session of ours: see the table above. */
  private renew(now: Millis): void {
    this.machine.renew();
    this.inbox.sessionLost();
    if (this.resendsAmbiguous) return;
    const error = new OperationError(
      'ambiguous',
      'The broker has lost the session after the message was sent and before it was acknowledged: it may have the message or not.',
    );
    // What was on its way to the disk only has not left, and nothing about it is ambiguous.
    this.giveUp(({ qos, isSent }) => (qos === 2 && isSent ? error : undefined), false, now);
  }

  /** What was sent, and is not acknowledged, may be too large for this broker, or of a QoS that it does not take. */
  private giveUpUnsendable(agreement: Agreement, now: Millis): void {
    this.giveUp(
      (publication) => {
        if (publication.checkedFor === agreement) return undefined;
        publication.checkedFor = agreement;
        return unsendable(publication.message, agreement);
      },
      agreement.sessionPresent,
      now,
    );
  }

  /**
   * Ends deliveries in flight, for which there is an error.
   * @param mayBeThere  The broker may have a QoS 2 message under its identifier, which is not free then before PUBCOMP.
   */
  private giveUp(errorOf: (publication: Publication) => Error | undefined, mayBeThere: boolean, now: Millis): void {
    const given: { readonly publication: Publication; readonly id: PacketId; readonly error: Error }[] = [];
    this.machine.forEachInFlight((publication, state, id) => {
      const error = state === 'sent' ? errorOf(publication) : undefined;
      if (error !== undefined) given.push({ publication, id, error });
    });
    for (const { publication, id, error } of given) {
      publication.failure = error;
      if (publication.qos === 2 && mayBeThere) this.machine.withdraw(id);
      else this.machine.abandon(id, Reason.unspecifiedError, now);
    }
  }

  /** Why a message that waited cannot be sent after all. hot: */
  private problemOf(publication: Publication, now: Millis): Error | undefined {
    const { message, handle } = publication;
    if (handle?.isAborted === true) return new OperationError('closed', 'The message was given up.');
    if (isExpired(message, now)) return expired(message.topic);
    if (publication.checkedFor === this.agreement || this.agreement === undefined) return undefined;
    publication.checkedFor = this.agreement;
    return unsendable(message, this.agreement);
  }

  private sendUnstored(publication: Publication, now: Millis): void {
    const problem = this.problemOf(publication, now);
    if (problem === undefined) this.machine.publish(publication, now);
    this.outbox.settleUnstored(publication, problem ?? SENT);
  }
}
