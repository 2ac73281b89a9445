// How many messages are not settled, and who waits until those are that were published before some moment.
// Each call of `settled` ends an epoch: a message belongs to the one in which it was published, those of an earlier process to the first.

/** What belongs to an epoch. */
interface Dated {
  readonly epoch: number;
}

/** A call of `settled`: it waits for this epoch and all before. */
interface Waiter {
  readonly epoch: number;
  readonly resolve: () => void;
}

/** What most clients have most of the time; never written to. */
const NO_COUNTS: Map<number, number> = new Map();

/** The messages of one client. */
export class Unsettled {
  /** The present one. */
  epoch: number;
  count: number;
  /** By epoch, oldest first; none that is 0, but for the present one. */
  private counts: Map<number, number>;
  /** Oldest first. */
  private waiters: Waiter[];
  private presentCount: number;

  constructor() {
    this.epoch = 0;
    this.count = 0;
    this.counts = NO_COUNTS;
    this.waiters = [];
    this.presentCount = 0;
  }

  /** So many were left by an earlier process. */
  restore(count: number): void {
    this.count += count;
    this.presentCount += count;
  }

  /** One more, of the present epoch. hot: */
  add(): void {
    this.count++;
    this.presentCount++;
  }

  /** One less. `undefined`: an earlier process's. hot: */
  remove(settled: Dated | undefined): void {
    this.count--;
    const epoch = settled?.epoch ?? 0;
    if (epoch === this.epoch) this.presentCount--;
    else this.removePast(epoch);
  }

  /** Fulfilled when all that were added before are removed. */
  async settled(): Promise<void> {
    if (this.count === 0) return;
    const { epoch } = this;
    if (this.counts === NO_COUNTS) this.counts = new Map();
    this.counts.set(epoch, this.presentCount);
    this.epoch++;
    this.presentCount = 0;
    if (this.counts.get(epoch) === 0) this.counts.delete(epoch);
    await new Promise<void>((resolve) => {
      this.waiters.push({ epoch, resolve });
      this.wake();
    });
  }

  /** All are gone. */
  clear(): void {
    this.count = 0;
    this.presentCount = 0;
    this.counts = NO_COUNTS;
    this.wake();
  }

  private removePast(epoch: number): void {
    const count = (this.counts.get(epoch) ?? 1) - 1;
    if (count > 0) {
      this.counts.set(epoch, count);
      return;
    }
    this.counts.delete(epoch);
    this.wake();
  }

  private wake(): void {
    const oldest = this.counts.keys().next().value ?? this.epoch;
    const done = this.waiters.filter(({ epoch }) => epoch < oldest);
    this.waiters = this.waiters.filter(({ epoch }) => epoch >= oldest);
    for (const { resolve } of done) resolve();
  }
}
