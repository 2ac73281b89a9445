import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import { connect } from '../client/connect.ts';
import { connected, goodbye, ScriptedBroker } from '../client/scripted-broker.arbitrary.ts';
import { tellConnection, untilOver } from './connection-news.ts';

/** Listens to what is told of a client. */
function told(client: Client, hasSession: boolean): string[] {
  const lines: string[] = [];
  const say = (sentence: string): void => void lines.push(sentence);
  const log: Log = { debug: () => undefined, info: say, warn: say, error: say };
  tellConnection(client, log, hasSession);
  return lines;
}

test('a lost connection and the reason why there is no other one are told once, and that it is back', async () => {
  const { client, broker } = await connected();
  const lines = told(client, false);
  broker.door = 'shut';
  broker.cut(new Error('reset'));
  for (let attempt = 0; attempt < 5; attempt++) await broker.nextDial();
  broker.door = 'open';
  await broker.accept();
  assert.deepEqual(lines, [
    'The connection to the broker ended (reset). Trying again.',
    'Nothing listens there. Trying again.',
    'Connected again.',
  ]);
  lines.splice(0);
  broker.cut();
  assert.equal(lines.length, 1, 'the next time it is told anew');
});

test('a first connection is news only where it has failed before', async () => {
  const broker = new ScriptedBroker();
  const quiet = await connect({ startOffline: true }, broker.parts);
  const lines = told(quiet, false);
  await broker.accept();
  assert.deepEqual(lines, []);

  const other = new ScriptedBroker();
  other.door = 'shut';
  const late = await connect({ startOffline: true }, other.parts);
  const news = told(late, true);
  await other.nextDial();
  other.door = 'open';
  await other.accept();
  assert.deepEqual(news, ['Nothing listens there. Trying again.', 'Connected.']);
});

test('a session that the broker was to keep and has lost is news', async () => {
  const { client, broker } = await connected({ clean: false, clientId: 'me' });
  const lines = told(client, true);
  await broker.cut().accept(true);
  assert.match(lines.join(), /Connected again\.$/);
  lines.splice(0);
  await broker.cut().accept(false);
  assert.match(lines.join(), /The broker has lost the session/);
});

test('the last end is left to the command', async () => {
  const { client, broker } = await connected();
  const lines = told(client, false);
  const over = untilOver(client);
  broker.send(goodbye(0x8e));
  await assert.rejects(over, { code: 'connection-lost', message: /session taken over/ });
  assert.deepEqual(lines, []);
});
