// What the files of this room share: the parts that the broker was given, and the few things of which
// there is one per broker. Made by broker.ts; whoever gets it reads it and calls, nobody replaces.

import { ByteArena } from '../base/byte-arena.ts';
import type { Clock } from '../base/clock.ts';
import { type Deadlined, DeadlineQueue } from '../base/deadline-queue.ts';
import type { Log } from '../base/log.ts';
import type { Millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import type { TextTable } from '../base/text-table.ts';
import type { Authenticator, Authorizer } from '../auth/contract.ts';
import { createTopicTable } from '../packet/topic-name.ts';
import type { Batch, Store } from '../store/contract.ts';
import type { CommitGate } from './commit.ts';
import type { Connection } from './connection.ts';
import { type Counters, newCounters } from './counters.ts';
import type { BrokerEvents } from './events.ts';
import { FanOut } from './fan-out.ts';
import type { BrokerLimits } from './limits.ts';
import type { BrokerParts } from './parts.ts';
import { RetainedMessages } from './retained-messages.ts';
import { Router } from './router.ts';
import { SessionRegistry } from './session-registry.ts';

/** Something that is to happen at a moment; `tick` does it and asks for the next one by itself. */
export interface Timed extends Deadlined {
  tick(now: Millis): void;
}

/** The one of each. */
export class BrokerState {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: BrokerLimits;
  readonly events: BrokerEvents;
  readonly counters: Counters;
  /** Topic names that came lately. */
  readonly topics: TextTable;
  /** Where payloads are copied that outlive their chunk. */
  readonly arena: ByteArena;
  readonly fanOut: FanOut;
  readonly router: Router;
  readonly retained: RetainedMessages;
  readonly sessions: SessionRegistry;
  readonly connections: Set<Connection>;
  /** Gates with something in them. */
  readonly holding: Set<CommitGate>;
  /** What waits for a batch besides packets. */
  readonly afterCommit: { readonly after: Batch; readonly run: () => void }[];
  readonly deadlines: DeadlineQueue<Timed>;
  /** No new connections; the broker is closing. */
  isClosing: boolean;

  constructor(parts: BrokerParts) {
    this.store = parts.store;
    this.authenticator = parts.authenticator;
    this.authorizer = parts.authorizer;
    this.clock = parts.clock;
    this.random = parts.random;
    this.log = parts.log;
    this.limits = parts.limits;
    this.events = parts.events;
    this.counters = newCounters();
    this.topics = createTopicTable();
    this.arena = new ByteArena();
    this.fanOut = new FanOut();
    this.router = new Router(parts.store, parts.limits, this.fanOut);
    this.retained = new RetainedMessages(this);
    this.sessions = new SessionRegistry(this);
    this.connections = new Set();
    this.holding = new Set();
    this.afterCommit = [];
    this.deadlines = new DeadlineQueue();
    this.isClosing = false;
  }

  /** Runs something once a batch is durable: now, if it is. */
  whenDurable(after: Batch, run: () => void): void {
    if (after <= this.store.durable) run();
    else this.afterCommit.push({ after, run });
  }

  /** Everything up to the batch is durable: what waited for that goes on. */
  committed(durable: Batch): void {
    const now = this.clock.monotonic();
    for (const gate of Array.from(this.holding)) gate.release(durable, now);
    const { afterCommit } = this;
    let due = 0;
    while (due < afterCommit.length && (afterCommit[due]?.after ?? 0) <= durable) due++;
    for (const { run } of afterCommit.splice(0, due)) run();
  }
}
