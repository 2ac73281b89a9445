import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { OperationError, UsageError } from '../base/errors.ts';
import { SILENT_LOG } from '../base/log.ts';
import { askBroker, askOne } from './control-client.ts';
import { type ControlTarget, openControlSocket } from './control-server.ts';

function folder(context: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'vouch-control-'));
  context.after(() => rmSync(made, { recursive: true }));
  return made;
}

/** Opens a socket for the test; returns its path. */
async function open(context: TestContext, answer: ControlTarget['answer']): Promise<string> {
  const socket = await openControlSocket(path.join(folder(context), 'control.sock'), { answer }, SILENT_LOG);
  context.after(() => socket.close());
  return socket.path;
}

/** Sends bytes, and yields everything that comes until the other side has had enough. */
async function send(socketPath: string, ...chunks: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect(socketPath);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  // A reset is an end like any other.
  socket.on('error', () => {});
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('close', () => resolve());
  for (const chunk of chunks) socket.write(chunk);
  await closed;
  return text;
}

const GET = (target: string): string => `GET ${target} HTTP/1.1\r\nhost: v\r\nconnection: close\r\n\r\n`;

test('the socket is for its owner alone, and the process makes files as before', async (context) => {
  const where = folder(context);
  const modeOf = (name: string): number => statSync(name).mode & 0o777;
  const [before, after] = [path.join(where, 'before'), path.join(where, 'after')];
  writeFileSync(before, '');
  const socketPath = await open(context, () => []);
  writeFileSync(after, '');
  assert.equal(modeOf(socketPath), 0o600);
  assert.equal(modeOf(after), modeOf(before));
});

test('a socket that was left behind is replaced; one that answers, and what is no socket, is not', async (context) => {
  const where = folder(context);
  const stale = path.join(where, 'stale.sock');
  const dead = createServer().listen(stale);
  await once(dead, 'listening');
  // As a killed process leaves it: the file stays when it is hidden from whoever closes.
  renameSync(stale, `${stale}.kept`);
  dead.close();
  await once(dead, 'close');
  renameSync(`${stale}.kept`, stale);
  const socket = await openControlSocket(stale, { answer: () => [] }, SILENT_LOG);
  const inUse = { code: 'address-in-use' };
  await assert.rejects(openControlSocket(stale, { answer: () => [] }, SILENT_LOG), inUse);
  const file = path.join(where, 'file');
  writeFileSync(file, 'x');
  await assert.rejects(openControlSocket(file, { answer: () => [] }, SILENT_LOG), inUse);
  await socket.close();
  assert.throws(() => statSync(stale), { code: 'ENOENT' });
  const nowhere = path.join(where, 'none', 'control.sock');
  await assert.rejects(openControlSocket(nowhere, { answer: () => [] }, SILENT_LOG), { code: 'address-unavailable' });
  const long = path.join(where, 'x'.repeat(100));
  await assert.rejects(openControlSocket(long, { answer: () => [] }, SILENT_LOG), /has at most 103 bytes/);
});

test('rows come as they are made; what was asked cannot be is told as what it is', async (context) => {
  const socketPath = await open(context, ({ kind, question }) => {
    if (kind === 'client') throw new OperationError('not-found', 'Nobody is there.');
    if (kind === 'queue') throw new UsageError('invalid-argument', 'It cannot be asked.');
    if (kind === 'kick') throw new Error('a bug');
    return [question, undefined, { n: 2 }];
  });
  const rows: unknown[] = [];
  for await (const row of askBroker(socketPath, 'retained', { filter: 'ä/+\r\n', limit: 3, payload: true }))
    rows.push(row);
  assert.deepEqual(rows, [{ filter: 'ä/+\r\n', limit: 3, payload: true }, { n: 2 }]);
  await assert.rejects(askOne(socketPath, 'client', { id: 'x' }), { code: 'not-found', message: 'Nobody is there.' });
  await assert.rejects(askOne(socketPath, 'queue', { id: 'x', limit: 1, payload: false }), { name: 'UsageError' });
  await assert.rejects(askOne(socketPath, 'kick', { id: 'x', reason: undefined }), /A bug in Vouch/);
  assert.deepEqual(await askOne(socketPath, 'cancel-drain', {}), {}, 'and it goes on');
});

test('an answer that cannot be finished is cut off, and whoever reads it hears so', async (context) => {
  const socketPath = await open(context, async function* () {
    yield* Array.from({ length: 1_000 }, (_, n) => ({ n }));
    await setImmediate();
    throw new Error('half way');
  });
  let count = 0;
  const reading = async (): Promise<void> => {
    for await (const _ of askBroker(socketPath, 'retained', { filter: '#', limit: undefined, payload: false })) count++;
  };
  await assert.rejects(reading(), { code: 'broker-unreachable' });
  assert.ok(count >= 500 && count <= 1_000);
});

test('a long answer is made in slices, no faster than it is read, and not at all once nobody reads', async (context) => {
  let made = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const socketPath = await open(context, function* () {
    try {
      for (;;) yield { n: made++, text: 'x'.repeat(1_000) };
    } finally {
      end();
    }
  });
  const socket = connect(socketPath);
  socket.write(GET('/v1/sessions'));
  await once(socket, 'readable');
  let seen = -1;
  // What the system's buffers hold is made, and then it waits.
  while (seen !== made) {
    seen = made;
    for (let turns = 0; turns < 200; turns++) await setImmediate();
  }
  assert.ok(made < 20_000, `${made} rows for nobody`);
  socket.destroy();
  await ended;
});

test('garbage, half a question, a question that is too long, and one with a body are refused, and nothing is done', async (context) => {
  let asked = 0;
  const socketPath = await open(context, () => {
    asked++;
    return [];
  });
  assert.match(await send(socketPath, '\0\x01\x02garbage\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(await send(socketPath, `\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0`), /^HTTP\/1\.1 400 /);
  assert.match(await send(socketPath, GET(`/v1/client?id=${'x'.repeat(600_000)}`)), /^HTTP\/1\.1 431 /);
  const body = 'POST /v1/stop HTTP/1.1\r\nhost: v\r\n';
  assert.match(await send(socketPath, `${body}content-length: 1000000\r\n\r\nxxx`), /^HTTP\/1\.1 413 /);
  assert.match(await send(socketPath, `${body}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n`), /^HTTP\/1\.1 413 /);
  for (const target of ['/v1/../etc', '/v1/', '/v2/clients', '//v1/clients', '/v1/clients/x', '/v1/toString', '*']) {
    assert.match(await send(socketPath, GET(target)), /^HTTP\/1\.1 40[04] /, target);
  }
  assert.match(await send(socketPath, GET('/v1/stop')), /^HTTP\/1\.1 405 /, 'what changes something is not got');
  const half = connect(socketPath);
  half.write('POST /v1/stop HTTP/1.1\r\nho');
  await once(half, 'connect');
  half.destroy();
  assert.equal(asked, 0);
  assert.match(await send(socketPath, GET('/')), /^HTTP\/1\.1 200 /);
  assert.equal(asked, 1);
});

test('where nobody listens, the sentence says what to look for', async (context) => {
  const where = folder(context);
  const missing = path.join(where, 'control.sock');
  await assert.rejects(
    askOne(missing, 'stop', {}),
    /there is no such socket\. Is it running, with this data directory\?/,
  );
  writeFileSync(missing, '');
  await assert.rejects(askOne(missing, 'stop', {}), { code: 'broker-unreachable' });
});
