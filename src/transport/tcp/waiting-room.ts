// Where sockets are before they are connections: while a TLS handshake, an HTTP upgrade or a PROXY header is under way. The
// owner of connections does not know of them yet and cannot bound them; here their number and their time are bounded.
//
// A guest is known by its two endpoints, not by its socket: what comes out of a handshake is another object, with the
// same endpoints. No two sockets that are open have both in common. Once a connection is broken it has none: a guest that
// fails is then the one whose socket has just been destroyed, or says 'close' at that moment.

import type { Socket } from 'node:net';
import { remoteOf } from './tcp-address.ts';

/** The bounds of a room. */
export interface WaitingRules {
  /** How long a guest may stay, in milliseconds. */
  readonly millisMax: number;
  /** How many guests there may be. Default 2,000. */
  readonly guestsMax?: number | undefined;
  /** Told of those that had to go, and why: to be put behind "because". */
  readonly onRefused: (remote: string, reason: string) => void;
}

/** With 54 KB a TLS handshake, some 100 MB at most. */
const GUESTS_MAX = 2_000;

interface Guest {
  readonly socket: Socket;
  remote: string;
  readonly timer: NodeJS.Timeout;
}

/** The sockets of one listener that are not connections yet. */
export class WaitingRoom {
  private readonly rules: WaitingRules;
  private readonly guests: Map<string, Guest>;
  /** Whose socket says 'close' at this moment. */
  private leaving: Guest | undefined;
  private isFull: boolean;

  constructor(rules: WaitingRules) {
    this.rules = rules;
    this.guests = new Map();
    this.leaving = undefined;
    this.isFull = false;
  }

  /**
   * Lets a socket wait; it is destroyed when its time is over.
   * @returns False: there is no room, or the peer has gone; the socket is destroyed.
   */
  enter(socket: Socket): boolean {
    const remote = remoteOf(socket);
    const key = endpointsOf(socket);
    const { millisMax, guestsMax = GUESTS_MAX } = this.rules;
    if (key === undefined || this.guests.size >= guestsMax) {
      socket.destroy();
      if (key !== undefined) this.turnAway(remote, guestsMax);
      return false;
    }
    const timer = setTimeout(() => {
      this.remove(key, guest);
      this.rules.onRefused(guest.remote, `it said nothing that opens a connection within ${millisMax / 1000} s`);
      socket.destroy();
    }, millisMax).unref();
    const guest: Guest = { socket, remote, timer };
    this.guests.set(key, guest);
    socket.once('close', () => this.receiveClose(key, guest));
    return true;
  }

  /** A guest is somebody else than its socket says: a proxy has said so. */
  rename(socket: Socket, remote: string): void {
    const key = endpointsOf(socket);
    const guest = key === undefined ? undefined : this.guests.get(key);
    if (guest !== undefined) guest.remote = remote;
  }

  /**
   * A guest, or the socket over it, becomes a connection, or is refused for a reason that the caller tells.
   * @returns Its remote address; `undefined`: it is no guest any more, and there is nothing to tell.
   */
  leave(socket: Socket): string | undefined {
    const key = endpointsOf(socket);
    const guest = key === undefined ? undefined : this.guests.get(key);
    if (key !== undefined && guest !== undefined) this.remove(key, guest);
    return guest?.remote;
  }

  /**
   * Something has failed on the way, and the socket over a guest is to be destroyed, if it is not yet.
   * @returns The guest's remote address; `undefined`: it is no guest any more, and there is nothing to tell.
   */
  fail(socket: Socket): string | undefined {
    const remote = this.leave(socket);
    socket.destroy();
    if (remote !== undefined) return remote;
    const { leaving } = this;
    this.leaving = undefined;
    if (leaving !== undefined) return leaving.remote;
    for (const [key, guest] of this.guests) {
      if (guest.socket.destroyed && this.remove(key, guest)) return guest.remote;
    }
    return undefined;
  }

  /** Sends everybody away: the door is closed. */
  empty(): void {
    for (const [key, guest] of this.guests) {
      this.remove(key, guest);
      guest.socket.destroy();
    }
  }

  private receiveClose(key: string, guest: Guest): void {
    if (!this.remove(key, guest)) return;
    this.leaving = guest;
    queueMicrotask(() => {
      if (this.leaving !== guest) return;
      this.leaving = undefined;
      this.rules.onRefused(guest.remote, 'it closed the connection before it was open');
    });
  }

  /** False: it has gone before, and its endpoints may be another's by now. */
  private remove(key: string, guest: Guest): boolean {
    clearTimeout(guest.timer);
    if (this.guests.get(key) !== guest) return false;
    this.guests.delete(key);
    this.isFull = false;
    return true;
  }

  /** A crowd is told of once, until there is room again. */
  private turnAway(remote: string, guestsMax: number): void {
    if (this.isFull) return;
    this.isFull = true;
    this.rules.onRefused(remote, `${guestsMax} others were about to open a connection; more are turned away like it`);
  }
}

/** Both ends of a socket; `undefined` once the peer is gone. */
function endpointsOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
