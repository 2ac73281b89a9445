// `vouch stats` against a broker that says something of itself, and one that does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../../src/base/millis.ts';
import { createBroker } from '../../src/exports/broker.ts';
import { ClientProcess } from './client-process.ts';

test('--once tells what is known now, as a line or as JSON', async (context) => {
  const broker = createBroker();
  context.after(() => broker.close());
  const { port } = await broker.listen({ host: '127.0.0.1', port: 0 });
  const args = ['stats', '-h', '127.0.0.1', '-p', String(port), '--once'];
  const json = await new ClientProcess(context, [...args, '--json']).end();
  assert.equal(json.code, 0, json.stderr);
  const { values, rates } = JSON.parse(json.stdout.toString()) as { values: object; rates: object };
  assert.partialDeepStrictEqual(values, { 'publish/messages/received': 0, 'subscriptions/count': 0 });
  assert.partialDeepStrictEqual(rates, { messagesIn: 0 });
  const line = await new ClientProcess(context, args).end();
  assert.match(line.stdout.toString(), /^\d\d:\d\d:\d\d {2}clients \d+ .*queued 0 .*\n$/);
});

test('readings come as the broker tells them, until there were so many', async (context) => {
  const broker = createBroker({ limits: { systemTopicsInterval: millis(500) } });
  context.after(() => broker.close());
  const { port } = await broker.listen({ host: '127.0.0.1', port: 0 });
  const { code, stdout } = await new ClientProcess(context, [
    'stats',
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-C',
    '2',
    '--json',
  ]).end();
  assert.equal(code, 0);
  assert.equal(stdout.toString().trimEnd().split('\n').length, 2);
});

test('a broker that says nothing of itself is said to', async (context) => {
  const broker = createBroker({ limits: { systemTopicsInterval: millis(0) } });
  context.after(() => broker.close());
  const { port } = await broker.listen({ host: '127.0.0.1', port: 0 });
  const { code, stderr } = await new ClientProcess(context, [
    'stats',
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '--once',
  ]).end();
  assert.equal(code, 1);
  assert.match(stderr, /^vouch stats: The broker says nothing of itself: /);
});
