// What a flood is: something that a hostile peer does on and on, at a rate that is bounded, so that what is measured is the broker and not
// two programs that fight for one core.

/** Where a flood goes to. All of it is on loopback. */
export interface FloodTarget {
  readonly tcp: number;
  readonly tls: number;
  readonly webSocket: number;
  /** The CA of the TLS listener, in PEM. */
  readonly ca: string;
}

/** A flood under way. */
export interface FloodRun {
  readonly target: FloodTarget;
  /** Set when it is to end. */
  readonly stop: AbortSignal;
  /** Counts what was done. */
  did(count: number): void;
}

/** A flood. */
export interface Flood {
  /** What it does, in words for the report. */
  readonly sentence: string;
  /** What is counted. */
  readonly unit: string;
  /** Goes on until it is stopped. Whatever the broker does to its connections is no error. */
  run(run: FloodRun): Promise<void>;
}
