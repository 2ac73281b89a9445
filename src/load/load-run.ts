// One thread's share of a load: opens its connections, pumps its publishers, and says what it has found. Who does what when is said by
// the coordinator; what is done in between is driven by what the broker sends, and by a tick.

import { performance } from 'node:perf_hooks';

import { unreachable } from '../base/assert.ts';
import { OperationError } from '../base/errors.ts';
import type { Dial } from '../client/parts.ts';
import { Board, Count } from './board.ts';
import { type Credit, PairCredit, SharedCredit, UNLIMITED } from './credit.ts';
import type { FlowFindings } from './flow.ts';
import { IdleConnections } from './idle-connections.ts';
import { LoadConnection } from './load-connection.ts';
import { copiesOf, isPaired, type LoadPlan, shareOf } from './plan.ts';
import { type LoadContext, Publisher } from './publisher.ts';
import { SharedFlows, Subscriber } from './subscriber.ts';
import { Tally } from './tally.ts';
import type { ThreadJob, ThreadNews, ThreadOrder, ThreadReport, ThreadSample } from './thread-port.ts';

/** With a timetable, or where credit comes back in another thread. */
const FAST_TICK_MILLIS = 1;
const SLOW_TICK_MILLIS = 20;
/** Every connection is shown to be alive so often, or twice in the shortest Keep Alive that holds. */
const PING_MILLIS_MAX = 20_000;
/** For SUBACK. */
const SUBSCRIBE_MILLIS_MAX = 30_000;
/** How long the last bytes may take to leave. */
const GOODBYE_MILLIS = 200;

/** A thread's work. */
export class LoadRun {
  private readonly plan: LoadPlan;
  private readonly context: LoadContext;
  private readonly dial: Dial;
  private readonly say: (news: ThreadNews) => void;
  private readonly publishers: Publisher[];
  private readonly subscribers: Subscriber[];
  private readonly idle: IdleConnections;
  private readonly credits: Credit[];
  private readonly shared: SharedFlows | undefined;
  private timers: NodeJS.Timeout[];
  private pinging: NodeJS.Timeout | undefined;
  private pingMillis: number;
  private spinning: NodeJS.Immediate | undefined;
  private state: 'opening' | 'ready' | 'running' | 'done' | 'over';
  private usedSince: ReturnType<typeof performance.eventLoopUtilization>;
  private lastCount: number;
  private lastMoveAt: number;

  constructor({ plan, thread, board }: ThreadJob, dial: Dial, say: (news: ThreadNews) => void) {
    const offset = Number(process.hrtime.bigint()) / 1e3 - performance.now() * 1e3;
    this.plan = plan;
    this.context = {
      plan,
      thread,
      board: new Board(board),
      tally: new Tally(),
      now: () => offset + performance.now() * 1e3,
    };
    this.dial = dial;
    this.say = say;
    this.credits = [];
    this.publishers = [];
    this.subscribers = [];
    this.idle = new IdleConnections(this.context, dial, (keepAlive) => this.pingWithin(keepAlive));
    this.shared = plan.isShared ? new SharedFlows() : undefined;
    this.timers = [];
    this.pinging = undefined;
    this.pingMillis = PING_MILLIS_MAX;
    this.spinning = undefined;
    this.state = 'opening';
    this.usedSince = performance.eventLoopUtilization();
    this.lastCount = 0;
    this.lastMoveAt = 0;
    this.castRoles();
  }

  /** Does as it is told. */
  obey(order: ThreadOrder): void {
    switch (order.kind) {
      case 'go':
        return this.go(order.startAt);
      case 'sample':
        return this.say(this.sample());
      case 'stop':
        this.idle.stop();
        for (const publisher of this.publishers) publisher.stop();
        return;
      case 'finish':
        return void this.finish(order.sent);
      default:
        return unreachable(order);
    }
  }

