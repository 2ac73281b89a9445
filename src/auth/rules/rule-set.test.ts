// What rules say to publishers, subscribers and receivers, and why.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Action, Identity } from '../contract.ts';
import type { GroupsFrom, RuleSet } from './rule-set.ts';
import { client, ruleSet, type SampleRule } from './sample-rules.fixture.ts';

/** What the rules say, as `yes: why` or `no: why`; asserts that they say the same without a reason, twice. */
function ask(
  rules: RuleSet,
  action: Action,
  topic: string,
  identity: Identity = client(),
  qos: 0 | 1 | 2 = 0,
  retain = false,
) {
  const { isAllowed, sentence } = rules.explain(identity, action, topic, qos, retain);
  for (const time of ['first', 'again']) {
    assert.equal(rules.allows(identity, action, topic, qos, retain), isAllowed, time);
  }
  return `${isAllowed ? 'yes' : 'no'}: ${sentence}`;
}

test('the first rule that is about the client, the right and the topic decides; where none is, the answer is no', () => {
  const rules = ruleSet([
    { effect: 'deny', rights: ['publish'], topics: ['a/secret'] },
    { name: 'all of a', topics: ['a/#'] },
    { effect: 'deny', topics: ['#'] },
    { topics: ['b'] },
  ]);
  assert.equal(ask(rules, 'publish', 'a/secret'), 'no: the rule at rules.yaml:1 denies it');
  assert.equal(ask(rules, 'will', 'a/secret'), 'no: the rule at rules.yaml:1 denies it');
  assert.equal(ask(rules, 'publish', 'a'), 'yes: rule "all of a" (rules.yaml:2) allows it');
  assert.equal(ask(rules, 'receive', 'a/secret'), 'yes: rule "all of a" (rules.yaml:2) allows it');
  assert.equal(ask(rules, 'publish', 'b'), 'no: the rule at rules.yaml:3 denies it');
  assert.equal(ask(rules, 'publish', '$SYS/x'), 'no: no rule of rules.yaml allows it');
});

test('a rule is about the clients of whom all holds that it says', () => {
  const groups = { staff: ['alice', 'b*'] };
  const one = (subject: Parameters<typeof ruleSet>[0][number], identity: Partial<Identity>): boolean =>
    ruleSet([subject], groups).allows(client(identity), 'publish', 'a', 0, false);
  const topics = ['a'];
  assert(one({ users: ['bob', 'alice'], topics }, {}));
  assert(!one({ users: ['bob'], topics }, {}));
  assert(one({ users: ['al*'], topics }, {}));
  assert(one({ users: ['*'], topics }, {}));
  assert(!one({ users: ['*'], topics }, { principal: undefined }));
  assert(one({ anonymous: true, topics }, { principal: undefined }));
  assert(!one({ anonymous: true, topics }, {}));
  assert(!one({ anonymous: false, topics }, { principal: undefined }));
  assert(one({ clients: ['c*'], users: ['alice'], topics }, {}));
  assert(!one({ clients: ['c*'], users: ['bob'], topics }, {}));
  assert(one({ groups: ['staff'], topics }, { principal: 'bob' }));
  assert(!one({ groups: ['staff'], topics }, { principal: undefined }));
  assert(one({ groups: ['token'], topics }, { groups: ['token'] }));
  assert(one({ certificates: ['meter-*'], topics }, { certificate: 'meter-7' }));
  assert(!one({ certificates: ['*'], topics }, {}));
  assert(one({ addresses: ['192.0.2.0/24'], topics }, {}));
  assert(!one({ addresses: ['10.0.0.0/8'], topics }, {}));
});

test('a client whose address is not known fits no rule that allows by it, and each that denies by it', () => {
  const addresses = ['10.0.0.0/8'];
  const identity = client({ remote: '' });
  assert(!ruleSet([{ addresses, topics: ['#'] }]).allows(identity, 'will', 'a', 0, false));
  assert(
    !ruleSet([{ effect: 'deny', addresses, topics: ['#'] }, { topics: ['#'] }]).allows(identity, 'will', 'a', 0, false),
  );
});

