// The receiving half of a session: QoS 1 and 2 messages that the peer sends, their identifiers, and
// the order in which their acknowledgements leave.
//
// QoS 2 identifiers live as long as the session: from the first PUBLISH to its PUBREL an identifier
// stands here, and a PUBLISH that repeats it is acknowledged but not delivered again
// [MQTT-4.3.3-10]. The waiting acknowledgements live as long as the connection: an owner may answer in
// any order, they leave in the order of arrival [MQTT-4.6.0-2] [MQTT-4.6.0-3].
// The count that Receive Maximum bounds goes by identifier: what the peer repeats counts once.

import { RingQueue } from '../base/ring-queue.ts';
import type { PacketId } from '../packet/packet-id.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';

/** An acknowledgement that the owner still owes, or that waits for one owed before it. */
export interface PendingAnswer {
  readonly id: PacketId;
  readonly qos: 1 | 2;
  /** Whether its PUBLISH was counted as unacknowledged; one that repeats another is not counted again. */
  readonly counts: boolean;
  /** `undefined` until the owner answers. */
  reason: ReasonCode | undefined;
}

/** Where a QoS 2 identifier stands: `unanswered` until the owner has said what it makes of the message. */
export type Standing = 'new' | 'unanswered' | 'answered';

/** Bits of what is remembered of a QoS 2 identifier. */
const ANSWERED = 1;
/** It came on this connection, so it counts as unacknowledged. */
const COUNTED = 2;

/** What has come and is not finished. */
export class Inbound {
  // Lives as long as the session.
  /** QoS 2 identifiers between PUBLISH and PUBREL, as bits. At most 65,535. */
  private readonly exactlyOnce: Map<PacketId, number>;

  // Lives as long as the connection.
  /** Messages that the peer still counts as unacknowledged; at most Receive Maximum when that is enforced. */
  private unacknowledged: number;
  /** Of these, the ones whose answer was given to the owner, who holds it back. */
  private heldBack: number;
  /** Answers in order of arrival, made when the first one has to wait. Bounded like `unacknowledged`, where that is. */
  private pending: RingQueue<PendingAnswer> | undefined;
  /** The place of the next answer that has to wait; places go up by one. */
  private placeNext: number;
  /** Answers in `pending` for a QoS 2 PUBLISH that came again before its first copy was answered. */
  private repeatedCount: number;

  constructor() {
    this.exactlyOnce = new Map();
    this.unacknowledged = 0;
    this.heldBack = 0;
    this.pending = undefined;
    this.placeNext = 0;
    this.repeatedCount = 0;
  }

  /** How many QoS 2 identifiers wait for PUBREL. */
  get exactlyOnceCount(): number {
    return this.exactlyOnce.size;
  }

  /** The QoS 2 identifiers that wait for PUBREL. */
  exactlyOnceIds(): IterableIterator<PacketId> {
    return this.exactlyOnce.keys();
  }

  /** Where a QoS 2 identifier stands. hot: */
  standing(id: PacketId): Standing {
    const bits = this.exactlyOnce.get(id);
    return bits === undefined ? 'new' : (bits & ANSWERED) === 0 ? 'unanswered' : 'answered';
  }

  /** A QoS 2 message came for the first time. hot: */
  remember(id: PacketId, answered: boolean): void {
    this.exactlyOnce.set(id, answered ? COUNTED | ANSWERED : COUNTED);
  }

  /** Puts back an identifier that a store remembered. */
  restore(id: PacketId): void {
    this.exactlyOnce.set(id, ANSWERED);
  }

  /** The owner took the message under this identifier. */
  markAnswered(id: PacketId): void {
    this.exactlyOnce.set(id, (this.exactlyOnce.get(id) ?? 0) | ANSWERED);
  }

  /** The identifier is free for a new message. Says whether it counted as unacknowledged. hot: */
  forget(id: PacketId): boolean {
    const bits = this.exactlyOnce.get(id) ?? 0;
    this.exactlyOnce.delete(id);
    return (bits & COUNTED) !== 0;
  }

  /** One message more is unacknowledged; says how many are now. hot: */
  count(): number {
    return ++this.unacknowledged;
  }

  /** A PUBLISH repeats a QoS 2 identifier. Says whether it is to be counted: one that came on this connection already is. */
  countsAgain(id: PacketId): boolean {
    const bits = this.exactlyOnce.get(id) ?? 0;
    this.exactlyOnce.set(id, bits | COUNTED);
    return (bits & COUNTED) === 0;
  }

  /** The last answer to a message that counts was given out; `left`: the peer gets it now. hot: */
  answered(left: boolean): void {
    if (left) this.unacknowledged--;
    else this.heldBack++;
  }

  /** An answer that the owner held back has left. */
  heldAnswerLeft(): void {
    // Answers to what an earlier connection brought are held back as well, and do not count.
    if (this.heldBack === 0) return;
    this.heldBack--;
    this.unacknowledged--;
  }

  /** Whether answers wait, so that a new one must queue behind them. hot: */
  get mustWait(): boolean {
    return this.pending !== undefined && this.pending.length > 0;
  }

  /** The place that the next answer to wait will have. */
  get nextPlace(): number {
    return this.placeNext;
  }

  /** Queues an answer, known or not. */
  wait(id: PacketId, qos: 1 | 2, reason: ReasonCode | undefined, counts: boolean): void {
    this.pending ??= new RingQueue();
    this.pending.push({ id, qos, counts, reason });
    this.placeNext++;
  }

  /** Queues the answer to a QoS 2 PUBLISH whose first copy has none yet: `fillRepeated` gives both the same. */
  waitForFirstCopy(id: PacketId, counts: boolean): void {
    this.wait(id, 2, undefined, counts);
    this.repeatedCount++;
  }

  /** Fills in the answer that was owed at this place. Says whether it was. */
  fill(place: number, id: PacketId, qos: 1 | 2, reason: ReasonCode): boolean {
    const { pending } = this;
    const index = pending === undefined ? -1 : place - (this.placeNext - pending.length);
    if (pending === undefined || index < 0 || index >= pending.length) return false;
    const answer = pending.at(index);
    if (answer.reason !== undefined || answer.id !== id || answer.qos !== qos) return false;
    answer.reason = reason;
    return true;
  }

  /** Fills in the answers to all copies of a QoS 2 PUBLISH that wait for the first one's. */
  fillRepeated(id: PacketId, reason: ReasonCode): void {
    const { pending } = this;
    if (pending === undefined) return;
    for (let index = 0; this.repeatedCount > 0 && index < pending.length; index++) {
      const answer = pending.at(index);
      if (answer.id !== id || answer.qos !== 2 || answer.reason !== undefined) continue;
      answer.reason = reason;
      this.repeatedCount--;
    }
  }

  /** Takes the next answer that may leave; `undefined` when the first one is still owed. */
  takeReady(): PendingAnswer | undefined {
    if (this.pending?.peek()?.reason === undefined) return undefined;
    return this.pending.shift();
  }

  /** The connection ended: whatever waited for it is void. */
  endConnection(): void {
    this.unacknowledged = 0;
    this.heldBack = 0;
    this.pending = undefined;
    this.repeatedCount = 0;
    for (const [id, bits] of this.exactlyOnce) this.exactlyOnce.set(id, bits & ANSWERED);
  }

  /** The session ended. */
  clear(): void {
    this.endConnection();
    this.exactlyOnce.clear();
  }
}
