// The descriptors of the process, as the doors of one broker heed them: the last ones are no client's, so that the store, the log and
// the control socket find theirs. The system always gives out the lowest that is free: a connection that gets a high one says that
// all below are in use, whoever uses them. It is closed at once, and its peer knows where it stands: left in the kernel's backlog
// it would take itself for connected, and wait (docs/decisions/031). For those that come next, waiting rooms make way.

import type { Socket } from 'node:net';
import { descriptorOf } from './direct-write.ts';
import { remoteOf } from './tcp-address.ts';

/** Where sockets wait that are no connections yet. */
interface Room {
  /** Some of them are to go, if they are many. */
  makeWay(): void;
}

/** The bound of what a process may have open. */
export class OpenFiles {
  private readonly descriptorsMax: number;
  private readonly onShort: (remote: string) => void;
  private readonly rooms: Set<Room>;

  /**
   * @param descriptorsMax  No connection gets this descriptor or a higher one.
   * @param onShort  Told of each connection that is closed because of that.
   */
  constructor(descriptorsMax: number, onShort: (remote: string) => void) {
    this.descriptorsMax = descriptorsMax;
    this.onShort = onShort;
    this.rooms = new Set();
  }

  /** Whether a socket may stay. If not, the owner is told, and the caller is to close it. */
  admits(socket: Socket): boolean {
    if (descriptorOf(socket) < this.descriptorsMax) return true;
    this.onShort(remoteOf(socket));
    for (const room of this.rooms) room.makeWay();
    return false;
  }

  /** A room is asked to make way from now on. */
  add(room: Room): void {
    this.rooms.add(room);
  }

  /** A room is closed. */
  remove(room: Room): void {
    this.rooms.delete(room);
  }
}
