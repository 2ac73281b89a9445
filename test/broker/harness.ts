// A whole broker without a network, a clock or a disk: connections are pairs of in-memory pipes, time
// moves when the test moves it, and the store makes changes durable when the test says so. Clients
// speak in packets, so that a test reads as a script of what went over the wire.
// Longer than 400 lines because it is one instrument: the broker, its clients, and the pipes between them.

import assert from 'node:assert/strict';
import { ALLOW_ALL, ANONYMOUS } from '../../src/auth/allow-all.ts';
import type { Authenticator, Authorizer } from '../../src/auth/contract.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import type { Log, LogFields } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import type { PeerCertificate } from '../../src/base/peer-certificate.ts';
import type { BanKeeper } from '../../src/broker/bans.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { BrokerEvents } from '../../src/broker/events.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import type { FilesGauge } from '../../src/broker/file-shortage.ts';
import type { MemoryGauge } from '../../src/broker/overload.ts';
import { type BrokerRules, DEFAULT_RULES } from '../../src/broker/rules.ts';
import { BROKER_TUNING, type ClientRedirect } from '../../src/broker/parts.ts';
import { PacketDecoder } from '../../src/packet/decoder.ts';
import { encodePacket } from '../../src/packet/encode.ts';
import {
  type ConnackPacket,
  type ConnectPacket,
  NO_SUBSCRIPTION_IDENTIFIERS,
  type Packet,
  type PublishPacket,
  type QoS,
  type SubscribePacket,
  type SubscriptionOptions,
} from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import {
  type ConnectProperties,
  type DisconnectProperties,
  type MessageProperties,
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
  NO_UNSUBSCRIBE_PROPERTIES,
} from '../../src/packet/properties.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import type { Store } from '../../src/store/contract.ts';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import { sayPacket } from './say-packet.ts';
import { endTurn, memoryStore } from './test-store.ts';

/** What a test may choose about its broker. */
export interface BrokerOptions {
  readonly store?: Store;
  readonly authenticator?: Authenticator;
  readonly authorizer?: Authorizer;
  readonly limits?: Partial<BrokerLimits>;
  readonly rules?: Partial<BrokerRules>;
  readonly events?: BrokerEvents;
  readonly redirects?: readonly ClientRedirect[];
  readonly responseInformation?: string;
  readonly banKeeper?: BanKeeper;
  readonly busyRedirect?: string;
  readonly memory?: MemoryGauge;
  /** Long work is done in so many steps a turn; `turn()` begins the next one. Default: all in one turn. */
  readonly sliceSteps?: number;
  readonly files?: FilesGauge;
  /** What the clocks show at the start, in milliseconds: for the second broker of a test what the first one's show. */
  readonly monotonic?: number;
  readonly wall?: number;
}

/** One line of the broker's log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly sentence: string;
  readonly fields: LogFields;
}

/** A broker in a test's hands. */
export class TestBroker {
  readonly broker: Broker;
  readonly log: LogLine[];
  private now: number;
  private wall: number;
  private clients: number;
  private readonly nextTurn: (() => void)[];

  private constructor(options: BrokerOptions) {
    this.log = [];
    this.now = options.monotonic ?? 1_000_000;
    this.wall = options.wall ?? 1_700_000_000_000;
    this.clients = 0;
    this.nextTurn = [];
    const { sliceSteps } = options;
    const slices =
      sliceSteps === undefined
        ? {}
        : { tuning: { ...BROKER_TUNING, sliceSteps }, later: (run: () => void) => void this.nextTurn.push(run) };
    let chance = 1;
    this.broker = new Broker({
      store: options.store ?? memoryStore(),
      authenticator: options.authenticator ?? ANONYMOUS,
      authorizer: options.authorizer ?? ALLOW_ALL,
      clock: {
        monotonic: () => millis(this.now),
        wall: () => millis(this.wall),
        boot: () => ({ id: '', time: millis(0) }),
      },
      random: {
        next: () => 0.5,
        bytes: (count) => Uint8Array.from({ length: count }, () => (chance++ * 37) & 255),
      },
      log: recorder(this.log),
      // What the broker says of itself, again and again, would be in the way of whoever looks at its deadlines.
      limits: { ...DEFAULT_LIMITS, systemTopicsInterval: millis(0), ...options.limits },
      rules: { ...DEFAULT_RULES, ...options.rules },
      events: options.events ?? {},
      redirects: options.redirects,
      responseInformation: options.responseInformation,
      banKeeper: options.banKeeper,
      busyRedirect: options.busyRedirect,
      memory: options.memory,
      ...slices,
      files: options.files,
    });
  }

