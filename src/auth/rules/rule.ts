// Rules as they were written: who may do what with which topics. Plain data with its places, made by config/rules-file.ts
// and compiled by rule-set.ts. The first rule that is about a client, a right and a topic decides; where none is, the answer is no.

import type { AddressRange } from './address-range.ts';
import type { TopicPattern } from './topic-pattern.ts';

/**
 * What a rule is about. A Will is published. Who may subscribe to a topic may receive it, too, unless a rule before says otherwise:
 * a rule about `subscribe` is about `receive` as well, one about `receive` alone only narrows what a subscription brings.
 */
export type Right = 'publish' | 'subscribe' | 'receive';

/** Where a rule stands. */
export interface RulePlace {
  readonly path: string;
  /** From 1; 0: it is in no file, and `path` says all of where it is. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Whom a rule is about: those of whom everything holds that is not `undefined`; of each list one entry is enough. */
export interface RuleSubject {
  /** User names, or how some begin with `*` behind it; an anonymous client has none and never fits. */
  readonly users: readonly string[] | undefined;
  /** Only clients without a user name (true), or only those with one (false). */
  readonly anonymous: boolean | undefined;
  /** Client identifiers in the same form. A client chooses its own: alone they prove nothing. */
  readonly clients: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
  /** Common Names of client certificates, in the same form as users. */
  readonly certificates: readonly string[] | undefined;
  readonly addresses: readonly AddressRange[] | undefined;
}

/** One rule. */
export interface Rule {
  /** Unique in its file, and without `/`, `+`, `#`; `undefined`: it has none. */
  readonly name: string | undefined;
  readonly place: RulePlace;
  readonly effect: 'allow' | 'deny';
  /** As written. */
  readonly rights: readonly Right[];
  readonly subject: RuleSubject;
  /** Never empty. */
  readonly topics: readonly TopicPattern[];
  /** What the rule allows at most to who publishes or subscribes; it refuses what is beyond. 2 in rules that deny. */
  readonly qosMax: 0 | 1 | 2;
  /** Whether it allows to publish with RETAIN. True in rules that deny. */
  readonly retain: boolean;
  /** What a client of MQTT 5 is told whom the rule refuses something; `undefined`: nothing but that it is so. */
  readonly tell: string | undefined;
}

/** The rules of one file. */
export interface RuleFile {
  readonly path: string;
  readonly rules: readonly Rule[];
  /** The user names in each group, in the form of `RuleSubject.users`. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}
