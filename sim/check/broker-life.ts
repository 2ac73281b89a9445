// The lives of the broker: from the start of a process to its end, whatever that is.

/** One life of the broker. */
export interface BrokerLife {
  readonly life: number;
  readonly from: number;
  /** It has found everything again; `NEVER` if it was told to end before. */
  ready: number;
  /** It was told to end: from here on it publishes no Will, and takes nobody. Else the same as `to`. */
  closing: number;
  to: number;
  /** 'up': it was there at the end. */
  how: 'up' | 'crashed' | 'stopped' | 'store-failed' | 'over';
}

/** Whether a life ended otherwise than in order, so that what was not durable may be undone. */
export function isLostHow(how: BrokerLife['how']): boolean {
  return how !== 'up' && how !== 'stopped';
}

/** A life ends, or is told to, unless it was before. */
export function tellToEnd(life: BrokerLife | undefined, place: number): void {
  if (life !== undefined) life.closing = Math.min(life.closing, place);
}
