// Deliveries of QoS 1 and 2 on their way to the peer: which packet identifier carries which, in which
// state, in which order.
//
// Identifiers come from a free list over 1..capacity, oldest freed first, and capacity doubles only
// when all are in use. So the tables stay as small as the window in use, an identifier is reused as
// late as that allows, and a session with nothing in flight owns no table at all.
// Two linked lists through the tables keep the two orders that a resume must repeat: PUBLISH in the
// order of sending [MQTT-4.6.0-1], PUBREL in the order in which the PUBRECs came [MQTT-4.6.0-4].
// Invariant: an identifier is either in the ring of free ones or in one flow, never both [MQTT-2.2.1-3].
// Only after `restore` the ring is stale; `prepare` makes it anew, before the next identifier is taken.

import { assert } from '../base/assert.ts';
import { PACKET_ID_MAX, type PacketId, packetId } from '../packet/packet-id.ts';

/** Where one identifier stands. `request` is an identifier lent to SUBSCRIBE or UNSUBSCRIBE. */
export type InFlightState = 'free' | 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp' | 'request';

const STATES: readonly InFlightState[] = ['free', 'awaiting-puback', 'awaiting-pubrec', 'awaiting-pubcomp', 'request'];
const FREE = 0;
const AWAITING_PUBACK = 1;
const AWAITING_PUBREC = 2;
const AWAITING_PUBCOMP = 3;
const REQUEST = 4;
/** Beside the state: sent on an earlier connection, not yet on this one. */
const UNSENT = 8;
/** Beside both: not sent at all since the peer lost the session. */
const NEW = 16;
const STATE_MASK = 7;
const CAPACITY_FIRST = 16;

/** The arrays, indexed by packet identifier; slot 0 is the anchor of no list. */
interface Tables<D> {
  readonly capacity: number;
  readonly states: Uint8Array;
  readonly next: Uint16Array;
  readonly previous: Uint16Array;
  readonly deliveries: (D | undefined)[];
  /** A ring of the free identifiers. */
  readonly free: Uint16Array;
}

/** What a session has that holds nothing in flight. */
const NO_TABLES: Tables<never> = {
  capacity: 0,
  states: new Uint8Array(1),
  next: new Uint16Array(1),
  previous: new Uint16Array(1),
  deliveries: [],
  free: new Uint16Array(0),
};

/** The in-flight table of one direction of one session. */
export class InFlight<D extends object> {
  private readonly idMax: number;
  /** Deliveries that wait for PUBACK or PUBREC. */
  publishCount: number;
  /** Deliveries that wait for PUBCOMP. */
  releaseCount: number;
  private tables: Tables<D>;
  private freeHead: number;
  private freeCount: number;
  private publishFirst: number;
  private publishLast: number;
  private releaseFirst: number;
  private releaseLast: number;
  private requestCount: number;
  /** `restore` took identifiers that the ring still holds. */
  private ringIsStale: boolean;

  /** @param idMax  The highest identifier; smaller ones than MQTT's own make them come round soon. */
  constructor(idMax: number = PACKET_ID_MAX) {
    this.idMax = idMax;
    this.publishCount = 0;
    this.releaseCount = 0;
    this.tables = NO_TABLES;
    this.freeHead = 0;
    this.freeCount = 0;
    this.publishFirst = 0;
    this.publishLast = 0;
    this.releaseFirst = 0;
    this.releaseLast = 0;
    this.requestCount = 0;
    this.ringIsStale = false;
  }

  /** Deliveries in flight, whatever they wait for. */
  get count(): number {
    return this.publishCount + this.releaseCount;
  }

  /** Whether so many identifiers are left. hot: */
  hasFreeIds(count: number): boolean {
    return this.freeCount + this.idMax - this.tables.capacity >= count;
  }

  /** Puts a delivery in flight at the end of the sending order. An identifier must be left. hot: */
  add(delivery: D, qos: 1 | 2): PacketId {
    const id = this.take();
    const tables = this.tables;
    tables.states[id] = qos === 1 ? AWAITING_PUBACK : AWAITING_PUBREC;
    tables.deliveries[id] = delivery;
    this.linkPublish(tables, id);
    return packetId(id);
  }

  /** Puts back what a store remembered. Call in the original order, then `prepare`. The identifier must be free. */
  restore(id: PacketId, delivery: D, state: 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp'): void {
    this.ringIsStale = true;
    while (this.tables.capacity < id) this.grow();
    const tables = this.tables;
    assert(tables.states[id] === FREE, 'a restored packet identifier is free');
    tables.deliveries[id] = delivery;
    tables.states[id] = STATES.indexOf(state);
    if (state === 'awaiting-pubcomp') this.linkRelease(tables, id);
    else this.linkPublish(tables, id);
  }

