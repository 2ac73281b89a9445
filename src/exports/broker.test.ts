import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { MemoryStore } from '../store/memory/memory-store.ts';
import {
  type BrokerOptions,
  createBroker,
  type EmbeddedBroker,
  type Log,
  OperationError,
  UsageError,
} from './broker.ts';

function brokerFor(context: TestContext, options?: BrokerOptions): EmbeddedBroker {
  const broker = createBroker(options);
  context.after(() => broker.close());
  return broker;
}

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

async function client(context: TestContext, port: number, packets: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(bytes(packets));
  return socket;
}

/** The next packet as hex; every packet here is shorter than 128 bytes. */
async function packet(socket: Socket): Promise<string> {
  const head = await take(socket, 2);
  const body = head[1] === 0 ? Buffer.alloc(0) : await take(socket, head[1] ?? 0);
  return Buffer.concat([head, body]).toString('hex');
}

async function take(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const chunk: unknown = socket.read(count);
    if (Buffer.isBuffer(chunk)) return chunk;
    await once(socket, 'readable');
  }
}

/** The path of a data directory that is not there yet. */
function dataPath(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-embedded-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'data');
}

/** CONNECT, MQTT 3.1.1, clean session, keep-alive 60 s, client identifier "a". */
const CONNECT = '10 0d 0004 4d515454 04 02 003c 0001 61';
const CONNACK = '20020000';
/** SUBSCRIBE, id 1, filter "t", QoS 1. */
const SUBSCRIBE = '82 06 0001 0001 74 01';
const SUBACK = '9003000101';

test('a message of the embedding program reaches a subscriber', async (context) => {
  const broker = brokerFor(context);
  const { port, url } = await broker.listen({ port: 0 });
  assert.equal(url, `mqtt://127.0.0.1:${port}`);
  const socket = await client(context, port, CONNECT + SUBSCRIBE);
  assert.deepEqual([await packet(socket), await packet(socket)], [CONNACK, SUBACK]);
  assert.deepEqual(await broker.publish('t', 'hi'), { reasonCode: 0 });
  // PUBLISH, QoS 0, topic "t", payload "hi".
  assert.equal(await packet(socket), '30050001746869');
});

test('with data, a message outlives the broker; without, nothing is written', async (context) => {
  const data = dataPath(context);
  const first = createBroker({ data });
  await first.publish('t', 'hi', { qos: 1, retain: true });
  await first.close();
  const second = createBroker({ data });
  const { port } = await second.listen({ port: 0 });
  const socket = await client(context, port, CONNECT + SUBSCRIBE);
  assert.deepEqual([await packet(socket), await packet(socket)], [CONNACK, SUBACK]);
  // PUBLISH, QoS 1, retained, topic "t", id 1, payload "hi".
  assert.equal(await packet(socket), '330700017400016869');
  await second.close();
});

test('a data directory in use is an OperationError of whatever needs it, and the broker can still be closed', async (context) => {
  const data = dataPath(context);
  const owner = createBroker({ data });
  await owner.publish('t', 'hi');
  const other = createBroker({ data });
  const refusal = { name: 'OperationError', code: 'store-in-use' };
  await assert.rejects(other.listen({ port: 0 }), refusal);
  await assert.rejects(other.publish('t', 'hi'), refusal);
  await other.close();
  await owner.close();
});

test('a program whose data cannot be used hears so, and nothing of the broker keeps it from ending', () => {
  const program = `
    const { createBroker } = await import(${JSON.stringify(new URL('./broker.ts', import.meta.url).href)});
    await createBroker({ data: ${JSON.stringify(import.meta.filename)} }).listen({ port: 0 });
  `;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /OperationError: Cannot use the data directory/);
});

test('a broker that is only made touches no directory', async (context) => {
  const data = dataPath(context);
  await createBroker({ data }).close();
  assert(!existsSync(data));
});

test('a broker has one store, in a directory that can be named', () => {
  for (const data of ['', 'a\0b']) {
    assert.throws(() => createBroker({ data }), {
      name: 'UsageError',
      code: 'invalid-option',
      message: /data takes the path/,
    });
  }
  assert.throws(() => createBroker({ data: 'x', store: new MemoryStore() }), {
    name: 'UsageError',
    code: 'invalid-option',
    message: 'A broker has one store: give createBroker either data or store.',
  });
});

