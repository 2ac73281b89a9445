// What a lie is: a few words, and what is done to the frames that pass between a client and a server so that one of them seems to break
// one statement, and keeps all others. The kinds of lie that many checks need stand here; each check has its own beside it.

import type { Frame } from '../wire/frame.ts';
import { type PacketName, TYPE } from '../wire/types.ts';
import { type Level, packet, PINGRESP } from '../wire/write.ts';

/** One connection through the liar. */
export interface Link {
  /** What CONNECT said; 4 before. */
  readonly level: Level;
  toClient(bytes: Uint8Array): void;
  toServer(bytes: Uint8Array): void;
  /** Closes both sides at once. */
  close(): void;
  /** What the liar remembers, over all its connections. */
  readonly memory: Map<string, unknown>;
}

/** What becomes of a frame: these bytes go on in its place; `undefined`: it goes on as it is. */
export type Falsify = (frame: Frame, link: Link) => readonly Uint8Array[] | undefined;

/** One way to break a statement. */
export interface Lie {
  /** What the liar does, as a clause: 'keeps the connection open'. */
  readonly does: string;
  readonly fromClient?: Falsify;
  readonly fromServer?: Falsify;
  /** The client does not notice that the server has closed. */
  readonly hidesServerClosing?: boolean;
  /** The server does not notice that the client has closed. */
  readonly hidesClientClosing?: boolean;
}

/** Bytes in place of a frame: nothing. */
export const NOTHING: readonly Uint8Array[] = [];

/** Whether a frame is of that kind. */
export function isKind(frame: Frame, kind: PacketName): boolean {
  return frame.type === TYPE[kind];
}

/** The frame with other flags or another body. */
export function changed(frame: Frame, change: { readonly flags?: number; readonly body?: Uint8Array }): Uint8Array {
  return packet(frame.type, change.flags ?? frame.flags, change.body ?? frame.body);
}

/** The frame with one byte of its body changed. @param offset  From the start of the body; below 0: from its end. */
export function withByte(frame: Frame, offset: number, value: number): Uint8Array {
  const body = frame.body.slice();
  body[offset < 0 ? body.length + offset : offset] = value;
  return changed(frame, { body });
}

/** A server that goes on whatever the client did: it never closes, says no DISCONNECT, and answers PINGREQ. */
export const SERVER_NEVER_CLOSES: Lie = {
  does: 'keeps the connection open',
  hidesServerClosing: true,
  fromClient: (frame, link) => {
    if (isKind(frame, 'pingreq') && link.memory.get('closed') === true) link.toClient(PINGRESP);
    return undefined;
  },
  fromServer: (frame) => (isKind(frame, 'disconnect') ? NOTHING : undefined),
};

/** A client that goes on whatever the server did: it never closes and says no DISCONNECT. */
export const CLIENT_NEVER_CLOSES: Lie = {
  does: 'keeps the connection open',
  hidesClientClosing: true,
  fromClient: (frame) => (isKind(frame, 'disconnect') ? NOTHING : undefined),
};

type When = (frame: Frame, link: Link) => boolean;

/** How often this was asked for, this time included, over all connections through the liar. */
export function timesAsked(link: Link, what = 'asked'): number {
  const times = Number(link.memory.get(what) ?? 0) + 1;
  link.memory.set(what, times);
  return times;
}

/** A server that overlooks packets of the client: it does not answer, and nothing comes of them. */
export function serverOverlooks(kind: PacketName, when: When = () => true): Lie {
  return {
    does: `overlooks ${kind.toUpperCase()}`,
    fromClient: (frame, link) => (isKind(frame, kind) && when(frame, link) ? NOTHING : undefined),
  };
}

/** A server that closes the connection in place of handling such a packet. */
export function serverClosesOn(kind: PacketName, when: When = () => true): Lie {
  return {
    does: `closes the connection on ${kind.toUpperCase()}`,
    fromClient: (frame, link) => {
      if (!isKind(frame, kind) || !when(frame, link)) return undefined;
      link.close();
      return NOTHING;
    },
  };
}

/** A server that does not send such packets. */
export function serverWithholds(kind: PacketName, when: When = () => true): Lie {
  return {
    does: `sends no ${kind.toUpperCase()}`,
    fromServer: (frame, link) => (isKind(frame, kind) && when(frame, link) ? NOTHING : undefined),
  };
}

/** A server that sends something else in place of such packets. */
export function serverAlters(kind: PacketName, does: string, alter: (frame: Frame, link: Link) => Uint8Array): Lie {
  return {
    does,
    fromServer: (frame, link) => (isKind(frame, kind) ? [alter(frame, link)] : undefined),
  };
}

/** A server that sends such packets twice. */
export function serverRepeats(kind: PacketName): Lie {
  return {
    does: `sends ${kind.toUpperCase()} twice`,
    fromServer: (frame) => (isKind(frame, kind) ? [frame.bytes, frame.bytes] : undefined),
  };
}

/** A server that understands something else than the client has said. */
export function serverMishears(kind: PacketName, does: string, alter: (frame: Frame, link: Link) => Uint8Array): Lie {
  return {
    does,
    fromClient: (frame, link) => (isKind(frame, kind) ? [alter(frame, link)] : undefined),
  };
}

/** A client that does not send such packets. */
export function clientWithholds(kind: PacketName, when: When = () => true): Lie {
  return { ...serverOverlooks(kind, when), does: `sends no ${kind.toUpperCase()}` };
}

/** A client that sends something else in place of such packets. */
export function clientAlters(kind: PacketName, does: string, alter: (frame: Frame, link: Link) => Uint8Array): Lie {
  return serverMishears(kind, does, alter);
}

/** A client that overlooks packets of the server. */
export function clientOverlooks(kind: PacketName, when: When = () => true): Lie {
  return { ...serverWithholds(kind, when), does: `overlooks ${kind.toUpperCase()}` };
}
