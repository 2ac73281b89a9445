// What a checker says.

import type { History } from '../history.ts';

/** A rule that was broken. */
export interface Violation {
  /** The checker's name, such as 'exactly-once'. */
  readonly checker: string;
  /** What is wrong, naming client, topic and label. */
  readonly sentence: string;
  /** When it shows. */
  readonly at: number;
}

/** Looks at a history; an empty list: nothing is wrong as far as it can see. */
export type Checker = (history: History) => readonly Violation[];
