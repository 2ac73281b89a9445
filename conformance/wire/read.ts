// Frames as packets: what came from a broker or a client, in the terms of the specification. Each reader takes a frame
// to the last byte; one that does not end where the specification says is a fault of whoever sent it.

import { fault } from '../stage/fault.ts';
import type { Frame } from './frame.ts';
import { packetName, PROPERTIES, type PropertyName } from './types.ts';
import type { Level } from './write.ts';

/** Properties as they came: each name with all its values, in order. */
export type ReceivedProperties = { readonly [Name in PropertyName]?: readonly ReceivedValue[] };

/** A property's value; a User Property is a pair. */
type ReceivedValue = number | string | Uint8Array | readonly [string, string];

/** A packet as it came. Fields that its kind does not have are neutral: 0, '', false, empty. */
export interface Received {
  readonly frame: Frame;
  /** `reserved`: type 0. */
  readonly kind: ReturnType<typeof packetName> | 'reserved';
  readonly flags: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly dup: boolean;
  readonly retain: boolean;
  readonly id: number;
  /** CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT, AUTH; 0 where it was left out. */
  readonly reasonCode: number;
  /** SUBACK, UNSUBACK. */
  readonly reasonCodes: readonly number[];
  readonly sessionPresent: boolean;
  readonly properties: ReceivedProperties;
  /** SUBSCRIBE: filters with their options; UNSUBSCRIBE: options 0. */
  readonly filters: readonly (readonly [filter: string, options: number])[];
  /** CONNECT. */
  readonly connect: ReceivedConnect | undefined;
}

/** CONNECT as it came. */
export interface ReceivedConnect {
  readonly protocolName: string;
  readonly protocolLevel: number;
  readonly flags: number;
  readonly keepAlive: number;
  readonly clientId: string;
  readonly will:
    | { readonly topic: string; readonly payload: Uint8Array; readonly properties: ReceivedProperties }
    | undefined;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
}

/** Every field at its neutral value. */
const BLANK: Omit<Received, 'frame' | 'kind' | 'flags'> = {
  topic: '',
  payload: new Uint8Array(0),
  qos: 0,
  dup: false,
  retain: false,
  id: 0,
  reasonCode: 0,
  reasonCodes: [],
  sessionPresent: false,
  properties: {},
  filters: [],
  connect: undefined,
};

/**
 * Reads a frame.
 * @throws {Fault} when it is malformed.
 */
export function read(frame: Frame, level: Level): Received {
  const kind = packetName(frame.type) ?? 'reserved';
  if (frame.isEndless) throw fault(`${kind} has a Remaining Length of more than four bytes.`);
  const cursor = new Cursor(frame.body, kind);
  const received = readBody(frame, kind, cursor, level);
  cursor.expectEnd();
  return received;
}

/** The text of bytes. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

function readBody(frame: Frame, kind: Received['kind'], cursor: Cursor, level: Level): Received {
  const blank = { ...BLANK, frame, kind, flags: frame.flags };
  switch (kind) {
    case 'connect':
      return readConnect(blank, cursor);
    case 'connack': {
      const sessionPresent = (cursor.byte() & 1) === 1;
      return { ...blank, sessionPresent, reasonCode: cursor.byte(), properties: cursor.propertiesOf(level) };
    }
    case 'publish':
      return readPublish(blank, cursor, level);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return { ...blank, id: cursor.u16(), ...readReason(cursor, level) };
    case 'subscribe':
    case 'unsubscribe': {
      const [id, properties] = [cursor.u16(), cursor.propertiesOf(level)];
      return { ...blank, id, properties, filters: cursor.filters(kind === 'subscribe') };
    }
    case 'suback':
    case 'unsuback': {
      const [id, properties] = [cursor.u16(), cursor.propertiesOf(level)];
      const hasCodes = kind === 'suback' || level === 5;
      return { ...blank, id, properties, reasonCodes: hasCodes ? Array.from(cursor.rest()) : [] };
    }
    case 'disconnect':
    case 'auth':
      return { ...blank, ...readReason(cursor, level) };
    case 'pingreq':
    case 'pingresp':
    case 'reserved':
    case undefined:
      return blank;
    default:
      return kind satisfies never;
  }
}

function readPublish(blank: Received, cursor: Cursor, level: Level): Received {
  const { flags } = blank;
  const qos = (flags >> 1) & 3;
  const topic = cursor.text();
  const id = qos > 0 ? cursor.u16() : 0;
  const properties = cursor.propertiesOf(level);
  const [dup, retain] = [(flags & 8) !== 0, (flags & 1) !== 0];
  return { ...blank, topic, id, properties, qos, dup, retain, payload: cursor.rest() };
}

function readReason(cursor: Cursor, level: Level): Pick<Received, 'reasonCode' | 'properties'> {
  if (level === 4 || cursor.isAtEnd) return { reasonCode: 0, properties: {} };
  return { reasonCode: cursor.byte(), properties: cursor.isAtEnd ? {} : cursor.properties() };
}

function readConnect(blank: Received, cursor: Cursor): Received {
  const protocolName = cursor.text();
  const protocolLevel = cursor.byte();
  const flags = cursor.byte();
  const keepAlive = cursor.u16();
  const properties = protocolLevel === 5 ? cursor.properties() : {};
  const clientId = cursor.text();
  const will =
    (flags & 4) === 0
      ? undefined
      : {
          properties: protocolLevel === 5 ? cursor.properties() : {},
          topic: cursor.text(),
          payload: cursor.binary(),
        };
  const userName = (flags & 0x80) === 0 ? undefined : cursor.text();
  const password = (flags & 0x40) === 0 ? undefined : cursor.binary();
  const connect = { protocolName, protocolLevel, flags, keepAlive, clientId, will, userName, password };
  return { ...blank, properties, connect };
}

/** Reads fields one after another. */
class Cursor {
  private readonly body: Uint8Array;
  private readonly kind: string;
  private at: number;

