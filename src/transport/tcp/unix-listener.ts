// The door in the file system: a Unix socket, for programs of the same machine. The connections are those of TCP.
// A broker that was killed leaves its socket's file behind. It is removed if it is a socket and nobody answers at it; anything
// else that stands in the way is left alone, and told.

import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { OperationError } from '../../base/errors.ts';
import type { Accept, Listener } from '../contract.ts';
import { type Door, type DoorSurroundings, openUnixDoor } from './door.ts';
import { adoptSocket } from './reading.ts';
import { TcpConnection } from './tcp-connection.ts';
import { systemCode, text } from './tcp-errors.ts';

/** Where to listen. */
export interface UnixListenOptions extends DoorSurroundings {
  /** Of the socket; it is made. */
  readonly path: string;
}

/**
 * Listens at a Unix socket.
 * @param accept  Called for each connection; returns its owner's side.
 * @throws {OperationError} `address-in-use`, `address-unavailable`.
 */
export async function listenUnix(options: UnixListenOptions, accept: Accept): Promise<Listener> {
  const { path } = options;
  const url = `unix://${path}`;
  const open = (): Promise<Door> =>
    openUnixDoor(path, options, (socket) => {
      const connection = new TcpConnection(url, (takeChunk) => adoptSocket(socket, takeChunk));
      connection.start(accept(connection));
    });
  try {
    const door = await open().catch(async (error: unknown) => {
      if (!(await isStaleSocket(path, error))) throw error;
      await unlink(path);
      return await open();
    });
    return { url, port: 0, close: () => door.close() };
  } catch (error) {
    throw unixListenError(error, path);
  }
}

/** Whether somebody could not listen at a path because there is a socket at which nobody answers. */
export async function isStaleSocket(path: string, error: unknown): Promise<boolean> {
  if (systemCode(error) !== 'EADDRINUSE') return false;
  const found = await lstat(path);
  if (!found.isSocket()) return false;
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (refusal) => resolve(systemCode(refusal) === 'ECONNREFUSED'));
  });
}

/** What is to be said of a path where nobody can listen. */
export function unixListenError(error: unknown, path: string): Error {
  const options = { cause: error };
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new OperationError(
        'address-in-use',
        `${path} is in use: another process answers there, or it is no socket. Choose another path.`,
        undefined,
        options,
      );
    // Node says the one where the system says the other.
    case 'EACCES':
    case 'ENOENT':
      return new OperationError(
        'address-unavailable',
        `${path} cannot be made: there is no such directory, or this user may not write there.`,
        undefined,
        options,
      );
    default:
      return new OperationError('address-unavailable', `Cannot listen at ${path}: ${text(error)}.`, undefined, options);
  }
}
