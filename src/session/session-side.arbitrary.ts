// For tests only: one side of a pair of sessions (session-pair.arbitrary.ts): a session, and an owner that does
// what owners may do: queue, refuse, acknowledge late and out of turn, hold packets back in two lanes,
// crash and restore what it recorded. Every rule that can be seen on the wire or at an owner is checked
// the moment it could break.
//
// Messages are numbers, growing in the order in which one side publishes them; the payload carries the
// number, and everything else about a message follows from it, so that a repetition is recognised.

import assert from 'node:assert/strict';

import { type Millis, millis } from '../base/millis.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type PublishPacket, type QoS } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { ACKNOWLEDGE_LATER, type Answer, type Delivery, type SessionOutput } from './output.ts';
import type { Receipt, Session, SessionPacket } from './session.ts';

/** What each side allows the other on one connection. */
export interface LinkTerms {
  readonly receiveMaximum: readonly [number, number];
  readonly aliasMaximum: readonly [number, number];
}

/** What an owner may hold back, apart from each other. */
export type Lane = 'answers' | 'deliveries';
type SentState = 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp';

/** A delivery of a numbered message. */
export interface Numbered extends Delivery {
  readonly number: number;
}

interface SentRecord {
  readonly delivery: Numbered;
  readonly id: PacketId;
  state: SentState;
}

interface Held {
  readonly packet: SessionPacket;
  readonly counts: boolean;
}

const NOW: Millis = millis(0);

/** Refused by every owner, every time. */
export function isRefused(number: number): boolean {
  return number % 7 === 3;
}

function topicOf(number: number): string {
  return `topic ${number % 3}`;
}

/** One side: a session, its owner, what its owner has written down, and what the checks remember. */
export class Side implements SessionOutput<Numbered> {
  readonly session: Session<Numbered>;
  private readonly wire: (packet: SessionPacket) => void;

  // What the owner has on its disk.
  private readonly queue: Numbered[];
  private readonly sent: Map<number, SentRecord>;
  private releases: number[];
  private readonly acceptedIds: Map<PacketId, number>;

  // What the owner has in memory.
  private postpones: boolean;
  private readonly receipts: { readonly receipt: Receipt; readonly number: number }[];
  private readonly held: { readonly [L in Lane]: Held[] };
  private readonly holds: { [L in Lane]: boolean };

  // What is checked.
  readonly published: Map<number, QoS>;
  readonly settled: Map<number, ReasonCode>;
  /** Numbers of QoS 1 and 2 messages of the peer that this owner took, and how often. */
  readonly accepted: Map<number, number>;
  private readonly firstSeen: { 1: number; 2: number };
  private lastSent: number;
  private unacknowledged: Set<PacketId>;
  private sendMaximum: number;
  private arrivals: PacketId[];

  constructor(wire: (packet: SessionPacket) => void, makeSession: (owner: Side) => Session<Numbered>, before?: Side) {
    this.wire = wire;
    this.queue = before?.queue ?? [];
    this.sent = before?.sent ?? new Map<number, SentRecord>();
    this.releases = before?.releases ?? [];
    this.acceptedIds = before?.acceptedIds ?? new Map<PacketId, number>();
    this.postpones = before?.postpones ?? false;
    this.receipts = [];
    this.held = { answers: [], deliveries: [] };
    this.holds = { answers: false, deliveries: false };
    this.published = before?.published ?? new Map<number, QoS>();
    this.settled = before?.settled ?? new Map<number, ReasonCode>();
    this.accepted = before?.accepted ?? new Map<number, number>();
    this.firstSeen = before?.firstSeen ?? { 1: 0, 2: 0 };
    this.lastSent = 0;
    this.unacknowledged = new Set();
    this.sendMaximum = 0;
    this.arrivals = [];
    this.session = makeSession(this);
    if (before !== undefined) this.restore();
  }