  /** After the last `restore`: the ring holds what is free again, so that new identifiers go round the restored ones. */
  prepare(): void {
    if (!this.ringIsStale) return;
    const { capacity, states, free } = this.tables;
    this.ringIsStale = false;
    this.freeHead = 0;
    this.freeCount = 0;
    for (let id = 1; id <= capacity; id++) {
      if (states[id] === FREE) free[this.freeCount++] = id;
    }
  }

  /** The state of an identifier, whoever asks with whatever number. hot: */
  state(id: PacketId): InFlightState {
    // The mask keeps the index inside the list but for 5 to 7, which no state has.
    return STATES[(this.tables.states[id] ?? FREE) & STATE_MASK] ?? 'free';
  }

  /** The delivery under an identifier that is in flight. hot: */
  delivery(id: PacketId): D {
    const delivery = this.tables.deliveries[id];
    assert(delivery !== undefined, 'the packet identifier is in flight');
    return delivery;
  }

  /** PUBREC came: the delivery now waits for PUBCOMP, behind those released before. hot: */
  release(id: PacketId): void {
    const tables = this.tables;
    assert(this.state(id) === 'awaiting-pubrec', 'only a PUBLISH that waits for PUBREC is released');
    this.unlinkPublish(tables, id);
    tables.states[id] = AWAITING_PUBCOMP;
    this.linkRelease(tables, id);
  }

  /** The delivery is over: its identifier is free again. hot: */
  remove(id: PacketId): D {
    const delivery = this.delivery(id);
    const tables = this.tables;
    if (tables.states[id] === AWAITING_PUBCOMP) this.unlinkRelease(tables, id);
    else this.unlinkPublish(tables, id);
    tables.deliveries[id] = undefined;
    this.give(tables, id);
    return delivery;
  }

  /** Lends an identifier to a SUBSCRIBE or UNSUBSCRIBE [MQTT-2.2.1-3]; `undefined` when all are in use. */
  lend(): PacketId | undefined {
    if (!this.hasFreeIds(1)) return undefined;
    const id = this.take();
    this.tables.states[id] = REQUEST;
    this.requestCount++;
    return packetId(id);
  }

  /** Takes a lent identifier back. Says whether it was lent. */
  takeBack(id: PacketId): boolean {
    const tables = this.tables;
    if (tables.states[id] !== REQUEST) return false;
    this.requestCount--;
    this.give(tables, id);
    return true;
  }

  /** The connection ended: nothing answers a SUBSCRIBE or UNSUBSCRIBE any more. */
  takeBackAll(): void {
    const tables = this.tables;
    for (let id = 1; this.requestCount > 0 && id <= tables.capacity; id++) this.takeBack(packetId(id));
  }

  /** The first PUBLISH in flight in the order of sending; 0: none. */
  firstPublish(): PacketId | 0 {
    return idOrNone(this.publishFirst);
  }

  /** The PUBLISH sent after this one; 0: none. */
  nextPublish(id: PacketId): PacketId | 0 {
    return idOrNone(this.tables.next[id] ?? 0);
  }

  /** A new connection: every PUBLISH in flight must be sent again. */
  markAllUnsent(): void {
    const { states, next } = this.tables;
    for (let id = this.publishFirst; id !== 0; id = next[id] as number) {
      states[id] = (states[id] as number) | UNSENT;
    }
  }

  /** The peer has lost the session: for it, every PUBLISH in flight is a new one. */
  markAllNew(): void {
    const { states, next } = this.tables;
    for (let id = this.publishFirst; id !== 0; id = next[id] as number) states[id] = (states[id] as number) | NEW;
  }

  /** Whether a PUBLISH in flight has not been sent since the peer lost the session. */
  isNew(id: PacketId): boolean {
    return ((this.tables.states[id] ?? FREE) & NEW) !== 0;
  }

  /** Whether a PUBLISH in flight has not been sent on this connection. */
  isUnsent(id: PacketId): boolean {
    return ((this.tables.states[id] ?? FREE) & UNSENT) !== 0;
  }

  /** The PUBLISH was sent on this connection. */
  markSent(id: PacketId): void {
    const { states } = this.tables;
    states[id] = (states[id] as number) & STATE_MASK;
  }

  /** Visits what waits for PUBCOMP, in the order in which the PUBRECs came. */
  forEachRelease(visit: (id: PacketId, delivery: D) => void): void {
    this.forEach(this.releaseFirst, visit);
  }

