// Time as a brand: milliseconds, so that they are not mixed up with seconds from the wire.

/** Milliseconds: a duration, or a moment on the clock that the owner supplies. */
export type Millis = number & { readonly brand: 'Millis' };

/** Takes a plain number of milliseconds as `Millis`. */
export function millis(count: number): Millis {
  return count as Millis;
}

/** Converts seconds, the unit of every interval on the wire, to `Millis`. */
export function seconds(count: number): Millis {
  return (count * 1000) as Millis;
}

/** The earlier of two deadlines; `undefined`: there is none. */
export function earliest(one: Millis | undefined, other: Millis | undefined): Millis | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
