// The Authorizer is foreign code, and is asked about names that clients have chosen: one that it cannot deal with must end neither the
// process nor what is done for others, and must open nothing. What throws is a no. It is told for each kind of question once a second, since
// whoever sends such names may send many.

import type { Action, Authorizer, Explanation, Identity } from '../auth/contract.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { millis } from '../base/millis.ts';
import { Repetitions } from '../base/repetitions.ts';

const QUIET = millis(1_000);

const NO_EXPLANATION: Explanation = {
  isAllowed: false,
  sentence: 'its explanation threw an error',
  rule: undefined,
  tell: undefined,
};

/** The same Authorizer, but what it throws is told to the operator, and means that the client may not. */
export function guardAuthorizer(authorizer: Authorizer, log: Log, clock: Pick<Clock, 'monotonic'>): Authorizer {
  const repetitions = new Repetitions<Action>(QUIET);
  const refuse = (error: unknown, { clientId }: Identity, action: Action, topic: string): false => {
    const more = repetitions.note(action, clock.monotonic());
    if (more === undefined) return false;
    const what = JSON.stringify(error instanceof Error ? error.message : String(error));
    const about = `client ${JSON.stringify(clientId)}, ${action} ${JSON.stringify(topic)}`;
    const sentence = `The Authorizer threw where it was to decide (${about}): ${what}. That counts as a no.${more}`;
    log.error(sentence, { clientId, action });
    return false;
  };
  const guarded: Authorizer = {
    allowsAll: authorizer.allowsAll,
    allows(identity, action, topic, qos, retain) {
      try {
        return authorizer.allows(identity, action, topic, qos, retain);
      } catch (error) {
        return refuse(error, identity, action, topic);
      }
    },
  };
  if (authorizer.explain !== undefined) {
    guarded.explain = (identity, action, topic, qos, retain): Explanation => {
      try {
        return authorizer.explain?.(identity, action, topic, qos, retain) ?? NO_EXPLANATION;
      } catch {
        return NO_EXPLANATION;
      }
    };
  }
  if (authorizer.tallies !== undefined) guarded.tallies = () => authorizer.tallies?.() ?? [];
  return guarded;
}
