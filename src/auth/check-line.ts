// Work that costs much, a few at a time, and not more waiting than a bound. Whoever waits has a turn by network: one that sends very
// many waits for itself, and holds nobody else up. When the line is full, a network that has fewer in it than the one with the most
// takes the place of that one's last. What was begun is finished even if nobody waits for it any more: a client that comes again
// profits from it.
// Invariant: where fewer run than may, the first of each network may not start yet, and will be asked again when a running one ends.

/** Something to be done. */
export interface LineJob<Result> {
  /** For whom. */
  readonly network: string;
  /** Whether it may start already; asked when it is its turn. It must say yes where nothing runs. */
  mayStart(): boolean;
  /** Does it. */
  run(): Promise<Result>;
}

interface Waiting {
  readonly mayStart: () => boolean;
  readonly start: () => void;
  readonly turnAway: () => void;
}

/** A line of jobs. */
export class CheckLine {
  private readonly runningMax: number;
  private readonly waitingMax: number;
  /** By network, that whose turn is next at the front; none is empty. */
  private readonly waiting: Map<string, Waiting[]>;
  private waitingNow: number;
  private running: number;

  constructor(runningMax: number, waitingMax: number) {
    this.runningMax = runningMax;
    this.waitingMax = waitingMax;
    this.waiting = new Map();
    this.waitingNow = 0;
    this.running = 0;
  }

  /** Does a job when it is its turn; `undefined`: too many wait, and it was not done. */
  async run<Result>(job: LineJob<Result>): Promise<Result | undefined> {
    const { network } = job;
    if (this.running < this.runningMax && !this.waiting.has(network) && job.mayStart()) return await this.start(job);
    if (this.waitingNow >= this.waitingMax && !this.makesRoomFor(network)) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Result | undefined>();
    const mine = this.waiting.get(network);
    const place: Waiting = {
      mayStart: () => job.mayStart(),
      start: () => void this.start(job).then(resolve, reject),
      turnAway: () => resolve(undefined),
    };
    if (mine === undefined) this.waiting.set(network, [place]);
    else mine.push(place);
    this.waitingNow++;
    return await promise;
  }

  private async start<Result>(job: LineJob<Result>): Promise<Result> {
    this.running++;
    try {
      return await job.run();
    } finally {
      this.running--;
      this.startMore();
    }
  }

  private startMore(): void {
    // A network that is set anew comes again, at the end.
    for (const [network, places] of this.waiting) {
      if (this.running >= this.runningMax) return;
      const [first] = places;
      if (first?.mayStart() !== true) continue;
      places.shift();
      this.waitingNow--;
      this.waiting.delete(network);
      if (places.length > 0) this.waiting.set(network, places);
      first.start();
    }
  }

  /** Turns away the last of the network with the most, if that has more than this one would have. */
  private makesRoomFor(network: string): boolean {
    let most: Waiting[] = [];
    for (const places of this.waiting.values()) if (places.length > most.length) most = places;
    if (most.length <= (this.waiting.get(network)?.length ?? 0) + 1) return false;
    most.pop()?.turnAway();
    this.waitingNow--;
    return true;
  }
}
