// What must be durable before what leaves. This is the one file that knows.
//
// | leaves                                   | only after this is durable                              | lane       |
// |------------------------------------------|---------------------------------------------------------|------------|
// | PUBACK, PUBREC                           | the message with its persistent recipients, its origin if QoS 2, and as retained message | answers |
// | PUBACK of an elided message              | nothing: everybody had it before it was written (elision.ts) | answers |
// | PUBREC of a repeated PUBLISH             | the first copy's batch: its PUBREC waits before this one, or CONNACK did | answers |
// | PUBCOMP                                  | the removal of the inbound identifier [MQTT-4.3.3-12]   | answers    |
// | SUBACK, UNSUBACK of a persistent session | the change itself                                       | answers    |
// | CONNACK                                  | the session's record, its Will; for a new session the deletion of its client's last one (connecting.ts waits before it opens the gate) | - |
// | PUBLISH QoS 2 to a persistent session    | the message, and its packet identifier [MQTT-4.4.0-1]   | deliveries |
// | PUBLISH QoS 2 that waited for a shared subscription, to any other session | that its group has settled it [MQTT-4.8.2-5] | deliveries |
// | PUBREL to a persistent session           | that its PUBREC came [MQTT-4.3.3-6]                     | deliveries |
// | PUBLISH QoS 0 and 1, PINGRESP, DISCONNECT | nothing                                                | -          |
//
// Each connection has one gate with two lanes, in which nothing overtakes anything: answers leave in the order in which the
// packets came, and a delivery never waits for an answer. An answer waits for a batch of its own (`holdAnswers`
// names it, `send` takes it up) and for those before it; so one that turns out to have nothing to wait for leaves
// with them. A delivery waits for the latest batch that any delivery of the connection was to wait for.
// A held packet belongs to the connection that carried its cause: when that ends, it is discarded, never
// sent on the next one, where it would acknowledge a new message that reused the identifier.

import type { Millis } from '../base/millis.ts';
import { unreachable } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Packet } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import type { Batch, MessageId, Store } from '../store/contract.ts';
import type { Elision } from './elision.ts';
import type { SessionDelivery } from './session-delivery.ts';

/** An answer that waits. */
export interface HeldAnswer {
  readonly gate: CommitGate;
  readonly packet: Packet;
  /** Its own batch; 0: it waits for the answers before it alone. */
  after: Batch;
  /** The message that must be stored for it, if that is all; else 0. */
  readonly messageId: MessageId;
}

/** A delivery's packet that waits. */
type HeldDelivery =
  | { readonly kind: 'packet'; readonly after: Batch; readonly packet: Packet }
  | {
      readonly kind: 'publish';
      readonly after: Batch;
      readonly delivery: SessionDelivery;
      readonly id: PacketId;
      readonly dup: boolean;
    };

/** Where packets go when nothing holds them. */
export interface GateOutlet {
  writePacket(packet: Packet): void;
  writePublish(
    delivery: SessionDelivery,
    id: PacketId | undefined,
    dup: boolean,
    topicAlias: number,
    omitTopic: boolean,
    now: Millis,
  ): void;
  /** A packet that had been held has left. */
  heldPacketLeft(packet: Packet): void;
  /** Fewer packets are held than before. */
  gateMoved(): void;
}

/** The gate of one connection. */
export class CommitGate {
  private readonly store: Store;
  private readonly outlet: GateOutlet;
  /** The gates that hold something, to be told of durability; shared by all. */
  private readonly holding: Set<CommitGate>;
  /** Shared by all. */
  private readonly elision: Elision;
  /** What the next answer waits for. */
  private answerAfter: Batch;
  private answerMessageId: MessageId;
  private deliveriesAfter: Batch;
  private latest: Batch;
  private answers: RingQueue<HeldAnswer> | undefined;
  private deliveries: RingQueue<HeldDelivery> | undefined;

  constructor(store: Store, outlet: GateOutlet, holding: Set<CommitGate>, elision: Elision) {
    this.store = store;
    this.outlet = outlet;
    this.holding = holding;
    this.elision = elision;
    this.answerAfter = 0;
    this.answerMessageId = 0;
    this.deliveriesAfter = 0;
    this.latest = 0;
    this.answers = undefined;
    this.deliveries = undefined;
  }

  /** How many answers are held. hot: */
  get heldAnswers(): number {
    return this.answers === undefined ? 0 : this.answers.length;
  }

  /** Whether something that the client caused is not durable yet. hot: */
  get isLate(): boolean {
    return this.latest > this.store.durable;
  }

  /**
   * The next answer waits for this batch. Called more than once: for the latest of them. hot:
   * @param messageId  The message that the batch is to store, if the answer waits for nothing else and the message is of QoS 1
   * and not retained; else 0.
   */
  holdAnswers(after: Batch, messageId: MessageId = 0): void {
    this.noteLate(after);
    this.answerMessageId = this.answerAfter === 0 ? messageId : 0;
    if (after > this.answerAfter) this.answerAfter = after;
  }

