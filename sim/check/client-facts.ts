// What is known of one client over all its lives: its session, its connections, what its application got, and what it did not get.

import type { ApplicationEvent, HistoryEvent, Label } from '../history.ts';
import type { ClientPlan } from '../plan.ts';
import type { Circumstances } from './circumstances.ts';
import { SessionStanding } from './session-standing.ts';
import type { WireConnection } from './wire-connection.ts';

/** From here on a Reason Code is a refusal. */
const REFUSAL = 0x80;

/** A message handed to an application. */
export type Reception = Extract<HistoryEvent, { kind: 'received' }>;

/** What the broker said it had dropped. */
export type Drop = Extract<HistoryEvent, { kind: 'dropped' }>;

/** How often an application said, in one life, that it is done with a key. */
interface Acknowledged {
  readonly life: number;
  place: number;
  count: number;
}

/** One client. */
export class ClientFacts {
  readonly name: string;
  readonly plan: ClientPlan | undefined;
  readonly standing: SessionStanding;
  readonly connections: WireConnection[];
  readonly receptions: Reception[];
  readonly receptionsByLabel: Map<Label, Reception[]>;
  readonly drops: Drop[];
  /** Topics of messages of earlier lives that failed. */
  readonly undelivered: Set<string>;
  /** Its process is there at the end. */
  isUpAtEnd: boolean;
  life: number;
  /** How many new sessions it was told of. */
  sessionsSeen: number;
  /** Messages that its application was done with, and since when. */
  readonly handled: Map<Label, number>;
  /** Its application has ended a subscription, at some time. */
  hasUnsubscribed: boolean;
  /** Filters that its present life was granted, and has not unsubscribed from. */
  readonly granted: Set<string>;
  private readonly asked: Map<number, { readonly filters: readonly string[]; readonly wanted: Set<string> }>;
  /** By key, in order of its lives. */
  private readonly acknowledged: Map<number, Acknowledged[]>;
  /** Lives that were asked to end, and did, in order; and when they were asked. */
  private readonly stops: Map<number, number>;
  private stopAsked: number | undefined;

  constructor(name: string, plan: ClientPlan | undefined, { sessionExpiryMax, slack, commitMillisMax }: Circumstances) {
    this.name = name;
    this.plan = plan;
    this.standing = new SessionStanding(name, sessionExpiryMax, slack, commitMillisMax);
    this.connections = [];
    this.receptions = [];
    this.receptionsByLabel = new Map();
    this.drops = [];
    this.undelivered = new Set();
    this.isUpAtEnd = false;
    this.life = 0;
    this.sessionsSeen = 0;
    this.handled = new Map();
    this.hasUnsubscribed = false;
    this.granted = new Set();
    this.asked = new Map();
    this.acknowledged = new Map();
    this.stops = new Map();
    this.stopAsked = undefined;
  }

  /** Without a store a process takes everything with it. */
  get isForgetful(): boolean {
    return this.plan === undefined || this.plan.store === 'none';
  }

  /** The application got a message. */
  received(event: Reception): void {
    this.receptions.push(event);
    const sameLabel = this.receptionsByLabel.get(event.label);
    if (sameLabel === undefined) this.receptionsByLabel.set(event.label, [event]);
    else sameLabel.push(event);
  }

  /** The application is done with a message. */
  noteAcknowledged({ key, life, label }: Extract<ApplicationEvent, { kind: 'acknowledged' }>, place: number): void {
    if (!this.handled.has(label)) this.handled.set(label, place);
    if (key === 0) return;
    const lives = this.acknowledged.get(key);
    const last = lives?.at(-1);
    if (lives === undefined) this.acknowledged.set(key, [{ life, place, count: 1 }]);
    else if (last?.life === life) {
      last.place = place;
      last.count++;
    } else lives.push({ life, place, count: 1 });
  }

  /** A new life. */
  started(life: number): void {
    this.life = life;
    this.granted.clear();
    this.asked.clear();
  }

  /** The application subscribes or unsubscribes, or hears that it has. What it ends before it is granted, too, is not to be there. */
  noteRequest(event: Extract<ApplicationEvent, { kind: 'subscribe' | 'subscribed' | 'unsubscribe' }>): void {
    if (event.kind === 'subscribe') {
      const filters = event.filters.map(({ filter }) => filter);
      this.asked.set(event.handle, { filters, wanted: new Set(filters) });
    } else if (event.kind === 'unsubscribe') {
      this.hasUnsubscribed = true;
      for (const filter of event.filters) {
        this.granted.delete(filter);
        for (const { wanted } of this.asked.values()) wanted.delete(filter);
      }
    } else {
      const { filters = [], wanted } = this.asked.get(event.handle) ?? {};
      for (const [index, filter] of filters.entries()) {
        if ((event.granted[index] ?? REFUSAL) < REFUSAL && wanted?.has(filter) === true) this.granted.add(filter);
      }
    }
  }

  /** Somebody asks the process to end in order. */
  askedToStop(place: number): void {
    this.stopAsked = place;
  }

  /** It has. */
  stopped(life: number, place: number): void {
    this.stops.set(life, this.stopAsked ?? place);
    this.stopAsked = undefined;
  }

  /**
   * Whether everybody who had a message in the last life before this one that had it was done with it when that life was asked to end, and it
   * ended in order: what was said by then is on its disk.
   */
  isSettledBefore(key: number, life: number): boolean {
    const last = this.receptions.findLast((each) => each.key === key && each.life < life);
    const done = this.acknowledged.get(key)?.findLast((each) => each.life < life);
    if (last === undefined || done === undefined || last.life !== done.life) return false;
    if (done.place > (this.stops.get(done.life) ?? 0)) return false;
    return done.count >= this.receptions.filter((each) => each.key === key && each.life === done.life).length;
  }
}
