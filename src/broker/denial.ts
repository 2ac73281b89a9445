// What is said of a right that a client does not have: all of it in the log, to the client only what the rule lets it know.

import type { Action, Identity } from '../auth/contract.ts';
import type { BrokerState } from './broker-state.ts';

/** Why a client may not do something. */
export interface Denial {
  /** Sentences for the log. */
  readonly forLog: string;
  /** Sentences for the client. */
  readonly forClient: string;
  /** Of these, what the rule says; `undefined`: nothing. */
  readonly tell: string | undefined;
  /** The place of the rule that decided, for a field of the log. */
  readonly rule: string | undefined;
}

/**
 * Why the Authorizer has just refused this.
 * @param clauses  What that means, without a full stop: `The client may not publish to this topic`.
 */
export function denialOf(
  { authorizer }: BrokerState,
  identity: Identity,
  action: Action,
  topic: string,
  qos: 0 | 1 | 2,
  retain: boolean,
  clauses: string,
): Denial {
  const explanation = authorizer.explain?.(identity, action, topic, qos, retain);
  // What explains may be foreign code, and may have changed its mind since.
  if (explanation === undefined || explanation.isAllowed) {
    return { forLog: `${clauses}.`, forClient: `${clauses}.`, tell: undefined, rule: undefined };
  }
  const { sentence, tell, rule } = explanation;
  return {
    forLog: `${clauses}: ${sentence}.`,
    forClient: tell === undefined ? `${clauses}.` : `${clauses}. ${tell}`,
    tell,
    rule,
  };
}