  /** What this owner makes of a crash: everything in memory is gone. */
  private restore(): void {
    for (const number of this.releases) this.restoreSent(number);
    for (const [number, { state }] of this.sent) if (state !== 'awaiting-pubcomp') this.restoreSent(number);
    for (const id of this.acceptedIds.keys()) this.session.restoreInbound(id);
  }

  private restoreSent(number: number): void {
    const entry = this.sent.get(number);
    assert.ok(entry !== undefined);
    this.session.restoreOutbound(entry.id, entry.delivery, entry.state);
  }

  open(terms: LinkTerms, self: 0 | 1): void {
    const peer = self === 0 ? 1 : 0;
    this.lastSent = 0;
    this.unacknowledged = new Set();
    this.sendMaximum = terms.receiveMaximum[peer];
    this.arrivals = [];
    this.session.open(
      {
        version: 5,
        sendMaximum: this.sendMaximum,
        receiveMaximum: terms.receiveMaximum[self],
        receiveMaximumEnforced: true,
        sendAliasMaximum: terms.aliasMaximum[peer],
        receiveAliasMaximum: terms.aliasMaximum[self],
        keepAlive: millis(0),
        keepAliveDuty: self === 0 ? 'watch' : 'ping',
      },
      NOW,
    );
    this.pump();
  }

  close(): void {
    this.session.close();
    for (const lane of ['answers', 'deliveries'] as const) {
      this.held[lane].length = 0;
      this.holds[lane] = false;
    }
  }

