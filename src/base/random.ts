// Chance as an argument, so that a seed repeats a run.

/** A source of chance. */
export interface Random {
  /** A number drawn evenly from [0, 1). */
  next(): number;
  /** `count` bytes that nobody can guess; for assigned client identifiers and nonces. */
  bytes(count: number): Uint8Array;
}
