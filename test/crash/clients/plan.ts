// What the publishers of the crash harness publish: everything about a message follows from its label, so that a publisher that
// is killed has nothing to remember but the number to go on with, and the harness knows a message from its number alone.

import type { Label } from '../label.ts';
import { seededRandom } from '../seeded-random.ts';

/** A message as it is to be. */
export interface PlannedMessage {
  readonly topic: string;
  readonly qos: 1 | 2;
  /** Of its payload, in bytes. */
  readonly size: number;
}

/** A subscription: the topics below, or one. */
export interface PlannedSubscription {
  readonly filter: string;
  readonly qos: 1 | 2;
}

/** Everything, as it was published. */
export const ALL: readonly PlannedSubscription[] = [{ filter: 'load/#', qos: 2 }];

/** Everything, some of it with less than it was published with. */
export const SOME_DOWNGRADED: readonly PlannedSubscription[] = [
  { filter: 'load/one', qos: 2 },
  { filter: 'load/two', qos: 1 },
  { filter: 'load/three', qos: 2 },
];

/** The message that carries a label. */
export function planMessage({ publisher, number }: Label): PlannedMessage {
  const random = seededRandom(number * 1021 + publisher.length);
  return {
    topic: random.pick(['load/one', 'load/two', 'load/three']),
    qos: random.pick([1, 2, 2]),
    // A few are larger than what the network takes at once.
    size: random.chance(0.005) ? 100_000 : random.pick([32, 32, 100, 1000, 8000]),
  };
}
