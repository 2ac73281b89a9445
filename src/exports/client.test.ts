import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { createBroker } from './broker.ts';
import { type Client, type ClientOptions, connect, reasonName, topicMatcher, UsageError } from './client.ts';
import * as nodeDoor from './client.ts';
import * as browserDoor from './client-browser.ts';

/** The URL of a broker of this test. */
async function brokerFor(context: TestContext): Promise<string> {
  const broker = createBroker();
  context.after(() => broker.close());
  return (await broker.listen({ port: 0 })).url;
}

async function clientFor(context: TestContext, url: string, options?: ClientOptions): Promise<Client> {
  const client = await connect(url, options);
  context.after(() => client.disconnect());
  return client;
}

/** A caller in JavaScript. */
const connectUntyped = connect as (url?: unknown, options?: unknown) => Promise<Client>;

/** Nobody is dialled. */
const NOWHERE = 'mqtt://nowhere.invalid';

for (const version of [3, 4, 5] as const) {
  test(`through the door alone, a message goes to a broker and back, with version ${version}`, async (context) => {
    const client = await clientFor(context, await brokerFor(context), { version });
    const subscription = await client.subscribe('a/#', { qos: 2 });
    assert.deepEqual(await client.publish('a/b', 'hello', { qos: 2 }), { reasonCode: 0 });
    for await (const { topic, payload, qos } of subscription) {
      assert.deepEqual([topic, new TextDecoder().decode(payload), qos], ['a/b', 'hello', 2]);
      break;
    }
  });
}

test('with a store, a message is on disk when stored is fulfilled, and goes out with the next client', async (context) => {
  const url = await brokerFor(context);
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-client-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const options: ClientOptions = { clientId: 'meter', store: path.join(folder, 'meter') };
  // A port that is taken by nobody's broker: one's own, closed again.
  const gone = createBroker();
  const { url: nobody } = await gone.listen({ port: 0 });
  await gone.close();

  const offline = await connect(nobody, { ...options, startOffline: true });
  const delivery = offline.publish('meter/1', '4711', { qos: 2 });
  await delivery.stored;
  const rejected = assert.rejects(delivery, { code: 'closed' });
  await offline.disconnect();
  await rejected;

  const reader = await clientFor(context, url);
  const subscription = await reader.subscribe('meter/1', { qos: 2 });
  const online = await clientFor(context, url, options);
  await online.settled();
  for await (const { payload } of subscription) {
    assert.equal(new TextDecoder().decode(payload), '4711');
    break;
  }
});

test('the log that is given is told of a listener that throws', async (context) => {
  const told: string[] = [];
  const tell = (sentence: string): void => void told.push(sentence);
  const log = { debug: tell, info: tell, warn: tell, error: tell };
  const client = await connect(await brokerFor(context), { log });
  client.on('closed', () => {
    throw new Error('a bad listener');
  });
  await client.disconnect();
  assert.notDeepEqual(told, []);
});

test('an option that nobody knows is an error, with the name that may be meant', async () => {
  const cases: readonly (readonly [options: object, message: string])[] = [
    [{ username: 'a' }, '"username" is not an option of connect; did you mean userName?'],
    [{ keepalive: 60 }, '"keepalive" is not an option of connect; did you mean keepAliveSeconds?'],
    [
      { reconnect: { delayMinMilis: 1 } },
      '"reconnect.delayMinMilis" is not an option of connect; did you mean delayMinMillis?',
    ],
    [{ will: { topic: 'a', message: '' } }, '"will.message" is not an option of connect.'],
    [{ url: 'mqtt://localhost' }, '"url" is not an option of connect.'],
    [{ toString: 'a' }, '"toString" is not an option of connect.'],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(connectUntyped(NOWHERE, options), { name: 'UsageError', code: 'invalid-option', message });
  }
});

