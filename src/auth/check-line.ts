// Work that costs much, a few at a time, in the order in which it came, and not more waiting than a bound: who comes then is
// told so at once. What was begun is finished even if nobody waits for it any more: a client that comes again profits from it.

/** A line of jobs. */
export class CheckLine {
  private readonly runningMax: number;
  private readonly waitingMax: number;
  private readonly waiting: (() => void)[];
  private running: number;

  constructor(runningMax: number, waitingMax: number) {
    this.runningMax = runningMax;
    this.waitingMax = waitingMax;
    this.waiting = [];
    this.running = 0;
  }

  /** Runs a job when it is its turn; `undefined`: too many wait already. */
  run<Result>(job: () => Promise<Result>): Promise<Result> | undefined {
    if (this.running < this.runningMax) return this.start(job);
    if (this.waiting.length >= this.waitingMax) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.waiting.push(() => void this.start(job).then(resolve, reject));
    return promise;
  }

  private async start<Result>(job: () => Promise<Result>): Promise<Result> {
    this.running++;
    try {
      return await job();
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }
}
