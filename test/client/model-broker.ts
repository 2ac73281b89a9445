// A broker as section 4.3 has it and nothing more: what it has accepted, what it still has to send, and what it remembers of one
// session. It is written apart from src/session on purpose: a client is held against it.
// Time, order and loss are its caller's: packets are taken one by one, and what is to be sent is fetched.

import assert from 'node:assert/strict';

import { NO_SUBSCRIPTION_IDENTIFIERS, type Packet, type PublishPacket } from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES, NO_REASON_PROPERTIES } from '../../src/packet/properties.ts';

/** A message on its way to the client. */
interface Outgoing {
  readonly id: PacketId;
  readonly text: string;
  readonly qos: 1 | 2;
  /** 'waiting': not sent at all. 'released': PUBREC has come. */
  state: 'waiting' | 'sent' | 'released';
}

/** The broker, with the one session that it may have. */
export class ModelBroker {
  /** The text of every message that it has accepted, each as often as it was. */
  readonly accepted: string[];
  /** Whether it has a session. */
  private hasSession: boolean;
  /** QoS 2, from PUBLISH to PUBREL. */
  private readonly received: Set<PacketId>;
  private outgoing: Outgoing[];

  constructor() {
    this.accepted = [];
    this.hasSession = false;
    this.received = new Set();
    this.outgoing = [];
  }

  /** Whether nothing is under way, in either direction. */
  get isIdle(): boolean {
    return this.outgoing.length === 0 && this.received.size === 0;
  }

  /** The session is lost, and with it what was to be sent; says what that was. */
  loseSession(): readonly string[] {
    const lost = this.outgoing.map(({ text }) => text);
    this.hasSession = false;
    this.received.clear();
    this.outgoing = [];
    return lost;
  }

  /** Has a message for the client; one without a session is nobody's. Says whether it is kept. */
  publish(text: string, qos: 1 | 2): boolean {
    if (!this.hasSession) return false;
    this.outgoing.push({ id: this.freeId(), text, qos, state: 'waiting' });
    return true;
  }

  /** CONNECT: whether there is a session, and what it still has to send, first of all [MQTT-4.4.0-1]. */
  connect(clean: boolean): { readonly sessionPresent: boolean; readonly packets: readonly Packet[] } {
    if (clean) this.loseSession();
    const sessionPresent = this.hasSession;
    this.hasSession = true;
    const released = this.outgoing
      .filter(({ state }) => state === 'released')
      .map(({ id }) => acknowledgement('pubrel', id));
    const sent = this.outgoing.filter(({ state }) => state === 'sent').map((each) => publishOf(each, true));
    return { sessionPresent, packets: [...released, ...sent] };
  }

  /** What it has to send besides, once; to be asked while it is connected. */
  send(): readonly Packet[] {
    const waiting = this.outgoing.filter(({ state }) => state === 'waiting');
    for (const each of waiting) each.state = 'sent';
    return waiting.map((each) => publishOf(each, false));
  }

  /** Takes a packet of the client's, and answers. */
  take(packet: Packet): readonly Packet[] {
    switch (packet.kind) {
      case 'publish':
        return this.takePublish(packet);
      case 'pubrel':
        this.received.delete(packet.id);
        return [acknowledgement('pubcomp', packet.id)];
      case 'puback':
        this.finish(packet.id, 1, ['sent']);
        return [];
      case 'pubrec': {
        const found = this.outgoing.find(({ id, qos }) => id === packet.id && qos === 2);
        // [MQTT-4.3.3-3] [MQTT-4.3.3-4]
        if (found !== undefined) found.state = 'released';
        return [acknowledgement('pubrel', packet.id)];
      }
      case 'pubcomp':
        this.finish(packet.id, 2, ['released']);
        return [];
      default:
        return assert.fail(`A client of this script does not send ${packet.kind}.`);
    }
  }

  private takePublish({ qos, id, payload }: PublishPacket): readonly Packet[] {
    const text = new TextDecoder().decode(payload);
    if (qos === 0 || id === undefined) {
      this.accepted.push(text);
      return [];
    }
    if (qos === 1) {
      this.accepted.push(text);
      return [acknowledgement('puback', id)];
    }
    // [MQTT-4.3.3-10]
    if (!this.received.has(id)) this.accepted.push(text);
    this.received.add(id);
    return [acknowledgement('pubrec', id)];
  }

  private finish(id: PacketId, qos: 1 | 2, states: readonly Outgoing['state'][]): void {
    this.outgoing = this.outgoing.filter((each) => each.id !== id || each.qos !== qos || !states.includes(each.state));
  }

  /** The lowest free identifier, so that each is used again as soon as it may be. */
  private freeId(): PacketId {
    const used = new Set(this.outgoing.map(({ id }) => id));
    let id = 1;
    while (used.has(packetId(id))) id++;
    return packetId(id);
  }
}

function acknowledgement(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: PacketId): Packet {
  return { kind, id, reasonCode: 0, properties: NO_REASON_PROPERTIES };
}

function publishOf({ id, text, qos }: Outgoing, dup: boolean): Packet {
  return {
    kind: 'publish',
    dup,
    qos,
    retain: false,
    topic: 't',
    id,
    payload: new TextEncoder().encode(text),
    topicAlias: 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: NO_MESSAGE_PROPERTIES,
  };
}
