// A file of rules: what is read, and what is said of one that is not right.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { showProblem } from './problem.ts';
import { parseRules, readRulesFile } from './rules-file.ts';

/** The rules of a text that is right. */
function rulesOf(text: string) {
  const outcome = parseRules('rules.yaml', text);
  assert(outcome.kind === 'valid', outcome.kind === 'invalid' ? outcome.problems.map(showProblem).join('\n') : '');
  return outcome.file;
}

/** What is said of a text that is not. */
function saidOf(text: string): readonly string[] {
  const outcome = parseRules('rules.yaml', text);
  assert(outcome.kind === 'invalid', text);
  return outcome.problems.map(showProblem);
}

test('a rule is read with its place, and what it leaves out is the widest', () => {
  const { rules, groups } = rulesOf(`
groups:
  staff: [alice, 'b*']
  nobody: []
rules:
  - name: meters
    allow: publish
    user: 'meter-*'
    address: [10.0.0.0/8, '::1']
    topics: meters/%u/#
    qosMax: 1
    retain: false
    tell: Ask the staff.
  - deny: [receive, subscribe]
    group: staff
    anonymous: false
    topics: ['a', b]
  - allow: all
    topics: '#'
`);
  assert.deepEqual(
    [...groups],
    [
      ['staff', ['alice', 'b*']],
      ['nobody', []],
    ],
  );
  assert.deepEqual(
    rules.map(({ place, effect, rights, topics, qosMax, retain, tell }) => [
      place.line,
      effect,
      rights,
      topics.map(({ text }) => text),
      qosMax,
      retain,
      tell,
    ]),
    [
      [6, 'allow', ['publish'], ['meters/%u/#'], 1, false, 'Ask the staff.'],
      [14, 'deny', ['receive', 'subscribe'], ['a', 'b'], 2, true, undefined],
      [18, 'allow', ['publish', 'subscribe', 'receive'], ['#'], 2, true, undefined],
    ],
  );
  assert.equal(rules[0]?.name, 'meters');
  assert.deepEqual(rules[0]?.subject.users, ['meter-*']);
  assert.deepEqual(
    rules[0]?.subject.addresses?.map(({ text }) => text),
    ['10.0.0.0/8', '::1'],
  );
  assert.deepEqual(rules[1]?.subject.groups, ['staff']);
  assert.equal(rules[1]?.subject.anonymous, false);
});

test('threat 29: a file that is empty, garbage, or not there is no file of rules', (context) => {
  assert.match(saidOf('')[0] ?? '', /there are no rules/);
  assert.match(saidOf('rules: []')[0] ?? '', /at least one rule/);
  assert.match(saidOf('rules:')[0] ?? '', /at least one rule/);
  assert.match(saidOf('topic readwrite #')[0] ?? '', /^rules.yaml:1:1: /);
  assert.match(saidOf('\u0000\u0001')[0] ?? '', /^rules.yaml:1:/);
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-rules-'));
  context.after(() => rmSync(directory, { recursive: true }));
  for (const file of [directory, path.join(directory, 'none')]) assert.equal(readRulesFile(file).kind, 'invalid');
});

test('every mistake of a file is told with its place and what to do', () => {
  const cases: readonly (readonly [text: string, said: RegExp])[] = [
    [
      '- allow: pub\n   topics: a',
      /^rules.yaml:2:11: allow takes publish, subscribe, receive or all; got "pub"; did you mean publish\?$/,
    ],
    ['- topics: a', /:2:4: a rule has either/],
    ['- {allow: all, deny: all, topics: a}', /a rule has either/],
    ['- {allow: all}', /says which topics/],
    ['- {allow: all, topics: a/#/b}', /"a\/#\/b" is no topic filter of a rule: In a Topic Filter # stands alone/],
    ['- {allow: all, topics: x%u/a}', /stand alone in their level/],
    ['- {allow: all, topics: a, usr: x}', /"usr" is not known here; did you mean user\?$/],
    ['- {allow: all, topics: a, user: 7}', /7 is none in YAML: put quotes around it/],
    ['- {allow: all, topics: a, user: []}', /nothing in its list/],
    ['- {allow: all, topics: a, user: }', /user has no value here/],
    ['- {allow: all, topics: a, user: a*b}', /last character/],
    ['- {allow: all, topics: a, group: staf}', /no group "staf"; did you mean staff\?/],
    ['- {allow: all, topics: a, address: 10.0.0.0/99}', /address takes/],
    ['- {deny: all, topics: a, qosMax: 1}', /denies every QoS/],
    ['- {allow: all, topics: a, qosMax: 3}', /qosMax takes 0, 1 or 2; got 3/],
    ['- {allow: receive, topics: a, qosMax: 1}', /QoS of its subscription/],
    ['- {allow: subscribe, topics: a, retain: false}', /allow to publish/],
    ['- {allow: all, topics: a, retain: maybe}', /retain takes true or false; got "maybe"/],
    ['- {allow: all, topics: a, name: a/b}', /name takes/],
    [
      '- {allow: all, topics: a, name: x}\n - {allow: all, topics: a, name: x}',
      /the name of the rule at rules.yaml:2:/,
    ],
    ['- {allow: all, topics: a, tell: [a]}', /tell takes one text/],
    ['- allow', /a rule is an "allow/],
  ];
  for (const [text, said] of cases) {
    const heard = saidOf(`rules:\n ${text}\ngroups: {staff: [a]}`);
    assert(heard.length === 1 && said.test(heard[0] ?? ''), `${text}: ${heard.join('\n')}`);
  }
  assert.equal(saidOf('rules:\n - {allow: x, topics: "+a", user: 1}').length, 3, 'all of them at once');
});

test('whatever the text, there is either a file with rules or a problem', () => {
  const word = fc.constantFrom(
    'rules',
    'groups',
    'allow',
    'all',
    ': ',
    '- ',
    '\n',
    ' ',
    '[',
    ']',
    '{',
    '}',
    'topics',
    '#',
    ',',
    "'",
    '1',
    'x',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const outcome = parseRules('rules.yaml', words.join(''));
      assert((outcome.kind === 'valid' ? outcome.file.rules : outcome.problems).length > 0);
    }),
  );
});
