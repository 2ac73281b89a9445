// The client beside the senders, which keeps every rule and must notice nothing of them: its messages of all QoS come back
// once, in order and unchanged, its handshakes end, its session is found again. It subscribes to everything besides, and
// takes what the senders publish as any subscriber would.

import type { ConnackPacket, Packet, PublishPacket, QoS } from '../../src/packet/packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import {
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
} from '../../src/packet/properties.ts';
import type { Accept } from '../../src/transport/contract.ts';
import { expect } from '../engine/escape.ts';
import { bytesOf } from '../packets/ordinary.ts';
import { messageKey } from './watch.ts';
import { Wire } from './wire.ts';

const UNNOTICED = 'who keeps the rules notices nothing';
/** Its client identifier and its address; the senders are not let in under this name. */
export const MODEL = 'model';
const SESSION_SECONDS = 1_000_000;
const SHUTTING_DOWN = 0x8b;

/** What the model client waits for: the packet that goes on with a handshake. */
type Waiting = 'puback' | 'pubrec' | 'pubcomp' | 'suback' | 'pingresp';

/** A client that keeps the rules. */
export class ModelClient {
  private readonly accept: Accept;
  private readonly version: 4 | 5;
  private readonly published: ReadonlySet<string>;
  private wire: Wire;
  private idLast: number;
  private count: number;
  private connack: ConnackPacket | undefined;
  /** It has been told that the broker is about to close. */
  private isForewarned: boolean;
  /** Its own messages that have to come back, by QoS. */
  private readonly away: readonly [string[], string[], string[]];
  /** Its handshakes, by what is to come and identifier. */
  private readonly waiting: Set<string>;
  /** Messages of QoS 2 that it has received and that are not released. */
  private readonly unreleased: Set<number>;

  constructor(accept: Accept, isOld: boolean, published: ReadonlySet<string>) {
    this.accept = accept;
    this.version = isOld ? 4 : 5;
    this.published = published;
    this.wire = new Wire(accept, MODEL);
    this.idLast = 0;
    this.count = 0;
    this.connack = undefined;
    this.isForewarned = false;
    this.away = [[], [], []];
    this.waiting = new Set();
    this.unreleased = new Set();
  }

  /** Nothing of its own is under way. */
  get isSettled(): boolean {
    return this.waiting.size === 0 && this.away.every((queue) => queue.length === 0) && this.connack !== undefined;
  }

  /** Sends CONNECT on a new connection. */
  connect(isClean: boolean): void {
    if (this.connack !== undefined) {
      this.wire.leave(undefined);
      this.wire = new Wire(this.accept, MODEL);
    }
    this.connack = undefined;
    this.isForewarned = false;
    this.waiting.clear();
    this.send({
      kind: 'connect',
      version: this.version,
      bridge: false,
      clientId: MODEL,
      clean: isClean,
      keepAlive: 0,
      userName: undefined,
      password: undefined,
      will: undefined,
      properties: {
        ...NO_CONNECT_PROPERTIES,
        sessionExpiryInterval: !isClean && this.version === 5 ? SESSION_SECONDS : undefined,
      },
    });
  }

