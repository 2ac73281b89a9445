// `vouch pub` and `vouch sub` against a broker: ours, or the one that VOUCH_TEST_URL names. What is said here of lines,
// options and exit codes is what mosquitto_pub and mosquitto_sub do, except where it says otherwise.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';

import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { ClientProcess, type Ended } from './client-process.ts';
import { Door } from './door.ts';

let broker: TestBroker;

before(async () => {
  broker = await startTestBroker();
});

after(() => broker.close());

function start(context: TestContext, command: 'pub' | 'sub', ...args: readonly string[]): ClientProcess {
  return new ClientProcess(context, [command, '-h', broker.host, '-p', String(broker.port), ...args]);
}

/** Publishes, and fails unless that is acknowledged. */
async function pub(context: TestContext, ...args: readonly string[]): Promise<void> {
  assert.deepEqual(await start(context, 'pub', ...args).end(), { code: 0, stdout: Buffer.alloc(0), stderr: '' });
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

test('a message goes from one to the other, on every version and with every QoS', async (context) => {
  await Promise.all(
    ['5', '311', '31'].map(async (version, qos) => {
      const topic = unique('hello');
      const subscriber = await sub(context, '-t', topic, '-q', '2', '-C', '1', '-V', version);
      await pub(context, '-t', topic, '-m', 'hello', '-q', String(qos), '-V', version);
      assert.equal(printed(await subscriber.end()), 'hello\n');
    }),
  );
});

test('payloads come from the command line, a file, standard input, its lines, or nowhere', async (context) => {
  const topic = unique('source');
  const folder = await mkdtemp(path.join(tmpdir(), 'vouch-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'payload');
  await writeFile(file, Buffer.from('bytes \xff\x00\n', 'latin1'));
  const subscriber = await sub(context, '-t', topic, '-v', '-C', '8');
  await pub(context, '-t', topic, '-m', '-5 text');
  await pub(context, '-t', topic, '-n');
  await pub(context, '-t', topic, '-f', file);
  const input = start(context, 'pub', '-t', topic, '-s').input('all\nof it\n');
  assert.equal((await input.end()).code, 0);
  const lines = start(context, 'pub', '-t', topic, '-l', '-q', '1').input(
    Buffer.from('one\n\nthree\r\nl\xffst', 'latin1'),
  );
  assert.equal((await lines.end()).code, 0);
  assert.equal(
    printed(await subscriber.end()),
    ['-5 text', '(null)', 'bytes \xff\x00\n', 'all\nof it\n', 'one', '(null)', 'three\r', 'l\xffst']
      .map((payload) => `${topic} ${payload}\n`)
      .join(''),
  );
});

test('twenty thousand lines arrive once and in order with QoS 2, and pub ends when all are acknowledged', async (context) => {
  const topic = unique('lines');
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join('');
  const subscriber = await sub(context, '-t', topic, '-q', '2', '-C', '20000');
  const publisher = start(context, 'pub', '-t', topic, '-q', '2', '-l').input(lines);
  assert.deepEqual(await publisher.end(), { code: 0, stdout: Buffer.alloc(0), stderr: '' });
  assert.equal(printed(await subscriber.end()), lines);
});

test('lines are published as they come, before the input ends', async (context) => {
  const topic = unique('live');
  const subscriber = await sub(context, '-t', topic);
  const publisher = start(context, 'pub', '-t', topic, '-l');
  publisher.child.stdin.write('first\nsec');
  await subscriber.prints('first\n');
  publisher.child.stdin.write('ond\n');
  await subscriber.prints('second\n');
  publisher.input('');
  assert.equal((await publisher.end()).code, 0);
  assert.equal(printed(await subscriber.signal('SIGINT').end()), 'first\nsecond\n');
});

test('what is printed is as asked: -N, -F, -T, -R', async (context) => {
  const topic = unique('format');
  await pub(context, '-t', `${topic}/kept`, '-m', 'kept', '-r', '-q', '1');
  const [bare, formatted] = await Promise.all([
    sub(context, '-t', `${topic}/#`, '-N', '-C', '2', '-R', '-T', `${topic}/+/no`),
    sub(context, '-t', `${topic}/#`, '-F', '%t %p %q %r', '-C', '4', '-q', '1'),
  ]);
  await pub(context, '-t', `${topic}/a`, '-m', 'A', '-q', '1');
  await pub(context, '-t', `${topic}/b/no`, '-m', 'B');
  await pub(context, '-t', `${topic}/c`, '-m', 'C');
  assert.equal(printed(await bare.end()), 'AC');
  assert.equal(
    printed(await formatted.end()),
    [`${topic}/kept kept 1 1`, `${topic}/a A 1 0`, `${topic}/b/no B 0 0`, `${topic}/c C 0 0`, ''].join('\n'),
  );
  await pub(context, '-t', `${topic}/kept`, '-n', '-r');
  const { code, stdout, stderr } = await start(context, 'sub', '-t', `${topic}/#`, '-W', '1').end();
  assert.deepEqual([code, stdout.length, stderr], [27, 0, 'vouch sub: Timed out after 1 s.\n']);
});

test('properties of a message are shown', async (context) => {
  const topic = unique('properties');
  const subscriber = await sub(context, '-t', topic, '-C', '1', '-F', '%C|%R|%D|%P');
  const properties = ['--content-type', 'text/plain', '--response-topic', 'r', '--correlation-data', 'c'];
  await pub(context, '-t', topic, '-m', 'x', ...properties, '--user-property', 'a=1', '--user-property', 'b=2=3');
  assert.equal(printed(await subscriber.end()), 'text/plain|r|c|a:1 b:2=3\n');
});

test('several -t, a URL with a topic, and one that is unsubscribed', async (context) => {
  const topic = unique('several');
  const url = `mqtt://${broker.host}:${broker.port}/${topic}/url`;
  const options = ['-t', `${topic}/a`, '-t', `${topic}/b`, '-C', '3'];
  const subscriber = new ClientProcess(context, ['sub', '-d', '-L', url, ...options]);
  await subscriber.says(`Subscribed to "${topic}/b"`);
  for (const part of ['a', 'b']) await pub(context, '-t', `${topic}/${part}`, '-m', part);
  assert.equal((await new ClientProcess(context, ['pub', '-L', url, '-m', 'url']).end()).code, 0);
  assert.equal(printed(await subscriber.end()), 'a\nb\nurl\n');
});

test('with -c the broker keeps what comes meanwhile, and what -C left over is not lost', async (context) => {
  const topic = unique('kept');
  const session = ['-c', '-i', unique('kept'), '-q', '2', '-t', topic];
  assert.equal((await start(context, 'sub', ...session, '-E').end()).code, 0);
  const publisher = start(context, 'pub', '-t', topic, '-q', '2', '-l').input('1\n2\n3\n4\n5\n');
  assert.equal((await publisher.end()).code, 0);
  assert.equal(printed(await start(context, 'sub', ...session, '-C', '2').end()), '1\n2\n');
  assert.equal(printed(await start(context, 'sub', ...session, '-C', '3').end()), '3\n4\n5\n');
  const rest = await start(context, 'sub', ...session, '-U', topic, '-W', '1').end();
  assert.deepEqual([rest.code, rest.stdout.length], [27, 0]);
  assert.equal((await start(context, 'sub', ...session.slice(1), '-E').end()).code, 0);
});

test('a reader that is slow is waited for, and gets everything', async (context) => {
  const topic = unique('slow');
  const subscriber = await sub(context, '-t', topic, '-q', '1', '-C', '4000');
  subscriber.child.stdout.pause();
  const line = `${'x'.repeat(999)}\n`;
  const publisher = start(context, 'pub', '-t', topic, '-q', '1', '-l').input(line.repeat(4_000));
  assert.equal((await publisher.end()).code, 0);
  subscriber.child.stdout.resume();
  assert.equal(printed(await subscriber.end()), line.repeat(4_000));
});

test('a reader that has gone ends sub with exit code 0', async (context) => {
  const topic = unique('gone');
  const subscriber = await sub(context, '-t', topic, '-q', '1');
  await pub(context, '-t', topic, '-m', 'seen', '-q', '1');
  await subscriber.prints('seen');
  subscriber.child.stdout.destroy();
  await pub(context, '-t', topic, '-m', 'unseen', '-q', '1');
  const { code } = await subscriber.end();
  assert.equal(code, 0);
});

test('Ctrl-C disconnects in good order: exit code 0, and the will is not published', async (context) => {
  const will = unique('will');
  const witness = await sub(context, '-t', will, '-C', '1');
  const options = ['-t', 'x', '--will-topic', will, '--will-payload', 'broken', '--will-qos', '1'];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const stopped = await sub(context, ...options);
    assert.equal((await stopped.signal(signal).end()).code, 0);
  }
  const killed = await sub(context, ...options);
  await killed.signal('SIGKILL').end();
  assert.equal(printed(await witness.end()), 'broken\n');
});

test('Ctrl-C ends the input of pub, which still waits for its acknowledgements', async (context) => {
  const topic = unique('stop');
  const subscriber = await sub(context, '-t', topic, '-q', '1', '-C', '1');
  const publisher = start(context, 'pub', '-t', topic, '-q', '1', '-l');
  publisher.child.stdin.write('line\n');
  assert.equal(printed(await subscriber.end()), 'line\n');
  assert.deepEqual((await publisher.signal('SIGINT').end()).code, 0);
});

test('an empty input is no message for -l, and a mistake for -s', async (context) => {
  const none = await start(context, 'pub', '-t', 'a', '-l').input('').end();
  assert.deepEqual([none.code, none.stderr], [0, '']);
  const empty = await start(context, 'pub', '-t', 'a', '-s').input('').end();
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /^vouch pub: Standard input is empty; -n publishes an empty message\.\n/);
});

test('called wrongly, it says what is wrong, with exit code 2', async (context) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['pub', '-m', 'x'], /-t TOPIC/],
    [['pub', '-t', 'a'], /-m TEXT, -n, -f FILE, -s or -l/],
    [['pub', '-t', 'a', '-m', 'x', '-l'], /-m and -l do not go together/],
    [['pub', '-t', 'a/#', '-m', 'x'], /"a\/#" is not a Topic Name/],
    [['pub', '-t', 'a', '-m', 'x', '-q', '3'], /--qos takes 0, 1 or 2; got "3"/],
    [['pub', '-t', 'a', '-m', 'x', '-V', '311', '--content-type', 'x'], /Properties need MQTT 5\.0/],
    [['pub', '-t', 'a', '-m', 'x', '-L', 'http://b'], /only mqtt:\/\//],
    [['sub'], /-t FILTER/],
    [['sub', '-t', 'a#'], /"a#" is not a topic filter/],
    [['sub', '-t', 'a', '-c'], /-c needs -i/],
    [['sub', '-t', 'a', '-F', '%z'], /after a percent sign; got "%z"/],
    [['sub', '-t', 'a', '-T', 'a#'], /"a#" is not a topic filter/],
  ];
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { code, stdout, stderr } = await new ClientProcess(context, args).end();
      assert.deepEqual([code, stdout.length], [2, 0], args.join(' '));
      assert.match(stderr, message);
      assert.match(stderr, /^vouch (pub|sub): .*\nTry "vouch \1 --help"\.\n$/s);
    }),
  );
});

