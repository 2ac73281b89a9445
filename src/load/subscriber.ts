// One client that subscribes: acknowledges what comes, and tells of each publisher whether all has come, once and in order.

import type { Packet } from '../packet/packet.ts';
import { packetId } from '../packet/packet-id.ts';
import { PacketType } from '../packet/packet-type.ts';
import { NO_SUBSCRIBE_PROPERTIES } from '../packet/properties.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { Count } from './board.ts';
import type { Credit } from './credit.ts';
import { Flow, type FlowFindings } from './flow.ts';
import { type ConnectionRole, type LoadConnection, writeAcknowledgement } from './load-connection.ts';
import { filterOf, isPaired } from './plan.ts';
import type { LoadContext } from './publisher.ts';
import { Seen } from './seen.ts';
import { momentOf, publisherOf, runOf, sequenceOf, STAMP_BYTES } from './stamp.ts';

/** What `sub` hears of at most: every publisher of a few runs. */
const FLOWS_MAX = 1_000_000;

/** Which messages the members of a shared subscription in one thread have got, by publisher. */
export class SharedFlows {
  readonly byPublisher: Map<number, Seen>;

  constructor() {
    this.byPublisher = new Map();
  }

  /** Of one publisher. */
  of(publisher: number): Seen {
    const known = this.byPublisher.get(publisher) ?? new Seen();
    this.byPublisher.set(publisher, known);
    return known;
  }
}

/** A subscriber. */
export class Subscriber implements ConnectionRole {
  readonly index: number;
  private readonly context: LoadContext;
  private readonly credit: Credit;
  private readonly delivered: (now: number) => void;
  private readonly shared: SharedFlows | undefined;
  private connection: LoadConnection | undefined;
  private subscribed: ((problem: string | undefined) => void) | undefined;
  /** By publisher; with `sub` by run and publisher. */
  private readonly flows: Map<number, Flow>;
  /** The flow of the last message: the next is often of the same. */
  private lastKey: number;
  private lastFlow: Flow | undefined;
  /** QoS 2: identifiers of messages that came and are not released. */
  private readonly held: Set<number>;
  private now: number;
  private chunkCount: number;
  /** What left together comes together: a moment, and how many messages of this chunk have had it that are not counted yet. */
  private moment: number;
  private momentCount: number;

  /**
   * @param delivered  Called after a chunk with messages in it.
   * @param shared     What the members of a shared subscription in this thread know together; `undefined`: each gets all.
   */
  constructor(
    index: number,
    context: LoadContext,
    credit: Credit,
    delivered: (now: number) => void,
    shared?: SharedFlows,
  ) {
    this.index = index;
    this.context = context;
    this.credit = credit;
    this.delivered = delivered;
    this.shared = shared;
    this.connection = undefined;
    this.subscribed = undefined;
    this.flows = new Map();
    this.lastKey = -1;
    this.lastFlow = undefined;
    this.held = new Set();
    this.now = 0;
    this.chunkCount = 0;
    this.moment = 0;
    this.momentCount = 0;
  }

  /** Takes its connection, subscribes, and waits for the answer: '' or what is wrong. */
  opened(connection: LoadConnection): Promise<string | undefined> {
    const { plan } = this.context;
    this.connection = connection;
    return new Promise((resolve) => {
      this.subscribed = resolve;
      connection.send({
        kind: 'subscribe',
        id: packetId(1),
        subscriptions: [
          {
            filter: filterOf(plan, this.index),
            options: { qos: plan.qos, noLocal: false, retainAsPublished: false, retainHandling: 2 },
          },
        ],
        properties: NO_SUBSCRIBE_PROPERTIES,
      });
    });
  }

  beginChunk(): void {
    this.now = this.context.now();
    this.chunkCount = 0;
  }

