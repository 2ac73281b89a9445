// A question to rules without a broker: what would be said to such a client? For `vouch explain` and `vouch rules test`.

import type { Action, Explanation, Identity } from '../auth/contract.ts';
import type { RuleFile } from '../auth/rules/rule.ts';
import { RuleSet } from '../auth/rules/rule-set.ts';
import { UsageError } from '../base/errors.ts';
import { parseTopicFilter } from '../topic/topic-filter.ts';
import { topicName } from '../topic/topic-name.ts';

/** A client, and what it wants to do. */
export interface RulesQuestion {
  readonly identity: Identity;
  readonly action: Action;
  /** A filter to subscribe with, otherwise a name. */
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/**
 * Asks the rules.
 * @throws {UsageError} `invalid-argument`: no client could ask that, since the topic is none.
 */
export function askRules(file: RuleFile, { identity, action, topic, qos, retain }: RulesQuestion): Explanation {
  checkSubject(action, topic);
  return new RuleSet(file).explain(identity, action, topic, qos, retain);
}

/**
 * Checks that a client could ask that.
 * @throws {UsageError} `invalid-argument`: the topic is none.
 */
export function checkSubject(action: Action, text: string): void {
  if (action !== 'subscribe') {
    topicName(text);
    return;
  }
  const parsed = parseTopicFilter(text);
  if (parsed.kind === 'plain' || parsed.kind === 'shared') return;
  throw new UsageError('invalid-argument', `${JSON.stringify(text)} is not a Topic Filter. ${parsed.why}`);
}