test('a value of the wrong kind is an error that says what the option takes', async () => {
  const cases: readonly (readonly [options: unknown, message: string])[] = [
    [{ clientId: 7 }, 'clientId takes a text; got 7.'],
    [{ port: '1883' }, 'port takes a number; got "1883".'],
    [{ clean: 'no' }, 'clean takes true or false; got "no".'],
    [{ password: 7 }, 'password takes a text or a Uint8Array; got something of the type number.'],
    [{ credentials: { userName: 'a' } }, 'credentials takes a function; got [object Object].'],
    [
      { authentication: { method: 'a' } },
      'authentication takes an object with a method and begin; got [object Object].',
    ],
    [{ redirects: true }, "redirects takes 'refuse', 'follow' or a function; got true."],
    [{ requestResponseInformation: 1 }, 'requestResponseInformation takes true or false; got 1.'],
    [{ will: {} }, 'will takes an object with a topic; got [object Object].'],
    [{ will: { topic: 'a', qos: 3 } }, 'will.qos takes 0, 1 or 2; got 3.'],
    [{ reconnect: 1_000 }, 'reconnect takes true, false or an object; got 1000.'],
    [{ signal: 'now' }, 'signal takes an AbortSignal; got "now".'],
    [{ userProperties: { a: '1' } }, 'userProperties takes a list of pairs of texts; got [object Object].'],
    [{ log: () => undefined }, `log takes 'silent' or an object with debug, info, warn and error; got `],
    [{ store: null }, 'store takes a text; got null.'],
    [null, 'The options are an object; got null.'],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(connectUntyped(NOWHERE, options), (error) => {
      assert.ok(error instanceof UsageError && error.code === 'invalid-option', String(error));
      assert.ok(error.message.startsWith(message), error.message);
      return true;
    });
  }
});

test('the door in browsers has the same names', () => {
  assert.deepEqual(Object.keys(browserDoor).toSorted(), Object.keys(nodeDoor).toSorted());
});

test('an option that is undefined counts as left out', async (context) => {
  const options = { clientId: undefined, will: undefined, log: undefined, signal: undefined };
  const client = await clientFor(context, await brokerFor(context), options);
  assert.equal(client.state, 'connected');
});

test('what is no URL of a broker is an error', async () => {
  for (const url of [undefined, 7, new URL('mqtt://localhost'), '', 'localhost', 'http://localhost']) {
    await assert.rejects(connectUntyped(url), { name: 'UsageError', code: 'invalid-argument' });
  }
});

test('what a caller without types hands to a client is an error of his, and nothing is sent', async (context) => {
  const client = await clientFor(context, await brokerFor(context));
  const untyped = client as unknown as Record<
    'publish' | 'subscribe' | 'unsubscribe' | 'on',
    (...args: readonly unknown[]) => unknown
  >;
  const calls: readonly (readonly [name: keyof typeof untyped, ...args: readonly unknown[]])[] = [
    ['publish', 'a', 7],
    ['publish', 'a', undefined],
    ['publish', 7, 'b'],
    ['publish', 'a', 'b', { qos: 3 }],
    ['publish', 'a', 'b', { properties: { topicAlias: 1 } }],
    ['publish', 'a', 'b', { properties: { contentType: 7 } }],
    ['publish', 'a', 'b', { properties: { correlationData: 'c' } }],
    ['publish', 'a', 'b', { properties: { userProperties: { a: '1' } } }],
    ['subscribe', []],
    ['subscribe', { topic: 'a' }],
    ['subscribe', 'a', { qos: '1' }],
    ['subscribe', 'a', { acknowledge: 'never' }],
    ['subscribe', 'a', { userProperties: { a: '1' } }],
    ['unsubscribe', [7]],
    ['on', 'message', () => undefined],
  ];
  for (const [name, ...args] of calls) {
    await assert.rejects(
      async () => await untyped[name](...args),
      (error) => error instanceof UsageError,
      `${name}(${args.map(String).join(', ')})`,
    );
  }
  assert.equal(client.state, 'connected');
  await client.publish('a', 'still there', { qos: 1 });
});

test('topics are matched, and Reason Codes put into words, without a broker', () => {
  const isPower = topicMatcher(['meter/+/power']);
  assert.deepEqual([isPower('meter/1/power'), isPower('meter/power')], [true, false]);
  assert.equal(reasonName(0x87), 'not authorized (0x87)');
});

test('scramSha256 takes a name and a password, and says what else it was given', () => {
  for (const { scramSha256 } of [nodeDoor, browserDoor]) {
    assert.equal(scramSha256('anna', Uint8Array.of(1)).method, 'SCRAM-SHA-256');
    const untyped = scramSha256 as (userName?: unknown, password?: unknown) => unknown;
    for (const given of [[], ['anna'], ['anna', 1], ['', 'x'], ['a\0', 'x'], [1, 'x']]) {
      assert.throws(() => untyped(...given), UsageError, JSON.stringify(given));
    }
  }
});
