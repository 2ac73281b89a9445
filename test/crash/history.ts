// What happened in a run, as the clients saw it: all that the checks (checks.ts) are given, so that they can be tried on
// histories written by hand. The harness is one process, so everything has its place in one order: a Moment is a
// position in it. "Sent" is when the harness handed a packet to its socket, "acknowledged" when the answer had been read.

import type { Label } from './label.ts';

/** A position in the order of everything that happened. */
export type Moment = number;

/** One message as its publisher knows it. */
export interface SentMessage extends Label {
  readonly topic: string;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  /** Its payload is empty, to remove a retained message: its copies cannot be told from each other and are not looked at. */
  readonly isClear: boolean;
  /** When it was sent for the first time. */
  readonly sentAt: Moment;
  /** Whether its publisher had to send it again. */
  readonly isSentAgain: boolean;
  /** When its PUBACK or PUBREC came; `undefined`: nobody promised anything. */
  readonly acknowledgedAt: Moment | undefined;
}

/** One message as a subscriber's application got it: QoS 2 without those that its own half of the session shows to be repeated. */
export interface Copy extends Label {
  readonly topic: string;
  readonly qos: 1 | 2;
  readonly dup: boolean;
  /** It comes from the retained messages. */
  readonly retain: boolean;
  readonly at: Moment;
}

/** One subscription, from its SUBSCRIBE to its UNSUBACK. */
export interface SubscriptionHistory {
  /** Without `$share/...`. */
  readonly filter: string;
  readonly qos: 1 | 2;
  /** Whether it asked for the retained messages. */
  readonly wantsRetained: boolean;
  /** SUBSCRIBE was sent for the first time. */
  readonly requestedAt: Moment;
  /** SUBACK came. */
  readonly grantedAt: Moment | undefined;
  /** UNSUBSCRIBE was sent for the first time. */
  readonly cancelRequestedAt: Moment | undefined;
  /** UNSUBACK came. */
  readonly cancelledAt: Moment | undefined;
}

/** Who is owed messages: a persistent session for its own subscriptions, or the members of a shared group together. */
export interface Audience {
  readonly name: string;
  readonly isGroup: boolean;
  /** Of a group: those of its members. */
  readonly subscriptions: readonly SubscriptionHistory[];
  readonly copies: readonly Copy[];
  /** The session was ended by its client: what it had not got it will not get. */
  readonly endedAt: Moment | undefined;
}

/** A CONNACK. */
export interface Greeting {
  readonly client: string;
  /** What Session Present must be; `undefined`: the client cannot know, since its last CONNECT was not answered. */
  readonly expected: boolean | undefined;
  readonly found: boolean;
}

/** The retained messages of some topics, as somebody without a past found them when all publishers were at rest. */
export interface RetainedLook {
  readonly at: Moment;
  readonly found: ReadonlyMap<string, Label>;
}

/** Everything that happened since the last time that somebody checked. */
export interface History {
  readonly beganAt: Moment;
  /** In the order of their numbers, publisher by publisher; also older ones that may still be retained. */
  readonly messages: readonly SentMessage[];
  /** The highest number of each publisher that was checked before: those messages are settled. */
  readonly settledTo: ReadonlyMap<string, number>;
  readonly audiences: readonly Audience[];
  readonly greetings: readonly Greeting[];
  readonly looks: readonly RetainedLook[];
  /** What no broker may do, as the clients put it when it happened. */
  readonly complaints: readonly string[];
}
