// The programs of examples/ do what they say: each is run as a process of its own, against a broker of its own, in an empty
// folder, and prints what stands in its last comment. They import the package by its name; the condition `vouch-source`
// of package.json leads that name to the sources here.

import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';

import { type Authorizer, createBroker, type EmbeddedBroker } from '../src/exports/broker.ts';
import { connect } from '../src/exports/client.ts';
import { endTools, Tool } from './support/tool.ts';
import { Way } from './support/way.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Nobody publishes to `secret/`. */
const AUTHORIZER: Authorizer = {
  allowsAll: false,
  allows: (_, action, topic) => !(action === 'publish' && topic.startsWith('secret/')),
};

/** A broker, a folder to run in, and what is there to be run. */
interface Stage {
  readonly broker: EmbeddedBroker;
  readonly port: number;
  readonly url: string;
  /** Runs the example, against the broker unless another port is named. */
  readonly run: (port?: number) => Tool;
  /** What its last comment says that it prints. */
  readonly output: readonly string[];
}

/** What happens to an example besides being run until it ends. The others print their output, and that is all. */
const PLAYS: Readonly<Record<string, (stage: Stage, context: TestContext) => Promise<void>>> = {
  'reconnect.ts': async ({ broker, port, run, output }, context) => {
    const relay = await Way.open(port, context);
    const program = run(relay.port);
    const [subscribed = '', lost = '', ...rest] = output;
    assert.equal(await program.line(/./), subscribed);
    relay.cut();
    assert.equal(await program.line(/./), lost);
    for (const topic of ['news/first', 'news/last']) await broker.publish(topic, '', { qos: 1 });
    relay.mend();
    assert.deepEqual(await program.end(), rest);
  },

  'outbox.ts': async ({ broker, port, url, run, output }, context) => {
    const reader = await connect(url);
    context.after(() => reader.disconnect());
    const readings = await reader.subscribe('meter/#', { qos: 2 });
    const relay = await Way.open(port, context);
    relay.cut();
    const killed = run(relay.port);
    assert.equal(await killed.line(/./), 'left by earlier runs: 0');
    assert.equal(await killed.line(/./), output[1]);
    await killed.kill();
    assert.deepEqual(await run().end(), output);
    await broker.publish('meter/end', '', { qos: 2 });
    const topics: string[] = [];
    for await (const { topic } of readings) {
      topics.push(topic);
      if (topic === 'meter/end') break;
    }
    assert.deepEqual(topics, ['meter/1/count', 'meter/1/count', 'meter/end']);
  },

  'programs/constrained-device.ts': async ({ port, url, run, output }, context) => {
    const reader = await connect(url);
    context.after(() => reader.disconnect());
    const readings = await reader.subscribe('hut/12/snow', { qos: 1 });
    const way = await Way.open(port, context);
    way.cut();
    const alone = run(way.port);
    await alone.line(/^reading 5 kept$/);
    await alone.kill();
    // Five are there, eight fit: the device drops two of the next five.
    const again = run(way.port);
    assert.equal(await again.line(/^left/), 'left by earlier runs: 5');
    await again.line(/^reading 3 kept$/);
    await again.line(/^reading 4 dropped$/);
    await again.line(/^reading 5 dropped$/);
    way.mend();
    assert.equal((await again.end()).at(-1), 'all delivered');
    const heights: number[] = [];
    for await (const { payload } of readings) {
      const { centimetres } = JSON.parse(new TextDecoder().decode(payload)) as { centimetres: number };
      if (centimetres !== heights.at(-1)) heights.push(centimetres); // QoS 1: one may come twice
      if (heights.length === 8) break;
    }
    assert.deepEqual(heights, [181, 182, 183, 184, 185, 181, 182, 183]);
    assert.deepEqual(await run().end(), output);
  },

  'exactly-once.ts': async ({ broker, run }) => {
    const first = run();
    assert.equal(await first.line(/./), 'open');
    for (let amount = 1; amount <= 100; amount++) await broker.publish('payments/a', String(amount), { qos: 2 });
    await first.line(/^sum 55$/);
    // Somewhere between a payment, its acknowledgement and the next one.
    await first.kill();
    await broker.publish('payments/last', '1000', { qos: 2 });
    const lines = await run().end();
    assert.equal(
      lines.findLast((line) => line.startsWith('sum')),
      'sum 6050',
    );
  },
};

describe('the example', { concurrency: 2 }, () => {
  after(() => endTools());

  for (const file of globSync('{,programs/}*.ts', { cwd: path.join(ROOT, 'examples') }).sort()) {
    test(`${file} does what it says`, async (context) => {
      const stage = await stageOf(file, context);
      const play = PLAYS[file];
      if (play !== undefined) return await play(stage, context);
      assert.notEqual(stage.output.length, 0, 'an example says what it prints');
      assert.deepEqual(await stage.run().end(), stage.output);
    });
  }
});

async function stageOf(file: string, context: TestContext): Promise<Stage> {
  const broker = createBroker({ authorizer: AUTHORIZER });
  context.after(() => broker.close());
  const { port, url } = await broker.listen({ port: 0 });
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-example-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const example = path.join(ROOT, 'examples', file);
  const run = (to = port): Tool => {
    const command = [process.execPath, '--conditions=vouch-source', example, `mqtt://127.0.0.1:${to}`];
    return new Tool('sh', ['-c', 'cd "$1" && shift && exec "$@"', 'sh', folder, ...command]);
  };
  return { broker, port, url, run, output: outputOf(readFileSync(example, 'utf8')) };
}

/** What follows the comment `// Output`, which may say of which circumstances. */
function outputOf(text: string): readonly string[] {
  const [, lines = ''] = text.split(/^\/\/ Output.*:\n/m);
  return lines
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace('// ', ''));
}