test('a message that nobody is subscribed to says so', async (context) => {
  assert.deepEqual(await brokerFor(context).publish('t', 'hi', { qos: 1 }), { reasonCode: 0x10 });
});

test('events tell who comes, what is published and who goes, until the listener ends them', async (context) => {
  const broker = brokerFor(context);
  const said: string[] = [];
  const { promise: gone, resolve } = Promise.withResolvers<undefined>();
  broker.on('clientConnected', (clientId, remote) => said.push(`${clientId} from ${remote.replace(/\d+$/, 'port')}`));
  broker.on('clientDisconnected', (clientId) => {
    said.push(`${clientId} gone`);
    resolve(undefined);
  });
  const end = broker.on('messagePublished', (message, clientId) => said.push(`${message.topic} by ${clientId}`));
  const { port } = await broker.listen({ port: 0 });
  const socket = await client(context, port, CONNECT);
  await packet(socket);
  // PUBLISH, QoS 1, topic "t", id 2, empty payload.
  socket.write(bytes('32 05 0001 74 0002'));
  assert.equal(await packet(socket), '40020002');
  await broker.publish('u', '');
  end();
  await broker.publish('v', '');
  // DISCONNECT.
  socket.write(bytes('e000'));
  await gone;
  assert.deepEqual(said, ['a from 127.0.0.1:port', 't by a', 'u by undefined', 'a gone']);
});

test('a listener that throws is logged, and neither the others nor the broker notice', async (context) => {
  const errors: string[] = [];
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (sentence, fields) => errors.push(`${sentence}: ${fields?.['error']}`),
  };
  const broker = brokerFor(context, { log });
  let heard = 0;
  broker.on('messagePublished', () => {
    throw new Error('mine');
  });
  broker.on('messagePublished', () => heard++);
  assert.deepEqual(await broker.publish('t', ''), { reasonCode: 0x10 });
  assert.equal(heard, 1);
  assert.deepEqual(errors, ['A listener of the embedding program threw: Error: mine']);
});

test('only loopback is listened on, unless somebody is asked or everybody is welcome', async (context) => {
  await assert.rejects(brokerFor(context).listen({ host: '0.0.0.0', port: 0 }), {
    name: 'UsageError',
    code: 'invalid-option',
    message: /give createBroker an authenticator, or allowAnonymous: true/,
  });
  await brokerFor(context, { allowAnonymous: true }).listen({ host: '0.0.0.0', port: 0 });
  const authenticator = { authenticate: () => ({ kind: 'refused', reasonCode: 0x86, detail: 'no' }) as const };
  const { port } = await brokerFor(context, { authenticator }).listen({ host: '0.0.0.0', port: 0 });
  const socket = await client(context, port, CONNECT);
  // CONNACK, return code 4: bad user name or password.
  assert.equal(await packet(socket), '20020004');
});

test('what is called wrongly is a UsageError, before anything happens', async (context) => {
  const broker = brokerFor(context);
  const cases: readonly (() => Promise<unknown>)[] = [
    () => broker.listen({ port: 70_000 }),
    () => broker.listen({ port: 1.5 }),
    () => broker.listen({ host: '' }),
    () => broker.publish('', 'x'),
    () => broker.publish('a/+', 'x'),
    () => broker.publish('t', new Uint8Array(17 * 1024 * 1024)),
    () => broker.publish('t', 'x', { properties: { contentType: 'x'.repeat(70_000) } }),
    () => broker.publish('t', 'x', { properties: { messageExpiryInterval: -1 } }),
  ];
  for (const call of cases) await assert.rejects(call(), UsageError, call.toString());
  assert.throws(() => createBroker({ limits: { receiveMaximum: 0 } }), UsageError);
  assert.throws(() => createBroker({ rules: { emptyClientIds: 'maybe' as 'refuse' } }), UsageError);
});

test('the rules of the program hold', async (context) => {
  const broker = createBroker({ rules: { dollarTopics: 'allow' } });
  context.after(() => broker.close());
  assert.deepEqual(await broker.publish('$x', 'y'), { reasonCode: 0x10 });
  await assert.rejects(brokerFor(context).publish('$x', 'y'), { code: 'rejected', reasonCode: 0x90 });
});