  constructor(body: Uint8Array, kind: string) {
    this.body = body;
    this.kind = kind;
    this.at = 0;
  }

  get isAtEnd(): boolean {
    return this.at === this.body.length;
  }

  byte(): number {
    const value = this.body[this.at++];
    if (value === undefined) throw fault(`${this.kind} ends too early.`);
    return value;
  }

  u16(): number {
    return this.byte() * 256 + this.byte();
  }

  binary(): Uint8Array {
    return this.take(this.u16());
  }

  text(): string {
    const bytes = this.binary();
    try {
      return textOf(bytes);
    } catch {
      throw fault(`${this.kind} has a text that is not UTF-8.`);
    }
  }

  rest(): Uint8Array {
    return this.take(this.body.length - this.at);
  }

  filters(withOptions: boolean): readonly (readonly [string, number])[] {
    const list: (readonly [string, number])[] = [];
    while (!this.isAtEnd) list.push([this.text(), withOptions ? this.byte() : 0]);
    return list;
  }

  properties(): ReceivedProperties {
    const end = this.varint() + this.at;
    if (end > this.body.length) throw fault(`${this.kind} has properties that are longer than itself.`);
    const found: { [Name in PropertyName]?: ReceivedValue[] } = {};
    while (this.at < end) {
      const name = this.propertyName();
      found[name] ??= [];
      found[name].push(this.propertyValue(name));
    }
    if (this.at !== end) throw fault(`${this.kind} has properties that do not end at their length.`);
    return found;
  }

  /** The same; none where the version has none. */
  propertiesOf(level: Level): ReceivedProperties {
    return level === 5 ? this.properties() : {};
  }

  expectEnd(): void {
    if (!this.isAtEnd) throw fault(`${this.kind} has ${this.body.length - this.at} bytes too many.`);
  }

  private propertyName(): PropertyName {
    const identifier = this.varint();
    for (const name of Object.keys(PROPERTIES) as PropertyName[]) {
      if (PROPERTIES[name][0] === identifier) return name;
    }
    throw fault(`${this.kind} has a property 0x${identifier.toString(16)}, which MQTT does not know.`);
  }

  private propertyValue(name: PropertyName): ReceivedValue {
    switch (PROPERTIES[name][1]) {
      case 'byte':
        return this.byte();
      case 'u16':
        return this.u16();
      case 'u32':
        return this.u16() * 65_536 + this.u16();
      case 'varint':
        return this.varint();
      case 'text':
        return this.text();
      case 'binary':
        return this.binary();
      case 'pair':
        return [this.text(), this.text()];
      default:
        return PROPERTIES[name][1] satisfies never;
    }
  }

  private varint(): number {
    let value = 0;
    for (let count = 0; count < 4; count++) {
      const digit = this.byte();
      value += (digit & 0x7f) * 128 ** count;
      if (digit < 0x80) {
        if (count > 0 && digit === 0)
          throw fault(`${this.kind} has a Variable Byte Integer that is longer than it need be.`);
        return value;
      }
    }
    throw fault(`${this.kind} has a Variable Byte Integer of more than four bytes.`);
  }

  private take(count: number): Uint8Array {
    const part = this.body.slice(this.at, this.at + count);
    if (part.length < count) throw fault(`${this.kind} ends too early.`);
    this.at += count;
    return part;
  }
}
