// A publisher of the harness. It keeps a window of messages under way and goes by the book: after a crash it resumes its
// session, sends what was not acknowledged again with DUP and the same identifier, and PUBREL where PUBREC had come
// [MQTT-4.4.0-1]. One without a persistent session sends nothing again: what was under way is then anybody's guess.
// It takes the lowest free identifier, so that each is used again at once: a broker that has forgotten a PUBREL would
// take the next message for a repetition.

import type { Packet } from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import { Reason } from '../../src/packet/reason-codes.ts';
import { Actor, type ActorChoice } from './actor.ts';
import type { Chronicle } from './chronicle.ts';
import type { Moment, SentMessage } from './history.ts';
import { labelPayload } from './label.ts';
import { answerPacket, publishPacket } from './packets.ts';
import type { Wire } from './wire.ts';

/** What a publisher is to publish next. */
export interface Draft {
  readonly topic: string;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  /** To remove the retained message. */
  readonly isClear: boolean;
  /** Of the payload, about. */
  readonly size: number;
}

/** Who a publisher is, and what it does. */
export interface PublisherChoice extends ActorChoice {
  /** How many messages it keeps under way. */
  readonly window: number;
  readonly draft: () => Draft;
}

/** A message of its own, which learns what becomes of it. */
interface OwnMessage extends SentMessage {
  acknowledgedAt: Moment | undefined;
  isSentAgain: boolean;
  readonly size: number;
}

/** A message under way. */
interface Slot {
  readonly message: OwnMessage;
  state: 'published' | 'received';
}

/** A publisher and all that it remembers. */
export class Publisher extends Actor {
  readonly isPersistent: boolean;
  private readonly window: number;
  private readonly draft: () => Draft;
  /** In the order of sending. */
  private readonly slots: Map<PacketId, Slot>;
  /** What was sent and not acknowledged when its connection ended the last time. */
  unanswered: readonly SentMessage[];
  private messages: OwnMessage[];
  private nextNumber: number;
  /** How many more messages it may begin. */
  private allowance: number;
  /** How many of its messages were ever acknowledged, and how many were refused for want of room. */
  acknowledged: number;
  refused: number;

  constructor(choice: PublisherChoice, chronicle: Chronicle) {
    super(choice, chronicle);
    this.isPersistent = choice.isPersistent;
    this.window = choice.window;
    this.draft = choice.draft;
    this.slots = new Map();
    this.unanswered = [];
    this.messages = [];
    this.nextNumber = 0;
    this.allowance = 0;
    this.acknowledged = 0;
    this.refused = 0;
  }

  /** What it sent, in order, since it was told to forget. */
  get sent(): readonly SentMessage[] {
    return this.messages;
  }

  /** What is sent and not acknowledged. */
  get pending(): readonly SentMessage[] {
    return [...this.slots.values()].filter(({ state }) => state === 'published').map(({ message }) => message);
  }

  /** Whether every handshake is over. */
  get isAtRest(): boolean {
    return this.slots.size === 0;
  }

  /** The number of its latest message; -1: there is none. */
  get latest(): number {
    return this.nextNumber - 1;
  }

  /** Begins so many messages from now on, as its window allows; 0: none. */
  allow(count: number): void {
    this.allowance = count;
    this.fill();
  }

  /** Forgets what it sent, but for this. */
  forget(wanted: ReadonlySet<SentMessage>): void {
    this.messages = this.messages.filter((message) => wanted.has(message));
  }

  protected override begin(wire: Wire, sessionPresent: boolean): void {
    // Without a session there is nothing to go on with.
    if (!sessionPresent) this.slots.clear();
    for (const [id, { message, state }] of this.slots) {
      if (state === 'published') this.send(wire, id, message, true);
      else wire.send(answerPacket('pubrel', id));
    }
    this.fill();
  }

  protected override end(): void {
    this.unanswered = this.pending;
    if (!this.isPersistent) this.slots.clear();
  }

  protected override receive(wire: Wire, packet: Packet): void {
    if (packet.kind !== 'puback' && packet.kind !== 'pubrec' && packet.kind !== 'pubcomp') {
      this.chronicle.complain(`${this.name} got ${packet.kind}, but only publishes`);
      return;
    }
    const slot = this.slots.get(packet.id);
    const isExpected =
      slot !== undefined &&
      (packet.kind === 'puback'
        ? slot.message.qos === 1
        : slot.message.qos === 2 && (slot.state === 'published') === (packet.kind === 'pubrec'));
    if (!isExpected) {
      this.chronicle.complain(`${this.name} got ${packet.kind} ${packet.id}, which answers nothing`);
      return;
    }
    if (packet.kind !== 'pubcomp') {
      if (packet.reasonCode < 0x80) this.acknowledge(slot.message);
      else if (packet.reasonCode === Reason.quotaExceeded && this.chronicle.mayBeFull) this.giveUp();
      else this.chronicle.complain(`${this.name} was refused ${packet.id} with 0x${packet.reasonCode.toString(16)}`);
    }
    if (packet.kind === 'pubrec' && packet.reasonCode < 0x80) {
      slot.state = 'received';
      wire.send(answerPacket('pubrel', packet.id));
    } else {
      this.slots.delete(packet.id);
    }
    this.fill();
  }

  private acknowledge(message: OwnMessage): void {
    message.acknowledgedAt = this.chronicle.tick();
    this.acknowledged++;
  }

  /** There is no room: it begins nothing more until it is told to. */
  private giveUp(): void {
    this.refused++;
    this.allowance = 0;
  }

  private fill(): void {
    const { wire } = this;
    if (wire === undefined) return;
    for (let id = 1; this.allowance > 0 && this.slots.size < this.window; id++) {
      if (this.slots.has(packetId(id))) continue;
      this.allowance--;
      const message = this.compose();
      this.slots.set(packetId(id), { message, state: 'published' });
      this.send(wire, packetId(id), message, false);
    }
  }

  private compose(): OwnMessage {
    const message: OwnMessage = {
      ...this.draft(),
      publisher: this.name,
      number: this.nextNumber++,
      sentAt: this.chronicle.tick(),
      isSentAgain: false,
      acknowledgedAt: undefined,
    };
    this.messages.push(message);
    return message;
  }

  private send(wire: Wire, id: PacketId, message: OwnMessage, dup: boolean): void {
    if (dup) message.isSentAgain = true;
    const { topic, qos, retain, isClear, size } = message;
    const payload = isClear ? new Uint8Array(0) : labelPayload(message, size);
    wire.send(publishPacket({ topic, payload, qos, retain, dup, id }));
  }
}
