// A set of message ids as ranges, lowest first. Between the two ends of a range the queue at hand has no other
// ids than those in the set; so the ranges are few even where ids are far apart. Whoever adds an id knows its
// neighbours in the queue and says so.
// Invariant: ranges do not overlap and are in order.

/** Ids in ranges. */
export class IdRanges {
  private readonly froms: number[];
  private readonly tos: number[];

  constructor() {
    this.froms = [];
    this.tos = [];
  }

  /** How many ranges there are. */
  get length(): number {
    return this.froms.length;
  }

  /** The first id of a range. */
  from(index: number): number {
    return this.froms[index] as number;
  }

  /** The last id of a range. */
  to(index: number): number {
    return this.tos[index] as number;
  }

  /** Whether the id lies in a range. */
  has(id: number): boolean {
    const index = this.indexFrom(id);
    return index < this.froms.length && (this.froms[index] as number) <= id;
  }

  /**
   * Adds an id that is in no range.
   * @param before  The id before it in the queue; 0: there is none.
   * @param after  The id after it in the queue; 0: there is none.
   */
  add(id: number, before: number, after: number): void {
    const index = this.indexFrom(id);
    const joinsBefore = index > 0 && this.tos[index - 1] === before;
    const joinsAfter = after !== 0 && this.froms[index] === after;
    if (joinsBefore && joinsAfter) {
      this.tos[index - 1] = this.tos[index] as number;
      this.froms.splice(index, 1);
      this.tos.splice(index, 1);
    } else if (joinsBefore) {
      this.tos[index - 1] = id;
    } else if (joinsAfter) {
      this.froms[index] = id;
    } else {
      this.froms.splice(index, 0, id);
      this.tos.splice(index, 0, id);
    }
  }

  /** Adds a range behind all others. */
  push(from: number, to: number): void {
    this.froms.push(from);
    this.tos.push(to);
  }

  /** Takes the first range away; returns its last id. */
  shift(): number {
    this.froms.shift();
    return this.tos.shift() as number;
  }

  /** The first range that does not end before the id. */
  private indexFrom(id: number): number {
    let low = 0;
    let high = this.tos.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.tos[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