  /** Opens every connection but those of `conn`, so many at a time. */
  async open(): Promise<void> {
    this.pingWithin(0);
    const work: (() => Promise<void>)[] = [
      ...this.subscribers.map((each) => () => this.openSubscriber(each)),
      ...this.publishers.map((each) => () => this.openPublisher(each)),
    ];
    let next = 0;
    const openSome = async (): Promise<void> => {
      for (let at = next++; at < work.length; at = next++) await work[at]?.();
    };
    await Promise.all(Array.from({ length: this.plan.opening }, openSome));
    this.state = 'ready';
    this.say({ kind: 'ready' });
  }

  private castRoles(): void {
    const { plan, context } = this;
    const { thread, board } = context;
    const shared = plan.ahead === undefined ? UNLIMITED : this.sharedCredit(board, plan.ahead);
    const pumpAll = (now: number): void => {
      for (const publisher of this.publishers) publisher.pump(now);
    };
    if (isPaired(plan)) {
      for (const index of shareOf(thread, plan.threads, plan.publishers)) {
        const credit = plan.ahead === undefined ? UNLIMITED : new PairCredit(plan.ahead);
        const publisher = new Publisher(index, context, credit);
        this.credits.push(credit);
        this.publishers.push(publisher);
        this.subscribers.push(new Subscriber(index, context, credit, (now) => publisher.pump(now)));
      }
      return;
    }
    this.credits.push(shared);
    for (const index of shareOf(thread, plan.threads, plan.publishers)) {
      this.publishers.push(new Publisher(index, context, shared));
    }
    for (const index of shareOf(thread, plan.threads, plan.subscribers)) {
      this.subscribers.push(new Subscriber(index, context, shared, pumpAll, this.shared));
    }
  }

  private sharedCredit(board: Board, ahead: number): Credit {
    const copies = copiesOf(this.plan);
    return copies === 0 ? UNLIMITED : new SharedCredit(board, copies, ahead * this.plan.publishers);
  }

