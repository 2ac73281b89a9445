// Histories made by hand, for the tests of checkers: a story is told in acts ("connects", "subscribes", "publishes"), each of which writes all
// events that a run would, and goes well unless it is told step by step. A millisecond passes with each event.
// Longer than 400 lines because it is one vocabulary, a short method per act.

import { packetId } from '../../src/packet/packet-id.ts';
import type {
  ConnackPacket,
  ConnectPacket,
  Packet,
  PublishPacket,
  QoS,
  SubscriptionOptions,
} from '../../src/packet/packet.ts';
import {
  NO_CONNACK_PROPERTIES,
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_USER_PROPERTIES,
} from '../../src/packet/properties.ts';
import { PLAIN_BROKER, PLAIN_NETWORK, plainClient } from '../generate/plain-parts.ts';
import type { EndState, History, HistoryEvent, Label, WirePacket } from '../history.ts';
import type { BrokerPlan, ClientPlan, Step } from '../plan.ts';
import type { Checker } from './violation.ts';

/** An event without its time. */
type Untimed = HistoryEvent extends infer Event ? (Event extends unknown ? Omit<Event, 'at'> : never) : never;

/** Which side of a connection. */
type Side = 'client' | 'broker';

/** How a client connects. */
export interface Connecting {
  readonly version?: 4 | 5;
  readonly clean?: boolean;
  /** Session Expiry Interval; default: an hour. */
  readonly expirySeconds?: number;
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  readonly will?: {
    readonly topic?: string;
    readonly qos?: QoS;
    readonly retain?: boolean;
    readonly delaySeconds?: number;
  };
  /** Of CONNACK. */
  readonly present?: boolean;
  /** CONNACK does not leave. */
  readonly isUnanswered?: boolean;
  readonly isIntruder?: boolean;
}

/** How a message is published. */
export interface Publishing {
  readonly retain?: boolean;
  readonly expirySeconds?: number;
  /** PUBACK or PUBREC does not leave, and what follows it. */
  readonly isUnanswered?: boolean;
  /** The broker does not take it, and says so with this. */
  readonly refusal?: number;
}

/** How a message is delivered. */
export interface Delivering {
  readonly id?: number;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly handle?: number;
  readonly key?: number;
  /** The client does not answer it. */
  readonly isUnanswered?: boolean;
  /** The application is not done with it. */
  readonly isUnhandled?: boolean;
}

/** Nothing is there. */
export const NOTHING: Pick<EndState, 'sizes' | 'stored'> = {
  sizes: { connections: 0, sessions: 0, subscriptions: 0, retained: 0, queuedMessages: 0, queuedBytes: 0 },
  stored: { sessions: 0, groups: 0, retained: 0, wills: 0, messages: 0, deliveries: 0 },
};

interface Told {
  readonly publish: PublishPacket;
  readonly client: string | undefined;
}

/** What a checker says of a history; without the times, which say nothing to a reader of a test. */
export function sentencesOf(check: Checker, history: History): readonly string[] {
  return check(history).map(({ sentence }) => sentence.replaceAll(/ at \d+ ms/g, ''));
}

/** A history while it is told. */
export class Story {
  readonly events: HistoryEvent[];
  private readonly clients: readonly ClientPlan[];
  private readonly broker: BrokerPlan;
  private now: number;
  private connections: number;
  private readonly present: Map<string, number>;
  private readonly lives: Map<string, number>;
  private readonly told: Map<Label, Told>;
  private readonly numbers: Map<string, number>;
  private readonly ids: Map<string, number>;
  private keys: number;

  /** @param clients  Beside p and s, which are plain. */
  constructor(clients: readonly ClientPlan[] = [], broker: Partial<BrokerPlan> = {}) {
    const names = new Set(clients.map(({ name }) => name));
    this.clients = [...clients, ...['p', 's'].filter((name) => !names.has(name)).map((name) => plainClient(name))];
    this.broker = { ...PLAIN_BROKER, ...broker };
    this.events = [];
    this.now = 0;
    this.connections = 0;
    this.present = new Map();
    this.lives = new Map();
    this.told = new Map();
    this.numbers = new Map();
    this.ids = new Map();
    this.keys = 0;
    this.starts('broker');
  }