  /** hot: */
  takePublish(firstByte: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    const qos = (firstByte >>> 1) & 3;
    const { connection } = this;
    if (connection === undefined) return;
    if (qos === 1) writeAcknowledgement(connection.output, PacketType.puback, id);
    else if (qos === 2) {
      writeAcknowledgement(connection.output, PacketType.pubrec, id);
      if (this.held.has(id)) {
        this.context.tally.resent++;
        return;
      }
      this.held.add(id);
    }
    this.takeMessage(bytes, start, end);
  }

  takeAcknowledgement(type: number, id: number): void {
    if (type !== PacketType.pubrel || this.connection === undefined) {
      this.context.tally.unexpected++;
      this.context.tally.say(`A subscriber got an acknowledgement (packet type ${type}).`);
      return;
    }
    this.held.delete(id);
    writeAcknowledgement(this.connection.output, PacketType.pubcomp, id);
  }

  takeOther(packet: Packet): void {
    if (packet.kind === 'pingresp') return;
    if (packet.kind === 'suback') {
      const [code = 0x80] = packet.reasonCodes;
      const granted = code < 0x80 ? undefined : `The broker refused the subscription: ${reasonName(code)}.`;
      this.subscribed?.(granted);
      this.subscribed = undefined;
      return;
    }
    this.context.tally.unexpected++;
    this.context.tally.say(`A subscriber got ${packet.kind.toUpperCase()}.`);
  }

  endChunk(): void {
    if (this.chunkCount === 0) return;
    const { board, tally, thread } = this.context;
    this.countMoment(0);
    board.add(thread, Count.received, this.chunkCount);
    this.credit.received(this.chunkCount);
    tally.lastReceivedAt = this.now;
    this.delivered(this.now);
  }

  drained(): void {}

  closed(cause: string): void {
    const { board, tally, thread } = this.context;
    board.add(thread, Count.open, -1);
    tally.disconnects++;
    tally.say(cause);
    this.subscribed?.(cause);
  }

  ping(): void {
    this.connection?.ping();
  }

  end(): void {
    this.connection?.end();
  }

  /**
   * What it has found of every publisher that it should have heard.
   * @param sent  How many messages each publisher has sent.
   */
  findings(sent: readonly number[]): readonly FlowFindings[] {
    const { plan } = this.context;
    if (plan.kind === 'sub') return [...this.flows.values()].map((flow) => flow.findings(undefined));
    const publishers = isPaired(plan) ? [this.index] : sent.keys();
    return [...publishers].map((publisher) => {
      const flow = this.flows.get(publisher) ?? new Flow();
      return flow.findings(this.shared === undefined ? (sent[publisher] ?? 0) : undefined);
    });
  }

  private takeMessage(bytes: Uint8Array, start: number, end: number): void {
    // hot:
    const { plan, tally } = this.context;
    const isOurs = end - start >= STAMP_BYTES && (plan.kind === 'sub' || runOf(bytes, start) === plan.run);
    if (!isOurs) {
      tally.foreign++;
      return;
    }
    const publisher = publisherOf(bytes, start);
    const sequence = sequenceOf(bytes, start);
    const key = plan.kind === 'sub' ? runOf(bytes, start) * 65_536 + publisher : publisher;
    if (key !== this.lastKey) this.lookUp(key, sequence);
    if (this.lastFlow?.take(sequence) === false) return;
    this.chunkCount++;
    // The clock of another machine is another clock.
    if (plan.kind === 'sub') return;
    const moment = momentOf(bytes, start);
    if (moment !== this.moment) this.countMoment(moment);
    this.momentCount++;
  }

  /** Counts the messages of a moment, and begins with the next one. */
  private countMoment(next: number): void {
    if (this.momentCount > 0) this.context.tally.latencies.record(this.now - this.moment, this.momentCount);
    this.moment = next;
    this.momentCount = 0;
  }

  private lookUp(key: number, sequence: number): void {
    const { plan } = this.context;
    let flow = this.flows.get(key);
    if (flow === undefined && this.flows.size < FLOWS_MAX) {
      flow = new Flow(plan.kind === 'sub' ? sequence : 0, this.shared?.of(key));
      this.flows.set(key, flow);
    }
    this.lastKey = key;
    this.lastFlow = flow;
  }
}
