// A history, read once for all checkers: who lived when, what each connection and session was, what became of each message. Here is
// only what the history says, and what follows from it whatever broker and client do; what should be is the checkers' to say.
// A place is the index of an event; times are only looked at where a rule speaks of time.

import type { PublishPacket, QoS } from '../../src/packet/packet.ts';
import type { ApplicationEvent, BrokerEvent, History, HistoryEvent, Label, WireEvent, WirePacket } from '../history.ts';
import { type BrokerLife, isLostHow, tellToEnd } from './broker-life.ts';
import { type Circumstances, circumstancesOf } from './circumstances.ts';
import { ClientFacts, type Drop } from './client-facts.ts';
import { Deliveries } from './deliveries.ts';
import { MessageFacts, willOf } from './message-facts.ts';
import { NEVER } from './session-span.ts';
import { type Acceptance, WireConnection } from './wire-connection.ts';

type Timed<Event> = Extract<HistoryEvent, Event>;

/** A packet that was sent, or came. */
export interface WireLine {
  readonly place: number;
  readonly at: number;
  readonly isSent: boolean;
  /** Who sent it, or to whom it came. */
  readonly side: 'client' | 'broker';
  readonly connection: WireConnection;
  readonly wire: WirePacket;
}

/** A history, indexed. */
export class Digest {
  readonly history: History;
  readonly events: readonly HistoryEvent[];
  readonly circumstances: Circumstances;
  readonly brokerLives: BrokerLife[];
  readonly connections: Map<number, WireConnection>;
  /** Everything that was sent and came, in order. */
  readonly wires: WireLine[];
  readonly clients: Map<string, ClientFacts>;
  readonly messages: Map<Label, MessageFacts>;
  readonly acceptances: Acceptance[];
  readonly deliveries: Deliveries;
  /** Of shared subscriptions, by their whole filters. */
  readonly groupDrops: Map<string, Drop[]>;
  /** How many messages were said to be dropped, by reason. */
  readonly dropsSaid: Map<string, number>;
  /** Sessions that the broker said had ended, though nothing had ended them. */
  readonly wrongEnds: { readonly client: string; readonly at: number }[];
  /** Of the last event; the run may have lasted longer. */
  readonly endAt: number;

  constructor(history: History) {
    const { plan, events, end } = history;
    this.history = history;
    this.events = events;
    this.circumstances = circumstancesOf(history);
    this.brokerLives = [];
    this.connections = new Map();
    this.wires = [];
    this.clients = new Map();
    this.messages = new Map();
    this.acceptances = [];
    this.deliveries = new Deliveries();
    this.groupDrops = new Map();
    this.dropsSaid = new Map();
    this.wrongEnds = [];
    this.endAt = events.at(-1)?.at ?? 0;
    for (const client of plan.clients) {
      this.clients.set(client.name, new ClientFacts(client.name, client, this.circumstances));
    }
    for (let place = 0; place < events.length; place++) this.take(events[place] as HistoryEvent, place);
    for (const { client } of end.clients) this.client(client).isUpAtEnd = true;
  }

  /** The facts of a client. */
  client(name: string): ClientFacts {
    const known = this.clients.get(name);
    if (known !== undefined) return known;
    const facts = new ClientFacts(name, undefined, this.circumstances);
    this.clients.set(name, facts);
    return facts;
  }

  /** When an event happened. */
  at(place: number): number {
    return this.events[place]?.at ?? this.endAt;
  }

  /** Whether the broker of that life ended otherwise than in order. */
  isLost(life: number): boolean {
    const known = this.brokerLives[life - 1];
    return known !== undefined && isLostHow(known.how);
  }

  private take(event: HistoryEvent, place: number): void {
    switch (event.kind) {
      case 'sent':
      case 'came':
      case 'dialled':
      case 'connection-over':
        this.takeWire(event, place);
        break;
      case 'published':
      case 'dropped':
        this.takeBroker(event, place);
        break;
      case 'started':
      case 'ready':
      case 'crashed':
      case 'stopped':
      case 'store-failed':
      case 'over':
        this.takeProcess(event, place);
        break;
      case 'fault':
        if (event.step.kind !== 'stop') break;
        if (event.step.who === 'broker') tellToEnd(this.brokerLives.at(-1), place);
        else this.client(event.step.who).askedToStop(place);
        break;
      case 'quiet':
      case 'store-full':
        break;
      default:
        this.takeApplication(event, place);
    }
  }

