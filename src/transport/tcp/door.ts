// A door: listens on a port or at a path and hands on every socket that comes, whatever is spoken over it. What tcp/, tls/ and
// websocket/ have in common on the listening side.
// A failure to accept one connection, such as too many open files, is reported and ends nothing.

import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { Admits } from '../contract.ts';
import type { OpenFiles } from './open-files.ts';
import { SOCKET_OPTIONS } from './tcp-connection.ts';
import { type Proxies, readProxyHeader } from './proxied.ts';
import { hostInUrl, remoteOf } from './tcp-address.ts';
import type { WaitingRoom, WaitingRules } from './waiting-room.ts';

/** How many connections may wait to be accepted; Linux cuts it to `net.core.somaxconn`, by default 4096. */
const BACKLOG = 4096;

/** What every door is opened with. */
export interface DoorSurroundings {
  /** Told when a connection could not be accepted; the listener goes on. Default: nobody is. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Default: a connection may have any descriptor. */
  readonly openFiles?: OpenFiles | undefined;
}

/** Where to listen on the network. */
export interface DoorOptions extends DoorSurroundings {
  /** The address to listen on, such as `127.0.0.1` or `::`. */
  readonly host: string;
  /** The port; 0 lets the system choose a free one. */
  readonly port: number;
  /** How many connections may wait to be accepted. Default 4096. */
  readonly backlog?: number | undefined;
  /** Asked about each peer first; of a proxied one once its header has said who it is. Default: everybody may come in. */
  readonly admits?: Admits | undefined;
  /** The only ones who may connect, each with a PROXY header first. Default: everybody may, without. */
  readonly proxies?: Proxies | undefined;
}

/** How long a socket lives whose peer has closed its side: until it is told so ('half-open'), or not at all. */
export type PeerEnd = 'half-open' | 'closes';

/** An open door. */
export interface Door {
  /** The port in use; 0 where there is none. */
  readonly port: number;
  /** Accepts nobody any more; resolves when the last connection is gone, too. */
  close(): Promise<void>;
}

/**
 * Listens at a port.
 * @param take  Is handed each socket: paused, and with nobody listening to it yet.
 * @throws What the system says.
 */
export async function openDoor(options: DoorOptions, peerEnd: PeerEnd, take: (socket: Socket) => void): Promise<Door> {
  const { host, port, backlog = BACKLOG } = options;
  const { admits } = options;
  // Whom a proxy speaks for is not known yet.
  if (admits === undefined || options.proxies !== undefined)
    return await open({ host, port, backlog }, peerEnd, options, take);
  return await open({ host, port, backlog }, peerEnd, options, (socket) => {
    if (admits(remoteOf(socket))) take(socket);
    else socket.destroy();
  });
}

/** Opens a door to a waiting room: hands on each socket that has a seat there, and whose PROXY header has been read if there is one. */
export async function openWaitingDoor(
  options: DoorOptions & { readonly waiting: WaitingRules },
  peerEnd: PeerEnd,
  room: WaitingRoom,
  take: (socket: Socket) => void,
): Promise<Door> {
  const { proxies, waiting, admits, openFiles } = options;
  const door = await openDoor(options, peerEnd, (socket) => {
    // What goes wrong is told by whoever is at work on the socket, and by its end.
    socket.on('error', () => {});
    if (!room.enter(socket)) return;
    if (proxies === undefined) take(socket);
    else readProxyHeader(proxies, socket, room, { ...waiting, admits }, () => take(socket));
  });
  openFiles?.add(room);
  const close = (): Promise<void> => {
    const closed = door.close();
    openFiles?.remove(room);
    room.empty();
    return closed;
  };
  return { port: door.port, close };
}

/** Listens at a path of the file system. Otherwise like `openDoor`. */
export async function openUnixDoor(
  path: string,
  surroundings: DoorSurroundings,
  take: (socket: Socket) => void,
): Promise<Door> {
  return await open({ path, backlog: BACKLOG }, 'half-open', surroundings, take);
}

/** A listener's address as a URL. */
export function doorUrl(scheme: string, host: string, port: number, path = ''): string {
  return `${scheme}://${hostInUrl(host)}:${port}${path}`;
}

async function open(
  place: ListenOptions,
  peerEnd: PeerEnd,
  { onError, openFiles }: DoorSurroundings,
  take: (socket: Socket) => void,
): Promise<Door> {
  const allowHalfOpen = peerEnd === 'half-open';
  const server = createServer({ ...SOCKET_OPTIONS, allowHalfOpen, noDelay: true, pauseOnConnect: true }, (socket) => {
    if (openFiles === undefined || openFiles.admits(socket)) take(socket);
    else socket.destroy();
  });
  await listening(server, place);
  server.on('error', (error) => onError?.(error));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return { port, close: () => closing(server) };
}

function listening(server: Server, place: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // What `net` finds wrong with the arguments it throws, and so rejects this promise too.
    server.listen(place, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The error that may come says that it is closed already.
    server.close(() => resolve());
  });
}
