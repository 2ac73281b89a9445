// The connections of `conn`: opened as fast as a broker takes them, or at a rate, and then held. How long each took to be opened counts
// from when it was due.

import type { Dial } from '../client/parts.ts';
import { Count } from './board.ts';
import { type ConnectionRole, LoadConnection } from './load-connection.ts';
import { shareOf } from './plan.ts';
import type { LoadContext } from './publisher.ts';
import { Schedule } from './schedule.ts';

/** A connection on which nothing happens. */
class Idle implements ConnectionRole {
  private readonly context: LoadContext;

  constructor(context: LoadContext) {
    this.context = context;
  }

  beginChunk(): void {}
  takePublish(): void {
    this.context.tally.unexpected++;
  }
  takeAcknowledgement(): void {
    this.context.tally.unexpected++;
  }
  takeOther(): void {}
  endChunk(): void {}
  drained(): void {}
  closed(cause: string): void {
    const { board, tally, thread } = this.context;
    board.add(thread, Count.open, -1);
    tally.disconnects++;
    tally.say(cause);
  }
}

/** The connections of one thread that do nothing. */
export class IdleConnections {
  private readonly context: LoadContext;
  private readonly dial: Dial;
  private readonly connections: Set<LoadConnection>;
  private readonly keptAlive: (keepAliveSeconds: number) => void;
  private state: 'waiting' | 'opening' | 'done';
  private isStopped: boolean;

  /** @param keptAlive  Told the Keep Alive of each connection, in seconds. */
  constructor(context: LoadContext, dial: Dial, keptAlive: (keepAliveSeconds: number) => void) {
    this.context = context;
    this.dial = dial;
    this.keptAlive = keptAlive;
    this.connections = new Set();
    this.state = 'waiting';
    this.isStopped = false;
  }

  /** Whether every connection was tried. */
  get isDone(): boolean {
    return this.state === 'done';
  }

  /** Opens this thread's share. */
  async open(startAt: number): Promise<void> {
    const { plan, thread } = this.context;
    this.state = 'opening';
    const share = shareOf(thread, plan.threads, plan.idle);
    const schedule = plan.rate === undefined ? undefined : new Schedule(startAt, plan.rate, 1, 0);
    let next = 0;
    const openSome = async (): Promise<void> => {
      for (let at = next++; at < share.length && !this.isStopped; at = next++) {
        const index = share[at] ?? 0;
        const due = schedule?.dueAt(index);
        if (due !== undefined) await this.until(due);
        if (!this.isStopped) await this.openOne(index, due);
      }
    };
    // At a rate nobody waits for the one before.
    const atOnce = schedule === undefined ? plan.opening : share.length;
    await Promise.all(Array.from({ length: atOnce }, openSome));
    this.state = 'done';
  }

  /** Opens no more. */
  stop(): void {
    this.isStopped = true;
  }

  pingAll(): void {
    for (const connection of this.connections) connection.ping();
  }

  end(): void {
    this.isStopped = true;
    for (const connection of this.connections) connection.end();
  }

  private async openOne(index: number, due: number | undefined): Promise<void> {
    const { plan, thread, board, tally, now } = this.context;
    const from = due ?? now();
    if (due !== undefined) tally.lags.record(now() - due);
    try {
      const id = `vb${plan.run.toString(36)}-c${index}`;
      const opened = await LoadConnection.open(this.dial, plan.target, id, new Idle(this.context));
      const { connection, keepAliveSeconds } = opened;
      this.keptAlive(keepAliveSeconds);
      tally.latencies.record(now() - from);
      board.add(thread, Count.open, 1);
      if (this.isStopped) connection.end();
      else this.connections.add(connection);
    } catch (error) {
      tally.failures++;
      tally.say(error instanceof Error ? error.message : String(error));
    }
  }

  private async until(moment: number): Promise<void> {
    for (let left = moment - this.context.now(); left > 0 && !this.isStopped; left = moment - this.context.now()) {
      const millis = Math.min(left / 1000, 200);
      await new Promise((resolve) => {
        setTimeout(resolve, millis);
      });
    }
  }
}