  private takeProcess(event: Extract<HistoryEvent, { who: string }>, place: number): void {
    const { who, life, kind, at } = event;
    if (who !== 'broker') {
      const facts = this.client(who);
      if (kind === 'started') facts.started(life);
      else if (kind === 'stopped') facts.stopped(life, place);
    } else if (kind === 'started') {
      this.brokerLives.push({ life, from: place, ready: NEVER, closing: NEVER, to: NEVER, how: 'up' });
      for (const { standing } of this.clients.values()) standing.brokerStarted(at);
    } else if (kind === 'ready') {
      const last = this.brokerLives.at(-1);
      // One that was told to end while it opened its store puts nothing back, and writes nothing down.
      if (last === undefined || last.closing !== NEVER) return;
      last.ready = place;
      for (const { standing } of this.clients.values()) standing.brokerReady(at);
    } else this.brokerOver(kind, place);
  }

  private brokerOver(how: Exclude<BrokerLife['how'], 'up'>, place: number): void {
    const last = this.brokerLives.at(-1);
    // A store that failed while the broker was ending says so first.
    if (last === undefined || last.to !== NEVER) return;
    tellToEnd(last, place);
    last.to = place;
    last.how = how;
    const isLost = isLostHow(how);
    for (const { standing } of this.clients.values()) {
      if (isLost) standing.brokerLost(place, this.at(place));
      else standing.brokerStopped();
    }
    if (isLost) this.deliveries.brokerLost();
  }

  private takeWire(event: Timed<WireEvent>, place: number): void {
    const facts = this.client(event.client);
    const { connection: number } = event;
    if (event.kind === 'dialled') {
      const { life } = facts;
      const made = new WireConnection(number, event.client, event.isIntruder, life, this.brokerLives.length);
      this.connections.set(number, made);
      facts.connections.push(made);
      return;
    }
    const connection = this.connections.get(number);
    if (connection === undefined) return;
    if (event.kind === 'connection-over') {
      this.connectionOver(facts, connection, event, place);
      return;
    }
    const { at, packet: wire } = event;
    const isSent = event.kind === 'sent';
    const side = isSent ? event.by : event.to;
    this.wires.push({ place, at, isSent, side, connection, wire });
    if (isSent) {
      if (side === 'broker') this.brokerSent(facts, connection, wire, place);
      else this.clientSent(facts, connection, wire);
    } else if (side === 'client') this.cameToClient(facts, connection, wire, place);
    else if (connection.over === NEVER) this.cameToBroker(facts, connection, wire, place);
  }

  private connectionOver(
    { standing }: ClientFacts,
    connection: WireConnection,
    { side, how, at }: Extract<HistoryEvent, { kind: 'connection-over' }>,
    place: number,
  ): void {
    if (side === 'client') {
      connection.clientOver = Math.min(connection.clientOver, place);
      return;
    }
    if (connection.over !== NEVER) return;
    connection.over = place;
    connection.overHow = how;
    // A store that fails takes its broker with it.
    standing.connectionOver(connection, this.isLost(this.brokerLives.length) ? 'crash' : how, place, at);
  }

  private clientSent(facts: ClientFacts, connection: WireConnection, wire: WirePacket): void {
    const { kind } = wire.packet;
    if (kind === 'connect') connection.connect = wire;
    else if (kind === 'publish') this.messages.get(wire.label)?.sentIn.add(facts.sessionsSeen);
  }

  private cameToClient(facts: ClientFacts, connection: WireConnection, wire: WirePacket, place: number): void {
    const { packet } = wire;
    if (packet.kind === 'publish') this.deliveries.came(connection, wire, packet, place);
    else if (packet.kind === 'connack') {
      connection.connackCame = place;
      // A client knows its session by the last CONNACK that told it of a new one.
      if (connection.isAccepted && !connection.isIntruder && !packet.sessionPresent) facts.sessionsSeen++;
    }
  }

  private brokerSent(facts: ClientFacts, connection: WireConnection, wire: WirePacket, place: number): void {
    const { packet } = wire;
    switch (packet.kind) {
      case 'connack':
        connection.connack = packet;
        connection.connackSent = place;
        connection.brokerLife = this.brokerLives.length;
        facts.standing.connackSent(connection, packet.sessionPresent, this.at(connection.connectCame));
        break;
      case 'publish':
        this.deliveries.sent(connection, wire, packet, place);
        break;
      case 'pubrel':
        this.deliveries.released(connection, packet.id, place);
        break;
      case 'puback':
      case 'pubrec':
        this.answered(connection, packet.id, packet.kind === 'puback' ? 1 : 2, packet.reasonCode, place);
        break;
      case 'suback':
      case 'unsuback':
        connection.requestAnswered(packet.id, packet.reasonCodes, place);
        break;
      default:
    }
  }

  private cameToBroker(facts: ClientFacts, connection: WireConnection, wire: WirePacket, place: number): void {
    const { packet, label } = wire;
    switch (packet.kind) {
      case 'connect':
        connection.connectCame = place;
        connection.brokerLife = this.brokerLives.length;
        facts.standing.connectCame(connection, this.at(place));
        this.noteWill(connection, label, place);
        break;
      case 'publish':
        this.publishCame(connection, wire, packet, place);
        break;
      case 'subscribe':
      case 'unsubscribe':
        connection.requestCame(packet, place);
        break;
      case 'puback':
      case 'pubrec':
        this.deliveries.answered(connection, packet.id, packet.kind === 'puback' ? 1 : 2, packet.reasonCode, place);
        break;
      case 'pubcomp':
        this.deliveries.completed(connection, packet.id, place);
        break;
      case 'disconnect':
        connection.disconnect = packet;
        connection.disconnectCame = place;
        facts.standing.disconnectCame(connection);
        break;
      default:
    }
  }