  publishNext(qos: QoS): void {
    const number = this.published.size + 1;
    this.published.set(number, qos);
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, number);
    const message = {
      topic: topicOf(number),
      payload,
      qos,
      retain: false,
      properties: NO_MESSAGE_PROPERTIES,
      expiresAt: undefined,
    };
    this.queue.push({ number, message, qos, retain: false, subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS });
    this.pump();
  }

  take(packet: SessionPacket): void {
    if (packet.kind === 'publish' && packet.id !== undefined) this.arrivals.push(packet.id);
    if (packet.kind === 'puback' || packet.kind === 'pubcomp') this.unacknowledged.delete(packet.id);
    if (packet.kind === 'pubrec' && packet.reasonCode >= 0x80) this.unacknowledged.delete(packet.id);
    this.session.receive(packet, NOW);
    this.pump();
  }

  postpone(on: boolean): void {
    this.postpones = on;
  }

  /** Acknowledges one of the postponed messages, not always the first. */
  acknowledge(which: number): void {
    const [entry] = this.receipts.splice(which % Math.max(1, this.receipts.length), 1);
    if (entry === undefined) return;
    const { receipt, number } = entry;
    if (isRefused(number)) {
      this.session.acknowledge(receipt, Reason.quotaExceeded);
      return;
    }
    this.accept(number, receipt.id, receipt.qos);
    this.session.acknowledge(receipt, Reason.success);
  }

  hold(lane: Lane, on: boolean): void {
    this.holds[lane] = on && this.session.isConnected;
    if (on) return;
    for (const { packet, counts } of this.held[lane].splice(0)) {
      this.wire(packet);
      if (counts) this.session.answerLeft();
    }
  }

  /** Borrows an identifier, as a SUBSCRIBE would; it comes back with the end of the connection. */
  lend(): void {
    if (!this.session.isConnected) return;
    const id = this.session.lendId();
    for (const entry of this.sent.values()) assert.notEqual(entry.id, id, 'a lent identifier is in no flow');
  }

  get isIdle(): boolean {
    return this.queue.length === 0 && this.receipts.length === 0 && this.session.inFlightCount === 0;
  }

  private pump(): void {
    for (let next = this.queue[0]; next !== undefined && this.session.isConnected; next = this.queue[0]) {
      if (next.qos > 0 && !this.session.canPublish()) return;
      this.queue.shift();
      this.session.publish(next, NOW);
    }
  }

  private accept(number: number, id: PacketId, qos: 1 | 2): void {
    const times = (this.accepted.get(number) ?? 0) + 1;
    this.accepted.set(number, times);
    if (qos === 1) return;
    assert.equal(times, 1, `QoS 2 message ${number} is taken once`);
    this.acceptedIds.set(id, number);
  }

  // What the session asks for.

  publish(delivery: Numbered, id: PacketId | undefined, dup: boolean, topicAlias: number, omitTopic: boolean): void {
    const { number, qos, message, retain, subscriptionIdentifiers } = delivery;
    if (id !== undefined) {
      assert.ok(number > this.lastSent, `message ${number} is sent after ${this.lastSent}, once a connection`);
      this.lastSent = number;
      this.unacknowledged.add(id);
      assert.ok(this.unacknowledged.size <= this.sendMaximum, 'the window is never exceeded');
      assert.equal(this.sent.get(number)?.id, id, 'a message keeps its identifier, which was recorded before');
    }
    const packet: PublishPacket = {
      kind: 'publish',
      dup,
      qos,
      retain,
      topic: omitTopic ? '' : message.topic,
      id,
      payload: message.payload,
      topicAlias,
      subscriptionIdentifiers,
      properties: message.properties,
    };
    this.leave(qos === 2 ? 'deliveries' : undefined, packet, false);
  }

  send(packet: Answer): boolean {
    switch (packet.kind) {
      case 'puback':
      case 'pubrec':
        assert.equal(packet.id, this.arrivals.shift(), 'acknowledgements leave in the order of arrival');
        return this.leave('answers', packet, packet.kind === 'puback' || packet.reasonCode >= 0x80);
      case 'pubcomp':
        return this.leave('answers', packet, true);
      case 'pubrel':
        return this.leave('deliveries', packet, false);
      case 'pingreq':
      case 'pingresp':
        return this.leave(undefined, packet, false);
      default:
        return packet satisfies never;
    }
  }

  private leave(lane: Lane | undefined, packet: SessionPacket, counts: boolean): boolean {
    if (lane !== undefined && this.holds[lane]) {
      this.held[lane].push({ packet, counts });
      return false;
    }
    this.wire(packet);
    return true;
  }

  deliver(publish: PublishPacket, topic: string): ReasonCode {
    const number = new DataView(publish.payload.buffer).getUint32(0);
    assert.equal(topic, topicOf(number), 'an alias means what it meant');
    const { qos, id } = publish;
    if (qos === 0 || id === undefined) return Reason.success;
    if (number > this.firstSeen[qos]) this.firstSeen[qos] = number;
    else assert.ok(publish.dup, `message ${number} of QoS ${qos} comes in order, or again`);
    if (qos === 2) assert.equal(this.accepted.get(number), undefined, `QoS 2 message ${number} is not delivered again`);
    if (this.postpones) {
      this.receipts.push({ receipt: this.session.receipt(id, qos), number });
      return ACKNOWLEDGE_LATER;
    }
    if (isRefused(number)) return Reason.quotaExceeded;
    this.accept(number, id, qos);
    return Reason.success;
  }

  settle(delivery: Numbered, reason: ReasonCode): void {
    const { number } = delivery;
    assert.ok(!this.settled.has(number), `message ${number} is settled once`);
    this.settled.set(number, reason);
    this.sent.delete(number);
    this.releases = this.releases.filter((each) => each !== number);
  }

  recordSending(delivery: Numbered, id: PacketId): void {
    const { number, qos } = delivery;
    for (const entry of this.sent.values()) assert.notEqual(entry.id, id, 'an identifier is in one flow');
    this.sent.set(number, { delivery, id, state: qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec' });
  }

  recordReceived(delivery: Numbered): void {
    const entry = this.sent.get(delivery.number);
    assert.ok(entry !== undefined);
    entry.state = 'awaiting-pubcomp';
    this.releases.push(delivery.number);
  }

  recordReleased(id: PacketId): void {
    assert.ok(this.acceptedIds.delete(id), 'only what was accepted is released');
  }
}
