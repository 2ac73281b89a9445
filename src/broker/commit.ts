// What must be durable before what leaves. This is the one file that knows.
//
// | leaves                                   | only after this is durable                              | lane       |
// |------------------------------------------|---------------------------------------------------------|------------|
// | PUBACK, PUBREC                           | the message with its persistent recipients, its origin if QoS 2, and as retained message | answers |
// | PUBREC of a repeated PUBLISH             | the first copy's batch: anything later covers it        | answers    |
// | PUBCOMP                                  | the removal of the inbound identifier [MQTT-4.3.3-12]   | answers    |
// | SUBACK, UNSUBACK of a persistent session | the change itself                                       | answers    |
// | CONNACK                                  | the session's record; for a new session the latest deletion of one (connecting.ts waits before it opens the gate) | - |
// | PUBLISH QoS 2 to a persistent session    | the message, and its packet identifier [MQTT-4.4.0-1]   | deliveries |
// | PUBREL to a persistent session           | that its PUBREC came [MQTT-4.3.3-6]                     | deliveries |
// | PUBLISH QoS 0 and 1, PINGRESP, DISCONNECT | nothing                                                | -          |
//
// Each connection has one gate. What its client asked for moves a lane's mark (`answersAfter`,
// `deliveriesAfter`) to the batch of the change; what is sent then waits for that mark, and nothing in a
// lane overtakes anything in the same lane. So answers leave in the order in which the packets came,
// and a delivery never waits for an answer.
// A held packet belongs to the connection that carried its cause: when that ends, it is discarded, never
// sent on the next one, where it would acknowledge a new message that reused the identifier.

import type { Millis } from '../base/millis.ts';
import { unreachable } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Packet } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import type { Batch, Store } from '../store/contract.ts';
import type { SessionDelivery } from './session-delivery.ts';

/** A packet that waits for a batch. */
type Held =
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
  private answersAfter: Batch;
  private deliveriesAfter: Batch;
  private answers: RingQueue<Held> | undefined;
  private deliveries: RingQueue<Held> | undefined;

  constructor(store: Store, outlet: GateOutlet, holding: Set<CommitGate>) {
    this.store = store;
    this.outlet = outlet;
    this.holding = holding;
    this.answersAfter = 0;
    this.deliveriesAfter = 0;
    this.answers = undefined;
    this.deliveries = undefined;
  }

  /** How many answers are held. hot: */
  get heldAnswers(): number {
    return this.answers === undefined ? 0 : this.answers.length;
  }

  /** The next answers wait for this batch. hot: */
  holdAnswers(after: Batch): void {
    if (after > this.answersAfter) this.answersAfter = after;
  }

  /** The next QoS 2 PUBLISH and PUBREL packets wait for this batch. hot: */
  holdDeliveries(after: Batch): void {
    if (after > this.deliveriesAfter) this.deliveriesAfter = after;
  }

  /** Sends a packet other than PUBLISH, now or when its lane allows; says whether it has left. hot: */
  send(packet: Packet): boolean {
    const lane = laneOf(packet);
    if (lane === 'none') {
      this.outlet.writePacket(packet);
      return true;
    }
    const after = lane === 'answers' ? this.answersAfter : this.deliveriesAfter;
    const waiting = lane === 'answers' ? this.answers : this.deliveries;
    if (after <= this.store.durable && (waiting === undefined || waiting.length === 0)) {
      this.outlet.writePacket(packet);
      return true;
    }
    this.hold(lane, { kind: 'packet', after, packet });
    return false;
  }

  /** Sends a PUBLISH of QoS 2 to a persistent session, now or when its lane allows. */
  sendExactlyOnce(delivery: SessionDelivery, id: PacketId, dup: boolean, now: Millis): void {
    const after = this.deliveriesAfter;
    if (after <= this.store.durable && (this.deliveries === undefined || this.deliveries.length === 0)) {
      this.outlet.writePublish(delivery, id, dup, 0, false, now);
      return;
    }
    this.hold('deliveries', { kind: 'publish', after, delivery, id, dup });
  }

  /** Everything up to `durable` is durable: what waited for that leaves. */
  release(durable: Batch, now: Millis): void {
    this.releaseLane(this.answers, durable, now);
    this.releaseLane(this.deliveries, durable, now);
    const waiting = (this.answers?.length ?? 0) + (this.deliveries?.length ?? 0);
    if (waiting === 0) this.holding.delete(this);
    this.outlet.gateMoved();
  }

  /** The connection ended: what is held is discarded. */
  close(): void {
    this.holding.delete(this);
    this.answers = undefined;
    this.deliveries = undefined;
  }

  private hold(lane: 'answers' | 'deliveries', held: Held): void {
    // Bounded: deliveries by our own window, answers by the chunk that passed our Receive Maximum (`Connection.isBehind`).
    if (lane === 'answers') (this.answers ??= new RingQueue()).push(held);
    else (this.deliveries ??= new RingQueue()).push(held);
    this.holding.add(this);
  }

  private releaseLane(lane: RingQueue<Held> | undefined, durable: Batch, now: Millis): void {
    if (lane === undefined) return;
    for (let held = lane.peek(); held !== undefined && held.after <= durable; held = lane.peek()) {
      lane.shift();
      if (held.kind === 'publish') {
        this.outlet.writePublish(held.delivery, held.id, held.dup, 0, false, now);
      } else {
        this.outlet.writePacket(held.packet);
        this.outlet.heldPacketLeft(held.packet);
      }
    }
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