test('a file that cannot be read is a failure, before anything is connected', async (context) => {
  const { code, stderr } = await start(context, 'pub', '-t', 'a', '-f', '/no/such/file').end();
  assert.deepEqual([code, stderr], [1, 'vouch pub: There is no file "/no/such/file".\n']);
});

test('where nobody listens, it says where and asks what one would ask, with exit code 1', async (context) => {
  const server = await listening(createServer());
  const port = portOf(server);
  server.close();
  for (const args of [['pub', '-m', 'x'], ['sub']]) {
    const { code, stderr } = await new ClientProcess(context, [
      ...args,
      '-t',
      'a',
      '-h',
      '127.0.0.1',
      '-p',
      port,
    ]).end();
    const name = args[0] ?? '';
    assert.equal(code, 1);
    assert.equal(stderr, `vouch ${name}: Nothing listens on 127.0.0.1, port ${port}. Is the broker running there?\n`);
  }
});

test('a broker that refuses is quoted with its reason', async (context) => {
  // CONNACK, 8 bytes; flags 00, Not authorized 87; 5 bytes of properties: Reason String 1f, 2 bytes, "no".
  const connack = Buffer.from('20080087051f00026e6f', 'hex');
  const server = await listening(createServer((socket) => socket.once('data', () => socket.end(connack))));
  context.after(() => server.close());
  const port = portOf(server);
  const { code, stderr } = await new ClientProcess(context, [
    'pub',
    '-t',
    'a',
    '-m',
    'x',
    '-h',
    '127.0.0.1',
    '-p',
    port,
  ]).end();
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^vouch pub: The broker at 127\.0\.0\.1, port \d+, refused the connection: not authorized \(0x87\)\. It says: "no"\./,
  );
});