test('a client that the store remembers may have had any certificate, and any group if answers name groups: what denies by them denies it', () => {
  const came = client({ remote: '' });
  const recovered = client({ remote: '', isRecovered: true });
  const may = (
    subject: Partial<SampleRule>,
    effect: 'allow' | 'deny',
    by: Identity,
    groupsFrom?: GroupsFrom,
  ): boolean => {
    const rules = [{ ...subject, effect, topics: ['#'] }, ...(effect === 'deny' ? [{ topics: ['#'] }] : [])];
    return ruleSet(rules, { listed: ['alice'] }, groupsFrom).allows(by, 'will', 'a', 0, false);
  };
  for (const subject of [{ certificates: ['meter-*'] }, { groups: ['guests'] }]) {
    assert(may(subject, 'deny', came));
    assert(!may(subject, 'deny', recovered));
    assert(!may(subject, 'allow', recovered));
  }
  assert(may({ groups: ['guests'] }, 'deny', recovered, 'file'));
  assert(!may({ groups: ['listed'] }, 'deny', recovered, 'file'));
  assert(may({ groups: ['listed'] }, 'allow', recovered));
  assert(may({ groups: ['guests'], users: ['bob'] }, 'deny', recovered), 'it is known not to be bob');
});

test('names that are keys of objects elsewhere are names like others', () => {
  const rules = ruleSet([{ groups: ['__proto__'], topics: ['a'] }]);
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert(!rules.allows(client({ principal: name, clientId: name }), 'publish', 'a', 0, false));
    assert(!rules.allows(client({ principal: name }), 'publish', name, 0, false));
  }
});

test('what is beyond the maxima of the rule that allows is refused by that rule', () => {
  const rules = ruleSet([{ topics: ['a'], qosMax: 1, retain: false }, { topics: ['a'] }]);
  assert.match(ask(rules, 'publish', 'a', client(), 1), /^yes/);
  assert.equal(ask(rules, 'publish', 'a', client(), 2), 'no: the rule at rules.yaml:1 allows it up to QoS 1 only');
  assert.equal(
    ask(rules, 'publish', 'a', client(), 0, true),
    'no: the rule at rules.yaml:1 allows it without RETAIN only',
  );
  assert.match(ask(rules, 'subscribe', 'a', client(), 1), /^yes/);
  assert.equal(ask(rules, 'subscribe', 'a', client(), 2), 'no: the rule at rules.yaml:1 allows it up to QoS 1 only');
  assert.match(ask(rules, 'receive', 'a', client(), 2, true), /^yes/);
});

test('who may subscribe to a topic may receive it, unless a rule before says otherwise', () => {
  const rules = ruleSet([
    { effect: 'deny', rights: ['receive'], topics: ['a/secret'] },
    { rights: ['subscribe'], topics: ['a/#'] },
    { effect: 'deny', topics: ['#'] },
  ]);
  assert.match(ask(rules, 'subscribe', 'a/#'), /^yes/);
  assert.match(ask(rules, 'receive', 'a/b'), /^yes/);
  assert.equal(ask(rules, 'receive', 'a/secret'), 'no: the rule at rules.yaml:1 denies it');
  assert.match(ask(rules, 'receive', 'b'), /^no/);
});

