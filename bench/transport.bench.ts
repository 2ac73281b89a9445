// The transport without a broker: what a chunk, a small message and an idle connection cost between two sockets.
// Run: node --expose-gc bench/transport.bench.ts
//
// The listener runs here, a generator in a process of its own; CPU time is this process's, user and system. Each message
// that arrives is laid down as a packet of its own in the output of the connection that it came from, so that K
// messages in a chunk cost K times the way through the outbox, and one write. Ratios count, not absolutes.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { NetworkConnection, NetworkHandler } from '../src/transport/contract.ts';
import { listenTcp } from '../src/transport/tcp/tcp-listener.ts';

const HOST = '127.0.0.1';
const MESSAGE_BYTES = 32;
/** Read and thrown away before the measuring begins, as a part of all. */
const WARM_UP = 0.2;
const IDLE_CONNECTIONS = 5_000;

interface Work {
  readonly connections: number;
  /** Messages that a connection sends before it waits for all of them to come back. */
  readonly window: number;
  readonly rounds: number;
}

const WORKS: readonly Work[] = [
  { connections: 500, window: 1, rounds: 300 },
  { connections: 100, window: 20, rounds: 500 },
  { connections: 100, window: 100, rounds: 500 },
  { connections: 10, window: 1000, rounds: 500 },
];

async function measure(): Promise<void> {
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, messages of ${MESSAGE_BYTES} bytes`);
  console.log('connections  window    us/chunk  us/message  messages/s');
  for (const work of WORKS) await measureEcho(work);
  await measureIdle();
}

async function measureEcho(work: Work): Promise<void> {
  const messagesMax = work.connections * work.window * work.rounds;
  const echo = new Echo();
  const listener = await listenTcp({ host: HOST, port: 0 }, (connection) => echo.handlerOf(connection));
  const generator = run('generate', listener.port, JSON.stringify(work));
  await echo.reached(messagesMax * WARM_UP);
  const { chunks, messages } = echo;
  const startedAt = performance.now();
  const before = process.cpuUsage();
  await echo.reached(messagesMax);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - startedAt) / 1000;
  const micros = user + system;
  console.log(
    [
      String(work.connections).padStart(11),
      String(work.window).padStart(7),
      (micros / (echo.chunks - chunks)).toFixed(2).padStart(11),
      (micros / (echo.messages - messages)).toFixed(3).padStart(11),
      Math.round((echo.messages - messages) / seconds)
        .toLocaleString('en')
        .padStart(11),
    ].join(' '),
  );
  await generator;
  await listener.close();
}

/** Sends every message back, one by one, and counts. */
class Echo {
  chunks = 0;
  messages = 0;
  private bytes = 0;
  private messagesAwaited = Number.POSITIVE_INFINITY;
  private wake: () => void = () => {};

  handlerOf(connection: NetworkConnection): NetworkHandler {
    return {
      receive: (bytes, start, end) => {
        for (let at = start; at < end; at += MESSAGE_BYTES) {
          const writer = connection.writer();
          writer.reserve(MESSAGE_BYTES);
          writer.raw(bytes.subarray(at, Math.min(at + MESSAGE_BYTES, end)));
          connection.wrote();
        }
        this.count(end - start);
      },
      drained() {},
      closed() {},
    };
  }

  async reached(messages: number): Promise<void> {
    this.messagesAwaited = messages;
    if (this.messages >= messages) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  private count(bytes: number): void {
    this.chunks++;
    this.bytes += bytes;
    this.messages = Math.floor(this.bytes / MESSAGE_BYTES);
    if (this.messages >= this.messagesAwaited) this.wake();
  }
}

async function measureIdle(): Promise<void> {
  const nobody: NetworkHandler = { receive() {}, drained() {}, closed() {} };
  const listener = await listenTcp({ host: HOST, port: 0 }, () => nobody);
  const before = residentBytes();
  const opener = run('idle', listener.port, String(IDLE_CONNECTIONS), () => {
    const bytes = (residentBytes() - before) / IDLE_CONNECTIONS;
    console.log(
      `${IDLE_CONNECTIONS} idle connections: ${Math.round(bytes)} bytes each (resident, after the runs above)`,
    );
  });
  await opener;
  await listener.close();
}

function residentBytes(): number {
  globalThis.gc?.();
  const kib = /^Rss:\s+(\d+)/mu.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** Runs this file in another role; `onOutput` is called when it says something. */
function run(as: string, port: number, work: string, onOutput: () => void = () => {}): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), as, String(port), work], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdout.on('data', () => {
    onOutput();
    child.stdin.end();
  });
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
}

async function generate(port: number, work: Work): Promise<void> {
  const batch = Buffer.alloc(work.window * MESSAGE_BYTES, 97);
  const runs = Array.from({ length: work.connections }, () => {
    const socket = connect({ port, host: HOST, noDelay: true });
    return new Promise<void>((resolve) => {
      let received = 0;
      let rounds = 0;
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received < batch.length) return;
        received = 0;
        rounds++;
        if (rounds < work.rounds) {
          socket.write(batch);
        } else {
          socket.end();
          resolve();
        }
      });
      socket.write(batch);
    });
  });
  await Promise.all(runs);
}

/** Opens connections, says so, and holds them until its standard input ends. */
async function openIdle(port: number, connections: number): Promise<void> {
  const sockets = [];
  for (let i = 0; i < connections; i++) {
    const socket = connect(port, HOST);
    await new Promise((resolve) => {
      socket.once('connect', resolve);
    });
    sockets.push(socket);
  }
  process.stdout.write('open\n');
  await new Promise((resolve) => {
    process.stdin.once('end', resolve).resume();
  });
  for (const socket of sockets) socket.destroy();
}

const [role, portText, workText] = process.argv.slice(2);
if (role === 'generate') await generate(Number(portText), JSON.parse(workText ?? '') as Work);
else if (role === 'idle') await openIdle(Number(portText), Number(workText));
else await measure();
