// The options of `vouch pub` and `vouch sub` that mosquitto_pub and mosquitto_sub have besides the usual ones, and those in which payloads
// are written and shown, against a broker.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';

import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { ClientProcess, type Ended } from './client-process.ts';
import { startVouch } from './vouch-process.ts';

let broker: TestBroker;

before(async () => {
  broker = await startTestBroker();
});

after(() => broker.close());

function start(context: TestContext, command: 'pub' | 'sub', ...args: readonly string[]): ClientProcess {
  return new ClientProcess(context, [command, '-h', broker.host, '-p', String(broker.port), ...args]);
}

async function pub(context: TestContext, ...args: readonly string[]): Promise<string> {
  return printed(await start(context, 'pub', ...args).end());
}

/** Starts `vouch sub`, and waits until it is subscribed. */
async function sub(context: TestContext, ...args: readonly string[]): Promise<ClientProcess> {
  return await start(context, 'sub', '-d', ...args).says('Subscribed to');
}

/** What it printed, if it ended well. */
function printed({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, stderr);
  return stdout.toString('latin1');
}

test('payloads are written in hexadecimal and base64, and shown so', async (context) => {
  const topic = unique('encoding');
  const subscribers = await Promise.all(
    ['hex', 'base64'].map((encoding) => sub(context, '-t', topic, '-C', '3', '--encoding', encoding)),
  );
  await pub(context, '-t', topic, '-m', '00 ff', '--encoding', 'hex');
  assert.equal(
    (await start(context, 'pub', '-t', topic, '-l', '--encoding', 'base64').input('AP8=\nAP8\n').end()).code,
    0,
  );
  const shown = await Promise.all(subscribers.map(async (subscriber) => printed(await subscriber.end())));
  assert.deepEqual(shown, ['00ff\n'.repeat(3), 'AP8=\n'.repeat(3)]);
});

test('a line that is not in the encoding ends pub, and is named', async (context) => {
  const lines = start(context, 'pub', '-t', unique('bad'), '-l', '--encoding', 'hex').input('00\n0g\n00\n');
  const { code, stderr } = await lines.end();
  assert.deepEqual(
    [code, stderr],
    [1, 'vouch pub: Line 2: The payload is not hexadecimal, two digits a byte: "0g".\n'],
  );
});

test('--repeat publishes again, and --json tells what became of each message', async (context) => {
  const topic = unique('repeat');
  const alone = await pub(context, '-t', topic, '-m', 'x', '-q', '1', '--json');
  assert.deepEqual(JSON.parse(alone), {
    message: 1,
    ok: true,
    reasonCode: 16,
    reason: 'no matching subscribers (0x10)',
  });
  const subscriber = await sub(context, '-t', topic, '-C', '3', '-q', '1');
  const told = await pub(
    context,
    '-t',
    topic,
    '-m',
    'x',
    '-q',
    '1',
    '--json',
    '--repeat',
    '3',
    '--repeat-delay',
    '0.01',
  );
  const facts = told.trimEnd().split('\n');
  assert.deepEqual(
    facts.map((line): unknown => JSON.parse(line)),
    [1, 2, 3].map((message) => ({ message, ok: true, reasonCode: 0, reason: 'success (0x00)' })),
  );
  assert.equal(printed(await subscriber.end()), 'x\nx\nx\n');
});

test('--retained-only ends at the first message that was not retained, and --remove-retained removes the others', async (context) => {
  const topic = unique('retained');
  for (const name of ['a', 'b', 'keep']) await pub(context, '-t', `${topic}/${name}`, '-m', name, '-r', '-q', '1');
  const subscriber = start(
    context,
    'sub',
    '-t',
    `${topic}/#`,
    '--retained-only',
    '--remove-retained',
    '-T',
    `${topic}/keep`,
  );
  await subscriber.prints('a\nb\n');
  await pub(context, '-t', `${topic}/c`, '-m', 'c');
  assert.equal(printed(await subscriber.end()), 'a\nb\n');
  const left = start(context, 'sub', '-t', `${topic}/#`, '-C', '1', '-v');
  assert.equal(printed(await left.end()), `${topic}/keep keep\n`);
  await pub(context, '-t', `${topic}/keep`, '-n', '-r');
});

