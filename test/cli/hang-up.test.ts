// `vouch start` on a terminal, made by `script`: SIGHUP reads its files again while the terminal is there, and stops the broker in good
// order once it is gone, since nobody could do that any more.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { FrameSplitter } from '../../conformance/wire/frame.ts';
import { connect as connectBytes } from '../../conformance/wire/write.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
const HAS_SCRIPT = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
const SKIP = HAS_SCRIPT ? false : 'a terminal is made by script of util-linux';

/** A broker on a terminal of its own. */
interface Terminal {
  readonly port: number;
  /** What the terminal shows from now on, until it shows this. */
  shows(text: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** The terminal is gone: its window was closed. */
  vanish(): Promise<void>;
  isRunning(): boolean;
}

async function openTerminal(context: TestContext): Promise<Terminal> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-terminal-'));
  // The shell becomes the broker, and leads the session of the terminal.
  const command = `echo $$ > pid; exec '${process.execPath}' '${MAIN}' start -p 0`;
  const script: ChildProcess = spawn('script', ['-qfec', command, '/dev/null'], { cwd: folder, stdio: 'pipe' });
  const closed = once(script, 'close');
  let shown = '';
  script.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const shows = async (text: string): Promise<void> => {
    while (!shown.includes(text)) {
      const more = once(script.stdout ?? script, 'data').then(() => true);
      assert.ok(await Promise.race([more, closed.then(() => false)]), `the terminal has shown ${shown}`);
    }
  };
  await shows('Ctrl-C');
  const pid = Number(readFileSync(path.join(folder, 'pid'), 'utf8'));
  const [, port] = /mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(shown) ?? [];
  const isRunning = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  context.after(async () => {
    script.kill('SIGKILL');
    await closed;
    if (isRunning()) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });
  return {
    port: Number(port),
    shows,
    signal: (signal) => void process.kill(pid, signal),
    async vanish() {
      script.kill('SIGKILL');
      await closed;
    },
    isRunning,
  };
}

/** A client, and the types of the packets that have come for it. */
async function openClient(
  context: TestContext,
  port: number,
): Promise<{ readonly socket: Socket; readonly types: number[] }> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  context.after(() => socket.destroy());
  const types: number[] = [];
  const splitter = new FrameSplitter();
  socket.on('data', (chunk: Buffer) => types.push(...splitter.push(chunk).map(({ type }) => type)));
  socket.write(connectBytes(5, { clientId: 'a' }));
  while (types.length === 0) await once(socket, 'data');
  return { socket, types };
}

test('SIGHUP on a terminal that is there reads the files again, and the broker goes on', {
  skip: SKIP,
}, async (context) => {
  const terminal = await openTerminal(context);
  terminal.signal('SIGHUP');
  await terminal.shows('Reading the files of users, rules, keys and certificates again');
  const { types } = await openClient(context, terminal.port);
  assert.deepEqual(types, [2]);
  terminal.signal('SIGTERM');
  await terminal.shows('Stopped');
});

test('a terminal that is gone stops its broker in good order: clients hear DISCONNECT', {
  skip: SKIP,
}, async (context) => {
  const terminal = await openTerminal(context);
  const { socket, types } = await openClient(context, terminal.port);
  const ended = once(socket, 'close');
  await terminal.vanish();
  await ended;
  assert.deepEqual(types, [2, 14]);
  while (terminal.isRunning()) await wait(20);
});
