// The good clients beside a flood: each publishes to a topic of its own and is subscribed to it, again and again, and says how long that
// took. One of them also reads what the broker says of itself.

import { setTimeout as wait } from 'node:timers/promises';

import { type Client, connect } from '../src/exports/client.ts';
import type { FloodTarget } from './floods/flood.ts';
import { type Latency, summarize } from './latency.ts';

/** How often each of them pings itself. */
const PING_MILLIS = 100;
/** The pings of all are spread over so many steps. */
const STEPS = 10;
/** Between two looks at what the broker has said. */
const TOLD_MILLIS = 20;
/** After this a ping counts as lost. */
const LOST_MILLIS = 10_000;

/** What the broker says it holds. */
export interface BrokerState {
  readonly clients: number;
  readonly subscriptions: number;
  readonly retained: number;
  /** 1: connections are cut off, since the process may open hardly any more files. */
  readonly filesShort: number;
  /** What it does for want of memory; 0: nothing. */
  readonly memoryStep: number;
}

const STATE_TOPICS: { readonly [Name in keyof BrokerState]: string } = {
  clients: '$SYS/broker/clients/total',
  subscriptions: '$SYS/broker/subscriptions/count',
  retained: '$SYS/broker/retained messages/count',
  filesShort: '$SYS/broker/files/short',
  memoryStep: '$SYS/broker/memory/step',
};

/** What good clients had to suffer. */
export interface GoodReport {
  readonly latency: Latency;
  /** Pings that never came back. */
  readonly lost: number;
  /** Connections of theirs that ended. */
  readonly ended: number;
}

/** So many good clients, at work. */
export class GoodClients {
  private readonly clients: Client[];
  private readonly lateMillis: number;
  private durations: number[];
  private pending: Map<number, number>;
  private sent: number;
  private ended: number;
  private readonly state: Map<string, number>;
  private toldAt: number;
  private timer: NodeJS.Timeout | undefined;

  private constructor(lateMillis: number) {
    this.clients = [];
    this.lateMillis = lateMillis;
    this.durations = [];
    this.pending = new Map();
    this.sent = 0;
    this.ended = 0;
    this.state = new Map();
    this.toldAt = 0;
    this.timer = undefined;
  }

  /**
   * Connects them, and lets them begin.
   * @param lateMillis  How much too late each answer counts as come, for the control that a bad verdict is given.
   */
  static async start({ tcp }: FloodTarget, count: number, lateMillis = 0): Promise<GoodClients> {
    const good = new GoodClients(lateMillis);
    for (let n = 0; n < count; n++) {
      const client = await connect(`mqtt://127.0.0.1:${tcp}`, { clientId: `good${n}`, keepAliveSeconds: 60 });
      client.on('disconnected', () => void good.ended++);
      await client.subscribe(`good/${n}`, { qos: 1, onMessage: ({ payload }) => good.receivePong(payload) });
      good.clients.push(client);
    }
    await good.clients[0]?.subscribe('$SYS/broker/#', {
      onMessage: ({ topic, payload }) => {
        good.state.set(topic, Number(Buffer.from(payload).toString()));
        good.toldAt = performance.now();
      },
    });
    // The broker says it now and then; whoever compares later must begin with what is true.
    while (good.stateNow().subscriptions < count + 1) await wait(TOLD_MILLIS);
    let step = 0;
    good.timer = setInterval(() => good.pingSome(step++ % STEPS), PING_MILLIS / STEPS);
    return good;
  }

  /** Begins to count anew. */
  reset(): void {
    this.durations = [];
    this.pending = new Map();
    this.ended = 0;
  }

  /** What was measured since the last `reset`. Pings that are on their way are given `graceMillis`. */
  report(): GoodReport {
    const longAgo = performance.now() - LOST_MILLIS;
    const lost = [...this.pending.values()].filter((sentAt) => sentAt < longAgo).length;
    // One that has not come yet has taken at least as long as until now.
    const waiting = [...this.pending.values()].map((sentAt) => performance.now() - sentAt + this.lateMillis);
    const slow = waiting.filter((millis) => millis > PING_MILLIS);
    return { latency: summarize([...this.durations, ...slow]), lost, ended: this.ended };
  }

  /** What the broker said last. */
  stateNow(): BrokerState {
    const value = (topic: string): number => this.state.get(topic) ?? 0;
    return {
      clients: value(STATE_TOPICS.clients),
      subscriptions: value(STATE_TOPICS.subscriptions),
      retained: value(STATE_TOPICS.retained),
      filesShort: value(STATE_TOPICS.filesShort),
      memoryStep: value(STATE_TOPICS.memoryStep),
    };
  }

  /** How often the broker has held a limit, as it said last. */
  heldSoFar(limit: string): number {
    return this.state.get(`$SYS/broker/limits/${limit}`) ?? 0;
  }

  /** Whether the broker has said something of itself since then. */
  wasToldSince(moment: number): boolean {
    return this.toldAt > moment;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.allSettled(this.clients.map((client) => client.disconnect()));
  }

  private pingSome(step: number): void {
    for (let n = step; n < this.clients.length; n += STEPS) {
      const ping = ++this.sent;
      this.pending.set(ping, performance.now());
      // What becomes of it shows in its answer.
      this.clients[n]?.publish(`good/${n}`, `${ping}`, { qos: n % 2 === 0 ? 0 : 1 }).catch(() => {});
    }
  }

  private receivePong(payload: Uint8Array): void {
    const ping = Number(Buffer.from(payload).toString());
    const sentAt = this.pending.get(ping);
    if (sentAt === undefined) return;
    this.pending.delete(ping);
    this.durations.push(performance.now() - sentAt + this.lateMillis);
  }
}
