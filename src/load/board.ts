// What all threads of a load have counted so far, where all of them and the coordinator can see it: each thread writes its own row and
// nobody else's, so that nothing needs to be locked. The numbers of another thread may be a moment old.

/** What is counted. */
export const Count = {
  /** Messages published. */
  sent: 0,
  /** Messages that subscribers have got, each copy once. */
  received: 1,
  /** Messages of QoS 1 and 2 that the broker has acknowledged to the end. */
  acknowledged: 2,
  /** Connections that are open. */
  open: 3,
  /** Copies that nobody waits for any more, so that a run goes on in which some are lost. */
  forgiven: 4,
} as const;

/** A row per thread. */
const ROW = 8;

/** The counts of all threads. */
export class Board {
  readonly memory: SharedArrayBuffer;
  private readonly cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.cells = new Float64Array(memory);
  }

  /** A board on which nothing has been counted. */
  static forThreads(threads: number): Board {
    return new Board(new SharedArrayBuffer(threads * ROW * Float64Array.BYTES_PER_ELEMENT));
  }

  /** hot: */
  add(thread: number, count: number, amount: number): void {
    const at = thread * ROW + count;
    this.cells[at] = (this.cells[at] as number) + amount;
  }

  /** Of all threads together. hot: */
  total(count: number): number {
    let sum = 0;
    for (let at = count; at < this.cells.length; at += ROW) sum += this.cells[at] as number;
    return sum;
  }
}
