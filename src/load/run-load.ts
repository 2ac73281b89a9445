// The coordinator of a load: starts the threads, lets all of them begin in the same moment, looks at what they count, waits for what is
// on its way, and puts the result together.
//
// Invariant: a run ends by itself. Publishing ends with the count or the time; what has not come when nothing has moved for
// `patienceSeconds` is lost.

import { Worker } from 'node:worker_threads';

import { unreachable } from '../base/assert.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { hostInUrl } from '../transport/tcp/tcp-address.ts';
import { Board, Count } from './board.ts';
import { Durations } from './latencies.ts';
import { durationsOf, faultsOf, latencyOf, limitsOf, type LoadResult, type Stretch } from './load-result.ts';
import type { FlowFindings } from './flow.ts';
import { sumOf } from './load-run.ts';
import { copiesOf, type LoadPlan } from './plan.ts';
import { Seen } from './seen.ts';
import type { ThreadJob, ThreadNews, ThreadOrder, ThreadReport, ThreadSample } from './thread-port.ts';

/** What a run is handed, and tells. */
export interface LoadParts {
  /** Ends the run: what is known then is the result. */
  readonly stop: AbortSignal;
  /** Called once a stretch. */
  readonly progress: (stretch: Stretch) => void;
}

const THREAD = new URL(import.meta.url.endsWith('.ts') ? './load-thread.ts' : './load-thread.js', import.meta.url);

/** All threads begin so long after they were told, so that all were told. */
const HEAD_START_MICROS = 20_000;
const POLL_MILLIS = 10;
/** How long a run that was stopped waits for what is on its way. */
const STOPPED_PATIENCE_SECONDS = 1;
/** A run has so many stretches or a few more, where it is no longer than a minute. */
const STRETCHES = 60;

/**
 * Runs a load.
 * @throws {OperationError} where not every connection comes about, but with `conn`.
 */