  /** Sends SUBSCRIBE. */
  subscribe(filters: readonly string[]): void {
    const id = this.nextId();
    this.expectAnswer('suback', id);
    const options = { qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const subscriptions = filters.map((filter) => ({ filter, options }));
    this.send({ kind: 'subscribe', id, subscriptions, properties: NO_SUBSCRIBE_PROPERTIES });
  }

  /** Publishes a message to itself: QoS 0, 1 and 2 in turn, and now and then a PINGREQ before. */
  act(): void {
    const qos = (this.count++ % 3) as QoS;
    if (this.count % 4 === 0) {
      this.expectAnswer('pingresp', 0);
      this.send({ kind: 'pingreq' });
    }
    const text = `from the model client, number ${this.count}`;
    const id = qos === 0 ? undefined : this.nextId();
    if (id !== undefined) this.expectAnswer(qos === 1 ? 'puback' : 'pubrec', id);
    this.away[qos].push(text);
    this.send({
      kind: 'publish',
      dup: false,
      qos,
      retain: false,
      topic: `model/${qos}`,
      id,
      payload: Buffer.from(text),
      topicAlias: 0,
      subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
      properties: NO_MESSAGE_PROPERTIES,
    });
  }

  /** The broker is about to close: it may say so. */
  forewarn(): void {
    this.isForewarned = true;
  }

  /** Sends DISCONNECT. */
  disconnect(): void {
    this.send({ kind: 'disconnect', reasonCode: 0, properties: NO_DISCONNECT_PROPERTIES });
  }

  /** Lets bytes flow both ways, and answers; says whether some did. */
  exchange(): boolean {
    const hasFlown = this.wire.flow(() => undefined);
    this.wire.read(this.version);
    const packets = this.wire.received.splice(0);
    this.wire.sizes.length = 0;
    for (const packet of packets) this.take(packet);
    return this.wire.confirmEnd() || hasFlown || packets.length > 0;
  }

  /**
   * Claims that all is as if it were alone.
   * @throws {Escape} when it is not.
   */
  expectUnnoticed(isPresent: boolean): void {
    const left = [...this.waiting, ...this.away.flat()];
    expect(
      this.connack !== undefined && left.length === 0,
      UNNOTICED,
      () => `it waits for ${left.join(', ') || 'CONNACK'}`,
    );
    expect(this.connack.sessionPresent === isPresent, UNNOTICED, () => `Session Present is ${!isPresent}`);
    expect(this.wire.isOpen, UNNOTICED, () => 'its connection has ended');
  }

  private take(packet: Packet): void {
    switch (packet.kind) {
      case 'connack':
        expect(packet.reasonCode === 0, UNNOTICED, () => `CONNACK ${packet.reasonCode}`);
        this.connack = packet;
        return;
      case 'publish':
        return this.takePublish(packet);
      case 'puback':
        this.settle('puback', packet.id);
        return expect(packet.reasonCode < 0x80, UNNOTICED, () => `PUBACK ${packet.reasonCode}`);
      case 'pubrec':
        this.settle('pubrec', packet.id);
        expect(packet.reasonCode < 0x80, UNNOTICED, () => `PUBREC ${packet.reasonCode}`);
        this.expectAnswer('pubcomp', packet.id);
        return this.answer('pubrel', packet.id);
      case 'pubrel':
        expect(this.unreleased.delete(packet.id), UNNOTICED, () => `PUBREL ${packet.id}`);
        return this.answer('pubcomp', packet.id);
      case 'pubcomp':
        return this.settle('pubcomp', packet.id);
      case 'suback':
        expect(
          packet.reasonCodes.every((code) => code <= 2),
          UNNOTICED,
          () => `SUBACK ${packet.reasonCodes.join(' ')}`,
        );
        return this.settle('suback', packet.id);
      case 'pingresp':
        return this.settle('pingresp', 0);
      case 'disconnect':
        return expect(this.isForewarned && packet.reasonCode === SHUTTING_DOWN, UNNOTICED, () =>
          JSON.stringify(packet),
        );
      default:
        return expect(false, UNNOTICED, () => `it got ${JSON.stringify(packet)}`);
    }
  }

  private takePublish({ topic, payload, qos, id, dup, retain }: PublishPacket): void {
    const text = Buffer.from(payload).toString();
    if (text.startsWith('from the model client')) {
      const expected = this.away[qos].shift();
      const isRight = text === expected && topic === `model/${qos}` && !dup && !retain;
      expect(isRight, UNNOTICED, () => `${JSON.stringify(text)} came to ${topic} with QoS ${qos}, not ${expected}`);
    } else {
      expect(this.published.has(messageKey(topic, payload)), UNNOTICED, () => `a message that nobody sent: ${topic}`);
    }
    if (id === undefined) return;
    if (qos === 2) this.unreleased.add(id);
    this.answer(qos === 1 ? 'puback' : 'pubrec', id);
  }

  private answer(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: PacketId): void {
    this.send({ kind, id, reasonCode: 0, properties: NO_REASON_PROPERTIES });
  }

  private expectAnswer(kind: Waiting, id: number): void {
    this.waiting.add(`${kind} ${id}`);
  }

  private settle(kind: Waiting, id: number): void {
    expect(this.waiting.delete(`${kind} ${id}`), UNNOTICED, () => `${kind} ${id}, which it did not wait for`);
  }

  private nextId(): PacketId {
    this.idLast = (this.idLast % 1_000) + 1;
    return packetId(this.idLast);
  }

  private send(packet: Packet): void {
    this.wire.send(bytesOf([packet], this.version));
  }
}
