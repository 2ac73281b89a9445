// All checkers. Each says what is wrong with a history, by itself; together they read it once (digest.ts).

import type { History } from '../history.ts';
import { acknowledged } from './acknowledged.ts';
import { atLeastOnce } from './at-least-once.ts';
import { drops } from './drops.ts';
import { exactlyOnce } from './exactly-once.ts';
import { exceptions } from './exceptions.ts';
import { growth } from './growth.ts';
import { handled } from './handled.ts';
import { inFlight } from './in-flight.ts';
import { leftovers } from './leftovers.ts';
import { liveness } from './liveness.ts';
import { order } from './order.ts';
import { packetIds } from './packet-ids.ts';
import { phantom } from './phantom.ts';
import { retained } from './retained.ts';
import { sessionPresent } from './session-present.ts';
import { sharedGroups } from './shared-groups.ts';
import type { Checker, Violation } from './violation.ts';
import { subscriptions } from './subscriptions.ts';
import { wills } from './wills.ts';
import { ackOrder, wireGrammar } from './wire-grammar.ts';

/** By the name that their violations have. */
export const CHECKERS: ReadonlyMap<string, Checker> = new Map<string, Checker>([
  ['exceptions', exceptions],
  ['liveness', liveness],
  ['at-least-once', atLeastOnce],
  ['exactly-once', exactlyOnce],
  ['acknowledged', acknowledged],
  ['handled', handled],
  ['order', order],
  ['phantom', phantom],
  ['retained', retained],
  ['wills', wills],
  ['session-present', sessionPresent],
  ['subscriptions', subscriptions],
  ['in-flight', inFlight],
  ['packet-ids', packetIds],
  ['wire-grammar', wireGrammar],
  ['ack-order', ackOrder],
  ['shared-groups', sharedGroups],
  ['drops', drops],
  ['growth', growth],
  ['leftovers', leftovers],
]);

/** Everything that is wrong with a history, in the order of `CHECKERS`. */
export function checkHistory(history: History): readonly Violation[] {
  return Array.from(CHECKERS.values()).flatMap((check) => check(history));
}
