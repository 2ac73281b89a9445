// One session of a client as the broker has it, from the CONNECT that began it to its end, and its subscriptions, as the wire tells. What the
// broker has decided is seen only when it answers; between a packet and its answer, and where a crash has come between, both
// are possible. So each has two intervals, in places of the history: in force for sure, and perhaps.

import type { SubscribePacket, SubscriptionOptions } from '../../src/packet/packet.ts';
import { covers, readFilter } from './filters.ts';
import type { WireConnection } from './wire-connection.ts';

/** A place that is not in this history. */
export const NEVER: number = Number.POSITIVE_INFINITY;

/** One topic filter of a session, from one SUBSCRIBE on. */
export class SubscriptionSpan {
  readonly filter: string;
  readonly isShared: boolean;
  readonly options: SubscriptionOptions;
  /** 0: none. */
  readonly identifier: number;
  /** The SUBSCRIBE came. */
  readonly possibleFrom: number;
  /** Its SUBACK left. */
  sureFrom: number;
  /** Something came that ends it, or takes something from it. */
  sureTo: number;
  /** That was answered. */
  possibleTo: number;
  /** It was an UNSUBSCRIBE, and not one more SUBSCRIBE. */
  isUnsubscribed: boolean;
  /** One more SUBSCRIBE was refused: it goes on at the broker, and its client was told that it has none. */
  isDisowned: boolean;

  constructor(filter: string, options: SubscriptionOptions, identifier: number, possibleFrom: number) {
    this.filter = filter;
    this.isShared = readFilter(filter).isShared;
    this.options = options;
    this.identifier = identifier;
    this.possibleFrom = possibleFrom;
    this.sureFrom = NEVER;
    this.sureTo = NEVER;
    this.possibleTo = NEVER;
    this.isUnsubscribed = false;
    this.isDisowned = false;
  }

  /** Whether it matches and is in force at a place of the history, for sure. */
  isSureFor(topic: string, place: number): boolean {
    return this.sureFrom < place && place < this.sureTo && covers(this.filter, topic);
  }

  /** Whether it matches, and may be in force. */
  isPossibleFor(topic: string, place: number): boolean {
    return this.possibleFrom < place && place < this.possibleTo && covers(this.filter, topic);
  }
}

/** A SUBSCRIBE or UNSUBSCRIBE that was not answered yet. */
export type Asked =
  | { readonly kind: 'subscribe'; readonly spans: readonly SubscriptionSpan[] }
  | { readonly kind: 'unsubscribe'; readonly filters: readonly string[]; readonly place: number };

/** One session. */
export class SessionSpan {
  readonly client: string;
  /** The place of the CONNECT that began it. */
  readonly since: number;
  /** It outlives its connections, and the broker. */
  readonly isPersistent: boolean;
  /** It may be the one before it: nobody has heard which. */
  readonly isDoubtful: boolean;
  /** Those it may be. */
  readonly older: SessionSpan[];
  /** From here on nobody knows whether it is there. */
  perhapsEndedFrom: number;
  /** It is over. */
  endedAt: number;
  readonly subscriptions: SubscriptionSpan[];
  readonly connections: WireConnection[];

  constructor(client: string, since: number, isPersistent: boolean, isDoubtful: boolean) {
    this.client = client;
    this.since = since;
    this.isPersistent = isPersistent;
    this.isDoubtful = isDoubtful;
    this.older = [];
    this.perhapsEndedFrom = NEVER;
    this.endedAt = NEVER;
    this.subscriptions = [];
    this.connections = [];
  }

  /** Whether it is there until the end of the history, for sure. */
  get lasts(): boolean {
    return this.endedAt === NEVER && this.perhapsEndedFrom === NEVER;
  }

  /** What may be in force of an older session may be in force here, and what came by it may come here. */
  inherit(older: SessionSpan): void {
    this.older.push(older);
    for (const { filter, options, identifier, possibleFrom, possibleTo } of older.subscriptions) {
      const inherited = new SubscriptionSpan(filter, options, identifier, possibleFrom);
      inherited.possibleTo = possibleTo;
      this.subscriptions.push(inherited);
    }
  }

  /** A SUBSCRIBE came: from here on its subscriptions are possible. */
  subscribeCame({ subscriptions, properties }: SubscribePacket, place: number): Asked {
    const identifier = properties.subscriptionIdentifier ?? 0;
    const spans = subscriptions.map(({ filter, options }) => new SubscriptionSpan(filter, options, identifier, place));
    for (const span of spans) {
      for (const older of this.subscriptions)
        if (older.filter === span.filter && asksLess(span, older)) older.sureTo = Math.min(older.sureTo, place);
      this.subscriptions.push(span);
    }
    return { kind: 'subscribe', spans };
  }

  /** An UNSUBSCRIBE came: from here on its filters are not sure. */
  unsubscribeCame(filters: readonly string[], place: number): Asked {
    for (const span of this.subscriptions) {
      if (!filters.includes(span.filter)) continue;
      span.sureTo = Math.min(span.sureTo, place);
      span.isUnsubscribed = true;
    }
    return { kind: 'unsubscribe', filters, place };
  }

  /** Either was answered. */
  answered(asked: Asked, reasonCodes: readonly number[], place: number): void {
    if (asked.kind === 'unsubscribe') {
      for (const span of this.subscriptions) {
        if (span.possibleFrom < asked.place && asked.filters.includes(span.filter))
          span.possibleTo = Math.min(span.possibleTo, place);
      }
      return;
    }
    for (const [index, span] of asked.spans.entries()) {
      if ((reasonCodes[index] ?? 0x80) >= 0x80) {
        span.possibleTo = span.possibleFrom;
        for (const older of this.subscriptions) if (older.filter === span.filter) older.isDisowned = true;
        continue;
      }
      span.sureFrom = place;
      for (const older of this.subscriptions) {
        if (older === span || older.filter !== span.filter || older.possibleFrom >= span.possibleFrom) continue;
        older.sureTo = Math.min(older.sureTo, place + 1);
        older.possibleTo = Math.min(older.possibleTo, place);
      }
    }
  }
}

/** Whether somebody who has both, one after the other, may get less than by the older one. */
function asksLess(newer: SubscriptionSpan, older: SubscriptionSpan): boolean {
  return newer.options.qos < older.options.qos || (newer.options.noLocal && !older.options.noLocal);
}
