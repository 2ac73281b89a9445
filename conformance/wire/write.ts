// Packets as bytes, right or wrong: what a check says to a broker or a client. Every builder makes a well-formed packet
// from its defaults, and takes fields that make it a malformed one where a check wants that. What no field can spoil
// is put together by hand: packet(type, flags, ...parts).

import { PROPERTIES, type Properties, type PropertyForm, type PropertyName, TYPE } from './types.ts';

/** The protocol level: 3.1.1, or 5.0. */
export type Level = 4 | 5;

const UTF8 = new TextEncoder();

/** Joins parts. */
export function bytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

/** Two Byte Integer. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

/** Four Byte Integer. */
function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** Variable Byte Integer, in as few bytes as it takes. */
export function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let left = value;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    digits.push(left > 0 ? digit | 0x80 : digit);
  } while (left > 0);
  return Uint8Array.from(digits);
}

/** Bytes with their length before them: Binary Data, and a UTF-8 Encoded String, also one that is not UTF-8. */
export function binary(value: Uint8Array | readonly number[]): Uint8Array {
  return bytes(u16(value.length), value);
}

/** UTF-8 Encoded String; bytes stand for themselves. */
export function text(value: string | Uint8Array): Uint8Array {
  return binary(typeof value === 'string' ? UTF8.encode(value) : value);
}

/** A whole packet: the fixed header with the right Remaining Length, and the parts. */
export function packet(type: number, flags: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = bytes(...parts);
  return bytes([(type << 4) | flags], varint(body.length), body);
}

/** Properties with their length before them (section 2.2.2); `Uint8Array`: what stands behind the length, by hand. */
export function properties(values: Properties | Uint8Array = {}): Uint8Array {
  const content = values instanceof Uint8Array ? values : propertiesWithoutLength(values);
  return bytes(varint(content.length), content);
}

/** The same without the length, to be put together with something wrong. */
export function propertiesWithoutLength(values: Properties): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const name of Object.keys(values) as PropertyName[]) {
    for (const value of itemsOf(name, values[name])) parts.push(property(name, value));
  }
  return bytes(...parts);
}

type AnyValue = number | string | Uint8Array | readonly [string, string];

function itemsOf(name: PropertyName, value: Properties[PropertyName]): readonly AnyValue[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [value as AnyValue];
  const isOnePair = PROPERTIES[name][1] === 'pair' && typeof value[0] === 'string';
  return isOnePair ? [value as unknown as AnyValue] : (value as readonly AnyValue[]);
}

/** One property: identifier and value. */
function property(name: PropertyName, value: AnyValue): Uint8Array {
  const [identifier, form] = PROPERTIES[name];
  return bytes([identifier], propertyValue(form, value));
}

function propertyValue(form: PropertyForm, value: AnyValue): Uint8Array {
  if (typeof value === 'number') {
    if (form === 'byte') return Uint8Array.of(value);
    if (form === 'u16') return u16(value);
    return form === 'u32' ? u32(value) : varint(value);
  }
  if (typeof value === 'string' || value instanceof Uint8Array) return text(value);
  return bytes(text(value[0]), text(value[1]));
}

/** A Will in CONNECT (section 3.1.2.5). */
export interface WillFields {
  readonly topic: string | Uint8Array;
  readonly payload?: string | Uint8Array;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly properties?: Properties | Uint8Array;
}

/** The fields of CONNECT; what is left out is right. */
export interface ConnectFields {
  readonly clientId?: string | Uint8Array;
  /** Clean Start, Clean Session. Default: true. */
  readonly clean?: boolean;
  /** Seconds. Default: 60. */
  readonly keepAlive?: number;
  readonly will?: WillFields | undefined;
  readonly userName?: string | Uint8Array;
  readonly password?: string | Uint8Array;
  readonly properties?: Properties | Uint8Array;
  /** Default: `MQTT`. */
  readonly protocolName?: string | Uint8Array;
  /** Default: the version's. */
  readonly protocolLevel?: number;
  /** The Connect Flags, in place of those that the other fields make. */
  readonly flags?: number;
}

/** A session that outlives its connection: Clean Start 0 and five minutes, or Clean Session 0. */
export const LASTING: ConnectFields = { clean: false, properties: { sessionExpiryInterval: 300 } };

/** A CONNECT that every server refuses, and may answer: for a method of authentication, or a protocol level, that nobody has. */
export function hopelessConnect(level: Level): ConnectFields {
  return level === 5 ? { properties: { authenticationMethod: 'nobody has this' } } : { protocolLevel: 2 };
}

/** CONNECT (section 3.1). */
export function connect(level: Level, fields: ConnectFields = {}): Uint8Array {
  const { will, userName, password } = fields;
  const parts = [
    text(fields.protocolName ?? 'MQTT'),
    Uint8Array.of(fields.protocolLevel ?? level, fields.flags ?? connectFlags(fields)),
    u16(fields.keepAlive ?? 60),
    level === 5 ? properties(fields.properties) : [],
    text(fields.clientId ?? ''),
  ];
  if (will !== undefined) {
    if (level === 5) parts.push(properties(will.properties));
    parts.push(text(will.topic), text(will.payload ?? ''));
  }
  if (userName !== undefined) parts.push(text(userName));
  if (password !== undefined) parts.push(text(password));
  return packet(TYPE.connect, 0, ...parts);
}

