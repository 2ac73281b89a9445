// For tests only: a broker at the other end of a network in memory that does what the test says and
// nothing else, with a clock that moves when the test moves it. What the client sends is written down as
// lines, such as `PUBLISH a QoS 1 id 1 "text"`; what the broker sends are packets.

import assert from 'node:assert/strict';

import { ByteWriter } from '../base/byte-writer.ts';
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
  NO_CONNACK_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
} from '../packet/properties.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { createTopicTable } from '../packet/topic-name.ts';
import type { NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import type { ClientParts, DialTarget } from './parts.ts';

const DECODER = new TextDecoder();

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** The broker, and everything else that a client is handed. */
export class ScriptedBroker implements NetworkConnection {
  readonly remote = 'memory';
  readonly parts: ClientParts;
  readonly targets: DialTarget[];
  /** The CONNECT that came. */
  connect: ConnectPacket | undefined;
  /** What the network has not taken, as the client is told. */
  unread: number;
  isPaused: boolean;
  /** How the client closed: `end` or `destroy`. */
  closedWith: 'end' | 'destroy' | undefined;
  private readonly version: ProtocolVersion;
  private readonly decoder: PacketDecoder;
  private readonly output: ByteWriter;
  private handler: NetworkHandler | undefined;
  private lines: string[];
  private now: Millis;
  private alarms: Alarm[];

  constructor(version: ProtocolVersion = 5) {
    this.version = version;
    this.decoder = new PacketDecoder({
      receives: 'from-client',
      maximumPacketSize: 1_000_000,
      version: undefined,
      topics: createTopicTable(),
    });
    this.output = new ByteWriter();
    this.targets = [];
    this.connect = undefined;
    this.unread = 0;
    this.isPaused = false;
    this.closedWith = undefined;
    this.handler = undefined;
    this.lines = [];
    this.now = millis(0);
    this.alarms = [];
    this.parts = {
      dial: async (target, handler) => {
        this.targets.push(target);
        this.handler = handler;
        return this;
      },
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
    this.handler?.receive(bytes, 0, bytes.length);
    // The chunk is the network's again.
    bytes.fill(0xff);
    return this;
  }

  /** The network connection breaks. */
  cut(cause?: Error): this {
    const { handler } = this;
    this.handler = undefined;
    handler?.closed(cause);
    return this;
  }

  /** The network takes everything that it has not taken. */
  drain(): this {
    this.unread = 0;
    this.handler?.drained();
    return this;
  }

  /** Time passes; every alarm on the way rings. */
  pass(delay: number): this {
    const until = this.now + delay;
    for (;;) {
      const [next] = this.alarms.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.alarms = this.alarms.filter((each) => each !== next);
      this.now = millis(Math.max(this.now, next.at));
      next.ring();
    }
    this.now = millis(until);
    return this;
  }

  /** How many alarms are set. */
  get alarmCount(): number {
    return this.alarms.length;
  }

  /** What the client has sent since the last `expect`, CONNECT aside. */
  expect(...lines: readonly string[]): this {
    assert.deepEqual(this.lines, lines);
    this.lines = [];
    return this;
  }

  // What the client sees of the network.

  writer(): ByteWriter {
    return this.output;
  }

  wrote(): void {
    if (this.closedWith !== undefined || this.handler === undefined) return;
    const bytes = this.output.bytes.slice(0, this.output.position);
    this.output.position = 0;
    this.decoder.push(bytes, 0, bytes.length);
    for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next()) {
      if (packet.kind === 'connect') this.connect = packet;
      else this.lines.push(lineOf(packet));
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
    this.close('end');
  }

  destroy(): void {
    this.close('destroy');
  }

  private close(how: 'end' | 'destroy'): void {
    if (this.closedWith !== undefined || this.handler === undefined) return;
    this.closedWith = how;
    queueMicrotask(() => this.cut());
  }
}

/** A client that has its CONNACK, and the broker it talks to. */
export async function connected(
  options: ConnectOptions = {},
  properties: Partial<ConnackProperties> = {},
): Promise<{ readonly client: Client; readonly broker: ScriptedBroker }> {
  const broker = new ScriptedBroker(options.version);
  const connecting = connect(options, broker.parts);
  await turn();
  broker.send(connack(properties));
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
    default:
      return name;
  }
}
