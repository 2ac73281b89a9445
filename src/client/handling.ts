// The messages that the application has: handed over, and not acknowledged. It may have any number; what it does not get is more than it
// keeps up with, since then reading stops (`isBehind`).
// Among them are those that nobody wants: in a session that is kept they wait, unacknowledged, until somebody subscribes.
//
// Bounds. Of QoS 1 and 2 the broker's window, or the inbox (stored-inbox.ts), says how many there are. QoS 0, and brokers that know no window, are
// bounded by the reading that stops; that cannot stop while the application waits for the broker itself, so that at
// ten times as many QoS 0 is dropped, and said.

import type { Arrival } from './arrival.ts';

/** Who stands behind it. */
export interface HandlingOwner {
  /** Hands the message to everybody who wants it; false: nobody does. */
  dispatch(arrival: Arrival): boolean;
  /** Nobody wants a message, and it waits. */
  unclaimed(): void;
  /** A message of QoS 0 was dropped: too many are with the application. */
  dropped(topic: string): void;
  /** `isBehind` has changed. */
  moved(): void;
}

/** Of messages that nobody wants. From here on they count as with the application, and keep others from it. */
const UNCLAIMED_MAX = 10_000;
/** In terms of the window: reading stops at so many messages. */
const BEHIND_WINDOWS = 2;
/** And goes on at so many. */
const CAUGHT_UP_WINDOWS = 1.5;
/** And QoS 0 is dropped at so many. */
const DROP_WINDOWS = 20;

/** What most clients have most of the time; never written to. */
const NONE_OPEN: Set<number> = new Set();

/** What the application of one client has. */
export class Handling {
  /** More is with the application than it keeps up with. */
  isBehind: boolean;
  /** Bytes of payload, of QoS 1 and 2. */
  bytes: number;
  private readonly owner: HandlingOwner;
  private readonly window: number;
  /** Whether what nobody wants waits for somebody who does. */
  private readonly keepsUnclaimed: boolean;
  /** Keys of QoS 1 and 2. */
  private open: Set<number>;
  /** Of QoS 0. */
  private unstoredCount: number;
  /** Such as wait to be let in, which reading must stop for as well. */
  private lineLength: number;
  /** Nobody wants them; oldest first. */
  private unclaimed: Arrival[];
  private isStopped: boolean;

  constructor(owner: HandlingOwner, window: number, keepsUnclaimed: boolean) {
    this.isBehind = false;
    this.bytes = 0;
    this.owner = owner;
    this.window = window;
    this.keepsUnclaimed = keepsUnclaimed;
    this.open = NONE_OPEN;
    this.unstoredCount = 0;
    this.lineLength = 0;
    this.unclaimed = [];
    this.isStopped = false;
  }

  /** Messages of QoS 1 and 2 that somebody has taken, or that are too many for nobody. */
  get takenCount(): number {
    return this.open.size - Math.min(this.unclaimed.length, UNCLAIMED_MAX);
  }

  /** Messages of QoS 1 and 2. */
  get openCount(): number {
    return this.open.size;
  }

  /** Topics of messages that nobody wants. */
  get unclaimedTopics(): readonly string[] {
    return this.unclaimed.map(({ topic }) => topic);
  }

  /** Hands a message to the application. hot: */
  hand(arrival: Arrival): void {
    if (this.isStopped) return;
    if (arrival.qos > 0) {
      if (this.open === NONE_OPEN) this.open = new Set();
      this.open.add(arrival.key);
      this.bytes += arrival.payload.length;
    } else if (this.unstoredCount >= this.window * DROP_WINDOWS) {
      this.owner.dropped(arrival.topic);
      return;
    } else this.unstoredCount++;
    if (!this.owner.dispatch(arrival)) this.unclaim(arrival);
    this.note();
  }

  /** Everybody who got it is done with it; false: it does not count any more. hot: */
  finish(arrival: Arrival): boolean {
    if (arrival.qos === 0) this.unstoredCount--;
    else if (!this.open.delete(arrival.key)) return false;
    else this.bytes -= arrival.payload.length;
    this.note();
    return true;
  }

  /** Nobody wants a message that was handed over. */
  unclaim(arrival: Arrival): void {
    // [MQTT-4.5.0-2]: it is acknowledged all the same, unless somebody may come who wants it.
    if (!this.keepsUnclaimed || arrival.qos === 0) return arrival.ack();
    this.unclaimed.push(arrival);
    this.owner.unclaimed();
  }

  /** Somebody has subscribed: what nobody wanted is offered again. */
  claim(): void {
    if (this.isStopped) return;
    const { unclaimed } = this;
    this.unclaimed = [];
    for (const arrival of unclaimed) if (!this.owner.dispatch(arrival)) this.unclaimed.push(arrival);
  }

  /** These do not count any more: they will come again. The application may still acknowledge them, which changes nothing. */
  forget(keys: readonly number[]): void {
    const gone = new Set(keys);
    for (const key of keys) this.open.delete(key);
    this.unclaimed = this.unclaimed.filter(({ key }) => !gone.has(key));
    this.note();
  }

  /** So many wait to be let in. */
  noteLine(length: number): void {
    this.lineLength = length;
    this.note();
  }

  /** Nothing is handed over any more. */
  stop(): void {
    this.isStopped = true;
    this.unclaimed = [];
  }

  /** hot: */
  private note(): void {
    const count = this.open.size + this.unstoredCount + this.lineLength;
    const isBehind = count >= this.window * (this.isBehind ? CAUGHT_UP_WINDOWS : BEHIND_WINDOWS);
    if (isBehind === this.isBehind) return;
    this.isBehind = isBehind;
    this.owner.moved();
  }
}
