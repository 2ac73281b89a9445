// What one run of load is to do, as plain data that travels to the threads, and how its publishers and subscribers are laid out: who is
// in which thread, and who hears whom. Nothing here is random or knows the time: a run is what its plan says.

import type { ConnectPacket, QoS } from '../packet/packet.ts';
import type { Transport } from '../client/parts.ts';

/** What kind of load it is. */
export type LoadKind = 'pub' | 'sub' | 'pairs' | 'fanout' | 'fanin' | 'conn' | 'latency';

/** The kinds, in the order in which they are told. */
export const LOAD_KINDS: readonly LoadKind[] = ['pub', 'sub', 'pairs', 'fanout', 'fanin', 'conn', 'latency'];

/** Where the broker is, and how it is spoken to. */
export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  /** The CONNECT of every connection, but for the Client Identifier. */
  readonly connect: ConnectPacket;
}

/** One run. */
export interface LoadPlan {
  readonly kind: LoadKind;
  readonly target: LoadTarget;
  /** Tells this run's messages and clients from those of others: 1 to 65,535. */
  readonly run: number;
  readonly threads: number;
  /** With `pairs` and `latency` as many as there are subscribers. */
  readonly publishers: number;
  readonly subscribers: number;
  /** `conn`: how many connections that do nothing. */
  readonly idle: number;
  readonly qos: QoS;
  readonly payloadBytes: number;
  /** How many messages each publisher sends; `undefined`: as many as there is time for. */
  readonly count: number | undefined;
  /** How long is published, or with `sub` listened; with a count at most so long. */
  readonly seconds: number;
  /** Messages a second of all publishers together, `conn`: connections; `undefined`: as many as go. */
  readonly rate: number | undefined;
  /** How many messages of QoS 1 and 2 a publisher sends ahead of their acknowledgement, where the broker allows as many. */
  readonly window: number;
  /** How many messages a publisher may be ahead of its subscribers; `undefined`: nobody looks. */
  readonly ahead: number | undefined;
  /** How many connections one thread opens at a time. */
  readonly opening: number;
  /** What all topics begin with. */
  readonly prefix: string;
  /** `fanin`: each message goes to one of the subscribers. */
  readonly isShared: boolean;
  /** `conn`: how long the connections are held. */
  readonly holdSeconds: number;
  /** How long nothing may move before what is missing is lost. */
  readonly patienceSeconds: number;
}

/** The most publishers of a run: their number has two bytes in each message. */
export const PUBLISHERS_MAX = 65_535;

/** The numbers of those that belong to a thread: every so manyth. */
export function shareOf(thread: number, threads: number, all: number): readonly number[] {
  const share: number[] = [];
  for (let index = thread; index < all; index += threads) share.push(index);
  return share;
}

/** The topic that a publisher publishes to. */
export function topicOf(plan: LoadPlan, publisher: number): string {
  return `${plan.prefix}/${publisher}`;
}

/** What a subscriber subscribes to. */
export function filterOf(plan: LoadPlan, subscriber: number): string {
  if (isPaired(plan)) return topicOf(plan, subscriber);
  return plan.isShared ? `$share/vouch-bench-${plan.run}/${plan.prefix}/+` : `${plan.prefix}/+`;
}

/** Whether each publisher has a subscriber of its own. */
export function isPaired({ kind }: LoadPlan): boolean {
  return kind === 'pairs' || kind === 'latency';
}

/** Whether messages leave by a timetable, whatever became of those before. */
export function isOpenLoop({ kind }: LoadPlan): boolean {
  return kind === 'latency';
}

/** To how many subscribers each message goes, as far as this run knows. */
export function copiesOf(plan: LoadPlan): number {
  if (isPaired(plan) || plan.isShared) return 1;
  return plan.publishers === 0 ? 0 : plan.subscribers;
}