/** The Connect Flags of these fields (section 3.1.2.3). */
export function connectFlags({ clean = true, will, userName, password }: ConnectFields): number {
  let flags = clean ? 0x02 : 0;
  if (will !== undefined) flags |= 0x04 | ((will.qos ?? 0) << 3) | (will.retain === true ? 0x20 : 0);
  if (password !== undefined) flags |= 0x40;
  if (userName !== undefined) flags |= 0x80;
  return flags;
}

/** The fields of CONNACK; what is left out is a yes. */
export interface ConnackFields {
  readonly sessionPresent?: boolean;
  readonly reasonCode?: number;
  readonly properties?: Properties;
}

/** CONNACK (section 3.2). */
export function connack(level: Level, fields: ConnackFields = {}): Uint8Array {
  const head = [fields.sessionPresent === true ? 1 : 0, fields.reasonCode ?? 0];
  return packet(TYPE.connack, 0, head, level === 5 ? properties(fields.properties) : []);
}

/** The fields of PUBLISH; what is left out is right. */
export interface PublishFields {
  readonly topic: string | Uint8Array;
  readonly payload?: string | Uint8Array;
  /** Default: 0; 3 is wrong. */
  readonly qos?: number;
  /** Default: 1 for QoS 1 and 2. */
  readonly id?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
  readonly properties?: Properties | Uint8Array;
}

/** PUBLISH (section 3.3). */
export function publish(level: Level, fields: PublishFields): Uint8Array {
  const { qos = 0, payload = '' } = fields;
  const flags = (fields.dup === true ? 8 : 0) | (qos << 1) | (fields.retain === true ? 1 : 0);
  return packet(
    TYPE.publish,
    flags,
    text(fields.topic),
    qos > 0 ? u16(fields.id ?? 1) : [],
    level === 5 ? properties(fields.properties) : [],
    typeof payload === 'string' ? UTF8.encode(payload) : payload,
  );
}

/** PUBACK, PUBREC, PUBREL, PUBCOMP (sections 3.4 to 3.7); in 5.0 a reason code only if one is given. */
export function acknowledge(
  level: Level,
  name: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
  id: number,
  reasonCode?: number,
  values?: Properties | Uint8Array,
): Uint8Array {
  const more = level === 5 && reasonCode !== undefined ? bytes([reasonCode], properties(values)) : [];
  return packet(TYPE[name], name === 'pubrel' ? 2 : 0, u16(id), more);
}

/** One filter of SUBSCRIBE: the options as a byte, QoS in its two lowest bits (section 3.8.3.1). */
export type FilterFields = readonly [filter: string | Uint8Array, options: number];

/** SUBSCRIBE (section 3.8). */
export function subscribe(
  level: Level,
  id: number,
  filters: readonly FilterFields[],
  values?: Properties | Uint8Array,
): Uint8Array {
  const list = filters.flatMap(([filter, options]) => [text(filter), Uint8Array.of(options)]);
  return packet(TYPE.subscribe, 2, u16(id), level === 5 ? properties(values) : [], ...list);
}

/** SUBACK (section 3.9). */
export function suback(level: Level, id: number, reasonCodes: readonly number[], values?: Properties): Uint8Array {
  return packet(TYPE.suback, 0, u16(id), level === 5 ? properties(values) : [], reasonCodes);
}

/** UNSUBSCRIBE (section 3.10). */
export function unsubscribe(
  level: Level,
  id: number,
  filters: readonly (string | Uint8Array)[],
  values?: Properties | Uint8Array,
): Uint8Array {
  return packet(TYPE.unsubscribe, 2, u16(id), level === 5 ? properties(values) : [], ...filters.map(text));
}

/** UNSUBACK (section 3.11): reason codes in 5.0 only. */
export function unsuback(level: Level, id: number, reasonCodes: readonly number[], values?: Properties): Uint8Array {
  return packet(TYPE.unsuback, 0, u16(id), level === 5 ? bytes(properties(values), reasonCodes) : []);
}

/** PINGREQ (section 3.12). */
export const PINGREQ: Uint8Array = packet(TYPE.pingreq, 0);

/** PINGRESP (section 3.13). */
export const PINGRESP: Uint8Array = packet(TYPE.pingresp, 0);

/** DISCONNECT (section 3.14); in 5.0 a reason code only if one is given. */
export function disconnect(level: Level, reasonCode?: number, values?: Properties | Uint8Array): Uint8Array {
  if (level === 4 || reasonCode === undefined) return packet(TYPE.disconnect, 0);
  return packet(TYPE.disconnect, 0, [reasonCode], values === undefined ? [] : properties(values));
}

/** AUTH (section 3.15). */
export function auth(reasonCode: number, values: Properties | Uint8Array): Uint8Array {
  return packet(TYPE.auth, 0, [reasonCode], properties(values));
}
