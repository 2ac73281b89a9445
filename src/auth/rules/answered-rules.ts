// Rules of one client that came with the answer about who it is (an HTTP server's), in the form of those of a file. They stand before the
// rules of the file, which decide where none of them does; without a file, they are all the rules that there are for that client.
// Invariant: whoever came without such an answer is judged as if nobody had any.

import type { Identity, Rights } from '../contract.ts';
import type { Rule } from './rule.ts';

/** The rules of one client. */
export class AnsweredRules implements Rights {
  readonly source: string;
  readonly rules: readonly Rule[];

  /** @param rules  About nobody else: their subjects say nothing. */
  constructor(source: string, rules: readonly Rule[]) {
    this.source = source;
    this.rules = rules;
  }
}

/** The rules of a client's answer; `undefined`: it came without. */
export function answeredRulesOf({ rights }: Identity): AnsweredRules | undefined {
  return rights instanceof AnsweredRules ? rights : undefined;
}
