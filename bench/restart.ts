// `npm run bench:restart`: how fast a broker with much to remember is back, and what it costs in memory meanwhile.
// Each row fills a fresh data directory through the broker, ends it with SIGKILL, starts it again, and measures until it
// listens (which is when everything is there).

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, startVouch } from './brokers.ts';
import { compileMqload, runMqload } from './mqload.ts';
import { residentMebibytes } from './thread-cpu.ts';
import { openClient, publishAll, publishBytes, subscribeClient } from './wire.ts';

const HELP = `Usage: npm run bench:restart -- [options]

Fills a broker, kills it, and measures how long it takes until it listens again. Needs Linux, gcc, and mqload.c in
../shared/tools. Takes some minutes and some gigabytes below the temporary folder (TMPDIR).

  --only NAMES   Of: queued, retained, owed, clients.
  --share N      The work times N; 0.01 tries it out. Default: 1.
`;

/** A broker process on a data directory. */
interface Broker {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly secondsToListen: number;
}

const folder = mkdtempSync(path.join(tmpdir(), 'vouch-restart-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'queued,retained,owed,clients' },
    share: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  const share = Number(values.share);
  const rows: { readonly [name: string]: (data: string, port: number) => Promise<string> } = {
    queued: (data, port) => queued(data, port, Math.round(20_000 * share)),
    retained: (data, port) => retained(data, port, Math.round(1_000_000 * share)),
    owed: (data, port) => owed(data, port, Math.round(5_000 * share)),
    clients: (data, port) => clients(data, port, Math.round(10_000 * share)),
  };
  for (const name of values.only.split(',')) {
    const row = rows[name];
    if (row === undefined) throw new Error(`There is no '${name}'.`);
    const data = path.join(folder, name);
    console.log(`${name}: ${await row(data, await freePort())}`);
    rmSync(data, { recursive: true, force: true });
  }
}

/** Messages that wait for one absent session. */
async function queued(data: string, port: number, perPublisher: number): Promise<string> {
  const broker = await start(data, port);
  const load = ['offline', '-P', '100', '-S', '1', '-w', '100', '-q', '1', '-s', '256', '-m', `${perPublisher}`];
  await mqload([...load, '--phase', 'store', '-p', `${port}`]);
  await kill(broker);
  const again = await start(data, port);
  const resident = residentMebibytes(again.pid);
  await mqload([...load, '--phase', 'drain', '-p', `${port}`]);
  const told = `${perPublisher * 100} queued messages: listening after ${again.secondsToListen.toFixed(2)} s, ${resident.toFixed(0)} MiB, all drained`;
  await kill(again);
  return told;
}

/** Retained messages. */
async function retained(data: string, port: number, count: number): Promise<string> {
  const broker = await start(data, port);
  await publishRetained(port, count);
  const size = mebibytesIn(data);
  await kill(broker);
  const again = await start(data, port);
  const told = `${count} retained messages: listening after ${again.secondsToListen.toFixed(2)} s, ${residentMebibytes(again.pid).toFixed(0)} MiB, ${size.toFixed(0)} MiB on disk`;
  await kill(again);
  return told;
}

/** Many absent sessions on one topic. */
async function owed(data: string, port: number, perPublisher: number): Promise<string> {
  const broker = await start(data, port);
  const before = residentMebibytes(broker.pid);
  const load = ['offline', '-P', '10', '-S', '1000', '-w', '100', '-q', '1', '-s', '256', '-m', `${perPublisher}`];
  const stored = await mqload([...load, '--phase', 'store', '-p', `${port}`]);
  const after = residentMebibytes(broker.pid);
  await kill(broker);
  const again = await start(data, port);
  const told =
    `${perPublisher * 10_000} deliveries owed to 1,000 sessions: ${stored} publishes/s, ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after; ` +
    `${mebibytesIn(data).toFixed(0)} MiB on disk; listening again after ${again.secondsToListen.toFixed(2)} s, ${residentMebibytes(again.pid).toFixed(0)} MiB`;
  await kill(again);
  return told;
}

/** Persistent clients that all come back at once. */
async function clients(data: string, port: number, count: number): Promise<string> {
  const broker = await start(data, port);
  const connectAll = async (subscribes: boolean): Promise<number> => {
    let present = 0;
    for (let from = 0; from < count; from += 500) {
      const some = Array.from({ length: Math.min(500, count - from) }, async (_, i) => {
        const client = await openClient(port, `client-${from + i}`, false);
        client.socket.on('error', () => {});
        if (client.isPresent) present++;
        if (subscribes) await subscribeClient(client.socket, `clients/${from + i}/#`);
      });
      await Promise.all(some);
    }
    return present;
  };
  await connectAll(true);
  await kill(broker);
  const killedAt = performance.now();
  const again = await start(data, port);
  const present = await connectAll(false);
  const seconds = (performance.now() - killedAt) / 1000;
  const told = `${count} persistent clients: ${present} sessions present, all back ${seconds.toFixed(2)} s after the kill (${again.secondsToListen.toFixed(2)} s until listening)`;
  await kill(again);
  return told;
}

async function publishRetained(port: number, count: number): Promise<void> {
  const { socket } = await openClient(port, 'retainer', true);
  const payload = new Uint8Array(64);
  await publishAll(socket, count, 1000, (n) =>
    publishBytes(`retained/${n % 1000}/${Math.floor(n / 1000)}`, (n % 2000) + 1, true, payload),
  );
  socket.destroy();
}

async function start(data: string, port: number): Promise<Broker> {
  const startedAt = performance.now();
  const child = await startVouch(['--port', `${port}`, '--data', data]);
  return { process: child, pid: child.pid ?? 0, secondsToListen: (performance.now() - startedAt) / 1000 };
}

async function kill(broker: Broker): Promise<void> {
  const ended = once(broker.process, 'exit');
  broker.process.kill('SIGKILL');
  await ended;
}

/** Runs mqload, and answers how many messages a second were stored. */
async function mqload(load: readonly string[]): Promise<number> {
  const compiled = compileMqload(folder);
  if ('missing' in compiled) throw new Error(compiled.missing);
  const result = await runMqload(compiled.program, load);
  if (!result.isOk) throw new Error(result.trouble);
  return Math.round(Number(result.raw['store_per_s'] ?? 0));
}

function mebibytesIn(data: string): number {
  return readdirSync(data).reduce((sum, name) => sum + statSync(path.join(data, name)).size, 0) / 2 ** 20;
}
