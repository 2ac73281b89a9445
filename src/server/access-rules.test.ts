// Rules that change while they are in force.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import type { Log } from '../base/log.ts';
import { SILENT_LOG } from '../base/log.ts';
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
  const said: string[] = [];
  const heard = Promise.withResolvers<string>();
  const take = (sentence: string): void => {
    said.push(sentence.replaceAll(file, 'rules.yaml'));
    heard.resolve(sentence);
  };
  const log: Log = { ...SILENT_LOG, info: take, error: take };
  return { file, said, heard: heard.promise, rules: new AccessRules(outcome.file, log) };
}

function mayPublish(rules: AccessRules, topic: string): boolean {
  const identity = { principal: 'u', clientId: 'c', remote: '' };
  const isAllowed = rules.allows(identity, 'publish', topic, 0, false);
  assert.equal(rules.explain(identity, 'publish', topic, 0, false).isAllowed, isAllowed);
  return isAllowed;
}

test('a file that is right takes the place of the rules before; what they had decided counts on', (context) => {
  const { file, said, rules } = rulesOf(context, ALLOW_A);
  assert(mayPublish(rules, 'a') && !mayPublish(rules, 'b'));
  writeFileSync(file, ALLOW_B);
  assert(mayPublish(rules, 'a'), 'nothing changes by itself');
  assert(rules.reload());
  assert(!mayPublish(rules, 'a') && mayPublish(rules, 'b'));
  assert.deepEqual(said, ['The file of rules has changed and is in force']);
  assert.deepEqual(rules.tallies(), [
    { name: 'one', allowed: 3, refused: 0 },
    { name: 'no rule', allowed: 0, refused: 2 },
  ]);
});

test('threat 29, 30: a file that is wrong, empty or gone leaves the rules before in force and says what is wrong where', (context) => {
  const { file, said, rules } = rulesOf(context, ALLOW_A);
  const cases: readonly (readonly [text: string | undefined, said: RegExp])[] = [
    ['', /^rules.yaml:1:1: there are no rules/],
    ['rules:\n  - {allow: al, topics: b}\n', /^rules.yaml:2:13: allow takes .*did you mean all\?$/],
    ['garbage', /^rules.yaml:1:1: /],
    [undefined, /^rules.yaml:1:1: the file cannot be read: there is no such file\.$/],
  ];
  for (const [text, expected] of cases) {
    said.length = 0;
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    assert(!rules.reload());
    assert.match(said[0] ?? '', expected);
    assert.equal(said.at(-1), 'The file of rules is wrong: the rules before stay in force');
    assert(mayPublish(rules, 'a') && !mayPublish(rules, 'b'));
  }
});

test('a file that changes is read without being told, also where another takes its name', async (context) => {
  const { file, heard, rules } = rulesOf(context, ALLOW_A);
  rules.watch();
  context.after(() => rules.close());
  const alive = setInterval(() => {}, 60_000); // The watch does not keep the process alive.
  context.after(() => clearInterval(alive));
  writeFileSync(`${file}.new`, ALLOW_B);
  renameSync(`${file}.new`, file);
  assert.match(await heard, /is in force/);
  assert(mayPublish(rules, 'b'));
});
