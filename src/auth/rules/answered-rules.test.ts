// Rules that came with the answer about one client, before those of a file and without one.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Identity } from '../contract.ts';
import { AnsweredRules } from './answered-rules.ts';
import { answeredRulesAlone } from './answered-rules-alone.ts';
import type { Rule } from './rule.ts';
import { client, pattern, ruleSet } from './sample-rules.fixture.ts';

const SOURCE = 'the answer of https://auth.example/mqtt';

/** A client that came with rules about these topics. */
function cameWith(...rules: readonly (readonly ['allow' | 'deny', string, string?])[]): Identity {
  const made = rules.map(([effect, topic, name], index): Rule => {
    const nobodyElse = { users: undefined, anonymous: undefined, clients: undefined, groups: undefined };
    return {
      name,
      place: { path: `rule ${index + 1} of ${SOURCE}`, line: 0, column: 0 },
      effect,
      rights: ['publish', 'subscribe', 'receive'],
      subject: { ...nobodyElse, certificates: undefined, addresses: undefined },
      topics: [pattern(topic)],
      qosMax: 2,
      retain: true,
      tell: undefined,
    };
  });
  return client({ rights: new AnsweredRules(SOURCE, made) });
}

test('rules of an answer stand before those of the file, which decide where none of them does', () => {
  const rules = ruleSet([{ effect: 'deny', topics: ['a/#'] }, { topics: ['b/#'] }]);
  const identity = cameWith(['allow', 'a/%u'], ['deny', 'b/secret', 'no secrets']);
  const ask = (topic: string, by: Identity = identity) => rules.explain(by, 'publish', topic, 0, false).sentence;
  assert.equal(ask('a/alice'), `rule 1 of ${SOURCE} allows it`);
  assert.equal(ask('a/bob'), 'the rule at rules.yaml:1 denies it');
  assert.equal(ask('b/secret'), `rule "no secrets" (rule 2 of ${SOURCE}) denies it`);
  assert.equal(ask('b/open'), 'the rule at rules.yaml:2 allows it');
  assert.equal(ask('c'), `no rule of ${SOURCE} and of rules.yaml allows it`);
  assert.equal(ask('b/secret', client()), 'the rule at rules.yaml:2 allows it');
});

test('a filter is held against both: what the answer leaves open is up to the file', () => {
  const rules = ruleSet([{ topics: ['b/#'] }]);
  const identity = cameWith(['deny', 'b/secret']);
  const ask = (filter: string) => rules.explain(identity, 'subscribe', filter, 0, false);
  assert.equal(ask('b/#').isAllowed, false);
  assert.match(ask('b/#').sentence, /^rule 1 of .* denies "b\/secret", which the filter matches, too$/u);
  assert.equal(ask('b/open').isAllowed, true);
});

test('without a file, who came with rules may do what they allow, and others may do everything', () => {
  const judge = answeredRulesAlone();
  const may = (identity: Identity, topic: string) => judge.allows(identity, 'publish', topic, 0, false);
  const some = cameWith(['allow', 'a']);
  assert.deepEqual(
    [may(some, 'a'), may(some, 'b'), may(cameWith(), 'a'), may(client(), 'b')],
    [true, false, false, true],
  );
  assert.ok(may(client({ rights: { source: 'somebody who has no rules' } }), 'b'));
  assert.equal(judge.explain?.(some, 'publish', 'b', 0, false).sentence, `no rule of ${SOURCE} allows it`);
});

test('what the rules of answers decide is counted together', () => {
  const rules = ruleSet([{ topics: ['b'] }]);
  for (const identity of [cameWith(['allow', 'a']), cameWith(['allow', 'a'], ['deny', 'b'])]) {
    for (const topic of ['a', 'b']) rules.allows(identity, 'publish', topic, 0, false);
  }
  assert.deepEqual(rules.tallies().slice(0, 2), [
    { name: 'answered rules', allowed: 2, refused: 1 },
    { name: 'line 1', allowed: 1, refused: 0 },
  ]);
});
