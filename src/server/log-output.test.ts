import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Log } from '../base/log.ts';
import { openLogOutput, showFields } from './log-output.ts';
import { LogSink } from './log-sink.ts';

interface Target {
  readonly descriptor: number;
  readonly lines: () => readonly string[];
}

function target(context: TestContext): Target {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-log-'));
  const file = path.join(folder, 'log');
  const descriptor = openSync(file, 'w');
  context.after(() => {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
  return { descriptor, lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

/** What a log that is written to by `say` comes to. */
async function written(context: TestContext, isPretty: boolean, say: (log: Log) => void): Promise<readonly string[]> {
  const { descriptor, lines } = target(context);
  const output = await openLogOutput({ level: 'info', isPretty, isColored: false, descriptor });
  say(output.log);
  await output.close(5000);
  return lines();
}

test('JSON lines have the level, the time, the facts and the sentence, in the order in which they were said', async (context) => {
  const lines = await written(context, false, (log) => {
    log.debug('below the level');
    for (let i = 0; i < 1000; i++) log.info('Said', { i, absent: undefined });
    log.error('Failed', { reason: 'x' });
  });
  const facts = lines.map((line): unknown => JSON.parse(line));
  assert.equal(facts.length, 1001);
  facts.slice(0, 1000).forEach((fact, i) => {
    assert(typeof fact === 'object' && fact !== null && 'time' in fact && typeof fact.time === 'string');
    assert(!Number.isNaN(Date.parse(fact.time)));
    assert.deepEqual({ ...fact, time: '' }, { level: 'info', time: '', i, msg: 'Said' });
  });
});

test('lines for people have the time, the level, the sentence and the facts', async (context) => {
  const [line = ''] = await written(context, true, (log) => {
    log.info('Client connected', { clientId: 'a b', remote: '127.0.0.1:5', count: 3, absent: undefined });
  });
  assert.match(
    line,
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: Client connected {2}clientId="a b" remote=127\.0\.0\.1:5 count=3$/,
  );
});

test('threat 65: no client can move the cursor, change colours or begin a line of its own', async (context) => {
  const evil = 'a\u001b[2J\r\nERROR: fake\u009b31m\u202e\u2028\u200f\u061c\u2066';
  for (const isPretty of [true, false]) {
    const lines = await written(context, isPretty, (log) => log.warn(`Said ${evil}`, { clientId: evil }));
    assert.equal(lines.length, 1);
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about.
    assert.doesNotMatch(lines[0] ?? '', /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
    if (isPretty) continue;
    const fact: unknown = JSON.parse(lines[0] ?? '');
    assert(typeof fact === 'object' && fact !== null && 'clientId' in fact);
    assert.equal(fact.clientId, evil);
  }
});

test('facts are quoted where that is needed to tell where they end', () => {
  assert.equal(showFields({ topic: 'a/#', name: '', user: 'x=y' }), 'topic=a/# name="" user="x=y"');
});

test('text and log lines leave in the order in which they came', async (context) => {
  const { descriptor, lines } = target(context);
  const output = await openLogOutput({ level: 'info', isPretty: true, isColored: false, descriptor });
  output.log.info('one');
  output.write('two\n');
  output.log.info('three');
  await output.close(5000);
  assert.deepEqual(
    lines().map((line) => line.replace(/^.*: /, '')),
    ['one', 'two', 'three'],
  );
});

test('a sink whose reader is gone takes lines and says nothing', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-log-'));
  // Open for reading only: every write fails.
  const file = openSync(path.join(folder, 'log'), 'w');
  closeSync(file);
  const descriptor = openSync(path.join(folder, 'log'), 'r');
  const sink = new LogSink(descriptor);
  sink.write('one\n');
  await sink.close(5000);
  sink.write('two\n');
  sink.closeNow();
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

test('lines past the bound are counted, and the loss is told', async (context) => {
  const { descriptor, lines } = target(context);
  const output = await openLogOutput({ level: 'info', isPretty: false, isColored: false, descriptor });
  const long = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 8; i++) output.log.info(long);
  // The disk takes what waits; then there is room again.
  await nextTurn();
  while (!lines().at(-1)?.includes('"msg":"room"')) {
    output.log.info('room');
    await nextTurn();
  }
  await output.close(5000);
  const told = lines().find((line) => line.includes('Log lines were lost'));
  assert.match(told ?? '', /"level":"warn".*"lines":\d+/);
});
