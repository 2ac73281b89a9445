// Histories made by hand, for the tests of what reads them: one client, ann, on connection 1, a millisecond an event.

import { packetId } from '../../src/packet/packet-id.ts';
import type { Packet, QoS } from '../../src/packet/packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../../src/packet/packet.ts';
import {
  NO_CONNACK_PROPERTIES,
  NO_CONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
} from '../../src/packet/properties.ts';
import type { EndState, HistoryEvent } from '../history.ts';

/** An event without its time: `SampleEvents` gives it one. */
type Untimed = HistoryEvent extends infer Event ? (Event extends unknown ? Omit<Event, 'at'> : never) : never;

/** Writes a history. */
export class SampleEvents {
  readonly events: HistoryEvent[];
  /** Which connection is written about. */
  connection: number;

  constructor() {
    this.events = [];
    this.connection = 1;
  }

  /** Anything. */
  add(event: Untimed): this {
    this.events.push({ at: this.events.length, ...event });
    return this;
  }

  /** Broker and ann are there, and she dials. */
  dialled(isIntruder = false): this {
    return this.add({ kind: 'dialled', client: 'ann', connection: this.connection, isIntruder });
  }

  /** Processes that have begun, and are ready. */
  ready(...names: readonly string[]): this {
    for (const who of names) this.add({ kind: 'started', who, life: 1 }).add({ kind: 'ready', who, life: 1 });
    return this;
  }

  /** Laid down. */
  sent(by: 'client' | 'broker', packet: Packet): this {
    const wire = { packet, label: labelOf(packet), size: 10, topic: topicOf(packet) };
    return this.add({ kind: 'sent', by, client: 'ann', connection: this.connection, packet: wire });
  }

  /** Handed over. */
  came(to: 'client' | 'broker', packet: Packet): this {
    const wire = { packet, label: labelOf(packet), size: 10, topic: topicOf(packet) };
    return this.add({ kind: 'came', to, client: 'ann', connection: this.connection, packet: wire });
  }

  /** Sent and handed over. */
  passed(from: 'client' | 'broker', packet: Packet): this {
    return this.sent(from, packet).came(from === 'client' ? 'broker' : 'client', packet);
  }

  /** A side is done with the connection. */
  over(side: 'client' | 'broker', how: 'end' | 'destroy' | 'told' | 'crash' = 'told'): this {
    return this.add({ kind: 'connection-over', side, client: 'ann', connection: this.connection, how });
  }

  /** Broker and ann are there and connected. */
  connected(): this {
    return this.ready('broker', 'ann').dialled().passed('client', CONNECT).passed('broker', CONNACK);
  }
}

/** Nothing is there. */
export const NOTHING_LEFT: EndState = {
  unrest: [],
  dropsCounted: {},
  sizes: { connections: 0, sessions: 0, subscriptions: 0, retained: 0, queuedMessages: 0, queuedBytes: 0 },
  stored: { sessions: 0, groups: 0, retained: 0, wills: 0, messages: 0, deliveries: 0 },
  leftovers: undefined,
  clients: [],
  exceptions: [],
};

/** CONNECT of ann. */
export const CONNECT: Packet = {
  kind: 'connect',
  version: 5,
  bridge: false,
  clientId: 'ann',
  clean: false,
  keepAlive: 0,
  userName: undefined,
  password: undefined,
  will: undefined,
  properties: NO_CONNECT_PROPERTIES,
};

/** CONNACK with a new session. */
export const CONNACK: Packet = {
  kind: 'connack',
  sessionPresent: false,
  reasonCode: 0,
  properties: NO_CONNACK_PROPERTIES,
};

/** PUBLISH to t with this identifier. */
export function publish(qos: QoS, id: number): Packet {
  return {
    kind: 'publish',
    dup: false,
    qos,
    retain: false,
    topic: 't',
    id: qos === 0 ? undefined : packetId(id),
    payload: new Uint8Array(0),
    topicAlias: 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: NO_MESSAGE_PROPERTIES,
  };
}

/** An acknowledgement. */
export function answer(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: number, reasonCode = 0): Packet {
  return { kind, id: packetId(id), reasonCode, properties: NO_REASON_PROPERTIES };
}

/** SUBSCRIBE to a filter. */
export function subscribe(id: number, filter: string): Packet {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const properties = { subscriptionIdentifier: undefined, userProperties: [] };
  return { kind: 'subscribe', id: packetId(id), subscriptions: [{ filter, options }], properties };
}

/** SUBACK, QoS 1. */
export function suback(id: number): Packet {
  return { kind: 'suback', id: packetId(id), reasonCodes: [1], properties: NO_REASON_PROPERTIES };
}

function labelOf(packet: Packet): string {
  return packet.kind === 'publish' ? 'ann#1' : '';
}

function topicOf(packet: Packet): string {
  return packet.kind === 'publish' ? packet.topic : '';
}
