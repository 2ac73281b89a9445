// One publisher as one subscriber hears it: which messages have come, and whether each came once, and in order. As long as all is well
// that is one number; what is missing is remembered by its own.
//
// Invariant: every message below `next` has come, or is in `missing`, or was given up counting (`forgotten`).

import type { Seen } from './seen.ts';

/** So many missing messages are remembered one by one; of more only their number. */
const MISSING_MAX = 1_000_000;

/** What a flow has found. */
export interface FlowFindings {
  /** Distinct messages. */
  readonly arrived: number;
  readonly duplicates: number;
  /** Came after one that was sent later. */
  readonly reordered: number;
  readonly lost: number;
}

/** The messages of one publisher on their way to one subscriber. */
export class Flow {
  private next: number;
  /** What all members of a shared subscription in this thread have got; `undefined`: all messages come this way. */
  private readonly shared: Seen | undefined;
  private arrived: number;
  private duplicates: number;
  private reordered: number;
  private missing: Set<number> | undefined;
  private forgotten: number;

  /**
   * @param first   The first message that is expected; one who joins later begins where it is.
   * @param shared  Of a shared subscription: what its members have got so far. Some go elsewhere, and none is missing here.
   */
  constructor(first = 0, shared?: Seen) {
    this.next = first;
    this.shared = shared;
    this.arrived = 0;
    this.duplicates = 0;
    this.reordered = 0;
    this.missing = undefined;
    this.forgotten = 0;
  }

  /** A message has come. Whether for the first time. hot: */
  take(sequence: number): boolean {
    if (this.shared !== undefined) return this.takePart(sequence, this.shared);
    if (sequence === this.next) {
      this.next++;
      this.arrived++;
      return true;
    }
    return sequence > this.next ? this.skip(sequence) : this.takeLate(sequence);
  }

  /** @param sent  How many the publisher has sent; `undefined`: nobody knows, and none is missing after the last that came. */
  findings(sent: number | undefined): FlowFindings {
    const gaps = (this.missing?.size ?? 0) + this.forgotten;
    const tail = sent === undefined ? 0 : Math.max(0, sent - this.next);
    const { arrived, duplicates, reordered } = this;
    return { arrived, duplicates, reordered, lost: gaps + tail };
  }

  private takePart(sequence: number, shared: Seen): boolean {
    if (!shared.add(sequence)) {
      this.duplicates++;
      return false;
    }
    this.arrived++;
    if (sequence < this.next) this.reordered++;
    else this.next = sequence + 1;
    return true;
  }

  private skip(sequence: number): boolean {
    this.arrived++;
    this.missing ??= new Set();
    const remembered = Math.min(sequence, this.next + MISSING_MAX - this.missing.size);
    for (let each = this.next; each < remembered; each++) this.missing.add(each);
    this.forgotten += sequence - Math.max(remembered, this.next);
    this.next = sequence + 1;
    return true;
  }

  private takeLate(sequence: number): boolean {
    if (this.missing?.delete(sequence) !== true) {
      this.duplicates++;
      return false;
    }
    this.reordered++;
    this.arrived++;
    return true;
  }
}