  private async openSubscriber(subscriber: Subscriber): Promise<void> {
    const { connection } = await this.connect(`s${subscriber.index}`, subscriber);
    const impatience = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const seconds = SUBSCRIBE_MILLIS_MAX / 1000;
      impatience.reject(new OperationError('timed-out', `The broker did not answer SUBSCRIBE within ${seconds} s.`));
    }, SUBSCRIBE_MILLIS_MAX);
    const problem = await Promise.race([subscriber.opened(connection), impatience.promise]);
    clearTimeout(timer);
    if (problem !== undefined) throw new OperationError('rejected', problem);
  }

  private async openPublisher(publisher: Publisher): Promise<void> {
    const { connection, receiveMaximum } = await this.connect(`p${publisher.index}`, publisher);
    publisher.opened(connection, receiveMaximum);
  }

  private async connect(name: string, role: Publisher | Subscriber): ReturnType<typeof LoadConnection.open> {
    const { plan, board, thread } = this.context;
    const opened = await LoadConnection.open(this.dial, plan.target, clientIdOf(plan, name), role);
    board.add(thread, Count.open, 1);
    this.pingWithin(opened.keepAliveSeconds);
    return opened;
  }

  private go(startAt: number): void {
    const { plan } = this;
    this.state = 'running';
    this.lastMoveAt = this.context.now();
    for (const publisher of this.publishers) publisher.start(startAt);
    if (plan.kind === 'conn') void this.idle.open(startAt);
    const isFast = plan.rate !== undefined || (plan.threads > 1 && !isPaired(plan));
    this.timers = [setInterval(() => this.tick(), isFast ? FAST_TICK_MILLIS : SLOW_TICK_MILLIS)];
    // A timer is a millisecond late, which latencies would show.
    if (plan.kind === 'latency') this.spin();
    this.tick();
  }

  private spin(): void {
    this.spinning = setImmediate(() => {
      this.pumpAll();
      if (this.state === 'running') this.spin();
    });
  }

  private pumpAll(): void {
    const now = this.context.now();
    for (const publisher of this.publishers) publisher.pump(now);
  }

  private tick(): void {
    if (this.state !== 'running') return;
    this.pumpAll();
    this.forgiveIfStalled();
    const isDone = this.plan.kind === 'conn' ? this.idle.isDone : this.publishers.every((each) => each.isDone);
    if (!isDone && !this.isStuck()) return;
    this.state = 'done';
    for (const publisher of this.publishers) publisher.stop();
    this.say({ kind: 'done', sent: this.publishers.map((each) => [each.index, each.sent]) });
  }

  /** Whether nothing has moved for so long that publishers will not get their acknowledgements. */
  private isStuck(): boolean {
    const stuckFor = this.context.now() - this.lastMoveAt;
    return this.plan.kind !== 'conn' && this.plan.kind !== 'sub' && stuckFor > this.plan.patienceSeconds * 2e6;
  }

  /** A broker that drops messages takes credit with them; a run goes on all the same. */
  private forgiveIfStalled(): void {
    const { board, thread } = this.context;
    const now = this.context.now();
    const count = board.total(Count.received) + board.total(Count.acknowledged) + board.total(Count.sent);
    if (count !== this.lastCount) {
      this.lastCount = count;
      this.lastMoveAt = now;
      return;
    }
    if (now - this.lastMoveAt < this.plan.patienceSeconds * 1e6) return;
    // One thread forgives what all share.
    if (!isPaired(this.plan) && thread !== 0) return;
    for (const credit of this.credits) {
      const forgiven = credit.forgive();
      if (forgiven > 0) board.add(thread, Count.forgiven, forgiven);
    }
  }

  /** A Keep Alive holds from now on, in seconds; 0: none. */
  private pingWithin(keepAliveSeconds: number): void {
    const millis = keepAliveSeconds === 0 ? this.pingMillis : Math.min(this.pingMillis, keepAliveSeconds * 500);
    if (this.pinging !== undefined && millis === this.pingMillis) return;
    clearInterval(this.pinging);
    this.pingMillis = millis;
    this.pinging = setInterval(() => this.pingAll(), millis);
  }

  private pingAll(): void {
    for (const each of [...this.publishers, ...this.subscribers]) each.ping();
    this.idle.pingAll();
  }

  private sample(): ThreadSample {
    const { tally } = this.context;
    const used = performance.eventLoopUtilization(this.usedSince);
    const sample: ThreadSample = {
      kind: 'sample',
      thread: this.context.thread,
      latencies: tally.latencies.counts(),
      lags: tally.lags.counts(),
      busy: used.utilization,
    };
    this.usedSince = performance.eventLoopUtilization();
    tally.latencies.clear();
    tally.lags.clear();
    return sample;
  }

  private async finish(sent: readonly number[]): Promise<void> {
    this.state = 'over';
    for (const timer of [...this.timers, this.pinging]) clearInterval(timer);
    clearImmediate(this.spinning);
    const report = this.report(sent);
    for (const each of [...this.publishers, ...this.subscribers]) each.end();
    this.idle.end();
    await new Promise((resolve) => {
      setTimeout(resolve, GOODBYE_MILLIS);
    });
    this.say(report);
  }

  private report(sent: readonly number[]): ThreadReport {
    const { tally } = this.context;
    return {
      kind: 'report',
      flows: sumOf(this.subscribers.flatMap((each) => each.findings(sent))),
      troubles: tally.troubles(),
      seen: [...(this.shared?.byPublisher ?? [])].map(([publisher, seen]) => [publisher, seen.toBytes()]),
      unsent: this.publishers.reduce((sum, { unsent }) => sum + unsent, 0),
      heldUp: tally.heldUp,
      unsure: tally.unsure,
      complaints: tally.complaints(),
      lastReceivedAt: tally.lastReceivedAt,
      lastSample: this.sample(),
    };
  }
}

/** As short as MQTT 3.1 wants it, and no other run's. */
function clientIdOf(plan: LoadPlan, name: string): string {
  return `vb${plan.run.toString(36)}-${name}`;
}

/** All findings together. */
export function sumOf(all: readonly FlowFindings[]): FlowFindings {
  const total = { arrived: 0, duplicates: 0, reordered: 0, lost: 0 };
  for (const each of all) {
    total.arrived += each.arrived;
    total.duplicates += each.duplicates;
    total.reordered += each.reordered;
    total.lost += each.lost;
  }
  return total;
}
