// For tests only (the suffix keeps it out of the build): a session between two scripts. What the peer
// sends and what the session asks for are both written as lines, so that a test reads like a protocol:
//
//   flow().publish('a', 2).expect('> PUBLISH a QoS 2 id 1').receive('PUBREC 1').expect('> PUBREL 1')
//
// Lines of the peer: `PUBLISH topic QoS 1 id 5 [dup] [alias 3]` (`-` for no topic), `PUBACK 5 [0x87]`, PINGREQ, ...
// Lines of the session: `> PACKET` sent, `deliver topic`, `settle topic 0x00`, and `record ...` if asked for.
// Deliveries and messages go by their topics.

import assert from 'node:assert/strict';

import { type Millis, millis } from '../base/millis.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, PINGREQ, PINGRESP, type PublishPacket, type QoS } from '../packet/packet.ts';
import { type PacketId, packetId } from '../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES, NO_REASON_PROPERTIES } from '../packet/properties.ts';
import { ProtocolError, type ProtocolErrorKind, violation } from '../packet/protocol-error.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { ACKNOWLEDGE_LATER, type Answer, type Delivery, type SessionOutput } from './output.ts';
import { type Receipt, Session, type SessionPacket } from './session.ts';
import type { ConnectionTerms } from './terms.ts';

const TERMS: ConnectionTerms = {
  version: 5,
  sendMaximum: 100,
  receiveMaximum: 100,
  receiveMaximumEnforced: true,
  sendAliasMaximum: 0,
  receiveAliasMaximum: 0,
  keepAlive: millis(0),
  keepAliveDuty: 'watch',
};

/** A session with an open connection. */
export function flow(terms: Partial<ConnectionTerms> = {}): Flow {
  return new Flow().open(terms);
}

/** A delivery to the peer. */
function deliveryOf(topic: string, qos: QoS): Delivery {
  return {
    message: {
      topic,
      payload: new Uint8Array(0),
      qos,
      retain: false,
      properties: NO_MESSAGE_PROPERTIES,
      expiresAt: undefined,
    },
    qos,
    retain: false,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
  };
}

/** The owner: writes down what the session asks for, and answers as the test said. */
class Owner implements SessionOutput<Delivery> {
  session: Session<Delivery> | undefined;
  now: Millis;
  lines: string[];
  showsRecords: boolean;
  holdsAnswers: boolean;
  /** What `deliver` says, by topic; without an entry: success. */
  readonly verdicts: Map<string, ReasonCode>;
  /** Of the last postponed message, by topic. */
  readonly receipts: Map<string, Receipt>;
  /** What to publish from inside `deliver` and `settle`, by topic. */
  readonly echoes: Map<string, string>;
  /** Topics for which `deliver` throws. */
  readonly forbidden: Set<string>;

  constructor() {
    this.session = undefined;
    this.now = millis(0);
    this.lines = [];
    this.showsRecords = false;
    this.holdsAnswers = false;
    this.verdicts = new Map();
    this.receipts = new Map();
    this.echoes = new Map();
    this.forbidden = new Set();
  }

  publish(delivery: Delivery, id: PacketId | undefined, dup: boolean, topicAlias: number, omitTopic: boolean): void {
    const topic = omitTopic ? '-' : delivery.message.topic;
    const parts: (string | number)[] = ['> PUBLISH', topic, 'QoS', delivery.qos];
    if (id !== undefined) parts.push('id', id);
    if (dup) parts.push('dup');
    if (topicAlias !== 0) parts.push('alias', topicAlias);
    this.lines.push(parts.join(' '));
  }

  send(packet: Answer): boolean {
    const name = packet.kind.toUpperCase();
    const line = 'id' in packet ? `${name} ${packet.id}${reasonSuffix(packet.reasonCode)}` : name;
    this.lines.push(this.holdsAnswers ? `> ${line} held` : `> ${line}`);
    return !this.holdsAnswers;
  }

  deliver(publish: PublishPacket, topic: string): ReasonCode {
    if (this.forbidden.has(topic)) throw violation('', `${topic} is forbidden`);
    this.lines.push(`deliver ${topic}`);
    this.echo(topic);
    const verdict = this.verdicts.get(topic) ?? Reason.success;
    if (verdict === ACKNOWLEDGE_LATER && this.session !== undefined && publish.id !== undefined && publish.qos !== 0) {
      this.receipts.set(topic, this.session.receipt(publish.id, publish.qos));
    }
    return verdict;
  }

  settle(delivery: Delivery, reason: ReasonCode): void {
    this.lines.push(`settle ${delivery.message.topic} ${hex(reason)}`);
    this.echo(delivery.message.topic);
  }

  recordSending(delivery: Delivery, id: PacketId): void {
    if (this.showsRecords) this.lines.push(`record sending ${delivery.message.topic} ${id}`);
  }

  recordReceived(delivery: Delivery, reason: ReasonCode, id: PacketId): void {
    const code = reason === Reason.success ? '' : ` ${reason}`;
    if (this.showsRecords) this.lines.push(`record received ${delivery.message.topic} ${id}${code}`);
  }

  recordReleased(id: PacketId): void {
    if (this.showsRecords) this.lines.push(`record released ${id}`);
  }

  private echo(topic: string): void {
    const echo = this.echoes.get(topic);
    if (echo !== undefined && this.session?.canPublish() === true) this.session.publish(deliveryOf(echo, 1), this.now);
  }
}

/** The script of one session: every step returns the flow. */
export class Flow {
  readonly session: Session<Delivery>;
  private readonly owner: Owner;

