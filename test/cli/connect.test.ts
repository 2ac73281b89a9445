// `vouch connect` as a script, and on a terminal, which script(1) makes.

import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';

import { type Client, connect } from '../../src/exports/client.ts';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { endTools, isInstalled, Tool } from '../support/tool.ts';
import { ClientProcess, type Ended } from './client-process.ts';

let broker: TestBroker;
let other: Client;

before(async () => {
  broker = await startTestBroker();
  other = await connect(broker.url);
});

after(async () => {
  await endTools();
  await other.disconnect();
  await broker.close();
});

function script(context: TestContext, lines: readonly string[], ...args: readonly string[]): Promise<Ended> {
  return new ClientProcess(context, ['connect', broker.url, ...args])
    .input(lines.map((line) => `${line}\n`).join(''))
    .end();
}

test('lines of standard input are a script: what comes and what is answered is printed', async (context) => {
  const topic = unique('console');
  const { code, stdout, stderr } = await script(context, [
    '# What begins so is a comment.',
    `subscribe ${topic}/# ${topic}/other -q 1`,
    `publish ${topic}/a "one and" two -q 1`,
    'wait 0.1',
    'format --json',
    `pub ${topic}/b 00ff --encoding hex -r`,
    'wait 0.1',
    `pub ${topic}/b -r`,
    'session',
    `unsub ${topic}/#`,
    'quit',
    'nonsense',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  const lines = stdout.toString().split('\n');
  assert.deepEqual(lines.slice(0, 2), [`"${topic}/#": granted QoS 1`, `"${topic}/other": granted QoS 1`]);
  assert.deepEqual(lines.slice(2, 4).sort(), ['success (0x00)', `${topic}/a one and two`].sort());
  assert.deepEqual(lines[4], 'sent');
  assert.partialDeepStrictEqual(JSON.parse(lines[5] ?? ''), { topic: `${topic}/b`, payloadBase64: 'AP8=', qos: 0 });
  assert.match(stdout.toString(), new RegExp(`^Subscriptions  ${topic}/#  QoS 1, \\d messages?$`, 'm'));
  assert.match(stdout.toString(), /^Published {6}3$/m);
  assert.equal(lines.at(-2), `"${topic}/#": success (0x00)`);
});

test('after "reconnect" the subscriptions are there again, and the will is that which was set', async (context) => {
  const topic = unique('again');
  await using wills = await other.subscribe(`${topic}/will`);
  const { code, stdout, stderr } = await script(context, [
    `sub ${topic}`,
    `will ${topic}/will gone -q 1`,
    'reconnect',
    `pub ${topic} x`,
    'wait 0.1',
    'disconnect --will',
    'session',
    'reconnect',
    'ping -n 3',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout.toString(), new RegExp(`^${topic} x$`, 'm'));
  assert.match(stdout.toString(), /^State {10}closed$/m);
  assert.match(stdout.toString(), /ms at least, .* ms median, .* ms at most\n$/);
  for await (const { payload } of wills) {
    assert.equal(Buffer.from(payload).toString(), 'gone');
    break;
  }
});

test('a script that waits ends when it is told to', async (context) => {
  const lines = 'session\nwait 600\n';
  const waiting = await new ClientProcess(context, ['connect', broker.url]).input(lines).prints('Under way');
  assert.equal((await waiting.signal('SIGTERM').end()).code, 0);
});

test('the first line that fails ends a script, and is named', async (context) => {
  for (const [line, code, said] of [
    ['publsh a b', 2, /^vouch connect: Line 2: "publsh" is not a command here; did you mean publish\?\n$/],
    ['publish a/+', 2, /^vouch connect: Line 2: /],
    ['publish a 0g --encoding hex', 1, /not hexadecimal/],
    ['wait soon', 2, /takes a number/],
  ] as const) {
    const ended = await script(context, ['help ping', line, 'session']);
    assert.equal(ended.code, code, line);
    assert.match(ended.stderr, said);
    assert.doesNotMatch(ended.stdout.toString(), /^State/m);
  }
});

test('on a terminal a message appears above the prompt, and the line that is being typed stays', {
  skip: !isInstalled('script', '--version'),
}, async () => {
  const topic = unique('prompt');
  const command = `stty cols 200; exec '${process.execPath}' src/cli/main.ts connect ${broker.url}`;
  const terminal = new Tool('script', ['-qfec', command, '/dev/null']);
  await terminal.line(/"help" says/);
  terminal.type(`subscribe ${topic}\n`);
  await terminal.line(/granted QoS 0/);
  terminal.type('publish half a li');
  await other.publish(topic, 'from elsewhere', { qos: 1 });
  await terminal.line(/from elsewhere/);
  terminal.type('ne\n');
  // The prompt and what was typed are written again, and go on; or it was typed only when the message was there.
  await terminal.line(/> \S*publish half a li\S*ne/);
  await terminal.line(/sent/);
  terminal.type('quit\n');
  await terminal.end();
});
