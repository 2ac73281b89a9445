// The client of the trials, in a process of its own, so that its CPU time is that of one way of sending or receiving and of nothing else.
// Everything is loaded, and was done once, before a trial begins; what the one before has left behind is collected.

import { unreachable } from '../../base/assert.ts';
import type { ClientJob, ClientNews, ClientOrder, ReceiveJob, SendJob } from './process-port.ts';
import { makeReceiver } from './receivers.ts';
import { makeSender, RETRY, type Sender } from './senders.ts';

/** What the trial under way waits for. */
let goes = Promise.withResolvers<void>();
let ends = Promise.withResolvers<void>();

process.on('disconnect', () => process.exit());
process.on('message', (order: ClientOrder) => {
  switch (order.kind) {
    case 'warm-up':
      return void warmUp(order.job);
    case 'begin':
      return void (order.job.kind === 'send' ? send(order.job) : receive(order.job));
    case 'go':
      return goes.resolve();
    case 'end':
      return ends.resolve();
    default:
      return unreachable(order);
  }
});

/** A little of the same, with connections of its own. */
async function warmUp(job: ClientJob): Promise<void> {
  if (job.kind === 'send') {
    const sender = makeSender(job);
    await sender.open();
    for (let id = 0; id < (job.count ?? 1); id++) await sender.send(id, new Uint8Array(job.payloadBytes));
    await sender.close();
  } else {
    const receiver = makeReceiver(job);
    await receiver.open(() => undefined);
    await receiver.close();
  }
  globalThis.gc?.();
  goes = Promise.withResolvers<void>();
  ends = Promise.withResolvers<void>();
  say({ kind: 'warm' });
}

/** How far a trial that sends is. */
interface Progress {
  settled: number;
  settledAt: number;
  retries: number;
  isOver: boolean;
}

async function send(job: SendJob): Promise<void> {
  const progress: Progress = { settled: 0, settledAt: 0, retries: 0, isOver: false };
  const cpu = process.cpuUsage();
  const begunAt = now();
  const sender = makeSender(job);
  const deadline = pause(job.millisMax).then(() => {
    progress.isOver = true;
  });
  await Promise.race([persist(progress, () => sender.open()), deadline]);
  say({ kind: 'opened', micros: now() - begunAt });
  if (job.pauses) await goes.promise;
  const startedAt = now();
  await Promise.race([sendAll(job, sender, progress), deadline]);
  progress.isOver = true;
  const { user, system } = process.cpuUsage(cpu);
  const { settled, settledAt, retries } = progress;
  say({ kind: 'done', startedAt, settledAt, settled, retries, cpuMicros: user + system, arrivals: [] });
  await ends.promise;
  await Promise.race([sender.close(), pause(1000)]);
  say({ kind: 'closed' });
}

async function sendAll(job: SendJob, sender: Sender, progress: Progress): Promise<void> {
  const payload = new Uint8Array(job.payloadBytes).fill(0x78);
  const countMax = job.count ?? Number.POSITIVE_INFINITY;
  let next = 0;
  const sendSome = async (): Promise<void> => {
    for (let id = next++; id < countMax && !progress.isOver; id = next++) {
      await persist(progress, () => sender.send(id, payload));
      if (job.count === undefined) await turn();
      if (progress.isOver) return;
      progress.settled++;
      progress.settledAt = now();
    }
  };
  await Promise.all(Array.from({ length: Math.min(job.concurrency, countMax) }, sendSome));
}

/** Does something until it succeeds, with a delay that doubles in between. */
async function persist(progress: Progress, attempt: () => Promise<void>): Promise<void> {
  for (let delay: number = RETRY.delayMinMillis; !progress.isOver; delay = Math.min(2 * delay, RETRY.delayMaxMillis)) {
    try {
      return await attempt();
    } catch {
      progress.retries++;
      await pause(delay);
    }
  }
}

async function receive(job: ReceiveJob): Promise<void> {
  const arrivals = new Map<number, number>();
  const complete = Promise.withResolvers<void>();
  const cpu = process.cpuUsage();
  const begunAt = now();
  const receiver = makeReceiver(job);
  await receiver.open((payload) => {
    const id = Number.parseInt(payload, 10);
    if (!arrivals.has(id)) arrivals.set(id, now());
    if (arrivals.size === job.count) complete.resolve();
  });
  say({ kind: 'opened', micros: now() - begunAt });
  await goes.promise;
  const startedAt = now();
  await Promise.race([complete.promise, pause(job.millisMax)]);
  // What is still to be acknowledged or asked for is part of the price.
  await pause(20);
  const { user, system } = process.cpuUsage(cpu);
  const common = { startedAt, settledAt: now(), settled: arrivals.size, retries: 0, cpuMicros: user + system };
  say({ kind: 'done', ...common, arrivals: [...arrivals] });
  await ends.promise;
  await Promise.race([receiver.close(), pause(1000)]);
  say({ kind: 'closed' });
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function say(news: ClientNews): void {
  process.send?.(news);
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}

async function pause(millis: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, millis);
  });
}
