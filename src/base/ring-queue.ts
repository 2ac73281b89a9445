// A first-in, first-out queue over a ring, so that neither end costs a shift; what was taken too early can be put
// back at the front. It holds no array at all until something is in it, since most queues of a broker are empty most of the time.
// The bound is the owner's: a queue that a peer can grow must be checked before `push`.

import { assert } from './assert.ts';

/** A queue of `T`. `undefined` is not an element. */
export class RingQueue<T extends object | number | string> {
  private slots: (T | undefined)[] | undefined;
  private head: number;
  private count: number;

  constructor() {
    this.slots = undefined;
    this.head = 0;
    this.count = 0;
  }

  /** How many elements wait. */
  get length(): number {
    return this.count;
  }

  /** Adds an element at the end. */
  push(element: T): void {
    const slots = this.withRoom();
    slots[(this.head + this.count) & (slots.length - 1)] = element;
    this.count++;
  }

  /** Puts an element back at the front. */
  unshift(element: T): void {
    const slots = this.withRoom();
    this.head = (this.head - 1) & (slots.length - 1);
    slots[this.head] = element;
    this.count++;
  }

  /** The first element, left in place; `undefined` when there is none. */
  peek(): T | undefined {
    return this.slots?.[this.head];
  }

  /** Takes the first element; `undefined` when there is none. */
  shift(): T | undefined {
    const slots = this.slots;
    if (slots === undefined || this.count === 0) return undefined;
    const element = slots[this.head];
    slots[this.head] = undefined;
    this.head = (this.head + 1) & (slots.length - 1);
    this.count--;
    if (this.count === 0 && slots.length > 64) this.clear();
    return element;
  }

  /** The element at `index` from the front. */
  at(index: number): T {
    const slots = this.slots;
    assert(slots !== undefined && index >= 0 && index < this.count, 'the index is inside the queue');
    return slots[(this.head + index) & (slots.length - 1)] as T;
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.slots = undefined;
    this.head = 0;
    this.count = 0;
  }

  /** The slots, one of them free. */
  private withRoom(): (T | undefined)[] {
    const { slots } = this;
    if (slots === undefined) return (this.slots = new Array<T | undefined>(8).fill(undefined));
    return this.count === slots.length ? this.grow(slots) : slots;
  }

  private grow(slots: (T | undefined)[]): (T | undefined)[] {
    const larger = new Array<T | undefined>(slots.length * 2).fill(undefined);
    for (let i = 0; i < this.count; i++) larger[i] = slots[(this.head + i) & (slots.length - 1)];
    this.head = 0;
    this.slots = larger;
    return larger;
  }
}
