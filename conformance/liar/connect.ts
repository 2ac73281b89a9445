// Lies about CONNECT and CONNACK: a client that is taken for another one, and an answer that is not the one that is due.

import type { Frame } from '../wire/frame.ts';
import { read, type ReceivedProperties } from '../wire/read.ts';
import type { Properties } from '../wire/types.ts';
import { connack, type ConnackFields, connect, type ConnectFields, LASTING, type Level } from '../wire/write.ts';
import { isKind, type Lie, type Link, NOTHING } from './lie.ts';

/** A CONNECT that passes. */
export interface PassingConnect extends ConnectFields {
  readonly clientId: string;
  readonly clean: boolean;
  readonly properties: Properties;
}

/** A CONNACK that passes. */
export interface PassingConnack extends ConnackFields {
  readonly sessionPresent: boolean;
  readonly reasonCode: number;
  readonly properties: Properties;
}

/** What a CONNECT says; it must be well formed. */
export function connectOf(frame: Frame, level: Level): PassingConnect {
  const received = read(frame, level);
  if (received.connect === undefined) throw new Error('This is no CONNECT.');
  const { flags, protocolName, protocolLevel, keepAlive, clientId, will, userName, password } = received.connect;
  return {
    protocolName,
    protocolLevel,
    keepAlive,
    clientId,
    clean: (flags & 0x02) !== 0,
    properties: writable(received.properties),
    ...(will !== undefined && {
      will: {
        topic: will.topic,
        payload: will.payload,
        qos: (flags >> 3) & 3,
        retain: (flags & 0x20) !== 0,
        properties: writable(will.properties),
      },
    }),
    ...(userName !== undefined && { userName }),
    ...(password !== undefined && { password }),
  };
}

/** What becomes of a CONNECT: these fields change; `undefined`: none. */
export type Rehear = (connect: PassingConnect, link: Link) => Partial<ConnectFields> | undefined;

/** A server that takes a CONNECT for another one. */
export function serverHears(does: string, rehear: Rehear): Lie {
  return { does, fromClient: (frame, link) => reheard(frame, link, rehear) };
}

/** What becomes of a CONNACK: these fields change; `undefined`: none. */
export type Reanswer = (connack: PassingConnack, link: Link) => Partial<ConnackFields> | undefined;

/** A server that answers CONNECT with another CONNACK than the one that is due. */
export function serverAnswers(does: string, reanswer: Reanswer): Lie {
  return { does, fromServer: (frame, link) => reanswered(frame, link, reanswer) };
}

/** The same lie, told of both: what is heard, and the answer, which fits what the client believes. */
export function serverPretends(does: string, rehear: Rehear, reanswer: Reanswer): Lie {
  return {
    does,
    fromClient: (frame, link) => reheard(frame, link, rehear),
    fromServer: (frame, link) => reanswered(frame, link, reanswer),
  };
}

/** A server for which nobody starts clean. */
export const SERVER_IGNORES_CLEAN: Lie = serverPretends(
  'goes on with the old session whatever CONNECT says, and says that it does not',
  () => LASTING,
  () => ({ sessionPresent: false }),
);

/** A server that finds nothing wrong with any CONNECT. @param level  Of the check: the CONNECT may say anything. */
export function serverTakesAnyConnect(level: Level): Lie {
  return {
    does: 'accepts any CONNECT',
    fromClient: (frame) => (isKind(frame, 'connect') ? [connect(level)] : undefined),
  };
}

/** A server that says nothing before it closes the connection of a client that it refuses. */
export const SERVER_REFUSES_IN_SILENCE: Lie = {
  does: 'refuses without CONNACK',
  fromServer: (frame) => (isKind(frame, 'connack') && frame.body[1] !== 0 ? NOTHING : undefined),
};

function reheard(frame: Frame, link: Link, rehear: Rehear): readonly Uint8Array[] | undefined {
  if (!isKind(frame, 'connect')) return undefined;
  const fields = connectOf(frame, link.level);
  const change = rehear(fields, link);
  return change === undefined ? undefined : [connect(link.level, { ...fields, ...change })];
}

function reanswered(frame: Frame, link: Link, reanswer: Reanswer): readonly Uint8Array[] | undefined {
  if (!isKind(frame, 'connack')) return undefined;
  const { sessionPresent, reasonCode, properties } = read(frame, link.level);
  const fields = { sessionPresent, reasonCode, properties: writable(properties) };
  const change = reanswer(fields, link);
  return change === undefined ? undefined : [connack(link.level, { ...fields, ...change })];
}

/** The properties of a packet that passes, to be written again. */
export function writable(properties: ReceivedProperties): Properties {
  // The reader gives each property the values that the writer takes, in a list.
  return properties as Properties;
}