test('a filter is allowed if every topic that it matches is; a refusal says which are not', () => {
  const rules = ruleSet([
    { topics: ['a/b', 'pub/#', 'one', 'one/+/#', '$SYS/broker/#'] },
    { effect: 'deny', topics: ['a/+', 'c/x/#'] },
    { topics: ['a/#', 'c/#', '+/z'], qosMax: 1 },
  ]);
  const subscribe = (filter: string): string => ask(rules, 'subscribe', filter).replaceAll(/ \(?(at )?rules.yaml/g, '');
  assert.equal(subscribe('a/b'), 'yes: the rule:1 allows it');
  assert.equal(subscribe('pub/+/x'), 'yes: the rule:1 allows it');
  assert.equal(subscribe('one/#'), 'yes: the rule:1 allows it');
  assert.equal(subscribe('a/c'), 'no: the rule:2 denies it');
  assert.equal(subscribe('a/+'), 'no: the rule:2 denies it');
  assert.equal(subscribe('a/#'), 'no: the rule:2 denies "a/+", which the filter matches, too');
  assert.equal(subscribe('c/#'), 'no: the rule:2 denies "c/x/#", which the filter matches, too');
  assert.equal(subscribe('c/+/y'), 'no: the rule:2 denies "c/x/y", which the filter matches, too');
  assert.equal(subscribe('c/+'), 'no: the rule:2 denies "c/x", which the filter matches, too');
  assert.equal(subscribe('+/z'), 'no: the rule:2 denies "a/z", which the filter matches, too');
  assert.equal(subscribe('#'), 'no: the rule:2 denies "c/x/#", which the filter matches, too');
  assert.equal(subscribe('$SYS/#'), 'no: no rule of allows it');
  assert.equal(subscribe('$SYS/broker/load/#'), 'yes: the rule:1 allows it');
  assert.equal(subscribe('d/+'), 'no: no rule of allows it');
  assert.equal(ask(rules, 'subscribe', 'c/y', client(), 2), 'no: the rule at rules.yaml:3 allows it up to QoS 1 only');
});

test('threat 22, 24: a shared subscription is allowed what the filter inside is', () => {
  const rules = ruleSet([{ topics: ['a/#'] }]);
  assert.match(ask(rules, 'subscribe', '$share/g/a/+'), /^yes/);
  for (const filter of ['$share/a/#', '$share/g/#', '$share/g/$SYS/#', '$share/g/b', '$share/a/b', '$share/g']) {
    assert.match(ask(rules, 'subscribe', filter), /^no/, filter);
  }
});

test('a wildcard is about no topic that begins with $', () => {
  const rules = ruleSet([{ topics: ['#', '+/x'] }]);
  for (const topic of ['$SYS/x', '$x']) {
    for (const action of ['publish', 'receive', 'subscribe'] as const) assert.match(ask(rules, action, topic), /^no/);
  }
  assert.match(ask(rules, 'subscribe', '#'), /^yes/);
});

test('what a rule has decided is counted, and a new form of the file goes on with the counts of rules that have names', () => {
  const sample = [
    { name: 'mine', topics: ['a'] },
    { effect: 'deny', topics: ['b'] },
  ] as const;
  const rules = ruleSet(sample);
  for (const topic of ['a', 'a', 'b', 'c']) rules.allows(client(), 'publish', topic, 0, false);
  rules.explain(client(), 'publish', 'a', 0, false);
  assert.deepEqual(rules.tallies(), [
    { name: 'mine', allowed: 2, refused: 0 },
    { name: 'line 2', allowed: 0, refused: 1 },
    { name: 'no rule', allowed: 0, refused: 1 },
  ]);
  const next = ruleSet(sample);
  next.continueCounts(rules);
  next.allows(client(), 'publish', 'a', 0, false);
  assert.deepEqual(
    next.tallies().map(({ allowed, refused }) => [allowed, refused]),
    [
      [3, 0],
      [0, 0],
      [0, 1],
    ],
  );
});

test('any number of topics is decided, and of a few remembered', () => {
  const rules = ruleSet([{ topics: ['a/+'] }]);
  const identity = client();
  for (let index = 0; index < 1000; index++) {
    assert(rules.allows(identity, 'publish', `a/${index}`, 1, false));
    assert(!rules.allows(identity, 'publish', `b/${index}`, 1, false));
  }
  const long = `a/${'x'.repeat(60_000)}`;
  assert(rules.allows(identity, 'publish', long, 1, false));
});
