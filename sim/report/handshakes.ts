// Where each handshake of each connection stands, from the packets on the wire: what a fault at this moment interrupts. A flow of
// QoS 1 or 2 goes through "on its way" (a packet is sent, and has not come) and "due" (it has come, and its answer is not sent: it waits for
// a disk, or for the end of the turn). 'in' is what clients publish, 'out' what the broker delivers.

import type { Packet, PublishPacket } from '../../src/packet/packet.ts';
import type { HistoryEvent } from '../history.ts';

const FLOW_STATES = [
  'PUBLISH 1 on its way',
  'PUBACK due',
  'PUBACK on its way',
  'PUBLISH 2 on its way',
  'PUBREC due',
  'PUBREC on its way',
  'PUBREL due',
  'PUBREL on its way',
  'PUBCOMP due',
  'PUBCOMP on its way',
] as const;

type FlowState = (typeof FLOW_STATES)[number];

const DIRECTIONS = ['in', 'out'] as const;

type Direction = (typeof DIRECTIONS)[number];

/** What a connection, or a client without one, may be in the middle of. */
export type HandshakeState =
  /** The process is not there. */
  | 'down'
  /** It starts: its store is not open yet. */
  | 'recovering'
  | 'not connected'
  /** No CONNECT has been sent. */
  | 'dialling'
  /** No CONNACK has come. */
  | 'connecting'
  /** No SUBACK or UNSUBACK has come. */
  | 'subscribing'
  /** One end is gone, and the other one does not know. */
  | 'half gone'
  | 'nothing in flight'
  | `${Direction}: ${FlowState}`;

/** All of them, as tables show them. */
export const HANDSHAKE_STATES: readonly HandshakeState[] = [
  'down',
  'recovering',
  'not connected',
  'dialling',
  'connecting',
  'subscribing',
  'half gone',
  'nothing in flight',
  ...DIRECTIONS.flatMap((direction) => FLOW_STATES.map((state) => `${direction}: ${state}` as const)),
];

/** One connection that is not over at both ends. */
interface ConnectionState {
  readonly client: string;
  readonly isIntruder: boolean;
  phase: 'dialling' | 'connecting' | 'open';
  endsLeft: number;
  /** The identifiers of SUBSCRIBE and UNSUBSCRIBE without an answer. */
  readonly requests: Set<number>;
  readonly flows: { readonly [Name in Direction]: Map<number, FlowState> };
}

/** Follows a history, event by event. */
export class Handshakes {
  private readonly connections: Map<number, ConnectionState>;
  /** Processes that are there. */
  private readonly processes: Map<string, 'recovering' | 'ready'>;

  constructor() {
    this.connections = new Map();
    this.processes = new Map();
  }

  /** Takes note of an event. */
  see(event: HistoryEvent): void {
    switch (event.kind) {
      case 'started':
        this.processes.set(event.who, 'recovering');
        return;
      case 'ready':
        this.processes.set(event.who, 'ready');
        return;
      case 'crashed':
      case 'stopped':
      case 'store-failed':
      case 'over':
        this.processes.delete(event.who);
        return;
      case 'dialled':
        this.seeDialled(event);
        return;
      case 'sent':
        this.seePacket(event.connection, event.packet.packet, event.by, false);
        return;
      case 'came':
        this.seePacket(event.connection, event.packet.packet, event.to === 'broker' ? 'client' : 'broker', true);
        return;
      case 'connection-over':
        this.seeOver(event.connection);
        break;
      default:
    }
  }

  /** What a client is in the middle of, or `undefined`: what everybody is. */
  statesOf(client: string | undefined): ReadonlySet<HandshakeState> {
    const states = new Set<HandshakeState>();
    const process = this.processes.get(client ?? 'broker');
    if (process !== 'ready') states.add(process ?? 'down');
    let hasConnection = false;
    for (const connection of this.connections.values()) {
      if (client !== undefined && (connection.client !== client || connection.isIntruder)) continue;
      hasConnection = true;
      addStates(connection, states);
    }
    if (!hasConnection && process === 'ready') states.add('not connected');
    return states;
  }

  /** The states of the connections that a new one of the same client takes over; empty: of none. */
  statesTakenOver(client: string, byConnection: number): ReadonlySet<HandshakeState> {
    const states = new Set<HandshakeState>();
    for (const [number, connection] of this.connections) {
      if (number < byConnection && connection.client === client) addStates(connection, states);
    }
    return states;
  }

  private seeDialled(event: Extract<HistoryEvent, { readonly kind: 'dialled' }>): void {
    this.connections.set(event.connection, {
      client: event.client,
      isIntruder: event.isIntruder,
      phase: 'dialling',
      endsLeft: 2,
      requests: new Set(),
      flows: { in: new Map(), out: new Map() },
    });
  }

  private seeOver(number: number): void {
    const connection = this.connections.get(number);
    if (connection === undefined) return;
    connection.endsLeft--;
    if (connection.endsLeft === 0) this.connections.delete(number);
  }

  private seePacket(number: number, packet: Packet, from: 'client' | 'broker', hasCome: boolean): void {
    const connection = this.connections.get(number);
    if (connection === undefined) return;
    const { requests, flows } = connection;
    switch (packet.kind) {
      case 'connect':
        connection.phase = 'connecting';
        return;
      case 'connack':
        if (hasCome) connection.phase = 'open';
        return;
      case 'subscribe':
      case 'unsubscribe':
        requests.add(packet.id);
        return;
      case 'suback':
      case 'unsuback':
        if (hasCome) requests.delete(packet.id);
        return;
      case 'publish':
        seePublish(flows[from === 'client' ? 'in' : 'out'], packet, hasCome);
        return;
      case 'pubrel':
        flows[from === 'client' ? 'in' : 'out'].set(packet.id, hasCome ? 'PUBCOMP due' : 'PUBREL on its way');
        return;
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
        seeAnswer(flows[from === 'client' ? 'out' : 'in'], packet, hasCome);
        break;
      default:
    }
  }
}

function seePublish(flow: Map<number, FlowState>, { qos, id }: PublishPacket, hasCome: boolean): void {
  if (id === undefined) return;
  if (hasCome) flow.set(id, qos === 1 ? 'PUBACK due' : 'PUBREC due');
  else flow.set(id, qos === 1 ? 'PUBLISH 1 on its way' : 'PUBLISH 2 on its way');
}

function seeAnswer(
  flow: Map<number, FlowState>,
  { kind, id, reasonCode }: Extract<Packet, { readonly kind: 'puback' | 'pubrec' | 'pubcomp' }>,
  hasCome: boolean,
): void {
  if (!hasCome) flow.set(id, `${toUpper(kind)} on its way`);
  else if (kind === 'pubrec' && reasonCode < 0x80) flow.set(id, 'PUBREL due');
  else flow.delete(id);
}

function toUpper(kind: 'puback' | 'pubrec' | 'pubcomp'): 'PUBACK' | 'PUBREC' | 'PUBCOMP' {
  return kind === 'puback' ? 'PUBACK' : kind === 'pubrec' ? 'PUBREC' : 'PUBCOMP';
}

function addStates({ phase, endsLeft, requests, flows }: ConnectionState, states: Set<HandshakeState>): void {
  if (endsLeft === 1) {
    states.add('half gone');
    return;
  }
  if (phase !== 'open') {
    states.add(phase);
    return;
  }
  if (requests.size > 0) states.add('subscribing');
  for (const direction of DIRECTIONS) {
    for (const state of flows[direction].values()) states.add(`${direction}: ${state}`);
  }
  if (requests.size + flows.in.size + flows.out.size === 0) states.add('nothing in flight');
}
