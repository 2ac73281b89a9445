// Rules that change while they are in force.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { readRulesFile } from '../config/rules-file.ts';
import { AccessRules } from './access-rules.ts';

const ALLOW_A = 'rules:\n  - {name: one, allow: all, topics: a}\n';
const ALLOW_B = 'rules:\n  - {name: one, allow: all, topics: b}\n';

/** Rules from a file that a test may write again; what they say is kept. */
function rulesOf(context: TestContext, text: string) {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-rules-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'rules.yaml');
  writeFileSync(file, text);
  const outcome = readRulesFile(file);
  assert(outcome.kind === 'valid');
  return { file, rules: new AccessRules(outcome.file, 'file', 5) };
}

function mayPublish(rules: AccessRules, topic: string): boolean {
  const identity = { principal: 'u', clientId: 'c', remote: '' };
  const isAllowed = rules.allows(identity, 'publish', topic, 0, false);
  assert.equal(rules.explain(identity, 'publish', topic, 0, false).isAllowed, isAllowed);
  return isAllowed;
}

test('a file that is right takes the place of the rules before; what they had decided counts on', (context) => {
  const { file, rules } = rulesOf(context, ALLOW_A);
  assert(mayPublish(rules, 'a') && !mayPublish(rules, 'b'));
  writeFileSync(file, ALLOW_B);
  assert(mayPublish(rules, 'a'), 'nothing changes by itself');
  assert.equal(rules.reload().kind, 'changed');
  assert(!mayPublish(rules, 'a') && mayPublish(rules, 'b'));
  assert.equal(rules.reload().kind, 'unchanged');
  assert.deepEqual(rules.tallies(), [
    { name: 'one', allowed: 3, refused: 0 },
    { name: 'no rule', allowed: 0, refused: 2 },
  ]);
});

test('threat 29, 30: a file that is wrong, empty or gone leaves the rules before in force and says what is wrong where', (context) => {
  const { file, rules } = rulesOf(context, ALLOW_A);
  const cases: readonly (readonly [text: string | undefined, said: RegExp])[] = [
    ['', /^rules.yaml:1:1: there are no rules/],
    ['rules:\n  - {allow: al, topics: b}\n', /^rules.yaml:2:13: allow takes .*did you mean all\?$/],
    ['garbage', /^rules.yaml:1:1: /],
    [undefined, /^rules.yaml:1:1: the file cannot be read: there is no such file\.$/],
  ];
  for (const [text, expected] of cases) {
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    const outcome = rules.reload();
    assert(outcome.kind === 'refused');
    assert.match(outcome.problems[0]?.replaceAll(file, 'rules.yaml') ?? '', expected);
    assert(mayPublish(rules, 'a') && !mayPublish(rules, 'b'));
  }
});

test('a file that changed between its reading and the watching of it is read again', async (context) => {
  const { file } = rulesOf(context, ALLOW_A);
  const outcome = readRulesFile(file);
  assert(outcome.kind === 'valid');
  writeFileSync(file, ALLOW_B);
  const rules = new AccessRules(outcome.file, 'file', 5);
  const alive = setInterval(() => {}, 60_000); // The watch does not keep the process alive.
  context.after(() => clearInterval(alive));
  context.after(() => rules.watch.close());
  const told = Promise.withResolvers<void>();
  rules.watch.start(() => told.resolve());
  await told.promise;
  assert.equal(rules.reload().kind, 'changed');
  assert(mayPublish(rules, 'b'));
});
