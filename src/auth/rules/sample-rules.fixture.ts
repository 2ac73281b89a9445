// Rules for tests, said in a few words: what is left out is as in a file that leaves it out.

import assert from 'node:assert/strict';

import type { Identity } from '../contract.ts';
import { parseAddressRange } from './address-range.ts';
import type { Right, Rule, RuleSubject } from './rule.ts';
import { type GroupsFrom, RuleSet } from './rule-set.ts';
import { parseTopicPattern, type TopicPattern } from './topic-pattern.ts';

/** What a test says of a rule. */
export type SampleRule = Partial<Omit<Rule, 'topics' | 'subject'>> &
  Partial<Omit<RuleSubject, 'addresses'>> & {
    readonly topics: readonly string[];
    readonly addresses?: readonly string[];
  };

const ALL: readonly Right[] = ['publish', 'subscribe', 'receive'];

/** Rules in this order, on lines 1, 2, ... of `rules.yaml`. */
export function ruleSet(
  samples: readonly SampleRule[],
  groups: { readonly [name: string]: readonly string[] } = {},
  groupsFrom?: GroupsFrom,
): RuleSet {
  const rules = samples.map((sample, index): Rule => {
    const { users, anonymous, clients, certificates } = sample;
    return {
      name: undefined,
      place: { path: 'rules.yaml', line: index + 1, column: 1 },
      effect: 'allow',
      rights: ALL,
      qosMax: 2,
      retain: true,
      tell: undefined,
      ...sample,
      topics: sample.topics.map(pattern),
      subject: {
        users,
        anonymous,
        clients,
        groups: sample.groups,
        certificates,
        addresses: sample.addresses?.map((text) => {
          const range = parseAddressRange(text);
          assert(range !== undefined, text);
          return range;
        }),
      },
    };
  });
  return new RuleSet({ path: 'rules.yaml', rules, groups: new Map(Object.entries(groups)) }, groupsFrom);
}

/** A pattern that is one. */
export function pattern(text: string): TopicPattern {
  const parsed = parseTopicPattern(text);
  assert(parsed.kind === 'pattern', text);
  return parsed.pattern;
}

/** A client. */
export function client(given: Partial<Identity> = {}): Identity {
  return { principal: 'alice', clientId: 'c1', remote: '192.0.2.7:50123', ...given };
}
