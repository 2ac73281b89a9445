// A drain: the broker goes on, and its clients go elsewhere, not all at once. From the start of it nobody new is let in; who is connected
// is sent away in waves, in no order that anybody could foresee, at a rate that the servers which they come to can bear. What was taken
// of a client is acknowledged before it goes. Sessions, queues and Wills are as after any other end of a connection: a Will whose delay is over
// is published, and one that is to wait waits.
// Without a place to go to, clients hear 0x8B, else 0x9C with a Server Reference; 3.x has no word for either.
// Those who were sent away come back again and again: the log hears of them once a second, with how many there were.

import { type Millis, millis } from '../base/millis.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { BrokerState, Timed } from './broker-state.ts';
import type { Connection } from './connection.ts';

/** What a drain is to do. */
export interface DrainGoal {
  /** Clients that are sent away in a second: so many, or a share, between 0 and 1, of those that were connected at the start. */
  readonly rate: { readonly kind: 'clients' | 'share'; readonly perSecond: number };
  /** The Server Reference that clients are told; `undefined`: none. */
  readonly to: string | undefined;
}

/** How far a drain is. */
export interface DrainProgress {
  readonly to: string | undefined;
  readonly clientsAtStart: number;
  readonly sentAway: number;
  /** Clients that are connected still. */
  readonly left: number;
  readonly millisSinceStart: Millis;
}

/** From one wave to the next, half as much more or less. */
const WAVE_MILLIS = 250;

/** How often the log hears of those who were not let in. */
const SAY_MILLIS = 1_000;

/** The drain of one broker: none, most of the time. */
export class Drain implements Timed {
  private readonly broker: BrokerState;
  /** `undefined`: the broker is not being drained. */
  goal: DrainGoal | undefined;
  private perSecond: number;
  private startedAt: Millis;
  private wavedAt: Millis;
  /** Clients that are due, with a fraction that is left for the next wave. */
  private due: number;
  private clientsAtStart: number;
  private sentAway: number;
  /** Whom to send away, the next one last. */
  private waiting: Connection[];
  private isEmpty: boolean;
  /** Those who were not let in since the log heard of it, and the last of them. */
  private refusedCount: number;
  private refusedLast: string;
  private saidAt: Millis;
  deadline: Millis;
  deadlineIndex: number;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.goal = undefined;
    this.perSecond = 0;
    this.startedAt = millis(0);
    this.wavedAt = millis(0);
    this.due = 0;
    this.clientsAtStart = 0;
    this.sentAway = 0;
    this.waiting = [];
    this.isEmpty = false;
    this.refusedCount = 0;
    this.refusedLast = '';
    this.saidAt = millis(0);
    this.deadline = millis(0);
    this.deadlineIndex = -1;
  }

  /** How far it is; `undefined`: the broker is not being drained. */
  get progress(): DrainProgress | undefined {
    if (this.goal === undefined) return undefined;
    const { clientsAtStart, sentAway } = this;
    const millisSinceStart = millis(this.broker.clock.monotonic() - this.startedAt);
    return { to: this.goal.to, clientsAtStart, sentAway, left: this.clientsLeft(), millisSinceStart };
  }

  /** Begins, or goes on with another goal. */
  start(goal: DrainGoal, now: Millis): void {
    const isNew = this.goal === undefined;
    this.goal = goal;
    if (isNew) {
      this.startedAt = now;
      this.clientsAtStart = this.clientsLeft();
      this.sentAway = 0;
      this.due = 0;
      this.isEmpty = false;
    }
    this.wavedAt = now;
    this.saidAt = now;
    const { kind, perSecond } = goal.rate;
    this.perSecond = Math.max(1, kind === 'share' ? perSecond * this.clientsAtStart : perSecond);
    const where = goal.to === undefined ? '' : ` to ${goal.to}`;
    const rate = Math.round(this.perSecond);
    this.broker.log.info(
      `The operator has the broker drained: nobody is let in, and ${this.clientsAtStart} clients are sent away${where}, ${rate} a second.`,
      { clients: this.clientsAtStart, clientsPerSecond: rate },
    );
    this.broker.deadlines.set(this, now);
  }

  /** Lets clients in again. Says whether there was anything to end. */
  cancel(): boolean {
    if (this.goal === undefined) return false;
    this.sayRefused(this.broker.clock.monotonic());
    this.goal = undefined;
    this.waiting = [];
    this.broker.deadlines.remove(this);
    this.broker.log.info('The operator has ended the draining: clients are let in again.', {
      left: this.clientsLeft(),
    });
    return true;
  }

  /** A client was not let in. @param who  It, in words. */
  noteRefused(who: string): void {
    this.refusedCount++;
    this.refusedLast = who;
  }

  /** The next wave. */
  tick(now: Millis): void {
    const { goal } = this;
    if (goal === undefined) return;
    this.due += ((now - this.wavedAt) / 1000) * this.perSecond;
    this.wavedAt = now;
    // Who was about to connect when it began comes in yet, and goes with a later wave.
    if (this.waiting.length === 0) this.waiting = this.shuffled();
    for (; this.due >= 1 && this.waiting.length > 0; this.due--) {
      const next = this.waiting.pop();
      if (next?.isOpen !== true) continue;
      this.sentAway++;
      const reasonCode = goal.to === undefined ? Reason.serverShuttingDown : Reason.useAnotherServer;
      next.dismiss(reasonCode, 'The broker is being drained.', goal.to, true);
    }
    if (this.waiting.length === 0) this.due = Math.min(this.due, 1);
    this.sayIfEmpty(now);
    if (now - this.saidAt >= SAY_MILLIS) this.sayRefused(now);
    const pause = WAVE_MILLIS * (0.5 + this.broker.random.next());
    this.broker.deadlines.set(this, millis(now + pause));
  }

  private sayRefused(now: Millis): void {
    this.saidAt = now;
    const { goal, refusedCount: count, refusedLast } = this;
    if (goal === undefined || count === 0) return;
    this.refusedCount = 0;
    const who = count === 1 ? refusedLast : `${count} clients, of which ${refusedLast} was the last`;
    const what = goal.to === undefined ? `Refused ${who}` : `Told ${who} to use ${goal.to} for now`;
    this.broker.log.info(`${what}: the broker is being drained.`, { refused: count });
  }

  private sayIfEmpty(now: Millis): void {
    if (this.isEmpty || this.clientsLeft() > 0) return;
    this.isEmpty = true;
    const seconds = Math.round((now - this.startedAt) / 1000);
    this.broker.log.info(`The broker is drained: nobody is connected, after ${seconds} s.`, { clients: this.sentAway });
  }

  /** Clients that have a connection, open or about to be. */
  private clientsLeft(): number {
    let count = 0;
    for (const connection of this.broker.connections) if (connection.session !== undefined) count++;
    return count;
  }

  /** Everybody who is connected and not about to go, in a random order. */
  private shuffled(): Connection[] {
    const all = Array.from(this.broker.connections).filter(({ isOpen, isPublisherHeld }) => isOpen && !isPublisherHeld);
    for (let last = all.length - 1; last > 0; last--) {
      const other = Math.floor(this.broker.random.next() * (last + 1));
      const [a, b] = [all[last], all[other]];
      if (a !== undefined && b !== undefined) [all[last], all[other]] = [b, a];
    }
    return all;
  }
}