  /** Begins the next turn; says whether it was asked for. */
  turn(): boolean {
    const runs = this.nextTurn.splice(0);
    for (const run of runs) run();
    endTurn();
    return runs.length > 0;
  }

  /** Makes a broker that is not open. */
  static make(options: BrokerOptions): TestBroker {
    return new TestBroker(options);
  }

  /** Makes and opens a broker. */
  static async open(options: BrokerOptions = {}): Promise<TestBroker> {
    const test = TestBroker.make(options);
    await test.broker.open();
    endTurn();
    return test;
  }

  /** Moves time, and lets the broker do what is due. */
  pass(milliseconds: number): void {
    this.passUnnoticed(milliseconds);
    this.broker.tick(millis(this.now));
    endTurn();
  }

  /** Moves time, and the broker is not woken: its owner calls `tick` a few times a second only. */
  passUnnoticed(milliseconds: number): void {
    this.now += milliseconds;
    this.wall += milliseconds;
  }

  /** Sets the calendar: no time passes. */
  setWall(wall: number): void {
    this.wall = wall;
  }

  /** What the calendar shows. */
  get wallClock(): number {
    return this.wall;
  }

  /** What the monotonic clock shows. */
  get monotonicClock(): number {
    return this.now;
  }

  /** A network connection that has said nothing yet. */
  dial(version: ProtocolVersion = 5, certificate?: PeerCertificate, address = 'test'): TestClient {
    return new TestClient(this.broker, version, `${address}:${++this.clients}`, certificate);
  }

  /** The sentences of the log at `warn`. */
  warnings(): string[] {
    return this.log.filter((line) => line.level === 'warn').map((line) => line.sentence);
  }

  /** A client that has sent CONNECT, whatever became of it. */
  knock(options: ConnectChoice = {}): TestClient {
    const client = this.dial(options.version ?? 5, undefined, options.address);
    client.send(connectPacket(options));
    return client;
  }

  /** A client past CONNACK. */
  connect(options: ConnectChoice = {}): TestClient {
    const client = this.knock(options);
    client.connack = client.expect('connack');
    assert.ok(client.connack.reasonCode < 0x80, `CONNACK ${client.connack.reasonCode}`);
    return client;
  }
}

/** What a test may choose about CONNECT. */
export interface ConnectChoice extends Partial<Omit<ConnectPacket, 'kind' | 'properties'>> {
  readonly properties?: Partial<ConnectProperties>;
  /** Where it comes from, without a port. */
  readonly address?: string;
}

/** CONNECT with what the test chose. */
export function connectPacket(choice: ConnectChoice): ConnectPacket {
  return {
    kind: 'connect',
    version: choice.version ?? 5,
    bridge: choice.bridge ?? false,
    clientId: choice.clientId ?? '',
    clean: choice.clean ?? true,
    keepAlive: choice.keepAlive ?? 0,
    userName: choice.userName,
    password: choice.password,
    will: choice.will,
    properties: { ...NO_CONNECT_PROPERTIES, ...choice.properties },
  };
}

/** A packet on the wire. */
export function bytesOf(packet: Packet, version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter();
  encodePacket(writer, packet, version);
  return writer.bytes.slice(0, writer.position);
}

/** What a test may choose about PUBLISH. */
export interface PublishChoice {
  readonly qos?: QoS;
  readonly id?: number;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly topicAlias?: number;
  readonly properties?: Partial<MessageProperties>;
}

/** One client of a test: an in-memory connection that speaks packets. */
export class TestClient {
  readonly version: ProtocolVersion;
  /** What has come and was not expected yet. */
  readonly received: Packet[];
  /** Everything that has come, as hex. */
  receivedHex: string;
  /** How the broker ended the connection. */
  ended: 'not yet' | 'end' | 'destroy';
  connack: ConnackPacket | undefined;
  private readonly handler: NetworkHandler;
  private readonly decoder: PacketDecoder;
  private readonly pipe: Pipe;
  private idLast: number;
  private isReadingPackets: boolean;

  constructor(broker: Broker, version: ProtocolVersion, remote: string, certificate?: PeerCertificate) {
    this.version = version;
    this.received = [];
    this.receivedHex = '';
    this.ended = 'not yet';
    this.connack = undefined;
    this.idLast = 0;
    this.isReadingPackets = true;
    this.decoder = new PacketDecoder({
      receives: 'from-server',
      maximumPacketSize: 268_435_460,
      version,
      topics: createTopicTable(),
    });
    this.pipe = new Pipe(remote, this, certificate);
    this.handler = broker.accept(this.pipe);
  }

  /** Sends a packet. */
  send(packet: Packet): void {
    this.sendBytes(bytesOf(packet, this.version));
  }

