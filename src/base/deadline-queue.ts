// Deadlines of many owners, earliest first: a binary heap in which each owner stands at most once and
// knows its place, so that moving or removing it costs O(log n) and an owner that is gone leaves
// nothing behind. The queue never reads a clock; its owner asks when to come back.

import { assert } from './assert.ts';
import type { Millis } from './millis.ts';

/** Somebody with a deadline. The two fields belong to the queue. */
export interface Deadlined {
  /** When it is due; meaningful while queued. */
  deadline: Millis;
  /** Its place in the heap; -1 while not queued. */
  deadlineIndex: number;
}

/** Owners by deadline. */
export class DeadlineQueue<T extends Deadlined> {
  private readonly heap: T[];

  constructor() {
    this.heap = [];
  }

  /** How many owners wait. */
  get length(): number {
    return this.heap.length;
  }

  /** The earliest deadline; `undefined` when nobody waits. */
  nextDeadline(): Millis | undefined {
    return this.heap[0]?.deadline;
  }

  /** Sets or moves an owner's deadline. */
  set(owner: T, deadline: Millis): void {
    if (owner.deadlineIndex === -1) {
      owner.deadline = deadline;
      this.heap.push(owner);
      this.siftUp(owner, this.heap.length - 1);
      return;
    }
    const later = deadline > owner.deadline;
    owner.deadline = deadline;
    if (later) this.siftDown(owner, owner.deadlineIndex);
    else this.siftUp(owner, owner.deadlineIndex);
  }

  /** Takes an owner out; does nothing if it does not wait. */
  remove(owner: T): void {
    const index = owner.deadlineIndex;
    if (index === -1) return;
    assert(this.heap[index] === owner, 'an owner stands where it says');
    owner.deadlineIndex = -1;
    const last = this.heap.pop() as T;
    if (last === owner) return;
    this.siftUp(last, index);
    this.siftDown(last, last.deadlineIndex);
  }

  /** Takes the earliest owner whose deadline has come; `undefined` when none has. */
  takeDue(now: Millis): T | undefined {
    const first = this.heap[0];
    if (first === undefined || first.deadline > now) return undefined;
    this.remove(first);
    return first;
  }

  private siftUp(owner: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.heap[parentIndex] as T;
      if (parent.deadline <= owner.deadline) break;
      this.place(parent, index);
      index = parentIndex;
    }
    this.place(owner, index);
  }

  private siftDown(owner: T, from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= this.heap.length) break;
      const right = left + 1;
      const rightIsEarlier =
        right < this.heap.length && (this.heap[right] as T).deadline < (this.heap[left] as T).deadline;
      const childIndex = rightIsEarlier ? right : left;
      const child = this.heap[childIndex] as T;
      if (child.deadline >= owner.deadline) break;
      this.place(child, index);
      index = childIndex;
    }
    this.place(owner, index);
  }

  private place(owner: T, index: number): void {
    this.heap[index] = owner;
    owner.deadlineIndex = index;
  }
}
