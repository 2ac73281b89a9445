// What the lies about a client have in common: packets of the client's that were made anew with something else in them, and ways
// to pick the one packet that is touched.

import type { Frame } from '../wire/frame.ts';
import { read } from '../wire/read.ts';
import { type PacketName, type Properties, TYPE } from '../wire/types.ts';
import {
  bytes,
  type ConnectFields,
  connect,
  type Level,
  packet,
  type PublishFields,
  publish,
  u16,
} from '../wire/write.ts';
import { changed, type Falsify, isKind, type Lie, type Link, NOTHING } from './lie.ts';

/** Picks frames. */
type When = (frame: Frame, link: Link) => boolean;

/** Makes a packet in place of another one. */
type Alter = (frame: Frame, link: Link) => Uint8Array;

/** The n-th frame that it is asked about, counted from 1, in each play anew. */
export function nth(n: number): When {
  const seen = new WeakMap<object, number>();
  return (_frame, { memory }) => {
    const count = (seen.get(memory) ?? 0) + 1;
    seen.set(memory, count);
    return count === n;
  };
}

/** A client that sends something else in place of some packets. */
export function clientFakes(kind: PacketName, does: string, when: When, alter: Alter): Lie {
  return {
    does,
    fromClient: (frame, link) => (isKind(frame, kind) && when(frame, link) ? [alter(frame, link)] : undefined),
  };
}

/** A client that understands something else than the server has said. */
export function clientMishears(kind: PacketName, does: string, alter: Alter): Lie {
  return { does, fromServer: (frame, link) => (isKind(frame, kind) ? [alter(frame, link)] : undefined) };
}

/** A client that sends the second of two packets before the first. */
export function clientSwaps(kind: PacketName, when: When = () => true): Lie {
  const fromClient: Falsify = (frame, link) => {
    const { memory } = link;
    if (!isKind(frame, kind) || memory.get('swapped') === true || !when(frame, link)) return undefined;
    const first = memory.get('first');
    memory.set('first', frame.bytes);
    if (!(first instanceof Uint8Array)) return NOTHING;
    memory.set('swapped', true);
    return [frame.bytes, first];
  };
  return { does: `sends the second ${kind.toUpperCase()} before the first`, fromClient };
}

/** A PUBLISH made anew with other fields. */
export function republished(frame: Frame, { level }: Pick<Link, 'level'>, change: Partial<PublishFields>): Uint8Array {
  const { topic, payload, qos, id, dup, retain, properties } = read(frame, level);
  return publish(level, { topic, payload, qos, id, dup, retain, properties: asSent(properties), ...change });
}

/** A PUBLISH with more properties. */
export function publishedWith(frame: Frame, { level }: Pick<Link, 'level'>, more: Properties): Uint8Array {
  const { properties } = read(frame, level);
  return republished(frame, { level }, { properties: { ...asSent(properties), ...more } });
}

/** A CONNECT made anew with other fields. */
export function reintroduced(frame: Frame, { level }: Pick<Link, 'level'>, change: Partial<ConnectFields>): Uint8Array {
  return connect(level, { ...introduction(frame, level), ...change });
}

/** The fields of a CONNECT. */
export function introduction(frame: Frame, level: Level): ConnectFields {
  const { connect: fields, properties } = read(frame, level);
  if (fields === undefined) return {};
  const { clientId, keepAlive, flags, will, userName, password } = fields;
  return {
    clientId,
    keepAlive,
    flags,
    ...(will === undefined ? {} : { will: { ...will, properties: asSent(will.properties) } }),
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password }),
    properties: asSent(properties),
  };
}

/** The packet with another Packet Identifier; of PUBLISH see `republished`. */
export function withId(frame: Frame, id: number): Uint8Array {
  return changed(frame, { body: bytes(u16(id), frame.body.subarray(2)) });
}

/** The Packet Identifier of a packet that begins with one. */
export function idOf(frame: Frame): number {
  return (frame.body[0] ?? 0) * 256 + (frame.body[1] ?? 0);
}

/** A packet that has a Reason Code behind these bytes, with more behind the Reason Code. */
export function withReason(
  frame: Frame,
  before: number,
  ...rest: readonly (Uint8Array | readonly number[])[]
): Uint8Array {
  return packet(frame.type, frame.flags, frame.body.subarray(0, before), ...rest);
}

/** Whether a PUBLISH is of that QoS. */
export function isQoS(qos: 0 | 1 | 2): When {
  return (frame) => frame.type === TYPE.publish && ((frame.flags >> 1) & 3) === qos;
}

/** Whether a PUBLISH is sent again. */
export function isDup(frame: Frame): boolean {
  return frame.type === TYPE.publish && (frame.flags & 8) !== 0;
}

/** Properties that came are properties to send: the same names, each with its values in a list. */
function asSent(properties: ReturnType<typeof read>['properties']): Properties {
  // The reader gave each value the type that its property has.
  return properties as Properties;
}