  private publishCame(
    connection: WireConnection,
    { label, topic }: WirePacket,
    { qos, dup, retain, id, properties }: PublishPacket,
    place: number,
  ): void {
    connection.publishCame({
      place,
      label,
      topic,
      qos,
      dup,
      retain,
      id: id ?? 0,
      expirySeconds: properties.messageExpiryInterval,
      acceptance: undefined,
      isPassedOver: false,
      answeredAt: NEVER,
      answer: 0,
    });
    if (connection.span !== undefined) this.messages.get(label)?.incarnations.add(connection.span);
  }

  private answered(connection: WireConnection, id: number, qos: QoS, reasonCode: number, place: number): void {
    const publish = connection.answered(id, qos, reasonCode, place);
    if (publish === undefined || reasonCode >= 0x80) return;
    // A repeated QoS 2 PUBLISH is acknowledged for what its first copy did.
    const acceptance =
      publish.acceptance ?? (qos === 2 ? this.messages.get(publish.label)?.acceptances.at(-1) : undefined);
    if (acceptance !== undefined) acceptance.acknowledgedAt = Math.min(acceptance.acknowledgedAt, place);
  }

  private noteWill(connection: WireConnection, label: Label, place: number): void {
    if (this.messages.has(label)) return;
    const will = willOf(connection, label, place);
    if (will !== undefined) this.messages.set(label, will);
  }

  private takeBroker(event: Extract<HistoryEvent, BrokerEvent>, place: number): void {
    // A broker that was killed in the middle of a turn says what nobody hears.
    if (this.brokerLives.at(-1)?.to !== NEVER && event.kind === 'published') return;
    if (event.kind === 'published') this.accepted(event, place);
    else if (event.kind === 'dropped') this.dropped(event, place);
  }

  private accepted(event: Extract<HistoryEvent, { kind: 'published' }>, place: number): void {
    const { label, topic, qos, retain, by, at } = event;
    const connection = by === undefined ? undefined : this.client(by).standing.connection;
    const message = this.messages.get(label);
    const publish = connection?.nextPublish(label, topic, qos);
    const acceptance: Acceptance = {
      place,
      cameAt: publish?.place ?? place,
      at,
      label,
      topic,
      qos,
      retain,
      by,
      owner: by ?? message?.client,
      life: this.brokerLives.length,
      span: connection?.span,
      // In the outbox, too, it has grown older.
      expirySeconds: publish === undefined ? message?.expirySeconds : publish.expirySeconds,
      acknowledgedAt: NEVER,
    };
    this.acceptances.push(acceptance);
    message?.acceptances.push(acceptance);
    if (publish !== undefined) publish.acceptance = acceptance;
  }

  private dropped(drop: Drop, place: number): void {
    this.dropsSaid.set(drop.reason, (this.dropsSaid.get(drop.reason) ?? 0) + drop.count);
    if (drop.client.startsWith('$share/')) {
      const drops = this.groupDrops.get(drop.client);
      if (drops === undefined) this.groupDrops.set(drop.client, [drop]);
      else drops.push(drop);
      return;
    }
    const { drops, standing, name } = this.client(drop.client);
    drops.push(drop);
    if (drop.reason !== 'session-ended') return;
    if (this.circumstances.endsSessions) standing.endedAtLimit(place);
    else if (standing.isAliveForSure(drop.at)) this.wrongEnds.push({ client: name, at: drop.at });
  }

  private takeApplication(event: Extract<HistoryEvent, ApplicationEvent>, place: number): void {
    switch (event.kind) {
      case 'publish':
        if (!event.isEmpty) this.messages.set(event.label, new MessageFacts(event, false, place));
        break;
      case 'received':
        this.client(event.client).received(event);
        break;
      case 'acknowledged':
        this.client(event.client).noteAcknowledged(event, place);
        break;
      case 'subscribe':
      case 'subscribed':
      case 'unsubscribe':
        this.client(event.client).noteRequest(event);
        break;
      case 'undelivered':
        this.client(event.client).undelivered.add(event.topic);
        break;
      case 'stored':
      case 'settled':
      case 'failed':
        this.messages.get(event.label)?.told(event, place);
        break;
      default:
    }
  }
}

let latest: Digest | undefined;

/** The digest of a history; made once for all checkers. */
export function digestOf(history: History): Digest {
  if (latest?.history !== history) latest = new Digest(history);
  return latest;
}
