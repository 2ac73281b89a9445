// One flood beside good clients: measured before, during and after.

import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { SoakBroker } from './broker-process.ts';
import type { Echo } from './echo.ts';
import type { FloodOrder, FloodReport } from './flood-process.ts';
import { FLOODS, type FloodName } from './floods/catalogue.ts';
import type { BrokerState, GoodClients, GoodReport } from './good-clients.ts';
import type { Latency } from './latency.ts';
import { type FloodMeasure, RESIDENT_GROWTH_MAX } from './verdict.ts';

const PROCESS = path.join(import.meta.dirname, 'flood-process.ts');
/** How long what a flood left behind may take to go: a session of the takeover storm expires, sockets close. */
const SETTLE_MILLIS_MAX = 20_000;
const SAMPLE_MILLIS = 100;
const BEFORE_SECONDS_MAX = 10;

/** What to measure. */
export interface FloodPlan {
  readonly name: FloodName;
  readonly seconds: number;
  /** How long to look on before. Default: as long, but no longer than 10 s. */
  readonly secondsBefore?: number;
  /** Told what is going on. */
  readonly onProgress: (sentence: string) => void;
}

/** Who is there while a flood goes on. */
export interface Scene {
  readonly broker: SoakBroker;
  readonly good: GoodClients;
  readonly echo: Echo;
}

/** Runs one flood to its end. */
export async function runFlood(scene: Scene, plan: FloodPlan): Promise<FloodMeasure> {
  const { broker, good } = scene;
  const { name, seconds, onProgress } = plan;
  const { sentence, unit, limit, residentGrowthMax = RESIDENT_GROWTH_MAX } = FLOODS[name];
  const held = (): number => (limit === undefined ? 0 : good.heldSoFar(limit));
  onProgress(`${name}: before`);
  const calm = await measured(scene, plan.secondsBefore ?? Math.min(seconds, BEFORE_SECONDS_MAX));
  const stateBefore = good.stateNow();
  const heldBefore = held();
  onProgress(`${name}: ${sentence}`);
  const flood = new FloodProcess();
  flood.order({ kind: 'begin', name, target: broker.target, millisMax: (seconds + 30) * 1000 });
  await flood.isFlowing();
  const rough = await measured(scene, seconds);
  flood.order({ kind: 'stop' });
  const count = await flood.countInTheEnd();
  onProgress(`${name}: after`);
  await settled(scene, stateBefore);
  return {
    name,
    sentence,
    unit,
    count,
    seconds,
    before: calm.report,
    during: rough.report,
    echoBefore: calm.echo,
    echoDuring: rough.echo,
    coresBefore: calm.cores,
    coresDuring: rough.cores,
    residentBefore: calm.resident,
    residentPeak: rough.residentPeak,
    residentAfter: broker.isRunning() ? broker.residentBytes() : 0,
    residentGrowthMax,
    stateBefore,
    stateAfter: good.stateNow(),
    limit,
    held: held() - heldBefore,
    isDown: !broker.isRunning(),
  };
}

/** A flood's process, as its parent sees it. */
class FloodProcess {
  private readonly child: ChildProcess;
  private readonly flowing: PromiseWithResolvers<void>;
  private readonly over: PromiseWithResolvers<number>;

  constructor() {
    this.child = fork(PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.flowing = Promise.withResolvers();
    this.over = Promise.withResolvers();
    this.child.on('message', (report: FloodReport) => {
      if (report.kind === 'flowing') this.flowing.resolve();
      else this.over.resolve(report.count);
    });
    this.child.once('exit', () => {
      this.flowing.resolve();
      this.over.resolve(0);
    });
  }

  order(what: FloodOrder): void {
    if (this.child.connected) this.child.send(what);
  }

  /** Waits until it has done something, or has ended. */
  isFlowing(): Promise<void> {
    return this.flowing.promise;
  }

  /** Waits for its end; 0: it has ended without a word. */
  countInTheEnd(): Promise<number> {
    return this.over.promise;
  }
}

/** Waits until the broker says that it holds what it held before, but not for ever. */
async function settled({ broker, good }: Scene, before: BrokerState): Promise<void> {
  const startedAt = performance.now();
  const isSettled = (): boolean => good.wasToldSince(startedAt + SAMPLE_MILLIS) && isSame(good.stateNow(), before);
  while (broker.isRunning() && !isSettled() && performance.now() - startedAt < SETTLE_MILLIS_MAX) {
    await wait(SAMPLE_MILLIS);
  }
}

function isSame<T extends object>(one: T, other: T): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

interface Stretch {
  readonly report: GoodReport;
  readonly echo: Latency;
  readonly cores: number;
  readonly resident: number;
  readonly residentPeak: number;
}

/** Measures a stretch of time. */
async function measured({ broker, good, echo }: Scene, seconds: number): Promise<Stretch> {
  good.reset();
  echo.reset();
  const startedAt = performance.now();
  const cpuAtStart = broker.cpuSeconds();
  let resident = broker.residentBytes();
  let residentPeak = resident;
  while (performance.now() - startedAt < seconds * 1000) {
    await wait(SAMPLE_MILLIS);
    if (!broker.isRunning()) break;
    resident = broker.residentBytes();
    residentPeak = Math.max(residentPeak, resident);
  }
  const elapsed = (performance.now() - startedAt) / 1000;
  const cores = broker.isRunning() ? (broker.cpuSeconds() - cpuAtStart) / elapsed : 0;
  return { report: good.report(), echo: echo.report(), cores, resident, residentPeak };
}
