// Time that only the simulator moves: a heap of what is to happen. What is to happen at the same moment happens in the order in which it was
// asked for.

/** Something to come; `cancel` makes nothing of it. */
export interface Appointment {
  cancel(): void;
}

class Entry implements Appointment {
  readonly time: number;
  readonly order: number;
  task: (() => void) | undefined;

  constructor(time: number, order: number, task: () => void) {
    this.time = time;
    this.order = order;
    this.task = task;
  }

  cancel(): void {
    this.task = undefined;
  }
}

/** The time of one run, in virtual milliseconds from 0. */
export class VirtualTime {
  private readonly heap: Entry[];
  private current: number;
  private asked: number;

  constructor() {
    this.heap = [];
    this.current = 0;
    this.asked = 0;
  }

  /** The moment. */
  get now(): number {
    return this.current;
  }

  /** Has a task run at a moment; a moment that is past is now. */
  at(time: number, task: () => void): Appointment {
    const entry = new Entry(Math.max(time, this.current), this.asked++, task);
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
    return entry;
  }

  /** Has a task run after so many milliseconds. */
  after(millis: number, task: () => void): Appointment {
    return this.at(this.current + millis, task);
  }

  /** Moves on to what comes next, and returns it; `undefined`: nothing is to come. */
  next(): (() => void) | undefined {
    for (;;) {
      const entry = this.pop();
      if (entry === undefined) return undefined;
      if (entry.task === undefined) continue;
      this.current = entry.time;
      return entry.task;
    }
  }

  private pop(): Entry | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = heap[childAt];
      if (child === undefined) break;
      const other = heap[childAt + 1];
      if (other !== undefined && isBefore(other, child)) {
        child = other;
        childAt++;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}
