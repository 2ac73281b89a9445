// One connection of a sender, held against what the specification says of the two directions together. What the sender has
// sent is decoded here a second time: nothing is answered that was not asked, no message comes that nobody sent, no more is
// in flight than the sender allows, nothing is larger than it takes. Where its bytes are no MQTT, nothing is expected but
// that the broker says nothing wrong.

import { PacketDecoder } from '../../src/packet/decoder.ts';
import type { ConnectPacket, Packet, PublishPacket } from '../../src/packet/packet.ts';
import { ProtocolError } from '../../src/packet/protocol-error.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import { expect } from '../engine/escape.ts';

const ANSWERS = 'the broker answers what it was asked, and nothing else';
const LIMITS = 'the broker keeps the limits that a client has set';
const PHANTOMS = 'the broker delivers what somebody has published, and nothing else';
const BYTES_MAX = 268_435_460;

const TOPICS = createTopicTable();

/** Topic and payload of a message as one text. */
export function messageKey(topic: string, payload: Uint8Array): string {
  return `${topic}\n${Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1')}`;
}

/** What is known of one connection of a sender. */
export class Watch {
  private readonly decoder: PacketDecoder;
  /** Messages that the broker has taken from anybody. */
  private readonly published: ReadonlySet<string>;
  private isReadable: boolean;
  private connect: ConnectPacket | undefined;
  private isResumed: boolean;
  /** What has been asked and not answered: by kind of the answer and identifier, how many reasons it must have. */
  private readonly asked: Map<string, number[]>;
  private readonly inFlight: Set<number>;
  /** Acknowledged before they came, as far as is known here: in the same chunk as what made the broker send them. */
  private readonly settledEarly: Set<number>;
  private readonly aliases: Map<number, string>;

  constructor(published: ReadonlySet<string>) {
    this.published = published;
    this.decoder = new PacketDecoder({
      receives: 'from-client',
      maximumPacketSize: BYTES_MAX,
      version: undefined,
      topics: TOPICS,
    });
    this.isReadable = true;
    this.connect = undefined;
    this.isResumed = false;
    this.asked = new Map();
    this.inFlight = new Set();
    this.settledEarly = new Set();
    this.aliases = new Map();
  }

  /** What the sender speaks, as far as it has said so. */
  get version(): ProtocolVersion {
    return this.decoder.version ?? 4;
  }

  /** The sender has sent this. */
  noteSent(bytes: Uint8Array): void {
    if (!this.isReadable) return;
    try {
      this.decoder.push(bytes, 0, bytes.length);
      for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next()) this.noteAsked(packet);
      this.decoder.keep();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.isReadable = false;
    }
  }

  /**
   * The broker has sent this.
   * @throws {Escape} when it should not have.
   */
  judge(packet: Packet, size: number): void {
    const largest = this.connect?.properties.maximumPacketSize ?? BYTES_MAX;
    expect(size <= largest, LIMITS, () => `${packet.kind} of ${size} bytes to a client that takes ${largest}`);
    switch (packet.kind) {
      case 'publish':
        return this.judgePublish(packet);
      case 'suback':
      case 'unsuback': {
        const reasons = this.answer(packet, packet.id);
        const isOld = packet.kind === 'unsuback' && this.version !== 5;
        return expect(isOld || packet.reasonCodes.length === reasons, ANSWERS, () => `${say(packet)} for ${reasons}`);
      }
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
        this.answer(packet, packet.id);
        return undefined;
      case 'pubrel':
        // A session that was resumed goes on where it was.
        if (!this.isResumed) this.answer(packet, packet.id);
        return undefined;
      case 'pingresp':
        this.answer(packet, 0);
        return undefined;
      case 'connack':
        // MQTT 3.1 does not say whether it is.
        this.isResumed = packet.sessionPresent || (this.version === 3 && this.connect?.clean === false);
        return undefined;
      default:
        return undefined;
    }
  }

  private noteAsked(packet: Packet): void {
    switch (packet.kind) {
      case 'connect':
        this.connect ??= packet;
        return;
      case 'publish':
        if (packet.qos > 0) this.ask(packet.qos === 1 ? 'puback' : 'pubrec', packet.id ?? 0, 0);
        return;
      case 'pubrel':
        return this.ask('pubcomp', packet.id, 0);
      case 'pubrec':
        if (packet.reasonCode >= 0x80) this.settle(packet.id);
        else this.ask('pubrel', packet.id, 0);
        return;
      case 'puback':
      case 'pubcomp':
        return this.settle(packet.id);
      case 'subscribe':
        return this.ask('suback', packet.id, packet.subscriptions.length);
      case 'unsubscribe':
        return this.ask('unsuback', packet.id, packet.filters.length);
      case 'pingreq':
        return this.ask('pingresp', 0, 0);
      default:
        return undefined;
    }
  }

  private settle(id: number): void {
    if (!this.inFlight.delete(id)) this.settledEarly.add(id);
  }

  private ask(answer: Packet['kind'], id: number, reasons: number): void {
    const key = `${answer} ${id}`;
    const waiting = this.asked.get(key);
    if (waiting === undefined) this.asked.set(key, [reasons]);
    else waiting.push(reasons);
  }

  /** Takes a question off the list; returns how many reasons its answer has. */
  private answer(packet: Packet, id: number): number {
    const reasons = this.asked.get(`${packet.kind} ${id}`)?.shift();
    expect(reasons !== undefined, ANSWERS, () => `nobody asked for ${say(packet)}`);
    return reasons;
  }

  private judgePublish(packet: PublishPacket): void {
    const { properties } = this.connect ?? { properties: undefined };
    const { topicAlias, id, payload } = packet;
    expect(topicAlias <= (properties?.topicAliasMaximum ?? 0), LIMITS, () => `alias ${topicAlias}`);
    if (topicAlias > 0 && packet.topic !== '') this.aliases.set(topicAlias, packet.topic);
    const topic = packet.topic === '' ? this.aliases.get(topicAlias) : packet.topic;
    expect(topic !== undefined, ANSWERS, () => `alias ${topicAlias} stands for nothing`);
    expect(this.published.has(messageKey(topic, payload)), PHANTOMS, () => say(packet));
    if (id === undefined) return;
    if (this.settledEarly.delete(id)) return;
    expect(!this.inFlight.has(id), ANSWERS, () => `identifier ${id} is in use`);
    this.inFlight.add(id);
    const most = properties?.receiveMaximum ?? 65_535;
    expect(this.inFlight.size <= most, LIMITS, () => `${this.inFlight.size} in flight to a client that takes ${most}`);
  }
}

function say(packet: Packet): string {
  return JSON.stringify(packet);
}
