// `vouch bench` as a process: what it prints and writes, and how it ends.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { startLyingBroker } from '../load/lying-broker.ts';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import { startVouch } from './vouch-process.ts';

let broker: TestBroker;
before(async () => {
  broker = await startTestBroker();
});
after(() => broker.close());

test('a load is told as JSON, and as a page that needs nothing else', async (context) => {
  const args = ['pairs', broker.url, '-n', '2', '-m', '100', '-q', '2', '--json', '--html', 'report.html'];
  const bench = startVouch(context, ['bench', ...args]);
  const { code, stdout, stderr } = await bench.ended;
  assert.deepEqual([code, stderr], [0, '']);
  const { received, faults } = JSON.parse(stdout) as { readonly received: number; readonly faults: readonly string[] };
  assert.deepEqual([received, faults], [200, []]);
  const page = readFileSync(path.join(bench.folder, 'report.html'), 'utf8');
  assert.match(page, /uPlot/);
  assert.doesNotMatch(page, /<(?:script|link|img)[^>]*(?:src|href)=/);
});

test('a load is told as a table, with what was not lost', async (context) => {
  const { code, stdout } = await startVouch(context, ['bench', 'fanout', broker.url, '-n', '3', '-m', '10']).ended;
  assert.equal(code, 0);
  assert.match(stdout, /^Received +30 of 30, /m);
  assert.match(stdout, /Nothing was lost, came twice or came out of order\./);
});

test('a broker that loses messages makes the exit code 1', async (context) => {
  const liar = await startLyingBroker('drops');
  context.after(() => liar.close());
  const bench = startVouch(context, ['bench', 'pairs', liar.url, '-n', '1', '-m', '20', '--patience', '1']);
  const { code, stdout } = await bench.ended;
  assert.equal(code, 1);
  assert.match(stdout, /^2 messages were lost\.$/m);
});

test('a report that cannot be written is said before the run', async (context) => {
  const args = ['pairs', broker.url, '-t', '60', '--html', path.join('no', 'such', 'folder.html')];
  const { code, stdout, stderr } = await startVouch(context, ['bench', ...args]).ended;
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /The report cannot be written: .*no such file or directory/);
});

test('a broker that acknowledges nothing is not praised for it, on the page either', async (context) => {
  const liar = await startLyingBroker('mute');
  context.after(() => liar.close());
  const args = ['pub', liar.url, '-n', '1', '-m', '10', '--patience', '1', '--html', 'report.html'];
  const bench = startVouch(context, ['bench', ...args]);
  const { code, stdout } = await bench.ended;
  assert.equal(code, 1);
  assert.match(stdout, /^1 message was never acknowledged\.$/m);
  const page = readFileSync(path.join(bench.folder, 'report.html'), 'utf8');
  assert.match(page, /<h2>Faults<\/h2>.*1 message was never acknowledged\./s);
  assert.match(page, /Measured on \d{4}-\d\d-\d\d .* with Vouch \d/);
});

test('Ctrl-C ends a load with what is known by then', async (context) => {
  const liar = await startLyingBroker('none');
  context.after(() => liar.close());
  const bench = startVouch(context, ['bench', 'pairs', liar.url, '-n', '1', '-r', '200', '-t', '600']);
  await liar.firstMessage;
  bench.signal('SIGINT');
  const { code, stdout } = await bench.ended;
  assert.equal(code, 0);
  assert.match(stdout, /^Duration .*, stopped$/m);
});

test('what does not go together is a sentence', async (context) => {
  const { code, stderr } = await startVouch(context, ['bench', 'pairs', broker.url, '-s', '4', '--shared']).ended;
  assert.equal(code, 2);
  assert.match(stderr, /--size takes a whole number from 16/);
  assert.match(stderr, /--shared is not an option/);
});
