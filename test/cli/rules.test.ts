// `vouch explain`, `vouch rules test`, and a broker that obeys a file of rules, as processes.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';

import { portsOf, startVouch } from './vouch-process.ts';

let directory: string;

before(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'vouch-rules-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

const RULES = `
groups:
  staff: [alice]
rules:
  - name: meters
    allow: publish
    user: 'meter-*'
    topics: meters/%u/#
    qosMax: 1
    tell: Only your own topics.
  - allow: all
    group: staff
    topics: '#'
`;

function file(name: string, text: string): string {
  const whole = path.join(directory, name);
  writeFileSync(whole, text);
  return whole;
}

/** How a command ended, with our directory out of what it says. */
async function run(
  context: TestContext,
  args: readonly string[],
  environment: { readonly [name: string]: string } = {},
) {
  const { code, stdout, stderr } = await startVouch(context, args, environment).ended;
  const short = (text: string): string => text.replaceAll(`${directory}/`, '');
  return { code, stdout: short(stdout), stderr: short(stderr) };
}

test('explain says whether, and which rule of which line; its exit code is the answer', async (context) => {
  const rules = file('rules.yaml', RULES);
  const explain = (...args: readonly string[]) => run(context, ['explain', '--rules', rules, ...args]);
  const own = await explain('--user', 'meter-1', '--client', 'c', 'publish', 'meters/meter-1/power');
  assert.deepEqual([own.code, own.stdout], [0, 'allowed: rule "meters" (rules.yaml:5) allows it\n']);
  const much = await explain('publish', 'meters/meter-1/power', '-u', 'meter-1', '-q', '2');
  assert.equal(much.code, 1);
  assert.equal(
    much.stdout,
    'refused: rule "meters" (rules.yaml:5) allows it up to QoS 1 only\nIt is told: Only your own topics.\n',
  );
  const none = await explain('subscribe', '$share/g/#');
  assert.deepEqual([none.code, none.stdout], [1, 'refused: no rule of rules.yaml allows it\n']);
});

test('explain asks the rules that vouch start would use', async (context) => {
  const rules = file('rules.yaml', RULES);
  const config = file('vouch.yaml', `rulesFile: ${rules}\n`);
  for (const [args, environment] of [
    [['-c', config], {}],
    [[], { VOUCH_CONFIG: config }],
    [[], { VOUCH_RULES_FILE: rules }],
  ] as const) {
    const { code, stdout } = await run(context, ['explain', 'subscribe', 'a/#', '-u', 'alice', ...args], environment);
    assert.deepEqual([code, stdout], [0, 'allowed: the rule at rules.yaml:11 allows it\n']);
  }
});

test('explain that is asked nothing, or of wrong rules, says what to do', async (context) => {
  const wrong = file('wrong.yaml', 'rules:\n  - {alow: all, topics: a}\n');
  const cases: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['publish'], /^vouch explain: TOPIC must be said\.$/m],
    [['publish', 'a', 'b'], /"b" is not expected here/],
    [['publishing', 'a'], /ACTION is publish, subscribe, receive or will; got "publishing"/],
    [['publish', 'a'], /There are no rules, so everything is allowed/],
    [['publish', 'a/#', '--rules', file('rules.yaml', RULES)], /"a\/#" is not a Topic Name/],
    [['subscribe', 'a#', '--rules', file('rules.yaml', RULES)], /"a#" is not a Topic Filter/],
    [
      ['publish', 'a', '--rules', wrong],
      /^vouch explain: wrong\.yaml:2:6: "alow" is not known here; did you mean allow\?$/m,
    ],
    [['publish', 'a', '--rules', 'none.yaml'], /none\.yaml:1:1: the file cannot be read: there is no such file/],
  ];
  for (const [args, said] of cases) {
    const { code, stderr } = await run(context, ['explain', ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, said);
  }
});