  /** The next QoS 2 PUBLISH and PUBREL packets wait for this batch. hot: */
  holdDeliveries(after: Batch): void {
    this.noteLate(after);
    if (after > this.deliveriesAfter) this.deliveriesAfter = after;
  }

  /** The client caused a change for which nothing waits. hot: */
  noteLate(after: Batch): void {
    if (after > this.latest) this.latest = after;
  }

  /** Sends a packet other than PUBLISH, now or when its lane allows; says whether it has left. hot: */
  send(packet: Packet): boolean {
    const lane = laneOf(packet);
    if (lane === 'answers') return this.sendAnswer(packet);
    if (lane === 'deliveries' && !this.isClear(this.deliveriesAfter, this.deliveries)) {
      this.hold({ kind: 'packet', after: this.deliveriesAfter, packet });
      return false;
    }
    this.outlet.writePacket(packet);
    return true;
  }

  /** Sends a PUBLISH of QoS 2 to a persistent session, now or when its lane allows. */
  sendExactlyOnce(delivery: SessionDelivery, id: PacketId, dup: boolean, now: Millis): void {
    const after = this.deliveriesAfter;
    if (this.isClear(after, this.deliveries)) this.outlet.writePublish(delivery, id, dup, 0, false, now);
    else this.hold({ kind: 'publish', after, delivery, id, dup });
  }

  /** Whether it is this answer's turn. hot: */
  isNext(held: HeldAnswer): boolean {
    return this.answers?.peek() === held;
  }

  /** Everything up to `Store.durable` is durable: what waited for that leaves. */
  release(now: Millis): void {
    this.sendHeldAnswers();
    this.sendHeldDeliveries(now);
    this.moved();
  }

  /** The first answer has nothing to wait for any more: it leaves, and what waited for it alone. hot: */
  releaseAnswers(): void {
    this.sendHeldAnswers();
    this.moved();
  }

  /** The connection ended: what is held is discarded. */
  close(): void {
    this.holding.delete(this);
    this.answers = undefined;
    this.deliveries = undefined;
  }

  /** hot: */
  private sendAnswer(packet: Packet): boolean {
    const after = this.answerAfter;
    const messageId = this.answerMessageId;
    this.answerAfter = 0;
    this.answerMessageId = 0;
    if (this.isClear(after, this.answers)) {
      this.outlet.writePacket(packet);
      return true;
    }
    const held: HeldAnswer = { gate: this, packet, after, messageId };
    // Bounded by the chunk that passed our Receive Maximum (`Intake.isBehind`).
    (this.answers ??= new RingQueue()).push(held);
    if (messageId !== 0 && after > this.store.durable) this.elision.add(held);
    this.holding.add(this);
    return false;
  }

  private hold(held: HeldDelivery): void {
    // Bounded by our own window.
    (this.deliveries ??= new RingQueue()).push(held);
    this.holding.add(this);
  }

  /** hot: */
  private isClear(after: Batch, lane: RingQueue<object> | undefined): boolean {
    return after <= this.store.durable && (lane === undefined || lane.length === 0);
  }

  /** Up to the first one whose batch is not durable. hot: */
  private sendHeldAnswers(): void {
    // The lane is asked for anew each time: what leaves may end the connection.
    for (let held = this.answers?.peek(); held !== undefined; held = this.answers?.peek()) {
      if (held.after > this.store.durable) return;
      this.answers?.shift();
      this.outlet.writePacket(held.packet);
      this.outlet.heldPacketLeft(held.packet);
    }
  }

  private sendHeldDeliveries(now: Millis): void {
    for (let held = this.deliveries?.peek(); held !== undefined; held = this.deliveries?.peek()) {
      if (held.after > this.store.durable) return;
      this.deliveries?.shift();
      if (held.kind === 'publish') {
        this.outlet.writePublish(held.delivery, held.id, held.dup, 0, false, now);
      } else {
        this.outlet.writePacket(held.packet);
        this.outlet.heldPacketLeft(held.packet);
      }
    }
  }

  /** hot: */
  private moved(): void {
    if ((this.answers?.length ?? 0) + (this.deliveries?.length ?? 0) === 0) this.holding.delete(this);
    this.outlet.gateMoved();
  }
}

/** Where a packet waits, by its kind. A PUBLISH waits only as QoS 2 to a persistent session. hot: */
function laneOf(packet: Packet): 'answers' | 'deliveries' | 'none' {
  switch (packet.kind) {
    case 'puback':
    case 'pubrec':
    case 'pubcomp':
    case 'suback':
    case 'unsuback':
      return 'answers';
    case 'publish':
    case 'pubrel':
      return 'deliveries';
    case 'connect':
    case 'connack':
    case 'subscribe':
    case 'unsubscribe':
    case 'pingreq':
    case 'pingresp':
    case 'disconnect':
    case 'auth':
      return 'none';
    default:
      return unreachable(packet);
  }
}
