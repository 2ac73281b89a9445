// `vouch rr` against a broker, and answers of all sorts.

import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';

import { type Client, connect } from '../../src/exports/client.ts';
import { startLyingBroker } from '../load/lying-broker.ts';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { ClientProcess, type Ended } from './client-process.ts';

let broker: TestBroker;
let responder: Client;

before(async () => {
  broker = await startTestBroker();
  responder = await connect(broker.url);
});

after(async () => {
  await responder.disconnect();
  await broker.close();
});

function rr(context: TestContext, ...args: readonly string[]): Promise<Ended> {
  const place = args.includes('-L') ? [] : ['-h', broker.host, '-p', String(broker.port)];
  return new ClientProcess(context, ['rr', ...place, ...args]).end();
}

function printed({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, stderr);
  return stdout.toString('utf8');
}

test('the response to a request is printed', async (context) => {
  const topic = unique('request');
  await responder.respond(topic, ({ payload }) => `{"to":"${Buffer.from(payload).toString()}"}`);
  assert.equal(printed(await rr(context, '-t', topic, '-m', 'a', '-q', '1')), '{"to":"a"}\n');
  assert.equal(printed(await rr(context, '-t', topic, '-n', '--encoding', 'json')), '{\n  "to": ""\n}\n');
  const there = await rr(context, '-t', topic, '-m', 'b', '-e', `${topic}/answer`, '-F', '%t %q %p');
  assert.equal(printed(there), `${topic}/answer 0 {"to":"b"}\n`);
});

test('where the place is agreed on, a response without Correlation Data counts, and that to another request does not', async (context) => {
  const topic = unique('agreed');
  const properties = { correlationData: Buffer.from('of another') };
  await responder.subscribe(topic, {
    onMessage: async () => {
      await responder.publish(`${topic}/answer`, 'wrong', { properties });
      await responder.publish(`${topic}/answer`, 'right');
    },
  });
  assert.equal(printed(await rr(context, '-t', topic, '-n', '-e', `${topic}/answer`)), 'right\n');
  assert.equal(printed(await rr(context, '-t', topic, '-n', '-e', `${topic}/answer`, '-V', '311')), 'wrong\n');
});

test('without a response the exit code is 27', async (context) => {
  const { code, stdout, stderr } = await rr(context, '-t', unique('nobody'), '-n', '-W', '0.3');
  assert.deepEqual([code, stdout.length], [27, 0]);
  assert.match(stderr, /^vouch rr: No response to the request to "nobody-.*" came within 0\.3 s\.\n$/);
});

test('a broker that does not answer SUBSCRIBE is not waited for any longer', async (context) => {
  const liar = await startLyingBroker('grants nothing');
  context.after(() => liar.close());
  const { code, stderr } = await rr(context, '-L', liar.url, '-t', 'a', '-n', '-e', 'b', '-W', '0.3');
  assert.deepEqual([code, stderr], [27, 'vouch rr: No response came to "b" within 0.3 s.\n']);
});

test('a response that nobody reads any more keeps nobody waiting', async (context) => {
  const topic = unique('unread');
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await responder.respond(topic, async () => {
    asked.resolve();
    await go.promise;
    return 'too late';
  });
  const client = new ClientProcess(context, ['rr', '-L', broker.url, '-t', topic, '-n']);
  await asked.promise;
  client.child.stdout.destroy();
  go.resolve();
  assert.deepEqual((await client.end()).code, 0);
});

test('what makes no request is refused', async (context) => {
  for (const [line, said] of [
    ['-n', /Say where the request goes/],
    ['-t a', /Say what to ask/],
    ['-t a -n -m x', /-m and -n do not go together/],
    ['-t a -n -V 311', /Say where the response comes/],
  ] as const) {
    const { code, stderr } = await rr(context, ...line.split(' '));
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
});