export async function runLoad(plan: LoadPlan, parts: LoadParts): Promise<LoadResult> {
  const run = new Coordinator(plan, parts);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

/** One moment of the board. */
interface Snapshot {
  readonly at: number;
  readonly sent: number;
  readonly received: number;
  readonly acknowledged: number;
}

class Coordinator {
  private readonly plan: LoadPlan;
  private readonly parts: LoadParts;
  private readonly board: Board;
  private readonly workers: readonly Worker[];
  private readonly ready: Promise<void>;
  private readonly done: Promise<void>;
  private readonly reported: Promise<void>;
  private readonly sent: number[];
  private readonly reports: ThreadReport[];
  private readonly samples: ThreadSample[];
  private readonly timeline: Stretch[];
  private readonly latencies = new Durations();
  private readonly lags = new Durations();
  /** How busy each thread was, over all samples while it had something to do. */
  private readonly busySums: number[];
  private busySamples: number;
  private isDraining: boolean;
  private sampling: Promise<void> | undefined;
  private sampled: (() => void) | undefined;
  private startAt: number;
  private last: Snapshot;

  constructor(plan: LoadPlan, parts: LoadParts) {
    this.plan = plan;
    this.parts = parts;
    this.board = Board.forThreads(plan.threads);
    this.sent = [];
    this.reports = [];
    this.samples = [];
    this.timeline = [];
    this.busySums = Array.from({ length: plan.threads }, () => 0);
    this.busySamples = 0;
    this.isDraining = false;
    this.sampling = undefined;
    this.sampled = undefined;
    this.startAt = 0;
    this.last = { at: 0, sent: 0, received: 0, acknowledged: 0 };
    this.workers = Array.from({ length: plan.threads }, (_, thread) => {
      const job: ThreadJob = { plan, thread, board: this.board.memory };
      return new Worker(THREAD, { workerData: job, name: `vouch-load-${thread}` });
    });
    const ready = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const reported = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.done = done.promise;
    this.reported = reported.promise;
    const fail = (error: Error): void => {
      ready.reject(error);
      done.reject(error);
      reported.reject(error);
    };
    const waiting = { ready: plan.threads, done: plan.threads };
    for (const worker of this.workers) {
      worker.on('error', fail);
      worker.on('message', (news: ThreadNews) => {
        switch (news.kind) {
          case 'ready':
            if (--waiting.ready === 0) ready.resolve();
            return;
          case 'failed':
            return fail(new (news.isUsage ? UsageError : OperationError)(news.code, news.message));
          case 'sample':
            this.samples.push(news);
            if (this.samples.length === plan.threads) this.sampled?.();
            return;
          case 'done':
            for (const [publisher, count] of news.sent) this.sent[publisher] = count;
            if (--waiting.done === 0) done.resolve();
            return;
          case 'report':
            this.reports.push(news);
            if (this.reports.length === plan.threads) reported.resolve();
            return;
          default:
            return unreachable(news);
        }
      });
    }
    // Each is looked at where it matters; a failure is told by the first that is.
    for (const each of [this.ready, this.done, this.reported]) each.catch(() => undefined);
  }

  async run(): Promise<LoadResult> {
    const { plan, parts } = this;
    const { stop } = parts;
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener('abort', () => resolve(), { once: true });
    });
    const giveUp = stopped.then(() => {
      throw new OperationError('closed', 'Stopped before every connection was open.');
    });
    await Promise.race([this.ready, giveUp]);
    giveUp.catch(() => undefined);
    const cpu = process.cpuUsage();
    this.startAt = nowMicros() + HEAD_START_MICROS;
    this.last = { ...this.last, at: this.startAt };
    this.tell({ kind: 'go', startAt: this.startAt });
    const sampling = setInterval(() => void this.sample().catch(() => undefined), stretchMillis(plan));
    try {
      void stopped.then(() => this.tell({ kind: 'stop' }));
      if (plan.kind === 'sub') await Promise.race([stopped, pause(plan.seconds * 1000)]);
      else await this.done;
      const doneAt = nowMicros();
      // What was done until now is a sample of its own, unless it is a moment.
      if (this.busySamples === 0 || doneAt - this.last.at > stretchMillis(plan) * 500) await this.sample();
      this.isDraining = true;
      if (plan.kind === 'conn') await Promise.race([stopped, pause(plan.holdSeconds * 1000)]);
      else if (plan.kind !== 'sub') await this.drain();
      const { user, system } = process.cpuUsage(cpu);
      clearInterval(sampling);
      await this.sample();
      this.tell({ kind: 'finish', sent: Array.from(this.sent, (count) => count ?? 0) });
      await this.reported;
      return this.result(doneAt, (user + system) / 1e6);
    } finally {
      clearInterval(sampling);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private tell(order: ThreadOrder): void {
    for (const worker of this.workers) worker.postMessage(order, []);
  }

  /** Waits until everything has come, or nothing comes any more. */
  private async drain(): Promise<void> {
    const expected = this.expected();
    let received = -1;
    let movedAt = nowMicros();
    while (this.board.total(Count.received) < expected) {
      const count = this.board.total(Count.received);
      if (count !== received) movedAt = nowMicros();
      received = count;
      const patience = this.parts.stop.aborted
        ? Math.min(STOPPED_PATIENCE_SECONDS, this.plan.patienceSeconds)
        : this.plan.patienceSeconds;
      if (nowMicros() - movedAt > patience * 1e6) return;
      await pause(POLL_MILLIS);
    }
  }

  private expected(): number {
    return this.sent.reduce((sum, count) => sum + count, 0) * copiesOf(this.plan);
  }

  /** Asks every thread what it has found since the last time, and closes the stretch. */
  private sample(): Promise<void> {
    this.sampling ??= this.takeSample().finally(() => {
      this.sampling = undefined;
    });
    return this.sampling;
  }

  private async takeSample(): Promise<void> {
    const sampled = new Promise<void>((resolve) => {
      this.sampled = resolve;
    });
    this.tell({ kind: 'sample' });
    // A thread that is no more does not answer; it has said why.
    await Promise.race([sampled, this.reported]);
    const latencies = new Durations();
    const lags = new Durations();
    for (const sample of this.samples) {
      latencies.add(sample.latencies);
      lags.add(sample.lags);
      if (!this.isDraining) this.busySums[sample.thread] = (this.busySums[sample.thread] ?? 0) + sample.busy;
    }
    if (!this.isDraining) this.busySamples++;
    this.samples.length = 0;
    this.latencies.add(latencies.counts());
    this.lags.add(lags.counts());
    const now = this.snapshot();
    const stretch: Stretch = {
      at: (now.at - this.startAt) / 1e6,
      seconds: (now.at - this.last.at) / 1e6,
      sent: now.sent - this.last.sent,
      received: now.received - this.last.received,
      acknowledged: now.acknowledged - this.last.acknowledged,
      open: this.board.total(Count.open),
      latency: latencies.percentiles(),
      lag: lags.percentiles(),
    };
    this.last = now;
    this.timeline.push(stretch);
    this.parts.progress(stretch);
  }

  private snapshot(): Snapshot {
    const { board } = this;
    return {
      at: nowMicros(),
      sent: board.total(Count.sent),
      received: board.total(Count.received),
      acknowledged: board.total(Count.acknowledged),
    };
  }

  private result(doneAt: number, cpuSeconds: number): LoadResult {
    const { plan, board, timeline } = this;
    for (const { lastSample } of this.reports) {
      this.latencies.add(lastSample.latencies);
      this.lags.add(lastSample.lags);
    }
    const flows = this.flows();
    const { acknowledged, ...counts } = this.snapshot();
    const lastReceivedAt = Math.max(doneAt, ...this.reports.map((report) => report.lastReceivedAt));
    const elapsedSeconds = (lastReceivedAt - this.startAt) / 1e6;
    const troubles = addTroubles(this.reports);
    // Of a shared subscription each hears a part, so that only the sum tells.
    const expected = plan.kind === 'sub' || plan.subscribers === 0 ? undefined : this.expected();
    const durations = durationsOf(this.latencies, this.lags);
    const unsent = this.reports.reduce((sum, report) => sum + report.unsent, 0);
    const heldUp = this.reports.reduce((sum, report) => sum + report.heldUp, 0);
    const busy = Math.max(...this.busySums) / Math.max(1, this.busySamples);
    const opened = board.total(Count.open) + troubles.disconnects;
    return {
      kind: plan.kind,
      broker: brokerUrl(plan.target),
      version: plan.target.connect.version,
      publishers: plan.publishers,
      subscribers: plan.subscribers,
      connections: plan.publishers + plan.subscribers + plan.idle,
      qos: plan.qos,
      payloadBytes: plan.payloadBytes,
      rate: plan.rate,
      window: plan.window,
      threads: plan.threads,
      elapsedSeconds,
      isStopped: this.parts.stop.aborted,
      sent: counts.sent,
      acknowledged,
      received: counts.received,
      expected,
      opened,
      ...ratesOf(plan, timeline, { ...counts, acknowledged }, elapsedSeconds),
      openedPerSecond: plan.kind === 'conn' ? opened / ((doneAt - this.startAt) / 1e6) : 0,
      lost: flows.lost,
      duplicates: flows.duplicates,
      reordered: flows.reordered,
      forgiven: board.total(Count.forgiven),
      unsent,
      heldUp,
      troubles,
      complaints: this.reports.flatMap((report) => report.complaints),
      latencyOf: latencyOf(plan),
      ...durations,
      timeline,
      cpuSeconds,
      busy,
      limits: limitsOf(plan, busy, { ...durations, unsent, heldUp }),
      faults: faultsOf({ plan, flows, troubles, ...counts, acknowledged }),
    };
  }

  /** What all subscribers have found. Of a shared subscription each hears a part, so that only all together tell. */
  private flows(): FlowFindings {
    const { plan, reports } = this;
    const flows = sumOf(reports.map((report) => report.flows));
    const unsure = reports.reduce((sum, report) => sum + report.unsure, 0) * copiesOf(plan);
    if (!plan.isShared) return { ...flows, lost: Math.max(0, flows.lost - unsure) };
    const seen = new Map<number, Seen>();
    for (const [publisher, bits] of reports.flatMap((report) => report.seen)) {
      const known = seen.get(publisher) ?? new Seen();
      known.merge(bits);
      seen.set(publisher, known);
    }
    const arrived = [...seen.values()].reduce((sum, each) => sum + each.count(), 0);
    return {
      ...flows,
      arrived,
      duplicates: flows.duplicates + flows.arrived - arrived,
      lost: Math.max(0, this.expected() - arrived - unsure),
    };
  }
}

function brokerUrl({ host, port, transport }: LoadPlan['target']): string {
  const schemes = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss', unix: 'unix' } as const;
  if (transport.kind === 'unix') return `unix://${transport.path}`;
  return `${schemes[transport.kind]}://${hostInUrl(host)}:${port}${transport.path}`;
}

/** The part of a run by time that is counted: without its first moments, in which everything is warmed up, and without its last. */
function ratesOf(
  plan: LoadPlan,
  timeline: readonly Stretch[],
  all: { readonly sent: number; readonly received: number; readonly acknowledged: number },
  elapsedSeconds: number,
): Pick<LoadResult, 'sentPerSecond' | 'receivedPerSecond' | 'acknowledgedPerSecond'> {
  const warm = Math.min(1, plan.seconds / 5);
  const counted = timeline.filter(({ at, seconds }) => at - seconds >= warm && at <= plan.seconds);
  const isWhole = plan.count !== undefined || counted.length < 2;
  const sums = { sent: 0, received: 0, acknowledged: 0, seconds: 0 };
  for (const stretch of isWhole ? [{ ...all, seconds: elapsedSeconds }] : counted) {
    sums.sent += stretch.sent;
    sums.received += stretch.received;
    sums.acknowledged += stretch.acknowledged;
    sums.seconds += stretch.seconds;
  }
  return {
    sentPerSecond: sums.sent / sums.seconds,
    receivedPerSecond: sums.received / sums.seconds,
    acknowledgedPerSecond: sums.acknowledged / sums.seconds,
  };
}

function addTroubles(reports: readonly ThreadReport[]): ThreadReport['troubles'] {
  const total = { refused: 0, unexpected: 0, disconnects: 0, failures: 0, foreign: 0, resent: 0 };
  for (const { troubles } of reports) {
    total.refused += troubles.refused;
    total.unexpected += troubles.unexpected;
    total.disconnects += troubles.disconnects;
    total.failures += troubles.failures;
    total.foreign += troubles.foreign;
    total.resent += troubles.resent;
  }
  return total;
}

function stretchMillis({ seconds }: LoadPlan): number {
  return Math.max(100, Math.min(1000, (seconds * 1000) / STRETCHES));
}

/** The clock that all threads share. */
function nowMicros(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, millis);
  });
}
