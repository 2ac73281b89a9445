// The TCP door of a broker: listens, and makes a TcpConnection of every socket that comes.

import type { Accept, Listener } from '../contract.ts';
import { type Door, type DoorOptions, doorUrl, openDoor, openWaitingDoor } from './door.ts';
import { adoptSocket, readByEvents } from './reading.ts';
import { TcpConnection } from './tcp-connection.ts';
import { remoteOf } from './tcp-address.ts';
import { listenError } from './tcp-errors.ts';
import { WaitingRoom, type WaitingRules } from './waiting-room.ts';

/** Where and how to listen. */
export interface TcpListenOptions extends DoorOptions {
  /** How long a PROXY header may take, and how many may be awaited. Needed with `proxies`. */
  readonly waiting?: WaitingRules | undefined;
}

/**
 * Listens for TCP connections.
 * @param accept  Called for each connection; returns its owner's side.
 * @throws {UsageError} `invalid-argument`: no such port.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 */
export async function listenTcp(options: TcpListenOptions, accept: Accept): Promise<Listener> {
  const { host, port, waiting } = options;
  try {
    const door = await (waiting === undefined || options.proxies === undefined
      ? openPlain(options, accept)
      : openToProxies({ ...options, waiting }, accept));
    return { url: doorUrl('mqtt', host, door.port), port: door.port, close: () => door.close() };
  } catch (error) {
    throw listenError(error, host, port);
  }
}

function openPlain(options: DoorOptions, accept: Accept): Promise<Door> {
  return openDoor(options, 'half-open', (socket) => {
    const connection = new TcpConnection(remoteOf(socket), (takeChunk) => adoptSocket(socket, takeChunk));
    connection.start(accept(connection));
  });
}

/** The connections read by events: a chunk that came with the header is in the stream already, and cannot go round it. */
function openToProxies(options: DoorOptions & { readonly waiting: WaitingRules }, accept: Accept): Promise<Door> {
  const room = new WaitingRoom(options.waiting);
  return openWaitingDoor(options, 'half-open', room, (socket) => {
    const remote = room.leave(socket);
    if (remote === undefined) {
      socket.destroy();
      return;
    }
    const connection = new TcpConnection(remote, (takeChunk) => readByEvents(socket, takeChunk));
    connection.start(accept(connection));
  });
}