test('a broker obeys a file of rules; one that is wrong, or stands beside an authorizer, is a UsageError', async (context) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vouch-exports-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const rulesFile = path.join(directory, 'rules.yaml');
  writeFileSync(rulesFile, 'rules:\n  - {allow: publish, topics: b}\n');
  const { port } = await brokerFor(context, { rulesFile }).listen({ port: 0 });
  const socket = await client(context, port, CONNECT + SUBSCRIBE);
  assert.deepEqual([await packet(socket), await packet(socket)], [CONNACK, '9003000180']);
  const authorizer = { allowsAll: true, allows: () => true };
  assert.throws(() => createBroker({ rulesFile, authorizer }), {
    code: 'invalid-option',
    message: /either rulesFile or/,
  });
  assert.throws(() => createBroker({ rulesFile: '' }), { code: 'invalid-option' });
  writeFileSync(rulesFile, '');
  assert.throws(() => createBroker({ rulesFile }), {
    code: 'invalid-option',
    message: /rules.yaml:1:1: there are no rules/,
  });
});

test('the bounds of asking who clients are can be set, within theirs', async (context) => {
  brokerFor(context, { authLimits: { authFailuresMax: 3 } });
  assert.throws(() => createBroker({ authLimits: { authFailuresMax: 0 } }), {
    code: 'invalid-option',
    message: /^the limit authFailuresMax takes a whole number from 1 to/,
  });
  const strange: object = { passwordFile: 'x' };
  assert.throws(() => createBroker({ authLimits: strange }), { code: 'invalid-option' });
});

test('a listener that other machines can reach is warned of as by vouch start', async (context) => {
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, warn: (sentence: string) => void warnings.push(sentence), error() {} };
  const broker = brokerFor(context, { log, allowAnonymous: true });
  await broker.listen({ port: 0 });
  assert.deepEqual(warnings, []);
  await broker.listen({ port: 0, host: '0.0.0.0' });
  assert.deepEqual(warnings, [
    'Everybody who can reach this listener may publish and subscribe',
    'Nothing is encrypted here: passwords, tokens and messages can be read, and changed, on their way',
  ]);
});

test('a port in use is an OperationError', async (context) => {
  const broker = brokerFor(context);
  const { port } = await broker.listen({ port: 0 });
  await assert.rejects(broker.listen({ port }), { name: 'OperationError', code: 'address-in-use' });
});

test('closing ends the connections; it may be done twice; after it nothing is done any more', async (context) => {
  const broker = createBroker();
  const { port } = await broker.listen({ port: 0 });
  const socket = await client(context, port, CONNECT);
  await packet(socket);
  const closed = once(socket.resume(), 'close');
  await Promise.all([broker.close(), broker.close()]);
  await closed;
  await assert.rejects(broker.listen({ port: 0 }), { name: 'OperationError', code: 'closed' });
  await assert.rejects(broker.publish('t', ''), (error) => error instanceof OperationError && error.code === 'closed');
});

test('a broker that was never used closes at once', async () => {
  await createBroker().close();
});

test('a redirect, or a topic for responses, that is none is refused before anything is opened', () => {
  const redirect = { clients: '*', to: 'other.example', permanent: false };
  createBroker({ redirects: [redirect], busyRedirect: 'other.example:1883', responseInformation: 'replies' });
  const wrong: readonly unknown[] = [
    { redirects: redirect },
    { redirects: [{ ...redirect, to: 'mqtt://other.example' }] },
    { redirects: [{ ...redirect, permanent: undefined }] },
    { redirects: [null] },
    { busyRedirect: 'mqtt://other.example' },
    { responseInformation: 'replies/#' },
    { responseInformation: '' },
    { responseInformation: 'none' },
    { responseInformation: 7 },
  ];
  for (const options of wrong) {
    assert.throws(() => Reflect.apply(createBroker, undefined, [options]), {
      name: 'UsageError',
      code: 'invalid-option',
      message: /^(redirects|busyRedirect|responseInformation) takes /,
    });
  }
});