test('a broker that ends the connection: pub tells how much was acknowledged', async (context) => {
  const door = await (await Door.hang(context)).open();
  const publisher = new ClientProcess(context, ['pub', '-l', '-q', '1', '-t', 'a', ...door.args]);
  const subscriber = await new ClientProcess(context, ['sub', '-d', '-t', 'a', ...door.args]).says('Subscribed to');
  publisher.child.stdin.write('line\n');
  await subscriber.prints('line\n');
  await door.shut();
  const { code, stderr } = await publisher.end();
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'vouch pub: 1 of 1 messages were acknowledged. The broker ended the connection: server shutting down (0x8b).\n',
  );
});

test('a broker that ends the connection: sub says so, and subscribes again when it is back', async (context) => {
  const door = await (await Door.hang(context)).open();
  const subscriber = await new ClientProcess(context, ['sub', '-d', '-t', 'a', '-C', '2', ...door.args]).says(
    'Subscribed to',
  );
  await door.publish('a', 'before');
  await subscriber.prints('before\n');
  await door.shut();
  await subscriber.says('The broker ended the connection: server shutting down (0x8b). Trying again.');
  await door.open();
  await subscriber.says('Connected again.');
  // What comes before it has subscribed again is not for it.
  const stream = setInterval(() => void door.publish('a', 'after'), 20);
  const ended = await subscriber.end();
  clearInterval(stream);
  assert.equal(printed(ended), 'before\nafter\n');
});

test('a session that was taken over is not taken back', async (context) => {
  const id = unique('twice');
  const first = await sub(context, '-t', unique('a'), '-i', id);
  const second = await sub(context, '-t', unique('a'), '-i', id);
  const { code, stderr } = await first.end();
  assert.equal(code, 1);
  assert.match(stderr, /vouch sub: The broker ended the connection: session taken over \(0x8e\)\..*\n$/);
  assert.equal((await second.signal('SIGINT').end()).code, 0);
});

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): string {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return String(address.port);
}
