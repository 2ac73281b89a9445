// What one recipient is owed, queued and in flight, in order of publication: a ring of deliveries beside a ring of
// their message ids. Message ids only grow, so that a place is found by halving the ring, and, since deliveries mostly
// begin and end in order, mostly at either end. What is settled out of order leaves a hole that keeps its id; holes
// go when they reach either end, or when what is left is moved into a ring of another size.
// The invariant: ids grow strictly from the front to the end; neither the first nor the last place is a hole.
// An idle recipient has no ring. The bound is the broker's: its limits on queues (broker/limits.ts).

import { assert } from '../../base/assert.ts';
import type { Message } from '../../packet/message.ts';
import type { PacketId } from '../../packet/packet-id.ts';
import type { InFlightState, MessageId, Recipient } from '../contract.ts';

/** The recipients that still wait for one message. */
export interface Waiting {
  recipients: number;
}

/** One message that the recipient is owed. */
export interface Owed {
  readonly messageId: MessageId;
  readonly message: Message;
  readonly recipient: Recipient;
  /** Shared by all that are owed the message; `undefined`: nobody else is. */
  readonly waiting: Waiting | undefined;
  state: 'queued' | InFlightState;
  id: PacketId | undefined;
  /** The order of sending, or of PUBREC once that came; 0 while queued. */
  order: number;
}

const SLOTS_MIN = 8;
/** A ring larger than this is given back when it is empty, and made smaller when it nearly is. */
const SLOTS_KEPT = 64;

/** The deliveries of one recipient. */
export class OwedQueue {
  /** How many deliveries there are. */
  size: number;
  /** Both have the same length, a power of two, or are `undefined`. */
  private slots: (Owed | undefined)[] | undefined;
  private ids: Float64Array;
  private front: number;
  /** Places from the front to the end, holes included. */
  private places: number;

  constructor() {
    this.size = 0;
    this.slots = undefined;
    this.ids = NO_IDS;
    this.front = 0;
    this.places = 0;
  }

  /** Adds a delivery of the newest message. hot: */
  push(owed: Owed): void {
    let slots = this.slots;
    if (slots === undefined || this.places === slots.length) slots = this.resize(this.size * 2);
    const slot = (this.front + this.places) & (slots.length - 1);
    slots[slot] = owed;
    this.ids[slot] = owed.messageId;
    this.places++;
    this.size++;
  }

  /** The delivery of the message; `undefined`: the recipient is not owed it. hot: */
  get(messageId: MessageId): Owed | undefined {
    if (this.slots === undefined) return undefined;
    const place = this.firstPlaceFrom(messageId);
    const slot = (this.front + place) & (this.slots.length - 1);
    return place < this.places && this.ids[slot] === messageId ? this.slots[slot] : undefined;
  }

  /** Takes the delivery of the message out; `undefined`: the recipient is not owed it. hot: */
  remove(messageId: MessageId): Owed | undefined {
    const { slots } = this;
    if (slots === undefined) return undefined;
    const place = this.firstPlaceFrom(messageId);
    const slot = (this.front + place) & (slots.length - 1);
    if (place >= this.places || this.ids[slot] !== messageId) return undefined;
    const owed = slots[slot];
    if (owed === undefined) return undefined;
    slots[slot] = undefined;
    this.size--;
    if (this.size === 0) this.empty();
    else if (this.size * 8 < slots.length && slots.length > SLOTS_KEPT) this.resize(this.size * 2);
    else if (place === 0) this.dropFrontHoles(slots);
    else if (place === this.places - 1) this.dropEndHoles(slots);
    return owed;
  }

  /** The deliveries of messages newer than `after`, oldest first. */
  *newerThan(after: MessageId): Generator<Owed> {
    for (let place = this.firstPlaceFrom(after + 1); place < this.places; place++) {
      const { slots, front } = this;
      assert(slots !== undefined, 'a queue with places has slots');
      const owed = slots[(front + place) & (slots.length - 1)];
      if (owed !== undefined) yield owed;
    }
  }

  /** The first place whose id is at least `messageId`; `places` if there is none. hot: */
  private firstPlaceFrom(messageId: MessageId): number {
    const { ids, front, places } = this;
    const mask = ids.length - 1;
    if (places === 0 || messageId <= (ids[front] as number)) return 0;
    const last = ids[(front + places - 1) & mask] as number;
    if (messageId >= last) return messageId === last ? places - 1 : places;
    let low = 1;
    let high = places - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ids[(front + middle) & mask] as number) < messageId) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private empty(): void {
    this.front = 0;
    this.places = 0;
    if (this.ids.length <= SLOTS_KEPT) return;
    this.slots = undefined;
    this.ids = NO_IDS;
  }

  private dropFrontHoles(slots: readonly (Owed | undefined)[]): void {
    const mask = slots.length - 1;
    while (slots[this.front] === undefined) {
      this.front = (this.front + 1) & mask;
      this.places--;
    }
  }

  private dropEndHoles(slots: readonly (Owed | undefined)[]): void {
    const mask = slots.length - 1;
    while (slots[(this.front + this.places - 1) & mask] === undefined) this.places--;
  }

  /** Moves what is there, without the holes, into a ring that is at least so long. */
  private resize(lengthMin: number): (Owed | undefined)[] {
    let length = SLOTS_MIN;
    while (length < lengthMin) length *= 2;
    const slots = new Array<Owed | undefined>(length).fill(undefined);
    const ids = new Float64Array(length);
    let places = 0;
    for (const owed of this.newerThan(0)) {
      slots[places] = owed;
      ids[places++] = owed.messageId;
    }
    this.slots = slots;
    this.ids = ids;
    this.front = 0;
    this.places = places;
    return slots;
  }
}

const NO_IDS = new Float64Array(0);