  /** Sends bytes as they are: numbers, or hex with spaces. */
  sendBytes(bytes: Uint8Array | string): void {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes;
    // The buffer is shared and overwritten after the call, as the transport's is.
    const shared = new Uint8Array(chunk.length + 16).fill(0xee);
    shared.set(chunk, 8);
    this.pipe.pending.push(shared);
    this.pipe.flow(this.handler);
    endTurn();
  }

  /** So many bytes have come of a message that the transport hands over when it is whole; says whether the broker wants to hear of more. */
  gather(bytes: number): boolean | undefined {
    return this.handler.gathering?.(bytes);
  }

  /** Sends PUBLISH; returns its packet identifier. */
  publish(topic: string, payload: string, choice: PublishChoice = {}): PacketId | undefined {
    const qos = choice.qos ?? 0;
    const id = qos === 0 ? undefined : packetId(choice.id ?? ++this.idLast);
    this.send({
      kind: 'publish',
      dup: choice.dup ?? false,
      qos,
      retain: choice.retain ?? false,
      topic,
      id,
      payload: Buffer.from(payload),
      topicAlias: choice.topicAlias ?? 0,
      subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
      properties: { ...NO_MESSAGE_PROPERTIES, ...choice.properties },
    });
    return id;
  }

  /** A packet identifier that this client has not used yet. */
  nextId(): PacketId {
    return packetId(++this.idLast);
  }

  /** Sends PUBACK, PUBREC, PUBREL or PUBCOMP. */
  answer(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: PacketId | undefined, reasonCode = 0): void {
    assert.ok(id !== undefined);
    this.send({ kind, id, reasonCode, properties: NO_REASON_PROPERTIES });
  }

  /** Sends SUBSCRIBE without waiting. */
  requestSubscription(
    filters: readonly string[],
    options: Partial<SubscriptionOptions> = {},
    identifier?: number,
  ): SubscribePacket {
    const packet: SubscribePacket = {
      kind: 'subscribe',
      id: packetId(++this.idLast),
      subscriptions: filters.map((filter) => ({
        filter,
        options: { qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0, ...options },
      })),
      properties: { ...NO_SUBSCRIBE_PROPERTIES, subscriptionIdentifier: identifier },
    };
    this.send(packet);
    return packet;
  }

  /** Subscribes and takes the SUBACK off what was received; returns its reason codes. */
  subscribe(filter: string, options: Partial<SubscriptionOptions> = {}, identifier?: number): readonly number[] {
    const { id } = this.requestSubscription([filter], options, identifier);
    const suback = this.expect('suback');
    assert.equal(suback.id, id);
    return suback.reasonCodes;
  }

  /** Unsubscribes; returns the reason codes. */
  unsubscribe(filter: string): readonly number[] {
    this.send({
      kind: 'unsubscribe',
      id: packetId(++this.idLast),
      filters: [filter],
      properties: NO_UNSUBSCRIBE_PROPERTIES,
    });
    return this.expect('unsuback').reasonCodes;
  }

  /** Sends DISCONNECT. */
  disconnect(reasonCode = 0, properties: Partial<DisconnectProperties> = {}): void {
    this.send({ kind: 'disconnect', reasonCode, properties: { ...NO_DISCONNECT_PROPERTIES, ...properties } });
  }

  /** The network fails. */
  cut(): void {
    if (this.ended === 'not yet') this.handler.closed(new Error('ECONNRESET'));
    this.ended = 'destroy';
    endTurn();
  }

  /** The peer closes the connection without DISCONNECT. */
  hangUp(): void {
    if (this.ended === 'not yet') this.handler.closed(undefined);
    this.ended = 'destroy';
    endTurn();
  }

  /** The transport tells the broker that a connection is over which the broker has ended itself. */
  confirmEnd(): void {
    this.handler.closed(undefined);
    endTurn();
  }

  /** What comes from now on is kept as bytes only: for a peer that sends what may be of any version. */
  readBytesOnly(): void {
    this.isReadingPackets = false;
  }

  /** The peer reads nothing from now on; `bytes` is what then waits. */
  stopReading(bytes: number): void {
    this.pipe.waiting = bytes;
  }

  /** The peer reads again. */
  readAgain(): void {
    this.pipe.waiting = 0;
    this.handler.drained();
    this.pipe.flow(this.handler);
    endTurn();
  }

  /** Whether the broker reads what this client sends. */
  get isReadFrom(): boolean {
    return !this.pipe.isPaused;
  }