test('-D gives properties to the packets of both sides, and --json shows those of the message', async (context) => {
  const topic = unique('property');
  const subscriber = await sub(context, '-t', topic, '-C', '1', '--json', '-D', 'subscribe', 'user-property', 'a', 'b');
  const given = ['-D', 'publish', 'content-type', 'text/plain', '-D', 'PUBLISH', 'user-property', 'k', '-v'];
  await pub(
    context,
    '-t',
    topic,
    '-m',
    'x',
    ...given,
    '--user-property',
    'k=2',
    '-D',
    'connect',
    'receive-maximum',
    '3',
  );
  assert.partialDeepStrictEqual(JSON.parse(printed(await subscriber.end())), {
    topic,
    payload: 'x',
    qos: 0,
    retain: false,
    contentType: 'text/plain',
    userProperties: [
      ['k', '-v'],
      ['k', '2'],
    ],
  });
});

test('what a user wants always stands in ~/.config/vouch, and the command line counts more', async (context) => {
  const home = mkdtempSync(path.join(tmpdir(), 'vouch-home-'));
  context.after(() => rmSync(home, { recursive: true }));
  mkdirSync(path.join(home, '.config/vouch'), { recursive: true });
  const topic = unique('defaults');
  writeFileSync(path.join(home, '.config/vouch/client'), `# mine\n-h ${broker.host}\n--port ${broker.port}\n`);
  writeFileSync(path.join(home, '.config/vouch/pub'), `-t ${topic}/none\n-q 1\n`);
  const subscriber = await sub(context, '-t', `${topic}/#`, '-F', '%t %q', '-q', '2', '-C', '1');
  const publisher = startVouch(context, ['pub', '-t', `${topic}/one`, '-m', 'x'], { HOME: home });
  assert.deepEqual(await publisher.ended, { code: 0, stdout: '', stderr: '' });
  assert.equal(printed(await subscriber.end()), `${topic}/one 1\n`);
});

test('a broker that the command line names in another way is the one, and the file keeps its password for its own', async (context) => {
  const home = mkdtempSync(path.join(tmpdir(), 'vouch-home-'));
  context.after(() => rmSync(home, { recursive: true }));
  mkdirSync(path.join(home, '.config/vouch'), { recursive: true });
  writeFileSync(path.join(home, '.config/vouch/client'), '-h 127.0.0.1\n--port 1\n-u anna\n-P secret\n');
  const topic = unique('named');
  const url = `mqtt://bert:other@${broker.host}:${broker.port}/${topic}`;
  const subscriber = await sub(context, '-t', topic, '-C', '1');
  const publisher = startVouch(context, ['pub', '-L', url, '-m', 'x', '-d'], { HOME: home });
  const { code, stderr } = await publisher.ended;
  assert.equal(code, 0, stderr);
  assert.equal(printed(await subscriber.end()), 'x\n');
  const script = startVouch(context, ['connect', `mqtt://${broker.host}:${broker.port}`], { HOME: home });
  assert.equal((await script.ended).code, 0);
});

test('options that do not go together are refused', async (context) => {
  for (const [command, ...args] of [
    ['pub', '-t', 'a', '-l', '--repeat', '2'],
    ['pub', '-t', 'a', '-m', 'x', '--repeat-delay', '2'],
    ['pub', '-t', 'a', '-m', 'x', '--outbox', 'none', '--json'],
    ['sub', '-t', 'a', '--json', '-F', '%p'],
    ['sub', '-t', 'a', '--retain-handling', 'never', '-V', '311'],
  ] as const) {
    const { code, stderr } = await start(context, command, ...args).end();
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
  }
});
