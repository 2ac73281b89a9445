// What must be durable before what leaves, on the client's side. This is the one file that knows; broker/commit.ts has the broker's
// table, of which this one is the mirror. Without a store nothing is durable, nothing waits, and there is no gate.
//
// | leaves                          | only after this is durable                              | lane       |
// |---------------------------------|---------------------------------------------------------|------------|
// | PUBLISH QoS 2                   | the message in the outbox, and its packet identifier [MQTT-4.4.0-1] | deliveries |
// | PUBREL                          | that its PUBREC came [MQTT-4.3.3-6]                     | deliveries |
// | PUBACK, PUBREC                  | the message in the inbox; for QoS 2 with the identifier that it came under | answers |
// | PUBREC of a repeated PUBLISH    | the first copy's batch, also if an earlier connection brought it | answers |
// | PUBCOMP                         | the removal of the identifier [MQTT-4.3.3-12]           | answers    |
// | PUBLISH QoS 0 and 1, and all else | nothing                                               | -          |
//
// A message of the inbox goes to the application only when it is durable: handed over before, it might be handed over again, under
// another key, by a broker that never heard that it had come.
// Nothing overtakes anything within a lane. What is held belongs to its connection, and is discarded with that.

import { unreachable } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { type Answer, isLastAnswer } from '../session/output.ts';
import type { Batch, Store } from '../store/contract.ts';
import type { Publication } from './publication.ts';

/** Where packets go when nothing holds them. */
export interface GateOutlet {
  sendAnswer(answer: Answer): void;
  sendPublish(publication: Publication, id: PacketId, dup: boolean): void;
  /** An answer to the broker's PUBLISH or PUBREL that had been held has left. */
  heldAnswerLeft(): void;
}

interface HeldAnswer {
  readonly kind: 'answer';
  readonly after: Batch;
  readonly answer: Answer;
}

interface HeldPublish {
  readonly kind: 'publish';
  readonly after: Batch;
  readonly publication: Publication;
  readonly id: PacketId;
  readonly dup: boolean;
}

/** The gate of one client. */
export class CommitGate {
  private readonly store: Pick<Store, 'durable'>;
  private readonly outlet: GateOutlet;
  /** The latest change that anything waits for; also those of earlier connections. */
  private latest: Batch;
  /** What was changed before this connection: its answers may be to copies of what came then. */
  private floor: Batch;
  /** What the next answer waits for. */
  private answerAfter: Batch;
  private deliveriesAfter: Batch;
  // Live as long as the connection.
  private readonly answers: RingQueue<HeldAnswer>;
  private readonly deliveries: RingQueue<HeldAnswer | HeldPublish>;

  constructor(store: Pick<Store, 'durable'>, outlet: GateOutlet) {
    this.store = store;
    this.outlet = outlet;
    this.latest = 0;
    this.floor = 0;
    this.answerAfter = 0;
    this.deliveriesAfter = 0;
    this.answers = new RingQueue();
    this.deliveries = new RingQueue();
  }

  /** A new connection. */
  open(): void {
    this.floor = this.latest;
  }

  /** The connection is over: what is held is discarded. */
  close(): void {
    this.answers.clear();
    this.deliveries.clear();
    this.answerAfter = 0;
  }

  /** The next answer waits for this batch. hot: */
  holdAnswers(after: Batch): void {
    if (after > this.latest) this.latest = after;
    if (after > this.answerAfter) this.answerAfter = after;
  }

  /** The next QoS 2 PUBLISH and PUBREL packets wait for this batch. hot: */
  holdDeliveries(after: Batch): void {
    if (after > this.latest) this.latest = after;
    if (after > this.deliveriesAfter) this.deliveriesAfter = after;
  }

  /** Sends an answer, now or when its lane allows; says whether it has left. hot: */
  send(answer: Answer): boolean {
    switch (answer.kind) {
      case 'puback':
      case 'pubrec':
      case 'pubcomp': {
        const after = Math.max(this.answerAfter, this.floor);
        this.answerAfter = 0;
        return this.sendIn(this.answers, { kind: 'answer', after, answer });
      }
      case 'pubrel':
        return this.sendIn(this.deliveries, { kind: 'answer', after: this.deliveriesAfter, answer });
      case 'pingreq':
      case 'pingresp':
        this.outlet.sendAnswer(answer);
        return true;
      default:
        return unreachable(answer);
    }
  }

  /** Sends a PUBLISH of QoS 2, now or when its lane allows. hot: */
  sendExactlyOnce(publication: Publication, id: PacketId, dup: boolean): void {
    const after = this.deliveriesAfter;
    if (this.deliveries.length === 0 && after <= this.store.durable) this.outlet.sendPublish(publication, id, dup);
    else this.deliveries.push({ kind: 'publish', after, publication, id, dup });
  }

  /** Everything up to `Store.durable` is durable: what waited for that leaves. */
  release(): void {
    this.releaseFrom(this.answers);
    this.releaseFrom(this.deliveries);
  }

  private sendIn(lane: RingQueue<HeldAnswer | HeldPublish>, held: HeldAnswer): boolean {
    if (lane.length > 0 || held.after > this.store.durable) {
      lane.push(held);
      return false;
    }
    this.outlet.sendAnswer(held.answer);
    return true;
  }

  private releaseFrom(lane: RingQueue<HeldAnswer | HeldPublish>): void {
    const { durable } = this.store;
    for (let held = lane.peek(); held !== undefined && held.after <= durable; held = lane.peek()) {
      lane.shift();
      if (held.kind === 'publish') {
        this.outlet.sendPublish(held.publication, held.id, held.dup);
      } else {
        this.outlet.sendAnswer(held.answer);
        if (isLastAnswer(held.answer)) this.outlet.heldAnswerLeft();
      }
    }
  }
}
