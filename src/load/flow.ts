// One publisher as one subscriber hears it: which messages have come, and whether each came once, and in order. As long as all is well
// that is one number; what is missing is remembered by its own.
//
// Invariant: every message below `next` has come, or is in `missing`, or was given up counting (`forgotten`).

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
  private readonly isWhole: boolean;
  private arrived: number;
  private duplicates: number;
  private reordered: number;
  private missing: Set<number> | undefined;
  private forgotten: number;

  /**
   * @param first    The first message that is expected; one who joins later begins where it is.
   * @param isWhole  Whether all messages come this way; of a shared subscription some go elsewhere, and none is missing here.
   */
  constructor(first = 0, isWhole = true) {
    this.next = first;
    this.isWhole = isWhole;
    this.arrived = 0;
    this.duplicates = 0;
    this.reordered = 0;
    this.missing = undefined;
    this.forgotten = 0;
  }

  /** A message has come. hot: */
  take(sequence: number): void {
    if (sequence === this.next) {
      this.next++;
      this.arrived++;
      return;
    }
    if (sequence > this.next) this.skip(sequence);
    else this.takeLate(sequence);
  }

  /** @param sent  How many the publisher has sent; `undefined`: nobody knows, and none is missing after the last that came. */
  findings(sent: number | undefined): FlowFindings {
    const gaps = (this.missing?.size ?? 0) + this.forgotten;
    const tail = sent === undefined ? 0 : Math.max(0, sent - this.next);
    const { arrived, duplicates, reordered } = this;
    return { arrived, duplicates, reordered, lost: gaps + tail };
  }

  private skip(sequence: number): void {
    this.arrived++;
    if (!this.isWhole) {
      this.next = sequence + 1;
      return;
    }
    this.missing ??= new Set();
    const remembered = Math.min(sequence, this.next + MISSING_MAX - this.missing.size);
    for (let each = this.next; each < remembered; each++) this.missing.add(each);
    this.forgotten += sequence - Math.max(remembered, this.next);
    this.next = sequence + 1;
  }

  private takeLate(sequence: number): void {
    if (!this.isWhole) {
      // Late or twice: one who hears a part cannot tell. Neither may be.
      this.reordered++;
      this.arrived++;
    } else if (this.missing?.delete(sequence) === true) {
      this.reordered++;
      this.arrived++;
    } else this.duplicates++;
  }
}
