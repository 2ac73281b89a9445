// What happened to client processes that were killed again and again, as they told it: all that the checks (checks.ts) are
// given, so that they can be tried on histories written by hand. There is no order between processes here: what a publisher
// promised is held against what each subscriber processed in the end.

import type { Label } from '../label.ts';
import type { PlannedSubscription } from './plan.ts';

/** One message as its publisher told it. */
export interface PublishedMessage extends Label {
  readonly topic: string;
  readonly qos: 1 | 2;
  /** `stored` was fulfilled: from then on it must arrive. */
  readonly isStored: boolean;
}

/** One message as a subscriber's application processed it. */
export interface Taking extends Label {
  readonly topic: string;
  readonly qos: number;
  readonly key: number;
  /** Counts the lives of the subscriber's process. */
  readonly life: number;
}

/** A subscriber, over all its lives. */
export interface Taker {
  readonly name: string;
  readonly subscriptions: readonly PlannedSubscription[];
  /** The highest key of what is too old for this history; -1: there was none. */
  readonly keyBefore: number;
  /** In the order in which they were processed. */
  readonly takings: readonly Taking[];
}

/** What happened of late. */
export interface History {
  /** In the order of their numbers, publisher by publisher. */
  readonly messages: readonly PublishedMessage[];
  /** The highest number of each publisher that is too old for this history: every taker is done with those. */
  readonly settledTo: ReadonlyMap<string, number>;
  readonly takers: readonly Taker[];
  /** What no client may do, as it was put when it happened. */
  readonly complaints: readonly string[];
}