  /** Time passes. */
  pass(millis: number): this {
    this.now += millis;
    return this;
  }

  add(event: Untimed): this {
    this.events.push({ at: this.now++, ...event });
    return this;
  }

  /** A process begins a life. */
  starts(who: string): this {
    const life = (this.lives.get(who) ?? 0) + 1;
    this.lives.set(who, life);
    return this.add({ kind: 'started', who, life }).add({ kind: 'ready', who, life });
  }

  /** A process is killed, and its connections with it. */
  crashes(who: string, machine = false): this {
    this.add({ kind: 'crashed', who, life: this.lifeOf(who), boundary: '', machine });
    for (const [client, connection] of this.present) {
      if (who !== 'broker' && who !== client) continue;
      this.add({
        kind: 'connection-over',
        side: who === 'broker' ? 'broker' : 'client',
        client,
        connection,
        how: 'crash',
      });
      this.add({
        kind: 'connection-over',
        side: who === 'broker' ? 'client' : 'broker',
        client,
        connection,
        how: 'told',
      });
      this.present.delete(client);
    }
    return this;
  }

  /** A process ends in order. */
  stops(who: string): this {
    return this.add({ kind: 'stopped', who, life: this.lifeOf(who) });
  }

  /** Somebody asks a process to end. */
  isToldToStop(who: string): this {
    return this.fault({ at: this.now, kind: 'stop', who, reasonCode: 0, sessionExpirySeconds: undefined });
  }

  /** A process begins a life, is asked to end before it is ready, and does. */
  startsInVain(who: string): this {
    const life = (this.lives.get(who) ?? 0) + 1;
    this.lives.set(who, life);
    return this.add({ kind: 'started', who, life }).isToldToStop(who).add({ kind: 'ready', who, life }).stops(who);
  }

  fault(step: Step): this {
    return this.add({ kind: 'fault', step });
  }

  /** A client connects. */
  connects(client: string, how: Connecting = {}): this {
    const { version = 5, clean = false, expirySeconds = 3_600, receiveMaximum, topicAliasMaximum, will } = how;
    if (!this.lives.has(client)) this.starts(client);
    const connection = ++this.connections;
    this.present.set(client, connection);
    this.add({ kind: 'dialled', client, connection, isIntruder: how.isIntruder === true });
    const connect: ConnectPacket = {
      kind: 'connect',
      version,
      bridge: false,
      clientId: client,
      clean,
      keepAlive: 0,
      userName: undefined,
      password: undefined,
      will:
        will === undefined
          ? undefined
          : {
              topic: will.topic ?? `w/${client}`,
              payload: new Uint8Array(0),
              qos: will.qos ?? 1,
              retain: will.retain ?? false,
              delayInterval: will.delaySeconds ?? 0,
              properties: NO_MESSAGE_PROPERTIES,
            },
      properties: { ...NO_CONNECT_PROPERTIES, sessionExpiryInterval: expirySeconds, receiveMaximum, topicAliasMaximum },
    };
    this.passes('client', client, connect);
    if (how.isUnanswered === true) return this;
    return this.passes('broker', client, connack(how.present ?? false));
  }

  /** The network loses a connection. */
  cut(client: string): this {
    const connection = this.connectionOf(client);
    this.present.delete(client);
    this.add({ kind: 'connection-over', side: 'broker', client, connection, how: 'told' });
    return this.add({ kind: 'connection-over', side: 'client', client, connection, how: 'told' });
  }

  /** A client says goodbye. */
  leaves(client: string, reasonCode = 0, sessionExpiryInterval?: number): this {
    const properties = { ...NO_DISCONNECT_PROPERTIES, sessionExpiryInterval };
    return this.passes('client', client, { kind: 'disconnect', reasonCode, properties }).cut(client);
  }

  /** A client subscribes, and the broker grants it. */
  subscribes(client: string, filter: string, qos: QoS, more: Partial<SubscriptionOptions> = {}): this {
    return this.asks(client, filter, qos, more).passes('broker', client, suback(this.lastId(client), qos));
  }