test('rules test asks everything that a file expects and says what is not so, and why', async (context) => {
  file('rules.yaml', RULES);
  const head = 'rules: rules.yaml\nexpect:\n';
  const met =
    '  - {user: meter-1, publish: meters/meter-1/x, qos: 1, is: allowed}\n  - {user: alice, subscribe: [a, "#"], is: allowed}\n';
  const good = await run(context, ['rules', 'test', file('good.yaml', head + met)]);
  assert.deepEqual([good.code, good.stdout], [0, '3 expectations, all met\n']);
  const unmet = `  - {user: meter-1, publish: a, retain: true, is: allowed}\n  - {group: staff, receive: a, is: refused}\n`;
  const bad = await run(context, ['rules', 'test', file('bad.yaml', head + met + unmet)]);
  assert.equal(bad.code, 1);
  assert.equal(
    bad.stdout,
    'bad.yaml:5:30: publish "a" with QoS 0 and RETAIN by user "meter-1" is refused, not allowed: no rule of rules.yaml allows it\n' +
      'bad.yaml:6:29: receive "a" with QoS 0 by an anonymous client is allowed, not refused: the rule at rules.yaml:11 allows it\n' +
      '2 of 5 expectations not met\n',
  );
});

test('rules test refuses a file that expects nothing, or what cannot be', async (context) => {
  const rules = file('rules.yaml', RULES);
  const cases: readonly (readonly [text: string, said: RegExp])[] = [
    ['', /expect takes a list of at least one/],
    ['expect:\n - {publish: a}', /has "is: allowed" or "is: refused"/],
    ['expect:\n - {publish: a, is: allwed}', /did you mean allowed\?/],
    ['expect:\n - {is: allowed}', /one of publish, subscribe and receive/],
    ['expect:\n - {publish: a, qos: 3, is: allowed}', /qos takes 0, 1 or 2/],
    ['expect:\n - {publish: a/#, is: allowed}', /^vouch rules: wrong\.yaml:2:14: "a\/#" is not a Topic Name/m],
  ];
  for (const [text, said] of cases) {
    const { code, stderr } = await run(context, ['rules', 'test', file('wrong.yaml', text), '--rules', rules]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, said);
  }
  const { code, stderr } = await run(context, ['rules', 'chek']);
  assert.equal(code, 2);
  assert.match(stderr, /vouch rules test FILE/);
});

test('threat 29: a broker does not start with rules that are empty, wrong or not there', async (context) => {
  for (const rules of [
    file('empty.yaml', ''),
    file('garbage.yaml', 'topic #'),
    path.join(directory, 'none.yaml'),
    directory,
  ]) {
    const { code, stderr } = await run(context, ['start', '-p', '0', '--store', 'memory', '--rules-file', rules]);
    assert.equal(code, 2);
    assert.match(stderr, /^vouch start: .*:1:1: /);
  }
});

test('a broker obeys its rules, says which one refuses, and obeys others once the file has changed', async (context) => {
  const rules = file('live.yaml', "rules:\n  - {allow: all, topics: 'open/#'}\n");
  const broker = startVouch(context, ['start', '-p', '0', '--store', 'memory', '--rules-file', rules]);
  const [port] = await portsOf(broker);
  assert.match(await broker.line('Vouch is listening'), /1 rule in .*live\.yaml/);
  const publish = (topic: string) =>
    run(context, ['pub', '-p', String(port), '-i', 'p', '-q', '1', '-t', topic, '-m', 'x']);
  assert.equal((await publish('open/a')).code, 0);
  const refused = await publish('closed/a');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /not authorized/);
  assert.match(await broker.line('Refused a QoS 1 message'), /no rule of .*live\.yaml allows it/);
  writeFileSync(rules, "rules:\n  - {allow: all, topics: 'closed/#'}\n");
  await broker.line('The file of rules has changed');
  assert.equal((await publish('closed/a')).code, 0);
  assert.equal((await publish('open/a')).code, 1);
});
