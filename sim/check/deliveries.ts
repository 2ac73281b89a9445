// What the broker sent to its clients with QoS 1 and 2, as flows: a flow is one message under one packet identifier in one session, from its first
// PUBLISH to its last acknowledgement, over any number of connections. Two flows of one message are two deliveries of it.

import type { PublishPacket, QoS } from '../../src/packet/packet.ts';
import type { Label, WirePacket } from '../history.ts';
import { NEVER, type SessionSpan } from './session-span.ts';
import type { WireConnection } from './wire-connection.ts';

/** One delivery. */
export interface Flow {
  readonly span: SessionSpan;
  readonly id: number;
  readonly label: Label;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  /** The first PUBLISH. */
  readonly sentAt: number;
  /** It had DUP: the sending had begun before, and was stopped half way. */
  readonly isRepeat: boolean;
  /** The lives of the client's process in which it came. */
  readonly cameIn: Set<number>;
  /** PUBACK came, or PUBREC below 0x80. */
  answeredAt: number;
  /** The broker has sent PUBREL. */
  releasedAt: number;
  /** PUBACK, PUBCOMP, or a PUBREC that refuses. */
  overAt: number;
}

/** A PUBLISH of QoS 0. */
export interface Shot {
  readonly connection: WireConnection;
  readonly label: Label;
  readonly topic: string;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  readonly sentAt: number;
  cameAt: number;
}

/** The flows of all sessions. */
export class Deliveries {
  readonly flows: Flow[];
  readonly shots: Shot[];
  readonly flowsByLabel: Map<Label, Flow[]>;
  readonly shotsByLabel: Map<Label, Shot[]>;
  private readonly open: Map<SessionSpan, Map<number, Flow>>;
  /** Of those, such as were closed: the broker may forget that in a crash. */
  private readonly closed: Map<SessionSpan, Map<number, Flow[]>>;

  constructor() {
    this.flows = [];
    this.shots = [];
    this.flowsByLabel = new Map();
    this.shotsByLabel = new Map();
    this.open = new Map();
    this.closed = new Map();
  }

  sent(connection: WireConnection, { label, topic }: WirePacket, packet: PublishPacket, place: number): void {
    const { span } = connection;
    const { qos, retain, subscriptionIdentifiers: identifiers } = packet;
    const id: number = packet.id ?? 0;
    if (qos === 0) {
      const shot: Shot = { connection, label, topic, retain, identifiers, sentAt: place, cameAt: NEVER };
      this.shots.push(shot);
      push(this.shotsByLabel, label, shot);
      return;
    }
    if (span === undefined) return;
    const open = mapOf(this.open, span);
    const known = open.get(id);
    if (known?.label === label && known.qos === qos) return;
    // What was past PUBREC does not come again; a Will of the same name may.
    const forgotten = packet.dup ? this.find(span, id, label) : undefined;
    if (forgotten?.qos === qos && forgotten.releasedAt === NEVER) {
      forgotten.overAt = NEVER;
      open.set(id, forgotten);
      return;
    }
    const flow: Flow = {
      span,
      id,
      label,
      topic,
      qos,
      retain,
      identifiers,
      sentAt: place,
      isRepeat: packet.dup,
      cameIn: new Set(),
      answeredAt: NEVER,
      releasedAt: NEVER,
      overAt: NEVER,
    };
    open.set(id, flow);
    this.flows.push(flow);
    push(this.flowsByLabel, label, flow);
  }

  /** A PUBLISH came to the client. */
  came(connection: WireConnection, { label }: WirePacket, { qos, id }: PublishPacket, place: number): void {
    if (qos === 0) {
      const shot = this.shotsByLabel
        .get(label)
        ?.find((each) => each.connection === connection && each.cameAt === NEVER);
      if (shot !== undefined) shot.cameAt = place;
      return;
    }
    const flow = connection.span === undefined ? undefined : this.find(connection.span, id ?? 0, label);
    if (!connection.isIntruder) flow?.cameIn.add(connection.clientLife);
  }

  /** PUBACK or PUBREC came to the broker. */
  answered({ span }: WireConnection, id: number, qos: QoS, reasonCode: number, place: number): void {
    const flow = span === undefined ? undefined : this.open.get(span)?.get(id);
    if (flow === undefined || flow.qos !== qos) return;
    if (reasonCode < 0x80) flow.answeredAt = Math.min(flow.answeredAt, place);
    if (qos === 1 || reasonCode >= 0x80) this.close(flow, place);
  }

  /** PUBREL was sent. */
  released({ span }: WireConnection, id: number, place: number): void {
    const flow = span === undefined ? undefined : this.open.get(span)?.get(id);
    if (flow !== undefined && flow.answeredAt !== NEVER) flow.releasedAt = Math.min(flow.releasedAt, place);
  }

  /** PUBCOMP came to the broker. */
  completed({ span }: WireConnection, id: number, place: number): void {
    const flow = span === undefined ? undefined : this.open.get(span)?.get(id);
    if (flow?.qos === 2) this.close(flow, place);
  }

  /** The broker is gone: QoS 1 identifiers that were not stored are free again. */
  brokerLost(): void {
    for (const flows of this.open.values()) {
      for (const [id, flow] of flows) if (flow.qos === 1) this.forget(flow.span, id);
    }
  }

  private close(flow: Flow, place: number): void {
    flow.overAt = place;
    this.forget(flow.span, flow.id);
  }

  private forget(span: SessionSpan, id: number): void {
    const flow = this.open.get(span)?.get(id);
    if (flow === undefined) return;
    this.open.get(span)?.delete(id);
    this.closedOf(span, id).push(flow);
  }

  /** Where it is not sure which session it is, in all that it may be. */
  private find(span: SessionSpan, id: number, label: Label): Flow | undefined {
    const open = this.open.get(span)?.get(id);
    if (open?.label === label) return open;
    const closed = this.closedOf(span, id).findLast((flow) => flow.label === label);
    if (closed !== undefined) return closed;
    for (const older of span.older) {
      const found = this.find(older, id, label);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private closedOf(span: SessionSpan, id: number): Flow[] {
    const ofSpan = mapOf(this.closed, span);
    const flows = ofSpan.get(id) ?? [];
    ofSpan.set(id, flows);
    return flows;
  }
}

function mapOf<Key, Inner, Value>(maps: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<Inner, Value>();
  maps.set(key, made);
  return made;
}

function push<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