  /** The same without SUBACK. */
  asks(client: string, filter: string, qos: QoS, more: Partial<SubscriptionOptions> = {}): this {
    const options = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0, ...more } as const;
    const properties = { subscriptionIdentifier: undefined, userProperties: NO_USER_PROPERTIES };
    const id = packetId(this.nextId(client));
    return this.passes('client', client, { kind: 'subscribe', id, subscriptions: [{ filter, options }], properties });
  }

  /** A client unsubscribes, and the broker confirms it. */
  unsubscribes(client: string, filter: string): this {
    const id = packetId(this.nextId(client));
    const properties = { userProperties: NO_USER_PROPERTIES };
    this.passes('client', client, { kind: 'unsubscribe', id, filters: [filter], properties });
    return this.passes('broker', client, { kind: 'unsuback', id, reasonCodes: [0], properties: NO_REASON_PROPERTIES });
  }

  /** A client publishes, `p#1` first; all goes well. */
  publishes(client: string, topic: string, qos: QoS, more: Publishing = {}): this {
    const label = this.says(client, topic, qos, more);
    const { publish } = this.message(label);
    this.passes('client', client, publish, label);
    const id = publish.id ?? 0;
    if (more.refusal !== undefined) {
      return this.passes('broker', client, ack(qos === 1 ? 'puback' : 'pubrec', id, more.refusal));
    }
    this.accepts(label);
    if (more.isUnanswered === true) return this;
    if (qos > 0) this.answers(client, id, qos);
    return this.add({ kind: 'settled', client, life: this.lifeOf(client), label, reasonCode: 0 });
  }

  /** The application publishes; nothing leaves. Returns the label. */
  says(client: string, topic: string, qos: QoS, { retain = false, expirySeconds }: Publishing = {}): Label {
    const number = (this.numbers.get(client) ?? 0) + 1;
    this.numbers.set(client, number);
    const label = `${client}#${number}`;
    const life = this.lifeOf(client);
    const id = qos === 0 ? undefined : packetId(this.nextId(client));
    const properties = { ...NO_MESSAGE_PROPERTIES, messageExpiryInterval: expirySeconds };
    this.told.set(label, { publish: { ...publishOf(topic, qos), retain, id, properties }, client });
    this.add({
      kind: 'publish',
      client,
      life,
      label,
      number,
      topic,
      qos,
      retain,
      isEmpty: false,
      expirySeconds,
    });
    return label;
  }

  /** The PUBLISH of a message, for who tells step by step. */
  packetOf(label: Label, more: Partial<PublishPacket> = {}): PublishPacket {
    return { ...this.message(label).publish, ...more };
  }

  /** The broker takes a message that has come. */
  accepts(label: Label): this {
    const { publish, client } = this.message(label);
    const { topic, qos, retain } = publish;
    return this.add({ kind: 'published', label, topic, qos, retain, by: client });
  }

  /** The broker publishes a Will. */
  fires(client: string, topic = `w/${client}`, qos: QoS = 1): this {
    const label = `${client}!${this.lifeOf(client)}`;
    this.told.set(label, { publish: publishOf(topic, qos), client: undefined });
    return this.accepts(label);
  }

  /** The broker acknowledges a PUBLISH, in all steps. */
  answers(client: string, id: number, qos: QoS): this {
    if (qos === 1) return this.passes('broker', client, ack('puback', id));
    return this.passes('broker', client, ack('pubrec', id))
      .passes('client', client, ack('pubrel', id))
      .passes('broker', client, ack('pubcomp', id));
  }

  /** A message is delivered to a client, in all steps. */
  delivers(client: string, label: Label, qos: QoS, more: Delivering = {}): this {
    const { dup = false, retain = false } = more;
    const id = qos === 0 ? 0 : (more.id ?? this.nextId(`to ${client}`));
    const { publish } = this.message(label);
    const packet = { ...publish, qos, dup, retain, id: qos === 0 ? undefined : packetId(id) };
    this.passes('broker', client, packet, label);
    this.receives(client, label, qos, { ...more, retain });
    if (qos === 0 || more.isUnanswered === true) return this;
    if (qos === 1) return this.passes('client', client, ack('puback', id));
    return this.passes('client', client, ack('pubrec', id))
      .passes('broker', client, ack('pubrel', id))
      .passes('client', client, ack('pubcomp', id));
  }

  /** An application gets a message, and is done with it. */
  receives(client: string, label: Label, qos: QoS, more: Delivering = {}): this {
    const { topic } = this.message(label).publish;
    const { retain = false, dup = false, handle = 0 } = more;
    const key = qos === 0 ? 0 : (more.key ?? ++this.keys);
    const who = { client, life: this.lifeOf(client), handle, label, key };
    this.add({ kind: 'received', ...who, topic, qos, retain, dup });
    return more.isUnhandled === true ? this : this.add({ kind: 'acknowledged', ...who });
  }

  /** The broker says that it has dropped messages. */
  drops(client: string, topic: string, reason: Extract<HistoryEvent, { kind: 'dropped' }>['reason'], count = 1): this {
    return this.add({ kind: 'dropped', client, topic, count, reason });
  }

  /** A packet is sent and comes. */
  passes(from: Side, client: string, packet: Packet, label: Label = ''): this {
    return this.sends(from, client, packet, label).comes(
      from === 'client' ? 'broker' : 'client',
      client,
      packet,
      label,
    );
  }

  sends(by: Side, client: string, packet: Packet, label: Label = ''): this {
    return this.add({
      kind: 'sent',
      by,
      client,
      connection: this.connectionOf(client),
      packet: this.wire(client, packet, label),
    });
  }

  comes(to: Side, client: string, packet: Packet, label: Label = ''): this {
    return this.add({
      kind: 'came',
      to,
      client,
      connection: this.connectionOf(client),
      packet: this.wire(client, packet, label),
    });
  }

  /** The end: everything as it should be but for what is said. */
  ends(more: Partial<EndState> = {}): History {
    const connected = Array.from(this.present.keys());
    const dropsCounted: Record<string, number> = {};
    for (const event of this.events) {
      if (event.kind === 'dropped') dropsCounted[event.reason] = (dropsCounted[event.reason] ?? 0) + event.count;
    }
    const end: EndState = {
      ...NOTHING,
      unrest: [],
      leftovers: undefined,
      exceptions: [],
      dropsCounted,
      clients: connected.map((client) => ({ client, unsettled: 0, stored: 0 })),
      ...more,
    };
    const plan = {
      seed: 1,
      broker: this.broker,
      clients: this.clients,
      network: PLAIN_NETWORK,
      steps: [],
      quietAt: this.now,
    };
    return { plan, events: this.events, end };
  }

  private wire(client: string, packet: Packet, label: Label): WirePacket {
    const topic = packet.kind === 'publish' ? packet.topic : '';
    const hasWill = packet.kind === 'connect' && packet.will !== undefined;
    return { packet, label: hasWill ? `${client}!${this.lifeOf(client)}` : label, size: 10, topic };
  }

  private message(label: Label): Told {
    const told = this.told.get(label);
    if (told === undefined) throw new Error(`nobody has published ${label}`);
    return told;
  }

  private connectionOf(client: string): number {
    const connection = this.present.get(client);
    if (connection === undefined) throw new Error(`${client} is not connected`);
    return connection;
  }

  private lifeOf(who: string): number {
    return this.lives.get(who) ?? 1;
  }

  private lastId(who: string): number {
    return this.ids.get(who) ?? 0;
  }

  private nextId(who: string): number {
    const id = this.lastId(who) + 1;
    this.ids.set(who, id);
    return id;
  }
}

/** CONNACK that accepts. */
export function connack(sessionPresent: boolean): ConnackPacket {
  return { kind: 'connack', sessionPresent, reasonCode: 0, properties: NO_CONNACK_PROPERTIES };
}

/** An acknowledgement. */
export function ack(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: number, reasonCode = 0): Packet {
  return { kind, id: packetId(id), reasonCode, properties: NO_REASON_PROPERTIES };
}

/** SUBACK for one filter. */
export function suback(id: number, ...reasonCodes: readonly number[]): Packet {
  return { kind: 'suback', id: packetId(id), reasonCodes, properties: NO_REASON_PROPERTIES };
}

function publishOf(topic: string, qos: QoS): PublishPacket {
  return {
    kind: 'publish',
    dup: false,
    qos,
    retain: false,
    topic,
    id: undefined,
    payload: new Uint8Array(0),
    topicAlias: 0,
    subscriptionIdentifiers: [],
    properties: NO_MESSAGE_PROPERTIES,
  };
}
