// What the files of this room share: the parts that the broker was given, and the few things of which
// there is one per broker. Made by broker.ts; whoever gets it reads it and calls, nobody replaces.

import { ByteArena } from '../base/byte-arena.ts';
import type { Clock } from '../base/clock.ts';
import { type Deadlined, DeadlineQueue } from '../base/deadline-queue.ts';
import type { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { TextTable } from '../base/text-table.ts';
import type { Authenticator, Authorizer } from '../auth/contract.ts';
import { createTopicTable } from '../packet/topic-name.ts';
import type { Batch, MessageId, RecipientKey, Store } from '../store/contract.ts';
import { AuthenticatorFailures } from './authenticator-failures.ts';
import { Bans } from './bans.ts';
import { type KeptRates, newKeptRates } from './client-rates.ts';
import type { ClientSession } from './client-session.ts';
import type { CommitGate } from './commit.ts';
import type { Connection } from './connection.ts';
import { type Counters, newCounters } from './counters.ts';
import { Elision } from './elision.ts';
import { Drain } from './draining.ts';
import type { BrokerEvents } from './events.ts';
import { FanOut } from './fan-out.ts';
import { FileShortage } from './file-shortage.ts';
import { Flapping } from './flapping.ts';
import { guardAuthorizer } from './guarded-authorizer.ts';
import { LimitNews } from './limit-news.ts';
import type { BrokerLimits } from './limits.ts';
import { Overload } from './overload.ts';
import { BROKER_TUNING, type BrokerParts, type BrokerTuning, type ClientRedirect, type HostFacts } from './parts.ts';
import { QueueLimits } from './queue-limits.ts';
import { newQueueTotals, type QueueTotals } from '../store/queue-totals.ts';
import { RefusalLines } from './refusal-lines.ts';
import { RetainedMessages } from './retained-messages.ts';
import { Router } from './router.ts';
import { type BrokerRules, DEFAULT_RULES } from './rules.ts';
import { SessionRegistry } from './session-registry.ts';
import { type Later, Slices } from './slices.ts';
import { SystemTopics } from './system-topics.ts';
import { Visitors } from './visitors.ts';
import { Wills } from './wills.ts';

/** Shared by all brokers of the process; bounded. */
const TOPICS = createTopicTable();

/** Something that is to happen at a moment; `tick` does it and asks for the next one by itself. */
export interface Timed extends Deadlined {
  tick(now: Millis): void;
}

/** Something besides packets that waits for a batch. */
interface AfterCommit {
  readonly after: Batch;
  readonly run: () => void;
  readonly fail: (error: OperationError) => void;
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
  readonly rules: BrokerRules;
  readonly tuning: BrokerTuning;
  readonly redirects: readonly ClientRedirect[];
  /** `undefined`: who is refused is told nowhere else to go. */
  readonly busyRedirect: string | undefined;
  /** `undefined`: no client gets any. */
  readonly responseInformation: string | undefined;
  readonly events: BrokerEvents;
  readonly host: HostFacts | undefined;
  readonly counters: Counters;
  readonly limitNews: LimitNews;
  readonly refusalLines: RefusalLines;
  readonly authenticatorFailures: AuthenticatorFailures;
  readonly bans: Bans;
  readonly visitors: Visitors;
  readonly keptRates: KeptRates;
  readonly flapping: Flapping;
  readonly overload: Overload;
  readonly fileShortage: FileShortage;
  /** Topic names that came lately. */
  readonly topics: TextTable;
  /** Where payloads are copied that outlive their chunk. */
  readonly arena: ByteArena;
  readonly fanOut: FanOut;
  readonly queueTotals: QueueTotals;
  readonly queueLimits: QueueLimits;
  readonly router: Router;
  readonly retained: RetainedMessages;
  /** Sessions that are still to be given retained messages. */
  readonly owing: Set<ClientSession>;
  readonly slices: Slices;
  readonly sessions: SessionRegistry;
  readonly wills: Wills;
  readonly systemTopics: SystemTopics;
  readonly connections: Set<Connection>;
  readonly drain: Drain;
  /** Gates with something in them. */
  readonly holding: Set<CommitGate>;
  readonly elision: Elision;
  /** Connections that are not read from because of our own disk or socket. */
  readonly behind: Set<Connection>;
  /** In the order of asking: who asked for a batch waits for those before, too. */
  private readonly afterCommit: RingQueue<AfterCommit>;
  readonly deadlines: DeadlineQueue<Timed>;
  /** The store has no room for new messages. */
  isStoreFull: boolean;
  /** Why the store failed; `undefined`: it did not. */
  storeFailure: OperationError | undefined;
  private recipientKeyLast: RecipientKey;
  /** No new connections; the broker is closing. */
  isClosing: boolean;

  constructor(parts: BrokerParts) {
    this.store = parts.store;
    this.authenticator = parts.authenticator;
    this.authorizer = guardAuthorizer(parts.authorizer, parts.log, parts.clock);
    this.clock = parts.clock;
    this.random = parts.random;
    this.log = parts.log;
    this.limits = parts.limits;
    this.rules = parts.rules ?? DEFAULT_RULES;
    this.tuning = parts.tuning ?? BROKER_TUNING;
    this.redirects = parts.redirects ?? [];
    this.busyRedirect = parts.busyRedirect;
    this.responseInformation = parts.responseInformation;
    this.events = parts.events;
    this.host = parts.host;
    this.counters = newCounters();
    this.limitNews = new LimitNews(this);
    this.refusalLines = new RefusalLines(parts.log);
    this.authenticatorFailures = new AuthenticatorFailures();
    this.bans = new Bans(parts.clock, parts.banKeeper);
    this.visitors = new Visitors(this);
    this.keptRates = newKeptRates(parts.limits);
    this.flapping = new Flapping(this);
    this.overload = new Overload(this, parts.memory);
    this.fileShortage = new FileShortage(this, parts.files);
    this.topics = TOPICS;
    this.arena = new ByteArena();
    this.fanOut = new FanOut();
    this.queueTotals = newQueueTotals();
    this.queueLimits = new QueueLimits(parts.limits, this.queueTotals);
    this.router = new Router(this);
    this.retained = new RetainedMessages(this);
    this.owing = new Set();
    this.slices = new Slices(this.clock, this.laterWith(parts.later), this.tuning.sliceSteps);
    this.sessions = new SessionRegistry(this);
    this.wills = new Wills(this);
    this.systemTopics = new SystemTopics(this);
    this.connections = new Set();
    this.drain = new Drain(this);
    this.holding = new Set();
    this.elision = new Elision();
    this.behind = new Set();
    this.afterCommit = new RingQueue();
    this.deadlines = new DeadlineQueue();
    this.isStoreFull = false;
    this.storeFailure = undefined;
    this.recipientKeyLast = 0;
    this.isClosing = false;
  }

  /** A turn that ends like others. */
  private laterWith(later: Later | undefined): Later | undefined {
    return (
      later &&
      ((run) =>
        later(() => {
          run();
          this.elision.releaseMoved();
        }))
    );
  }

  /** A name in the store for a session, a shared group, or a Will without a session. */
  nextRecipientKey(): RecipientKey {
    return ++this.recipientKeyLast;
  }

  /** Continues these names where a store left off. */
  continueKeysFrom(recipientKeyMax: RecipientKey): void {
    this.recipientKeyLast = Math.max(this.recipientKeyLast, recipientKeyMax);
  }

  /** The recipient has the message, or will never get it: says so to the store, and to whoever waits for the message. hot: */
  settle(recipient: RecipientKey, messageId: MessageId): void {
    if (this.store.settle(recipient, messageId)) this.elision.elide(messageId);
  }

  /** Runs something once a batch is durable: now, if it is. `fail`: the store failed before. */
  whenDurable(after: Batch, run: () => void, fail: (error: OperationError) => void): void {
    if (this.storeFailure !== undefined) fail(this.storeFailure);
    else if (after <= this.store.durable) run();
    else this.afterCommit.push({ after, run, fail });
  }

  /** Something has become durable: what waited for that goes on. */
  committed(): void {
    const { durable } = this.store;
    const now = this.clock.monotonic();
    this.elision.forget(durable);
    for (const gate of Array.from(this.holding)) gate.release(now);
    for (let next = this.afterCommit.peek(); next !== undefined; next = this.afterCommit.peek()) {
      if (next.after > durable) break;
      this.afterCommit.shift();
      next.run();
    }
    for (const connection of Array.from(this.behind)) connection.gateMoved();
    this.elision.releaseMoved();
  }

  /** Nothing becomes durable any more: whoever waits for that hears so. */
  abandonWaiting(error: OperationError): void {
    for (let next = this.afterCommit.shift(); next !== undefined; next = this.afterCommit.shift()) next.fail(error);
  }
}