  /** Takes the first packet of a kind off what was received; it must be there. */
  expect<K extends Packet['kind']>(kind: K): Extract<Packet, { readonly kind: K }> {
    const index = this.received.findIndex((packet) => packet.kind === kind);
    assert.notEqual(
      index,
      -1,
      `expected ${kind}, received ${JSON.stringify(this.received.map((packet) => packet.kind))}`,
    );
    return this.received.splice(index, 1)[0] as Extract<Packet, { readonly kind: K }>;
  }

  /** Takes everything that was received. */
  take(): Packet[] {
    return this.received.splice(0);
  }

  /** Takes everything, each packet as a line: see say-packet.ts. */
  said(): string[] {
    return this.take().map(sayPacket);
  }

  /** Acknowledges every delivery until nothing comes any more; returns the PUBLISH packets in the order of their coming. */
  acknowledgeAll(): PublishPacket[] {
    const publishes: PublishPacket[] = [];
    for (let packets = this.take(); packets.length > 0; packets = this.take()) {
      for (const packet of packets) {
        if (packet.kind === 'publish') {
          publishes.push(packet);
          if (packet.qos > 0) this.answer(packet.qos === 1 ? 'puback' : 'pubrec', packet.id);
        } else {
          assert.ok(packet.kind === 'pubrel', `only deliveries are acknowledged, not ${packet.kind}`);
          this.answer('pubcomp', packet.id);
        }
      }
    }
    return publishes;
  }

  /** Claims that the broker ended the connection: with this DISCONNECT to MQTT 5, without a word to 3.x. Takes everything. */
  expectEnd(reasonCode: number): void {
    const last = this.take().at(-1);
    if (this.version === 5) {
      assert.ok(last?.kind === 'disconnect', `expected disconnect, received ${last?.kind}`);
      assert.equal(last.reasonCode, reasonCode);
    } else {
      assert.notEqual(last?.kind, 'disconnect');
    }
    assert.equal(this.ended, 'end');
  }

  /** Takes everything, and claims that it is PUBLISH packets; returns `topic=payload` of each. */
  messages(): string[] {
    return this.publishes().map((packet) => `${packet.topic}=${Buffer.from(packet.payload).toString()}`);
  }

  /** Takes everything, and claims that it is PUBLISH packets. */
  publishes(): PublishPacket[] {
    return this.take().map((packet) => {
      assert.ok(packet.kind === 'publish', `expected publish, received ${packet.kind}`);
      return packet;
    });
  }

  /** Takes what the broker wrote. */
  receiveBytes(bytes: Uint8Array): void {
    this.receivedHex += Buffer.from(bytes).toString('hex');
    if (!this.isReadingPackets) return;
    this.decoder.push(bytes, 0, bytes.length);
    for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next()) {
      this.received.push(packet.kind === 'publish' ? { ...packet, payload: packet.payload.slice() } : packet);
    }
    this.decoder.keep();
  }
}

/** The broker's end of an in-memory connection. */
class Pipe implements NetworkConnection {
  readonly certificate: PeerCertificate | undefined;
  readonly remote: string;
  readonly pending: Uint8Array[];
  waiting: number;
  private readonly client: TestClient;
  private readonly output: ByteWriter;
  isPaused: boolean;
  private isFlowing: boolean;
  private handler: NetworkHandler | undefined;
  private isOver: boolean;

  constructor(remote: string, client: TestClient, certificate: PeerCertificate | undefined) {
    this.certificate = certificate;
    this.remote = remote;
    this.client = client;
    this.pending = [];
    this.waiting = 0;
    this.output = new ByteWriter();
    this.isPaused = false;
    this.isFlowing = false;
    this.handler = undefined;
    this.isOver = false;
  }

  flow(handler: NetworkHandler): void {
    this.handler = handler;
    if (this.isFlowing) return;
    this.isFlowing = true;
    while (!this.isPaused && !this.isOver) {
      const chunk = this.pending.shift();
      if (chunk === undefined) break;
      handler.receive(chunk, 8, chunk.length - 8);
      chunk.fill(0xdd);
    }
    this.isFlowing = false;
  }

  writer(): ByteWriter {
    return this.output;
  }

  wrote(): void {
    const bytes = this.output.bytes.slice(0, this.output.position);
    this.output.position = 0;
    if (!this.isOver) this.client.receiveBytes(bytes);
  }

  waitingBytes(): number {
    return this.waiting;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    if (this.handler !== undefined) this.flow(this.handler);
  }

  end(): void {
    this.isOver = true;
    if (this.client.ended === 'not yet') this.client.ended = 'end';
  }

  destroy(): void {
    this.isOver = true;
    this.client.ended = 'destroy';
  }
}

function recorder(lines: LogLine[]): Log {
  const at =
    (level: LogLine['level']) =>
    (sentence: string, fields: LogFields = {}) => {
      lines.push({ level, sentence, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
