// The rules against every topic there is: a filter is allowed exactly when each topic that it matches is, one by one. The names of the
// patterns are two, the topics have one more, and one that begins with $, so that every way to be outside of all patterns occurs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { matches } from '../../topic/match.ts';
import { parseTopicFilter, type TopicFilter } from '../../topic/topic-filter.ts';
import { type TopicName, topicName } from '../../topic/topic-name.ts';
import { client, ruleSet, type SampleRule } from './sample-rules.fixture.ts';

const LEVELS_MAX = 3;

const TOPICS: readonly TopicName[] = allTopics();

function allTopics(): readonly TopicName[] {
  const topics: TopicName[] = [];
  let longer = ['a', 'b', 'c', '$s'];
  // Topics of one level more than any pattern or filter stand for all longer ones.
  for (let length = 1; length <= LEVELS_MAX + 1; length++) {
    topics.push(...longer.map((text) => topicName(text)));
    longer = longer.flatMap((text) => ['a', 'b', 'c'].map((level) => `${text}/${level}`));
  }
  return topics;
}

const filterText = fc
  .tuple(
    fc.constantFrom('a', 'b', '+', '$s'),
    fc.array(fc.constantFrom('a', 'b', '+'), { maxLength: LEVELS_MAX - 1 }),
    fc.boolean(),
  )
  .map(([first, rest, isOpen]) =>
    (isOpen ? [...[first, ...rest].slice(0, LEVELS_MAX - 1), '#'] : [first, ...rest]).join('/'),
  );
const anyFilter = fc.oneof({ weight: 8, arbitrary: filterText }, { weight: 1, arbitrary: fc.constant('#') });

const anyRule: fc.Arbitrary<SampleRule> = fc.record({
  effect: fc.constantFrom('allow', 'deny'),
  topics: fc.array(anyFilter, { minLength: 1, maxLength: 3 }),
  rights: fc.constantFrom(['subscribe'], ['publish', 'subscribe', 'receive'], ['receive']),
  qosMax: fc.constantFrom(0, 2),
});

/** The first rule that matches a topic decides. */
function allowsTopic(
  rules: readonly SampleRule[],
  topic: TopicName,
  right: 'subscribe' | 'receive',
  qos: number,
): boolean {
  for (const { effect, topics, rights, qosMax = 2 } of rules) {
    if (rights?.includes(right) !== true && !(right === 'receive' && rights?.includes('subscribe') === true)) continue;
    if (!topics.some((text) => matches(plain(text), topic))) continue;
    return effect !== 'deny' && qos <= (effect === 'allow' ? qosMax : 2);
  }
  return false;
}

function plain(text: string): TopicFilter {
  const parsed = parseTopicFilter(text);
  assert(parsed.kind === 'plain');
  return parsed.filter;
}

test('a filter is allowed exactly when each topic that it matches is', () => {
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 6 }),
      anyFilter,
      fc.constantFrom(0 as const, 1 as const),
      (rules, text, qos) => {
        const filter = plain(text);
        const expected = TOPICS.every(
          (topic) => !matches(filter, topic) || allowsTopic(rules, topic, 'subscribe', qos),
        );
        const set = ruleSet(rules);
        const { isAllowed, sentence } = set.explain(client(), 'subscribe', text, qos, false);
        assert.equal(isAllowed, expected, sentence);
        assert.equal(set.allows(client(), 'subscribe', `$share/group/${text}`, qos, false), expected);
      },
    ),
    { numRuns: 3000 },
  );
});

test('a topic is received exactly when the first rule about it that says subscribe or receive allows it', () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 6 }), fc.constantFrom(...TOPICS), (rules, topic) => {
      const set = ruleSet(rules);
      for (const time of ['first', 'again']) {
        assert.equal(set.allows(client(), 'receive', topic, 0, false), allowsTopic(rules, topic, 'receive', 0), time);
      }
    }),
  );
});
