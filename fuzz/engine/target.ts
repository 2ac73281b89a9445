// What can be fuzzed. An input is bytes, whatever they stand for; the target says how they are executed, how they are
// changed, and which inputs are simpler. An execution leaves nothing behind: the same input does the same each time.

import type { Chance } from './chance.ts';
import type { Features } from './features.ts';

/** Something that is fuzzed. */
export interface Target {
  readonly name: TargetName;
  /** Inputs to begin with, besides the corpus. */
  readonly seeds: readonly Uint8Array[];
  /** How many inputs at most are executed between two looks at the coverage. */
  readonly batch: number;
  /** For so many inputs code is counted, before that rests for a longer while. */
  readonly counted: number;
  /** No input takes longer, unless something hangs. */
  readonly hangMillis: number;
  /**
   * Executes an input; it is not written to.
   * @throws {Escape} when a claim does not hold. Whatever else is thrown is an escape, too.
   */
  execute(input: Uint8Array, features: Features): void | Promise<void>;
  /** Makes a new input from one, or from two. Both stay as they are. */
  mutate(input: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array;
  /** Inputs that are simpler than this one, the simplest first; one that shows the same is taken, and asked again. */
  simpler(input: Uint8Array): Iterable<Uint8Array>;
  /** An input for people. */
  describe(input: Uint8Array): string;
}

/** The names of all targets; also of their files in corpus/ and escapes/. */
export const TARGET_NAMES = ['codec', 'sessions'] as const;

/** The name of a target. */
export type TargetName = (typeof TARGET_NAMES)[number];