  /** Visits what waits for PUBACK or PUBREC, in the order of sending. */
  forEachPublish(visit: (id: PacketId, delivery: D) => void): void {
    this.forEach(this.publishFirst, visit);
  }

  /** Gives the memory back if nothing is in flight. */
  trim(): void {
    if (this.count > 0 || this.requestCount > 0) return;
    this.tables = NO_TABLES;
    this.freeHead = 0;
    this.freeCount = 0;
    this.ringIsStale = false;
  }

  /** Forgets everything that is in flight. */
  clear(): void {
    this.publishCount = 0;
    this.releaseCount = 0;
    this.publishFirst = 0;
    this.publishLast = 0;
    this.releaseFirst = 0;
    this.releaseLast = 0;
    this.requestCount = 0;
    this.trim();
  }

  private forEach(first: number, visit: (id: PacketId, delivery: D) => void): void {
    for (let at = first; at !== 0; ) {
      const id = packetId(at);
      // Read before the visit, which may remove the identifier.
      at = this.tables.next[at] as number;
      visit(id, this.delivery(id));
    }
  }

  /** hot: the oldest free identifier. */
  private take(): number {
    assert(!this.ringIsStale, 'restored identifiers are taken out of the ring first');
    if (this.freeCount === 0) this.grow();
    const tables = this.tables;
    const id = tables.free[this.freeHead] as number;
    this.freeHead = this.freeHead + 1 === tables.capacity ? 0 : this.freeHead + 1;
    this.freeCount--;
    return id;
  }

  /** hot: */
  private give(tables: Tables<D>, id: number): void {
    tables.states[id] = FREE;
    let at = this.freeHead + this.freeCount;
    if (at >= tables.capacity) at -= tables.capacity;
    tables.free[at] = id;
    this.freeCount++;
  }

  /** Doubles the tables: with every identifier of the old capacity in use, or at restore, when `prepare` is to come. */
  private grow(): void {
    const old = this.tables;
    const capacity = Math.min(old.capacity === 0 ? CAPACITY_FIRST : old.capacity * 2, this.idMax);
    assert(capacity > old.capacity, 'a packet identifier is left');
    const tables: Tables<D> = {
      capacity,
      states: new Uint8Array(capacity + 1),
      next: new Uint16Array(capacity + 1),
      previous: new Uint16Array(capacity + 1),
      deliveries: new Array<D | undefined>(capacity + 1).fill(undefined),
      free: new Uint16Array(capacity),
    };
    tables.states.set(old.states);
    tables.next.set(old.next);
    tables.previous.set(old.previous);
    for (let id = 1; id <= old.capacity; id++) tables.deliveries[id] = old.deliveries[id];
    for (let id = old.capacity + 1; id <= capacity; id++) tables.free[id - old.capacity - 1] = id;
    this.tables = tables;
    this.freeHead = 0;
    this.freeCount = capacity - old.capacity;
  }

  /** hot: */
  private linkPublish(tables: Tables<D>, id: number): void {
    tables.previous[id] = this.publishLast;
    tables.next[id] = 0;
    if (this.publishLast === 0) this.publishFirst = id;
    else tables.next[this.publishLast] = id;
    this.publishLast = id;
    this.publishCount++;
  }

  /** hot: */
  private unlinkPublish(tables: Tables<D>, id: number): void {
    const next = tables.next[id] as number;
    const previous = tables.previous[id] as number;
    if (previous === 0) this.publishFirst = next;
    else tables.next[previous] = next;
    if (next === 0) this.publishLast = previous;
    else tables.previous[next] = previous;
    this.publishCount--;
  }

  /** hot: */
  private linkRelease(tables: Tables<D>, id: number): void {
    tables.previous[id] = this.releaseLast;
    tables.next[id] = 0;
    if (this.releaseLast === 0) this.releaseFirst = id;
    else tables.next[this.releaseLast] = id;
    this.releaseLast = id;
    this.releaseCount++;
  }

  /** hot: */
  private unlinkRelease(tables: Tables<D>, id: number): void {
    const next = tables.next[id] as number;
    const previous = tables.previous[id] as number;
    if (previous === 0) this.releaseFirst = next;
    else tables.next[previous] = next;
    if (next === 0) this.releaseLast = previous;
    else tables.previous[next] = previous;
    this.releaseCount--;
  }
}

function idOrNone(id: number): PacketId | 0 {
  return id === 0 ? 0 : packetId(id);
}
