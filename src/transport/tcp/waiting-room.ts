// Where sockets are before they are connections: while a TLS handshake, an HTTP upgrade or a PROXY header is under way. The
// owner of connections does not know of them yet and cannot bound them; here their number and their time are bounded. When
// there are too many, those go that came first from the address that has most of them (base/crowd.ts): one address alone cannot
// keep the others out.
//
// A guest is known by its two endpoints, not by its socket: what comes out of a handshake is another object, with the
// same endpoints. No two sockets that are open have both in common. Once a connection is broken it has none: a guest that
// fails is then the one whose socket has just been destroyed, or says 'close' at that moment.

import type { Socket } from 'node:net';
import { Crowd } from '../../base/crowd.ts';
import { networkOf } from '../../base/network-of.ts';
import { remoteOf } from './tcp-address.ts';

/** The bounds of a room. */
export interface WaitingRules {
  /** How long a guest may stay, in milliseconds. */
  readonly millisMax: number;
  /** How many guests there may be. Default 2,000. */
  readonly guestsMax?: number | undefined;
  /** Told of each that had to go because there were too many. Default: nobody is. */
  readonly onTurnedAway?: (() => void) | undefined;
  /** Told of those that had to go, and why: to be put behind "because". */
  readonly onRefused: (remote: string, reason: string) => void;
}

/** With 54 KB a TLS handshake, some 100 MB at most. */
const GUESTS_MAX = 2_000;
/** So many may stay, whatever is short. */
const FEW_GUESTS = 32;

interface Guest {
  readonly socket: Socket;
  remote: string;
  readonly timer: NodeJS.Timeout;
}

/** The sockets of one listener that are not connections yet. */
export class WaitingRoom {
  private readonly rules: WaitingRules;
  private readonly guests: Map<string, Guest>;
  /** Their keys, each under the address that it counts for. */
  private readonly crowd: Crowd<string>;
  /** Whose socket says 'close' at this moment. */
  private leaving: Guest | undefined;
  private isFull: boolean;

  constructor(rules: WaitingRules) {
    this.rules = rules;
    this.guests = new Map();
    this.crowd = new Crowd(rules.guestsMax ?? GUESTS_MAX);
    this.leaving = undefined;
    this.isFull = false;
  }

  /**
   * Lets a socket wait; it is destroyed when its time is over, or when others need its room.
   * @returns False: the peer has gone; the socket is destroyed.
   */
  enter(socket: Socket): boolean {
    const remote = remoteOf(socket);
    const key = endpointsOf(socket);
    if (key === undefined) {
      socket.destroy();
      return false;
    }
    const { millisMax } = this.rules;
    const timer = setTimeout(() => {
      this.remove(key, guest);
      this.rules.onRefused(guest.remote, `it said nothing that opens a connection within ${millisMax / 1000} s`);
      socket.destroy();
    }, millisMax).unref();
    const guest: Guest = { socket, remote, timer };
    this.guests.set(key, guest);
    socket.once('close', () => this.receiveClose(key, guest));
    this.crowd.set(networkOf(remote), key, 1);
    for (const leaving of this.crowd.relieve()) this.turnAway(leaving);
    return !socket.destroyed;
  }

  /** A guest is somebody else than its socket says: a proxy has said so. */
  rename(socket: Socket, remote: string): void {
    const key = endpointsOf(socket);
    const guest = key === undefined ? undefined : this.guests.get(key);
    if (key === undefined || guest === undefined) return;
    this.crowd.remove(networkOf(guest.remote), key);
    this.crowd.set(networkOf(remote), key, 1);
    guest.remote = remote;
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

  /** Files are short: a quarter of the guests go, as if there were too many of them. That it is so is told elsewhere. */
  makeWay(): void {
    for (const key of this.crowd.makeWay(FEW_GUESTS)) {
      const guest = this.guests.get(key);
      if (guest !== undefined && this.remove(key, guest)) guest.socket.destroy();
    }
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
    this.crowd.remove(networkOf(guest.remote), key);
    if (this.guests.size * 2 <= (this.rules.guestsMax ?? GUESTS_MAX)) this.isFull = false;
    return true;
  }

  /** Somebody has to go. A crowd is told of once, until half of the room is free again. */
  private turnAway(key: string): void {
    const guest = this.guests.get(key);
    if (guest === undefined) return;
    this.remove(key, guest);
    guest.socket.destroy();
    this.rules.onTurnedAway?.();
    if (this.isFull) return;
    this.isFull = true;
    const { guestsMax = GUESTS_MAX } = this.rules;
    const what = `more than ${guestsMax} were about to open a connection, most of them from its address`;
    this.rules.onRefused(guest.remote, `${what}; more are turned away like it (handshakesMax)`);
  }
}

/** Both ends of a socket; `undefined` once the peer is gone. */
function endpointsOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
