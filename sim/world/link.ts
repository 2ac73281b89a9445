// One Network Connection between a client's process and the broker's, with an end for each. It may break while bytes are on the way,
// tell both ends, one or nobody, and end in order.

import { ByteArena } from '../../src/base/byte-arena.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import type { NetworkConnection, NetworkHandler } from '../../src/transport/contract.ts';
import type { NetworkPlan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { Pipe } from './pipe.ts';
import type { SimProcess } from './sim-process.ts';
import type { Tap } from './tap.ts';
import type { World } from './world.ts';

/** What is on the way: an allocation each would be most of what a small packet costs. */
const SENT = new ByteArena();

/** Which end. */
export type Side = 'client' | 'broker';

/** So much is flushed at once, also before the end of the turn. */
const FLUSH_BYTES = 62 * 1024;
/** An end that was closed in order waits so long for a peer that does not read. */
const LINGER_MILLIS = 5_000;

/** One connection. */
export class Link {
  readonly client: string;
  readonly connection: number;
  readonly isIntruder: boolean;
  readonly ends: Readonly<Record<Side, LinkEnd>>;
  readonly tap: Tap;
  readonly random: SeededRandom;
  readonly world: World;

  constructor(world: World, tap: Tap, random: SeededRandom, facts: LinkFacts) {
    this.world = world;
    this.tap = tap;
    this.random = random;
    this.client = facts.client;
    this.connection = facts.connection;
    this.isIntruder = facts.isIntruder;
    const client = new LinkEnd(this, 'client', facts.clientProcess);
    const broker = new LinkEnd(this, 'broker', facts.brokerProcess);
    this.ends = { client, broker };
    client.join(broker, facts.plan);
    broker.join(client, facts.plan);
  }

  /** Whether both ends are over. */
  get isOver(): boolean {
    return this.ends.client.isOver && this.ends.broker.isOver;
  }

  /** Whether nothing is on the way. */
  get isStill(): boolean {
    return this.ends.client.isStill && this.ends.broker.isStill;
  }

  /** It breaks; both ends are told, each in its time. What is on the way is lost. */
  cut(): void {
    for (const end of [this.ends.client, this.ends.broker]) end.breakOff();
    for (const end of [this.ends.client, this.ends.broker]) end.tellSoon();
  }

  /** It breaks, and nobody is told but this end. */
  halfOpen(told: Side | 'nobody'): void {
    for (const end of [this.ends.client, this.ends.broker]) end.breakOff();
    if (told !== 'nobody') this.ends[told].tellSoon();
  }

  /** Nothing is handed over to this side for so long. */
  stall(to: Side | 'both', millis: number): void {
    if (to !== 'broker') this.ends.broker.outgoing.stall(millis);
    if (to !== 'client') this.ends.client.outgoing.stall(millis);
  }

  /** A fault is over: no stall, and who was not told of an end is. */
  heal(): void {
    for (const end of [this.ends.client, this.ends.broker]) {
      end.outgoing.unstall();
      if (end.isBrokenOff) end.tellSoon();
    }
  }

  /** The process at this side is gone. */
  killed(side: Side, machine: boolean): void {
    const end = this.ends[side];
    if (end.isOver) return;
    end.die(machine);
  }
}

/** What a link is made with. */
export interface LinkFacts {
  readonly client: string;
  readonly connection: number;
  readonly isIntruder: boolean;
  readonly clientProcess: SimProcess;
  readonly brokerProcess: SimProcess;
  readonly plan: NetworkPlan;
}

/** One end. */
export class LinkEnd implements NetworkConnection {
  readonly side: Side;
  private readonly link: Link;
  private readonly process: SimProcess;
  private readonly life: number;
  private readonly output: ByteWriter;
  private pipe: Pipe | undefined;
  private peer: LinkEnd | undefined;
  private handler: NetworkHandler | undefined;
  private state: 'open' | 'ending' | 'ended' | 'over';
  private isPaused: boolean;
  private isFlushAsked: boolean;
  private isTold: boolean;
  private readonly flushTask: () => void;
  /** The network broke, and this end does not know yet. */
  isBrokenOff: boolean;

  constructor(link: Link, side: Side, process: SimProcess) {
    this.link = link;
    this.side = side;
    this.process = process;
    this.life = process.life;
    this.output = new ByteWriter();
    this.pipe = undefined;
    this.peer = undefined;
    this.handler = undefined;
    this.state = 'open';
    this.isPaused = false;
    this.isFlushAsked = false;
    this.isTold = false;
    this.flushTask = () => this.flushAtTurnEnd();
    this.isBrokenOff = false;
  }

  /** The two ends find each other. */
  join(peer: LinkEnd, plan: NetworkPlan): void {
    const { time } = this.link.world;
    this.peer = peer;
    this.pipe = new Pipe(time, this.link.random.fork(this.side), plan, {
      isReading: () => peer.isReading,
      take: (bytes, start, end) => peer.take(bytes, start, end),
      finished: () => peer.tell(undefined),
      emptied: () => this.tellDrained(),
    });
  }

  /** Its owner. */
  attach(handler: NetworkHandler): void {
    this.handler = handler;
    this.peer?.outgoing.wake();
  }

  get remote(): string {
    return `sim:${this.link.connection}`;
  }

  get outgoing(): Pipe {
    if (this.pipe === undefined) throw new Error('the ends of a link are joined first');
    return this.pipe;
  }

  /** Whether its owner is done with it. */
  get isOver(): boolean {
    return this.state === 'over';
  }

  get isStill(): boolean {
    return this.outgoing.isEmpty && this.output.position === 0;
  }

  private get isReading(): boolean {
    return !this.isPaused && this.handler !== undefined;
  }

  writer(): ByteWriter {
    if (this.state !== 'open') this.output.position = 0;
    return this.output;
  }

  wrote(): void {
    if (this.state !== 'open') {
      this.output.position = 0;
    } else if (this.output.position >= FLUSH_BYTES) {
      this.flush();
    } else if (!this.isFlushAsked) {
      this.isFlushAsked = true;
      this.process.atTurnEnd(this.flushTask);
    }
  }

  waitingBytes(): number {
    const { backlogBytes } = this.outgoing;
    return backlogBytes === 0 ? 0 : backlogBytes + this.output.position;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.peer?.outgoing.wake();
  }

  end(): void {
    if (this.state !== 'open') return;
    this.flush();
    // Killed at the boundary that a flush is.
    if (this.state !== 'open') return;
    this.state = 'ending';
    this.link.tap.over(this.side, 'end');
    this.peer?.outgoing.die();
    this.outgoing.finish();
    this.process.after(this.link.random.between(0, 2), () => this.confirmEnd());
    // A peer that reads nothing does not learn of the end from the bytes before it.
    this.link.world.time.after(LINGER_MILLIS, () => {
      if (this.isBrokenOff || this.peer?.isOver === true) return;
      this.outgoing.die();
      this.peer?.tell(new Error('ECONNRESET'));
    });
  }

  destroy(): void {
    if (this.state !== 'open') return;
    this.output.position = 0;
    this.state = 'ending';
    this.link.tap.over(this.side, 'destroy');
    this.peer?.outgoing.die();
    // What was sent before may arrive, or be swept away.
    if (this.link.random.chance(0.5)) {
      this.outgoing.finish();
    } else {
      this.outgoing.die();
      this.peer?.tellSoon();
    }
    this.process.after(this.link.random.between(0, 2), () => this.confirmEnd());
  }

  /** The network breaks: nothing comes, nothing goes. */
  breakOff(): void {
    if (this.state === 'over') return;
    this.outgoing.die();
    this.isBrokenOff = true;
  }

  /** The owner is to be told that it is over. */
  tellSoon(): void {
    if (this.isTold) return;
    this.link.world.time.after(this.link.random.between(0, 3), () => this.tell(new Error('ECONNRESET')));
  }

  /** The process here is gone. The kernel, if it is still there, sends what it has and says goodbye. */
  die(machine: boolean): void {
    this.state = 'over';
    this.isTold = true;
    this.handler = undefined;
    this.output.position = 0;
    this.link.tap.over(this.side, 'crash');
    const { peer } = this;
    peer?.outgoing.die();
    if (!machine && !this.isBrokenOff) {
      this.outgoing.finish();
      return;
    }
    this.outgoing.die();
    if (peer === undefined || peer.isOver) return;
    peer.isBrokenOff = true;
    // The other machine hears of it when it has sent something to one that knows nothing of it.
    if (!this.isBrokenOff)
      this.link.world.time.after(this.link.random.between(0, 5_000), () => peer.tell(new Error('ETIMEDOUT')));
  }

  private take(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'open') return;
    this.link.tap.came(this.side, end - start);
    if (!this.process.boundary('chunk received')) return;
    this.process.run(this.life, () => this.handler?.receive(bytes, start, end));
  }

  private tell(cause: Error | undefined): void {
    if (this.isTold || this.state === 'over') return;
    if (this.state === 'open') this.link.tap.over(this.side, 'told');
    this.isTold = true;
    this.state = 'over';
    this.outgoing.die();
    this.process.run(this.life, () => this.handler?.closed(cause));
  }

  private confirmEnd(): void {
    if (this.isTold) return;
    this.isTold = true;
    this.state = 'over';
    this.handler?.closed(undefined);
  }

  private tellDrained(): void {
    this.process.after(0, () => {
      if (this.state === 'open' && this.outgoing.backlogBytes === 0) this.handler?.drained();
    });
  }

  private flushAtTurnEnd(): void {
    this.isFlushAsked = false;
    if (this.state === 'open') this.flush();
  }

  private flush(): void {
    const { output } = this;
    if (output.position === 0 || !this.process.boundary('before sending')) return;
    const bytes = SENT.copy(output.bytes, 0, output.position);
    output.position = 0;
    this.link.tap.sent(this.side, bytes);
    this.outgoing.send(bytes);
    this.process.boundary('after sending');
  }
}
