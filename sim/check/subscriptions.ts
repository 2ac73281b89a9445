// Whatever becomes of its connections and sessions, a client that is up has at its broker what this life of it was granted, and has not
// unsubscribed from: where the session is lost, it subscribes again by itself (docs/client.md). What the broker refuses then it has asked for, at least.

import type { History } from '../history.ts';
import type { ClientFacts } from './client-facts.ts';
import { digestOf } from './digest.ts';
import { NEVER, type SessionSpan } from './session-span.ts';
import type { Violation } from './violation.ts';

/** Checks every client that is there at the end. */
export function subscriptions(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  for (const facts of digest.clients.values()) {
    const { name, granted, standing, isUpAtEnd } = facts;
    const span = standing.current;
    if (!isUpAtEnd || span === undefined || standing.connection?.isIntruder !== false || mayBeMisled(facts)) continue;
    for (const filter of granted) {
      if (hasAsked(span, filter)) continue;
      const sentence = `${name} was granted ${filter} in this life, and has no such subscription in its session any more.`;
      found.push({ checker: 'subscriptions', sentence, at: digest.endAt });
    }
  }
  return found;
}

/**
 * Who is told that a session is present takes it for its own: it may be that of another process, or one that was begun for a CONNECT that was
 * refused in the end, since the store failed.
 */
function mayBeMisled({ connections, life }: ClientFacts): boolean {
  return connections.some(
    ({ connack, isIntruder, clientLife }) =>
      clientLife === life && (isIntruder || (connack !== undefined && connack.reasonCode !== 0)),
  );
}

function hasAsked(span: SessionSpan, filter: string): boolean {
  return span.subscriptions.some((each) => {
    if (each.filter !== filter) return false;
    const isRefused = each.possibleTo <= each.possibleFrom;
    return isRefused || (each.sureTo === NEVER && (each.sureFrom !== NEVER || each.possibleTo === NEVER));
  });
}
