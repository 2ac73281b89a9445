// The programs of examples/ do what they say: each is run as a process of its own, against a broker of its own, in an empty
// folder, and prints what stands in its last comment. They import the package by its name; the condition `vouch-source`
// of package.json leads that name to the sources here.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as dial, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';

import { type Authorizer, createBroker, type EmbeddedBroker } from '../src/exports/broker.ts';
import { connect } from '../src/exports/client.ts';
import { endTools, Tool } from './support/tool.ts';

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
    const relay = await Relay.open(port, context);
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
    const relay = await Relay.open(port, context);
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

  for (const file of globSync('*.ts', { cwd: path.join(ROOT, 'examples') }).sort()) {
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

/** A way to the broker that can be cut. */
class Relay {
  readonly port: number;
  private readonly sockets: Set<Socket>;
  private isCut: boolean;

  private constructor(server: Server, target: number) {
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    this.port = address.port;
    this.sockets = new Set();
    this.isCut = false;
    server.on('connection', (socket) => this.connect(socket, target));
  }

  static async open(target: number, context: TestContext): Promise<Relay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const relay = new Relay(server, target);
    context.after(() => {
      relay.cut();
      server.close();
    });
    return relay;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  private connect(socket: Socket, target: number): void {
    if (this.isCut) {
      socket.destroy();
      return;
    }
    const onward = dial(target, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
