// For tests only: a broker at the other end of a network in memory that does what the test says and
// nothing else, with a clock that moves when the test moves it. What the client sends is written down as
// lines, such as `PUBLISH a QoS 1 id 1 "text"`; what the broker sends are packets.
// One connection at a time: a client that dials again gets a new one, and the old one is history. So a test reads as a script:
//
//     broker.cut().door = 'shut';        // the broker goes away
//     await broker.nextDial();           // time passes until the client tries
//     broker.door = 'open';
//     await broker.accept(true);         // time passes, the client tries, CONNACK says: session present
//     broker.expect('PUBLISH a QoS 1 id 1 dup "A"');
//
// Longer than 400 lines because the words of a script are of use only together.

import assert from 'node:assert/strict';

import { ByteWriter } from '../base/byte-writer.ts';
import { OperationError } from '../base/errors.ts';
import { SILENT_LOG } from '../base/log.ts';
import { type Millis, millis } from '../base/millis.ts';
import { PacketDecoder } from '../packet/decoder.ts';
import { encodePacket } from '../packet/encode.ts';
import {
  type ConnectPacket,
  NO_SUBSCRIPTION_IDENTIFIERS,
  type Packet,
  type PublishPacket,
  type QoS,
} from '../packet/packet.ts';
import { packetId } from '../packet/packet-id.ts';
import {
  type ConnackProperties,
  NO_AUTH_PROPERTIES,
  NO_CONNACK_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
} from '../packet/properties.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { createTopicTable } from '../packet/topic-name.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import type { ClientParts, DialTarget } from './parts.ts';

const DECODER = new TextDecoder();
/** A script that waits for the client gives up after so many alarms: it waits for something that does not come. */
const ALARMS_MAX = 1_000;

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** The broker, and everything else that a client is handed. */
export class ScriptedBroker {
  readonly parts: ClientParts;
  /** Every attempt of the client, whatever came of it. */
  readonly targets: DialTarget[];
  /** Every CONNECT that came. */
  readonly connects: ConnectPacket[];
  /** What `store: 'name'` opens; it outlives the client. A test may put in another one, which announces late. */
  readonly stores: Map<string, MemoryStore>;
  /** What a client that dials meets: the broker, nobody, or no answer at all. */
  door: 'open' | 'shut' | 'silent';
  private readonly version: ProtocolVersion;
  private connection: ScriptedConnection | undefined;
  private lines: string[];
  private now: Millis;
  private alarms: Alarm[];
  /** How many attempts, and how many CONNECTs, the script knows of. */
  private dialsSeen: number;
  private connectsSeen: number;

  constructor(version: ProtocolVersion = 5) {
    this.version = version;
    this.targets = [];
    this.connects = [];
    this.stores = new Map();
    this.door = 'open';
    this.connection = undefined;
    this.lines = [];
    this.now = millis(0);
    this.alarms = [];
    this.dialsSeen = 0;
    this.connectsSeen = 0;
    this.parts = {
      dial: (target, handler) => this.answerDial(target, handler),
      makeStore: (directory) => this.store(directory),
      setAlarm: (delay, ring) => {
        const alarm: Alarm = { at: this.now + delay, ring };
        this.alarms.push(alarm);
        return () => {
          this.alarms = this.alarms.filter((each) => each !== alarm);
        };
      },
      clock: { monotonic: () => this.now, wall: () => this.now, boot: () => ({ id: '', time: this.now }) },
      random: { next: () => 0.5, bytes: (count) => new Uint8Array(count).fill(7) },
      log: SILENT_LOG,
    };
  }

  // What the test does.

  /** Sends packets to the client, in one chunk. */
  send(...packets: readonly Packet[]): this {
    const writer = new ByteWriter();
    for (const packet of packets) encodePacket(writer, packet, this.version);
    return this.sendBytes(writer.bytes.slice(0, writer.position));
  }

  /** Sends bytes to the client, whatever they are. */
  sendBytes(bytes: Uint8Array): this {
    this.connection?.handler?.receive(bytes, 0, bytes.length);
    // The chunk is the network's again.
    bytes.fill(0xff);
    return this;
  }

  /** The network connection breaks. */
  cut(cause?: Error): this {
    this.connection?.close(cause);
    return this;
  }

  /** The client's process is gone, without a word to anybody: the next client is another one. What the stores have, they keep. */
  crash(): this {
    this.alarms = [];
    this.connection?.forget();
    return this;
  }

  /** The store in a directory. */
  store(directory: string): MemoryStore {
    const store = this.stores.get(directory) ?? new MemoryStore();
    this.stores.set(directory, store);
    return store;
  }

  /** The network takes everything that it has not taken. */
  drain(): this {
    this.unread = 0;
    this.connection?.handler?.drained();
    return this;
  }

  /** Time passes; every alarm on the way rings. */
  pass(delay: number): this {
    const until = this.now + delay;
    while (this.ringNext(until));
    this.now = millis(until);
    return this;
  }

