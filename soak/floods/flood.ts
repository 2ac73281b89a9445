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

/** How a broker is started for a flood. */
export interface FloodBroker {
  /** More flags of `vouch start`. */
  readonly flags?: readonly string[];
  /** Files and sockets that its process may open. Default: as many as this user may. */
  readonly filesMax?: number;
}

/** A flood. */
export interface Flood {
  /** What it does, in words for the report. */
  readonly sentence: string;
  /** What is counted. */
  readonly unit: string;
  /** Default: as for all others. */
  readonly broker?: FloodBroker;
  /** What the broker has to hold against it, as it counts under `$SYS/broker/limits/`. Default: nothing in particular. */
  readonly limit?: string;
  /** How much more memory the process may hold afterwards, in bytes. Default: as for all others. */
  readonly residentGrowthMax?: number;
  /** Before that it gets nowhere. Default: a second. */
  readonly secondsMin?: number;
  /** Goes on until it is stopped. Whatever the broker does to its connections is no error. */
  run(run: FloodRun): Promise<void>;
}
