// The process under measure: one client, one kind of work. `bench/client.ts` starts it with an IPC channel, and a job in JSON as its
// argument; it says when it is ready, what it has received, and at the end what it has found.
//
// A run warms up, then counts messages and CPU time between two moments, then ends in order. CPU time is that of the
// whole process: garbage collection and compiling are part of the price.

import { writeNumber, numberIn, TOPIC } from './client-peer.ts';
import { type ClientName, type MeasuredClient, openMeasured, type Terms } from './client-kinds.ts';
import type { QoS } from '../src/packet/packet.ts';

/** What a run is to do. */
export interface Job extends Terms {
  readonly client: ClientName;
  readonly work: 'publish' | 'receive' | 'iterate' | 'idle';
  readonly qos: QoS;
  readonly payloadBytes: number;
  readonly warmUpMillis: number;
  readonly measureMillis: number;
  /** publish: the first so many messages are checked by a subscriber; before `go`, it is gone. */
  readonly checkedCount: number;
  /** idle: how many clients. */
  readonly idleCount: number;
}

/** What the process says. */
export type Said =
  /** publish: the checked messages are settled. receive: it is subscribed. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'received'; readonly count: number }
  | { readonly kind: 'measured'; readonly perSecond: number; readonly cpuSecondsPer100000: number }
  | { readonly kind: 'memory'; readonly residentBytes: number; readonly heapBytes: number }
  /** Every message is settled or received; how many there were. */
  | { readonly kind: 'done'; readonly count: number };

/** What it is told: the measured part may begin, or so many messages are all. */
export type Told = { readonly kind: 'go' } | { readonly kind: 'all'; readonly count: number };

/** How often a client that receives says how far it is, and looks at the clock. */
const REPORT_EVERY = 500;

function say(said: Said): void {
  process.send?.(said);
}

/** The moment of warm-up and measure, asked every so many messages. */
class Stopwatch {
  private readonly job: Job;
  private readonly startedAt: number;
  private from: { readonly at: number; readonly count: number; readonly cpu: NodeJS.CpuUsage } | undefined;
  isOver: boolean;

  constructor(job: Job) {
    this.job = job;
    this.startedAt = performance.now();
    this.from = undefined;
    this.isOver = false;
  }

  /** So many messages are done. */
  look(count: number): void {
    if (this.isOver) return;
    const at = performance.now();
    if (this.from === undefined) {
      if (at - this.startedAt >= this.job.warmUpMillis) this.from = { at, count, cpu: process.cpuUsage() };
      return;
    }
    const millis = at - this.from.at;
    if (millis < this.job.measureMillis) return;
    this.isOver = true;
    const { user, system } = process.cpuUsage(this.from.cpu);
    const done = count - this.from.count;
    say({
      kind: 'measured',
      perSecond: (done * 1000) / millis,
      cpuSecondsPer100000: ((user + system) / 1e6 / done) * 100_000,
    });
  }
}

/** Publishes with a full window, first what is checked, then by the clock. */
async function publishing(client: MeasuredClient, job: Job): Promise<void> {
  // Many times the window: a library may hold a payload of QoS 0 for a while after it has called it sent.
  const payloads = Array.from({ length: job.window * 8 }, () => Buffer.alloc(job.payloadBytes, 0x61));
  let started = 0;
  let settled = 0;
  /** Keeps the window full until `isEnough`, and waits until all are settled. */
  const run = (qos: QoS, isEnough: () => boolean, onSettled: () => void): Promise<void> =>
    new Promise((resolve, reject) => {
      let isPumping = false;
      const done = (outcome: unknown): void => {
        if (outcome instanceof Error) {
          reject(outcome);
          return;
        }
        settled++;
        onSettled();
        if (!isPumping) pump();
      };
      const pump = (): void => {
        isPumping = true;
        while (started - settled < job.window && !isEnough()) {
          const payload = payloads[started % payloads.length] as Buffer;
          writeNumber(payload, 0, started);
          started++;
          client.publish(TOPIC, payload, qos, done);
        }
        isPumping = false;
        if (started === settled && isEnough()) resolve();
      };
      pump();
    });
  await run(
    job.qos,
    () => started >= job.checkedCount,
    () => undefined,
  );
  say({ kind: 'ready' });
  await told('go');
  const stopwatch = new Stopwatch(job);
  await run(
    job.qos,
    () => stopwatch.isOver,
    () => {
      if (settled % REPORT_EVERY === 0) stopwatch.look(settled);
    },
  );
  // The answer to this one says that the broker has read all before it.
  const last = settled + 1;
  await run(
    1,
    () => started >= last,
    () => undefined,
  );
  say({ kind: 'done', count: settled });
}

/** Receives until it is told how many there were, and has them all. */
async function receiving(client: MeasuredClient, job: Job): Promise<void> {
  const { promise: all, resolve, reject } = Promise.withResolvers<void>();
  const stopwatch = new Stopwatch(job);
  let received = 0;
  let total = Infinity;
  const take = (payload: Uint8Array): void => {
    if (numberIn(payload) !== received)
      reject(new Error(`Message ${numberIn(payload)} came where ${received} was due.`));
    received++;
    if (received % REPORT_EVERY === 0) {
      say({ kind: 'received', count: received });
      stopwatch.look(received);
    }
    if (received === total) resolve();
  };
  if (job.work === 'iterate') await client.iterate(TOPIC, job.qos, take);
  else await client.receive(TOPIC, job.qos, take);
  say({ kind: 'ready' });
  const last = await told('all');
  total = last.kind === 'all' ? last.count : 0;
  if (received !== total) await all;
  say({ kind: 'done', count: received });
}

/** What a connected client that does nothing keeps in memory, its socket included. */
async function idling(job: Job): Promise<void> {
  // What the first clients of a process load and compile is not theirs.
  await closeAll(await openMany(job, 200));
  const before = await settledMemory();
  const clients = await openMany(job, job.idleCount);
  const after = await settledMemory();
  const each = (bytes: (memory: NodeJS.MemoryUsage) => number): number =>
    (bytes(after) - bytes(before)) / job.idleCount;
  say({
    kind: 'memory',
    residentBytes: each((memory) => memory.rss),
    heapBytes: each((memory) => memory.heapUsed + memory.external),
  });
  await closeAll(clients);
  say({ kind: 'done', count: clients.length });
}

async function openMany(job: Job, count: number): Promise<readonly MeasuredClient[]> {
  const clients: MeasuredClient[] = [];
  while (clients.length < count) {
    const next = Math.min(50, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: next }, () => openMeasured(job.client, job)))));
  }
  return clients;
}

async function closeAll(clients: readonly MeasuredClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

/** Memory when nothing is left to be collected, and pages that were used once are given back. */
async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  return process.memoryUsage();
}

function told(kind: Told['kind']): Promise<Told> {
  return new Promise((resolve) => {
    const onMessage = (message: Told): void => {
      if (message.kind !== kind) return;
      process.off('message', onMessage);
      resolve(message);
    };
    process.on('message', onMessage);
  });
}

async function work(job: Job): Promise<void> {
  if (job.work === 'idle') return await idling(job);
  const client = await openMeasured(job.client, job);
  if (job.work === 'publish') await publishing(client, job);
  else await receiving(client, job);
  await client.close();
}

await work(JSON.parse(process.argv[2] ?? '') as Job);
process.disconnect();