  /** Lets time pass until the client has dialled once more; whether it is answered, `door` says. */
  async nextDial(): Promise<DialTarget> {
    const target = await this.next(this.targets, this.dialsSeen);
    this.dialsSeen++;
    return target;
  }

  /** Lets time pass until CONNECT has come once more. */
  async nextConnect(): Promise<ConnectPacket> {
    const packet = await this.next(this.connects, this.connectsSeen);
    this.connectsSeen++;
    this.dialsSeen = this.targets.length;
    return packet;
  }

  /** Lets time pass until CONNECT has come once more, and answers with CONNACK. */
  async accept(sessionPresent = false, properties: Partial<ConnackProperties> = {}): Promise<this> {
    await this.nextConnect();
    this.send(connack(properties, sessionPresent));
    await turn();
    return this;
  }

  /** Lets time pass until CONNECT has come once more, and refuses. */
  async refuse(reasonCode: number, properties: Partial<ConnackProperties> = {}): Promise<this> {
    await this.nextConnect();
    this.send(refusal(reasonCode, properties)).cut();
    await turn();
    return this;
  }

  /** How many alarms are set. */
  get alarmCount(): number {
    return this.alarms.length;
  }

  /** What the client has sent since the last `expect`, on whatever connection, CONNECT aside. */
  expect(...lines: readonly string[]): this {
    assert.deepEqual(this.lines, lines);
    this.lines = [];
    return this;
  }

  /** Takes what the client has sent since the last `expect`, where that is too much for a list. */
  take(): readonly string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  // What a connection tells.

  came(packet: Packet): void {
    if (packet.kind === 'connect') this.connects.push(packet);
    else this.lines.push(lineOf(packet));
  }

  /** What came until now is history: a script that waits from here on waits for something new. */
  connectionClosed(): void {
    this.dialsSeen = this.targets.length;
    this.connectsSeen = this.connects.length;
  }

  // What the test sees; of the connection: the latest one.

  /** The latest CONNECT that came. */
  get connect(): ConnectPacket | undefined {
    return this.connects.at(-1);
  }

  /** How the client closed. */
  get closedWith(): 'end' | 'destroy' | undefined {
    return this.connection?.closedWith;
  }

  get isPaused(): boolean {
    return this.connection?.isPaused ?? false;
  }

  /** What the network has not taken, as the client is told. */
  get unread(): number {
    return this.connection?.unread ?? 0;
  }

  set unread(bytes: number) {
    assert.ok(this.connection !== undefined, 'nobody is connected');
    this.connection.unread = bytes;
  }

  private async answerDial(target: DialTarget, handler: NetworkHandler): Promise<NetworkConnection> {
    this.targets.push(target);
    if (this.door === 'shut') throw new OperationError('connection-refused', 'Nothing listens there.');
    if (this.door === 'silent') {
      const silence = Promise.withResolvers<never>();
      target.signal.addEventListener('abort', () => silence.reject(target.signal.reason));
      return await silence.promise;
    }
    this.connection = new ScriptedConnection(handler, this);
    return this.connection;
  }

  /** Waits for the next of these, and lets time pass where the client waits for that. */
  private async next<T>(all: readonly T[], seen: number): Promise<T> {
    for (let alarms = 0; alarms <= ALARMS_MAX; alarms++) {
      await turn();
      const found = all[seen];
      if (found !== undefined) return found;
      if (!this.ringNext(Number.POSITIVE_INFINITY)) break;
    }
    return assert.fail('The script waits for the client, which does not come.');
  }

  /** Rings the next alarm up to a moment; says whether there was one. */
  private ringNext(until: number): boolean {
    const [next] = this.alarms.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
    if (next === undefined) return false;
    this.alarms = this.alarms.filter((each) => each !== next);
    this.now = millis(Math.max(this.now, next.at));
    next.ring();
    return true;
  }
}

/** One connection, as the client sees it. */
class ScriptedConnection implements NetworkConnection {
  readonly remote = 'memory';
  /** `undefined` when it is over. */
  handler: NetworkHandler | undefined;
  unread: number;
  isPaused: boolean;
  closedWith: 'end' | 'destroy' | undefined;
  private readonly broker: Pick<ScriptedBroker, 'came' | 'connectionClosed'>;
  private readonly decoder: PacketDecoder;
  private readonly output: ByteWriter;

  constructor(handler: NetworkHandler, broker: Pick<ScriptedBroker, 'came' | 'connectionClosed'>) {
    this.handler = handler;
    this.unread = 0;
    this.isPaused = false;
    this.closedWith = undefined;
    this.broker = broker;
    this.decoder = new PacketDecoder({
      receives: 'from-client',
      maximumPacketSize: 1_000_000,
      version: undefined,
      topics: createTopicTable(),
    });
    this.output = new ByteWriter();
  }

  writer(): ByteWriter {
    return this.output;
  }