  /** @param packetIdMax  The highest packet identifier that the session gives out. */
  constructor(packetIdMax?: number) {
    this.owner = new Owner();
    this.session = new Session(this.owner, packetIdMax);
    this.owner.session = this.session;
  }

  /** From here on `record ...` lines are expected, too. */
  showRecords(): this {
    this.owner.showsRecords = true;
    return this;
  }

  /** From here on the owner holds answers back (`true`), or no longer does. */
  hold(holds: boolean): this {
    this.owner.holdsAnswers = holds;
    return this;
  }

  /** The owner answers messages to this topic with this reason. */
  answer(topic: string, reason: ReasonCode): this {
    this.owner.verdicts.set(topic, reason);
    return this;
  }

  /** The owner will acknowledge messages to these topics later. */
  postpone(...topics: readonly string[]): this {
    for (const topic of topics) this.owner.verdicts.set(topic, ACKNOWLEDGE_LATER);
    return this;
  }

  /** The owner throws when a message to this topic is delivered, or takes it again (`false`). */
  forbid(topic: string, forbids: boolean): this {
    if (forbids) this.owner.forbidden.add(topic);
    else this.owner.forbidden.delete(topic);
    return this;
  }

  /** When `topic` is delivered or settled, the owner publishes `echo` with QoS 1 at once, if it may. */
  echo(topic: string, echo: string): this {
    this.owner.echoes.set(topic, echo);
    return this;
  }

  open(terms: Partial<ConnectionTerms> = {}): this {
    this.session.open({ ...TERMS, ...terms }, this.owner.now);
    return this;
  }

  close(): this {
    this.session.close();
    return this;
  }

  reconnect(terms: Partial<ConnectionTerms> = {}): this {
    return this.close().open(terms);
  }

  /** Publishes one message per topic. */
  publish(topics: string, qos: QoS): this {
    for (const topic of topics.split(' ')) this.session.publish(deliveryOf(topic, qos), this.owner.now);
    return this;
  }

  /** Puts back a delivery that a store remembered. */
  restore(id: number, topic: string, state: 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp'): this {
    this.session.restoreOutbound(packetId(id), deliveryOf(topic, state === 'awaiting-puback' ? 1 : 2), state);
    return this;
  }

  /** The peer sends these packets. */
  receive(...lines: readonly string[]): this {
    for (const line of lines) this.session.receive(packetOf(line), this.owner.now);
    return this;
  }

  /** The owner acknowledges the last message to a topic that it postponed. */
  acknowledge(topic: string, reason: ReasonCode = Reason.success): this {
    this.session.acknowledge(this.receiptOf(topic), reason);
    return this;
  }

  receiptOf(topic: string): Receipt {
    const receipt = this.owner.receipts.get(topic);
    assert.ok(receipt !== undefined, `${topic} was delivered and postponed`);
    return receipt;
  }

  /** Time moves to this moment. */
  at(moment: number): this {
    this.owner.now = millis(moment);
    return this;
  }

  /** The session's deadline is at this moment (`undefined`: it has none); time moves there, and the session ticks. */
  tickAt(moment: number | undefined): this {
    assert.equal(this.session.nextDeadline(), moment);
    if (moment !== undefined) this.at(moment);
    this.session.tick(this.owner.now);
    return this;
  }

  /** What the session has asked for since the last `expect`, in order. */
  expect(...lines: readonly string[]): this {
    assert.deepEqual(this.owner.lines, lines);
    this.owner.lines = [];
    return this;
  }

  /** The step breaks this statement. */
  expectBreach(step: (flow: this) => unknown, kind: ProtocolErrorKind, statement: string): this {
    assert.throws(
      () => step(this),
      (error) => {
        assert.ok(error instanceof ProtocolError, String(error));
        assert.deepEqual({ kind: error.kind, statement: error.statement }, { kind, statement });
        return true;
      },
    );
    return this;
  }
}

/** A packet of the peer, from its line. */
function packetOf(line: string): SessionPacket {
  const [name = '', ...words] = line.split(' ');
  if (name === 'PUBLISH') return publishOf(words);
  if (name === 'PINGREQ') return PINGREQ;
  if (name === 'PINGRESP') return PINGRESP;
  const [id, reasonCode = '0'] = words;
  const rest = { id: packetId(Number(id)), reasonCode: Number(reasonCode), properties: NO_REASON_PROPERTIES };
  switch (name) {
    case 'PUBACK':
      return { kind: 'puback', ...rest };
    case 'PUBREC':
      return { kind: 'pubrec', ...rest };
    case 'PUBREL':
      return { kind: 'pubrel', ...rest };
    case 'PUBCOMP':
      return { kind: 'pubcomp', ...rest };
    default:
      return assert.fail(`${line} is not a packet`);
  }
}

function publishOf(words: readonly string[]): PublishPacket {
  const after = (word: string): number | undefined => {
    const at = words.indexOf(word);
    return at === -1 ? undefined : Number(words[at + 1]);
  };
  const [topic = '-'] = words;
  const qos = after('QoS');
  const id = after('id');
  assert.ok(qos === 0 || qos === 1 || qos === 2);
  return {
    kind: 'publish',
    dup: words.includes('dup'),
    qos,
    retain: false,
    topic: topic === '-' ? '' : topic,
    id: id === undefined ? undefined : packetId(id),
    payload: new Uint8Array(0),
    topicAlias: after('alias') ?? 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: NO_MESSAGE_PROPERTIES,
  };
}

function reasonSuffix(reason: ReasonCode): string {
  return reason === Reason.success ? '' : ` ${hex(reason)}`;
}

function hex(reason: ReasonCode): string {
  return `0x${reason.toString(16).padStart(2, '0')}`;
}
