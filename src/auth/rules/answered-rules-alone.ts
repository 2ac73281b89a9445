// What clients may do where there is no file of rules, and some come with rules of their own (answered-rules.ts).

import type { Action, Authorizer, Identity } from '../contract.ts';
import { answeredRulesOf } from './answered-rules.ts';
import { RuleSet } from './rule-set.ts';

/** The judge where there is no file of rules: who came with rules has those, others may do everything. */
export function answeredRulesAlone(): Authorizer {
  const rules = new RuleSet({ path: '', rules: [], groups: new Map() });
  return {
    allowsAll: false,
    // hot:
    allows: (identity: Identity, action: Action, topic: string, qos: 0 | 1 | 2, retain: boolean) =>
      answeredRulesOf(identity) === undefined || rules.allows(identity, action, topic, qos, retain),
    explain: (identity, action, topic, qos, retain) =>
      answeredRulesOf(identity) === undefined
        ? { isAllowed: true, sentence: 'nobody has given it rules', rule: undefined, tell: undefined }
        : rules.explain(identity, action, topic, qos, retain),
    tallies: () => rules.tallies(),
  };
}