  wrote(): void {
    const bytes = this.output.bytes.slice(0, this.output.position);
    this.output.position = 0;
    if (this.closedWith !== undefined || this.handler === undefined) return;
    this.decoder.push(bytes, 0, bytes.length);
    for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next()) {
      this.broker.came(packet);
    }
    this.decoder.keep();
  }

  waitingBytes(): number {
    return this.unread;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.leave('end');
  }

  destroy(): void {
    this.leave('destroy');
  }

  /** It is over, as the client is told. */
  close(cause: Error | undefined): void {
    const { handler } = this;
    this.forget();
    handler?.closed(cause);
  }

  /** It is over, and nobody is told. */
  forget(): void {
    if (this.handler !== undefined) this.broker.connectionClosed();
    this.handler = undefined;
  }

  private leave(how: 'end' | 'destroy'): void {
    if (this.closedWith !== undefined || this.handler === undefined) return;
    this.closedWith = how;
    queueMicrotask(() => this.close(undefined));
  }
}

/** A client that has its CONNACK, and the broker it talks to. */
export async function connected(
  options: ConnectOptions = {},
  properties: Partial<ConnackProperties> = {},
): Promise<{ readonly client: Client; readonly broker: ScriptedBroker }> {
  const broker = new ScriptedBroker(options.version);
  const connecting = connect(options, broker.parts);
  await broker.accept(false, properties);
  return { client: await connecting, broker };
}

/** Lets every promise that can be settled settle. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A CONNACK that accepts. */
export function connack(properties: Partial<ConnackProperties> = {}, sessionPresent = false): Packet {
  return { kind: 'connack', sessionPresent, reasonCode: 0, properties: { ...NO_CONNACK_PROPERTIES, ...properties } };
}

/** A CONNACK that refuses; a Connect Return Code on 3.x. */
export function refusal(reasonCode: number, properties: Partial<ConnackProperties> = {}): Packet {
  return {
    kind: 'connack',
    sessionPresent: false,
    reasonCode,
    properties: { ...NO_CONNACK_PROPERTIES, ...properties },
  };
}

/** A message from the broker. */
export function publish(topic: string, qos: QoS, id = 0, more: Partial<PublishPacket> = {}): Packet {
  return {
    kind: 'publish',
    dup: false,
    qos,
    retain: false,
    topic,
    id: id === 0 ? undefined : packetId(id),
    payload: new TextEncoder().encode(`to ${topic}`),
    topicAlias: 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties: NO_MESSAGE_PROPERTIES,
    ...more,
  };
}

/** An acknowledgement of a message. */
export function answer(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: number, reasonCode = 0): Packet {
  return { kind, id: packetId(id), reasonCode, properties: NO_REASON_PROPERTIES };
}

/** The answer to a request. */
export function granted(kind: 'suback' | 'unsuback', id: number, ...reasonCodes: readonly number[]): Packet {
  return { kind, id: packetId(id), reasonCodes, properties: NO_REASON_PROPERTIES };
}

/** The broker's DISCONNECT. */
export function goodbye(reasonCode: number, reasonString?: string): Packet {
  return { kind: 'disconnect', reasonCode, properties: { ...NO_DISCONNECT_PROPERTIES, reasonString } };
}

/** The broker's AUTH; the method is left out where there is none. */
export function auth(reasonCode: number, method?: string, data?: string): Packet {
  const authenticationData = data === undefined ? undefined : new TextEncoder().encode(data);
  const properties = { ...NO_AUTH_PROPERTIES, authenticationMethod: method, authenticationData };
  return { kind: 'auth', reasonCode, properties };
}

function lineOf(packet: Packet): string {
  const name = packet.kind.toUpperCase();
  switch (packet.kind) {
    case 'publish': {
      const parts = [name, packet.topic === '' ? '-' : packet.topic, 'QoS', String(packet.qos)];
      if (packet.id !== undefined) parts.push('id', String(packet.id));
      if (packet.dup) parts.push('dup');
      if (packet.retain) parts.push('retain');
      if (packet.topicAlias !== 0) parts.push('alias', String(packet.topicAlias));
      return `${parts.join(' ')} ${JSON.stringify(DECODER.decode(packet.payload))}`;
    }
    case 'subscribe': {
      const { subscriptionIdentifier } = packet.properties;
      const suffix = subscriptionIdentifier === undefined ? '' : ` identifier ${subscriptionIdentifier}`;
      return `${name} ${packet.id} ${packet.subscriptions.map(({ filter, options }) => `${filter} ${options.qos}`).join(', ')}${suffix}`;
    }
    case 'unsubscribe':
      return `${name} ${packet.id} ${packet.filters.join(', ')}`;
    case 'disconnect':
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp': {
      const id = 'id' in packet ? ` ${packet.id}` : '';
      const reason = packet.reasonCode === 0 ? '' : ` 0x${packet.reasonCode.toString(16).padStart(2, '0')}`;
      return `${name}${id}${reason}`;
    }
    case 'auth': {
      const { authenticationMethod, authenticationData } = packet.properties;
      const data = authenticationData === undefined ? '' : ` ${JSON.stringify(DECODER.decode(authenticationData))}`;
      return `${name} 0x${packet.reasonCode.toString(16)} ${authenticationMethod}${data}`;
    }
    default:
      return name;
  }
}
